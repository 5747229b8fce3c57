"""Client of the sandbox Director: it issues directives and reads the events that the bridge posted."""

import http.client
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from bridge.core.director.contract import API_KEY_HEADER, EVENTS_PATH, ExecutionEvent
from bridge.sandbox.server import ISSUE_PATH

ANSWER_S: Final = 10.0


class DirectorError(Exception):
    """The sandbox Director did not answer, or answered with an error."""


class Emitted(msgspec.Struct, frozen=True):
    """One event, as its JSON text and decoded."""

    raw: msgspec.Raw
    event: ExecutionEvent


class _Received(msgspec.Struct):
    body: msgspec.Raw


class _Answer(msgspec.Struct):
    events: list[_Received]


class DirectorClient:
    """Client of one sandbox Director."""

    def __init__(self, url: str, api_key: str) -> None:
        self._address: Final = urlsplit(url).netloc
        self._headers: Final = {API_KEY_HEADER: api_key, "Content-Type": "application/json"}

    def issue(self, officer: str, directive: Mapping[str, object]) -> None:
        """List a directive for the officer."""
        self._request(
            "POST", f"{ISSUE_PATH}?officer={quote(officer)}", ANSWER_S, msgspec.json.encode(directive)
        )

    def emitted(self, after: int, wait_s: float) -> list[Emitted]:
        """Return the events after the first `after`; if there are none, wait up to `wait_s` seconds for one."""
        answer = self._request("GET", f"{EVENTS_PATH}?after={after}&wait={wait_s:.3f}", ANSWER_S + wait_s)
        received = msgspec.json.decode(answer, type=_Answer).events
        return [Emitted(each.body, msgspec.json.decode(each.body, type=ExecutionEvent)) for each in received]

    def _request(self, method: str, target: str, timeout_s: float, body: bytes | None = None) -> bytes:
        # http.client uses no proxy settings: the request never leaves the machine.
        connection = http.client.HTTPConnection(self._address, timeout=timeout_s)
        try:
            connection.request(method, target, body, self._headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise DirectorError(f"the sandbox Director does not answer: {error}") from error
        finally:
            connection.close()
        if answer.status >= 300:
            raise DirectorError(f"{method} {target}: {answer.status} {text.decode('utf-8', 'replace')}")
        return text
