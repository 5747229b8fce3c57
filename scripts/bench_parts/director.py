"""A Director that answers at full speed: one asyncio protocol, no framework, a time stamp for everything."""

import asyncio
import json
import time
from collections.abc import Sequence
from email.utils import formatdate
from typing import Final, NamedTuple

HOLD_S: Final = 2.0
"""Seconds for which a poll without directives is held: a directive is answered the moment that it is issued."""


class Posted(NamedTuple):
    """One event that was posted."""

    at: float
    """Time of its last byte, by time.perf_counter."""
    directive_id: str
    event_type: str


class Director:
    """Lists directives until their first event, takes events, and notes when."""

    def __init__(self) -> None:
        self.events: list[Posted] = []
        self.posts = 0
        self.answered_at = 0.0
        """Time at which the last answer with directives was handed to the transport."""
        self._listed: dict[str, bytes] = {}
        self._waiting: list[_Connection] = []
        self._news = asyncio.Event()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen on a free port of loopback."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Close the listening socket."""
        if self._server is not None:
            self._server.close()

    def issue(self, directives: Sequence[dict[str, object]]) -> None:
        """List further directives, and answer the polls that are held."""
        for directive in directives:
            self._listed[str(directive["directive_id"])] = json.dumps(directive).encode()
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.answer_poll()

    def body(self) -> bytes:
        """Return the list of the directives that no event has answered."""
        return b'{"directives":[' + b",".join(self._listed.values()) + b"]}"

    @property
    def has_directives(self) -> bool:
        """True while a directive is listed."""
        return bool(self._listed)

    def hold(self, connection: "_Connection") -> None:
        """Answer the poll once there is a directive, or after HOLD_S."""
        self._waiting.append(connection)
        asyncio.get_running_loop().call_later(HOLD_S, self._give_up, connection)

    def _give_up(self, connection: "_Connection") -> None:
        if connection in self._waiting:
            self._waiting.remove(connection)
            connection.answer_poll()

    def take(self, body: bytes) -> None:
        """Note an event."""
        self.posts += 1
        event = json.loads(body)
        directive_id = event.get("directive_id") or ""
        self._listed.pop(directive_id, None)
        self.events.append(Posted(time.perf_counter(), directive_id, event["event_type"]))
        self._news.set()

    async def until(self, count: int, at_most_s: float) -> bool:
        """Wait until so many events were posted. Return False where the time was over first."""
        ends = time.perf_counter() + at_most_s
        while len(self.events) < count:
            self._news.clear()
            left = ends - time.perf_counter()
            if left <= 0:
                return False
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                return False
        return True


class _Connection(asyncio.Protocol):
    """One kept-alive HTTP/1.1 connection."""

    def __init__(self, director: Director) -> None:
        self._director = director
        self._held = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while True:
            head, separator, rest = self._held.partition(b"\r\n\r\n")
            if not separator:
                return
            length = 0
            for line in head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if len(rest) < length:
                return
            self._held = rest[length:]
            if head.startswith(b"POST"):
                self._director.take(rest[:length])
                self._answer(b'{"success":true,"event_id":"e%d"}' % self._director.posts)
            elif self._director.has_directives:
                self.answer_poll()
            else:
                self._director.hold(self)

    def answer_poll(self) -> None:
        """Answer the poll with what is listed now."""
        if self._director.has_directives:
            self._director.answered_at = time.perf_counter()
        self._answer(self._director.body())

    def _answer(self, body: bytes) -> None:
        if self._transport is not None:
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: %b\r\nContent-Length: %d\r\n\r\n%b"
                % (formatdate(usegmt=True).encode(), len(body), body)
            )
