"""The sandbox Director's HTTP interface for tests."""

import json
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import Struct

from bridge.core.director.contract import API_KEY_HEADER, EVENTS_PATH
from bridge.sandbox.server import BEHAVIOUR_PATH, HOST, ISSUE_PATH
from tests.rig.deadline import TIMEOUT_S, Deadline

_READ: Final = 1 << 16
_LOOK_S: Final = 1.0
"""Longest duration of one long poll: a repeated event does not end it."""


class Event(Struct, frozen=True):
    """One event that the Director received."""

    event_id: str
    key: str | None
    deliveries: int
    body: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.body["event_type"])

    @property
    def directive_id(self) -> str | None:
        found: str | None = self.body["directive_id"]
        return found

    @property
    def code(self) -> str | None:
        """Error code of the event, where it has one."""
        found: str | None = self.body.get("error_code")
        return found


class Director:
    """Calls the sandbox over HTTP. Events from before its last restart are kept here."""

    def __init__(self, port: int, api_key: str) -> None:
        self._port = port
        self._api_key = api_key
        self._past: list[Event] = []

    def issue(self, officer: str, directive: Mapping[str, object]) -> str:
        """Issue a directive for the officer; return its id."""
        answer = self._call("POST", ISSUE_PATH, {"officer": officer}, json.dumps(directive).encode())
        return str(answer["directive_id"])

    def issue_raw(self, officer: str, text: bytes) -> None:
        """Issue a directive as raw text."""
        self._call("POST", ISSUE_PATH, {"officer": officer, "raw": "1"}, text)

    def behave(self, *, endpoint: str | None = None, listing: str | None = None, **behaviour: object) -> None:
        """Set the fault of its answers from now on; none without arguments."""
        query = {"endpoint": endpoint, "listing": listing}
        given = {name: value for name, value in query.items() if value is not None}
        self._call("POST", BEHAVIOUR_PATH, given, json.dumps(behaviour).encode())

    def events(self, directive_id: str | None = None) -> list[Event]:
        """Return all events so far, or those of one directive, in the order of arrival."""
        return [
            event
            for event in self._past + self._fetch({})
            if directive_id is None or event.directive_id == directive_id
        ]

    def wait(
        self, what: str, fits: Callable[[list[Event]], bool], within: Deadline | None = None
    ) -> list[Event]:
        """Wait until the events fit; return all of them."""
        deadline = within or Deadline()
        events = self.events()
        while not fits(events):
            assert not deadline.over, f"{what}; the Director has {_spell(events)}"
            here = len(events) - len(self._past)
            more = self._fetch({"after": here, "wait": min(_LOOK_S, deadline.left)})
            # Without a new one, an earlier one may have come again.
            events = [*events, *more] if more else self.events()
        return events

    def remember(self) -> None:
        """Keep its events before it ends: it stores nothing itself."""
        self._past = self.events()

    def _fetch(self, query: Mapping[str, object]) -> list[Event]:
        answer = self._call("GET", EVENTS_PATH, query)
        return [
            Event(each["event_id"], each["idempotency_key"], each["deliveries"], each["body"])
            for each in answer["events"]
        ]

    def _call(self, method: str, path: str, query: Mapping[str, object], body: bytes = b"") -> Any:
        # Not http.client: it takes as long as the Director does, and each story has some fifty calls.
        head = (
            f"{method} {path}?{urlencode(query)} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n"
            f"{API_KEY_HEADER}: {self._api_key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((HOST, self._port), TIMEOUT_S) as connection:
            connection.sendall(head.encode() + body)
            answer = b"".join(iter(partial(connection.recv, _READ), b""))
        status, _, text = answer.partition(b"\r\n\r\n")
        assert status.startswith(b"HTTP/1.1 2"), f"{method} {path}: {status[:100]!r} {text[:300]!r}"
        return json.loads(text)


def _spell(events: list[Event]) -> str:
    return ", ".join(f"{each.type}({each.directive_id}, {each.code})" for each in events) or "nothing"
