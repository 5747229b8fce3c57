"""Client of the control endpoint: one request on one connection to 127.0.0.1, with a proof in each direction.

No proxy, no redirect, no host but this machine.
"""

import http.client
import time
from typing import Final, NamedTuple

import msgspec

from bridge.sidecar import control_proof
from bridge.sidecar.control import Challenge
from bridge.sidecar.control_file import HOST, ControlFile

TRY_AGAIN_S: Final = 0.05
"""Seconds between attempts to be heard by a sidecar that closes connections, because too many are open."""
_MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024


class NobodyThereError(Exception):
    """No sidecar received the request, and nothing was done. The message says why."""


class NotAskedError(Exception):
    """A sidecar seems to run, and the request was not sent: it did not react to the challenge."""


class NoAnswerError(Exception):
    """A sidecar may have received the request, and did not answer."""


class Answer(NamedTuple):
    """Answer of the sidecar that wrote the control file."""

    status: int
    body: bytes


def ask(
    file: ControlFile, method: str, path: str, body: msgspec.Struct | None, *, timeout_s: float
) -> Answer:
    """Send one request and return its answer.

    Raises NobodyThereError, NotAskedError, NoAnswerError.
    """
    content = b"" if body is None else msgspec.json.encode(body)
    end = time.monotonic() + timeout_s
    while True:
        connection = http.client.HTTPConnection(HOST, file.port, timeout=max(end - time.monotonic(), 0.1))
        try:
            nonce = _challenge(connection, file)
            return _request(connection, file, nonce, method, path, content)
        except _ClosedError as error:
            # Nothing was sent. Many open connections, and this one made room for another.
            if time.monotonic() + TRY_AGAIN_S >= end:
                raise NotAskedError(str(error)) from error
        finally:
            connection.close()
        time.sleep(TRY_AGAIN_S)


class _ClosedError(Exception):
    """The connection was closed before the request was sent."""


def _challenge(connection: http.client.HTTPConnection, file: ControlFile) -> str:
    """Return the nonce of the sidecar's challenge."""
    try:
        connection.connect()
    except OSError as error:
        raise NobodyThereError(
            f"nothing answers on {HOST}:{file.port} ({error.strerror or error})"
        ) from error
    try:
        connection.request("GET", control_proof.CHALLENGE_PATH)
        answer = connection.getresponse()
        raw = answer.read(_MAX_ANSWER_BYTES)
    except TimeoutError as error:
        raise NotAskedError(f"{HOST}:{file.port} takes connections and does not answer") from error
    except (http.client.BadStatusLine, ConnectionError) as error:
        raise _ClosedError("it closes every connection") from error
    except (OSError, http.client.HTTPException) as error:
        raise NobodyThereError(_stranger(file)) from error
    try:
        return msgspec.json.decode(raw, type=Challenge).nonce
    except msgspec.DecodeError as error:
        raise NobodyThereError(_stranger(file)) from error


def _request(
    connection: http.client.HTTPConnection, file: ControlFile, nonce: str, method: str, path: str, body: bytes
) -> Answer:
    client_nonce = control_proof.new_nonce()
    authorization = control_proof.authorize(
        file.secret, nonce, client_nonce=client_nonce, method=method, path=path, body=body
    )
    headers = {"Authorization": authorization.header, "Content-Type": "application/json"}
    try:
        connection.request(method, path, body=body or None, headers=headers)
        answer = connection.getresponse()
        raw = answer.read(_MAX_ANSWER_BYTES)
    except http.client.BadStatusLine as error:
        raise NoAnswerError("it closed the connection") from error
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswerError(f"{type(error).__name__}: {error}") from error
    given = answer.headers.get(control_proof.ANSWER_HEADER, "")
    if not control_proof.is_answer_valid(
        given, file.secret, nonce, client_nonce, status=answer.status, body=raw
    ):
        # The sidecar was killed, and another program uses its port now.
        raise NobodyThereError(_stranger(file))
    return Answer(answer.status, raw)


def _stranger(file: ControlFile) -> str:
    return f"the program on {HOST}:{file.port} is not the sidecar that wrote the control file"
