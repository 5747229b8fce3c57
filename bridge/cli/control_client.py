"""Client of the control endpoint: one request on one connection to 127.0.0.1, with a proof in each direction.

No proxy, no redirect, no host but this machine.
"""

import http.client
import itertools
import os
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from bridge.sidecar import control_proof
from bridge.sidecar.control_answers import Challenge
from bridge.sidecar.control_file import HOST, ControlFile

TRY_AGAIN_S: Final = 0.02
"""Seconds between attempts to be heard by a sidecar that closes connections, because too many are open."""
WINDOWS: Final = os.name == "nt"
CONNECT_S: Final = 0.03
"""Seconds in which this machine connects to one of its own ports. Only a full queue takes longer, and the next
attempt may find room; the system itself tries again after a second."""
REFUSAL_S: Final = 3.0
"""Seconds in which Windows finds that nothing listens, for which it needs two. Others know it at once."""
SHORT_ATTEMPTS: Final = 5
"""Attempts of CONNECT_S on Windows before one of REFUSAL_S."""
HEAR_S: Final = 1.0
"""Seconds of the first wait for a challenge; a further one is twice as long. A full queue may lose a connection."""
_MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024


class NobodyThereError(Exception):
    """No sidecar received the request, and nothing was done. The message says why."""


class NotAskedError(Exception):
    """A sidecar seems to run, and did not hear the request, so that nothing was done."""


class NoAnswerError(Exception):
    """A sidecar may have received the request, and did not answer."""


class Answer(NamedTuple):
    """Answer of the sidecar that wrote the control file."""

    status: int
    body: bytes


def ask(
    file: ControlFile, method: str, path: str, body: msgspec.Struct | None, *, timeout_s: float
) -> Answer:
    """Send one request and return its answer. It is sent again where it is certain that nothing was executed.

    Raises NobodyThereError, NotAskedError, NoAnswerError.
    """
    content = b"" if body is None else msgspec.json.encode(body)
    end = time.monotonic() + timeout_s
    hear_s, limits = HEAR_S, connect_limits(windows=WINDOWS)
    attempts = Attempts()
    while True:
        connection = http.client.HTTPConnection(HOST, file.port)
        # A request is answered on the connection of its challenge, or not at all.
        connection.auto_open = 0
        try:
            nonce = _challenge(connection, file, end, next(limits), hear_s)
            return _request(connection, file, nonce, method, path, content, end)
        except NotHeardError as error:
            # Nothing was executed. Many open connections, and this one made room for another.
            attempts.note(error)
            if time.monotonic() + TRY_AGAIN_S >= end:
                raise attempts.verdict() from error
            hear_s = 2 * hear_s if isinstance(error, _SilentError) else hear_s
        finally:
            connection.close()
        time.sleep(TRY_AGAIN_S)


def connect_limits(*, windows: bool) -> Iterator[float]:
    """Yield the time-out of each attempt to connect, in seconds, without end."""
    while True:
        yield from itertools.repeat(CONNECT_S, SHORT_ATTEMPTS)
        yield REFUSAL_S if windows else CONNECT_S


class NotHeardError(Exception):
    """The sidecar did not receive the request, or one that changes nothing."""


class UnansweredError(NotHeardError):
    """A sidecar has answered the challenge, and not the request, which changes nothing."""


class _SilentError(NotHeardError):
    """The challenge did not come in time."""


class Attempts:
    """Outcome of the attempts that were not heard. One that a sidecar took outweighs those that follow."""

    def __init__(self) -> None:
        self._last: NotHeardError | None = None

    def note(self, error: NotHeardError) -> None:
        """Take one more into account."""
        if not isinstance(self._last, UnansweredError):
            self._last = error

    def verdict(self) -> NoAnswerError | NotAskedError:
        """Return the error of the whole request."""
        kind = NoAnswerError if isinstance(self._last, UnansweredError) else NotAskedError
        return kind(str(self._last))


def _left(end: float, most: float = 3600.0) -> float:
    """Return the time-out for the next wait."""
    return min(max(end - time.monotonic(), 0.05), most)


def _challenge(
    connection: http.client.HTTPConnection, file: ControlFile, end: float, connect_s: float, within_s: float
) -> str:
    """Return the nonce of the sidecar's challenge."""
    connection.timeout = _left(end, connect_s)
    try:
        connection.connect()
    except ConnectionRefusedError as error:
        raise NobodyThereError(
            f"nothing answers on {HOST}:{file.port} ({error.strerror or error})"
        ) from error
    except OSError as error:
        raise NotHeardError(f"{HOST}:{file.port} takes no connection ({error.strerror or error})") from error
    try:
        _set_timeout(connection, _left(end, within_s))
        headers = {"Authorization": control_proof.asking(file.secret)}
        connection.request("GET", control_proof.CHALLENGE_PATH, headers=headers)
        answer = connection.getresponse()
        raw = answer.read(_MAX_ANSWER_BYTES)
    except TimeoutError as error:
        raise _SilentError(f"{HOST}:{file.port} takes connections and does not answer") from error
    except (http.client.BadStatusLine, ConnectionError) as error:
        raise NotHeardError("it closes every connection") from error
    except (OSError, http.client.HTTPException) as error:
        raise NobodyThereError(_stranger(file)) from error
    try:
        return msgspec.json.decode(raw, type=Challenge).nonce
    except msgspec.DecodeError as error:
        raise NobodyThereError(_stranger(file)) from error


def _request(
    connection: http.client.HTTPConnection,
    file: ControlFile,
    nonce: str,
    method: str,
    path: str,
    body: bytes,
    end: float,
) -> Answer:
    client_nonce = control_proof.new_nonce()
    authorization = control_proof.authorize(
        file.secret, nonce, client_nonce=client_nonce, method=method, path=path, body=body
    )
    headers = {"Authorization": authorization.header, "Content-Type": "application/json"}
    try:
        _set_timeout(connection, _left(end))
        connection.request(method, path, body=body or None, headers=headers)
    except (OSError, http.client.HTTPException) as error:
        # The body's end was not sent, and without the whole body nothing is executed.
        raise NotHeardError("it closed the connection before the request was sent") from error
    try:
        answer = connection.getresponse()
        raw = answer.read(_MAX_ANSWER_BYTES)
    except (http.client.BadStatusLine, ConnectionError) as error:
        if method == "GET":
            raise UnansweredError("it closes every connection") from error
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


def _set_timeout(connection: http.client.HTTPConnection, seconds: float) -> None:
    """Bound each wait on the open connection. Raises NotConnected where the sidecar has ended it."""
    if connection.sock is None:
        raise http.client.NotConnected
    connection.sock.settimeout(seconds)


def _stranger(file: ControlFile) -> str:
    return f"the program on {HOST}:{file.port} is not the sidecar that wrote the control file"
