"""Connection limiter of an HTTP endpoint: who proves that it holds the secret is never shut out.

A connection is given to the server once something has arrived from it: one that sends nothing costs little. Without
a proof it is closed after PROVE_S. Where there are too many of a kind, the oldest of them makes room for a new one.
Only ACCEPTS are accepted between two looks at what has arrived, so that the proof of a connection is read long
before as many others have come after it. A connection with a proof is not counted: it is asked for its request, for
which it has REQUEST_S, and carries no other.

An endpoint without a secret takes a request that it admits for the proof.
"""

import asyncio
import socket
from functools import partial
from typing import Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from bridge import accept_errors
from bridge.core.units.clock import Clock
from bridge.sidecar import control_proof

MOST_UNREAD: Final = 64
"""Most connections at a time from which nothing has arrived."""
MOST_UNPROVED: Final = 64
"""Most connections at a time from which something has arrived, and no proof."""
ACCEPTS: Final = 4
"""Most connections that are accepted before the event loop reads what has arrived from them."""
PROVE_S: Final = 2.0
"""Seconds in which a connection must bring a proof. A command sends it at once."""
REQUEST_S: Final = 30.0
"""Seconds in which a connection with a proof must bring its request: a busy machine may delay a command."""
SWEEP_S: Final = 0.5
"""Seconds between looks for connections that are older than these, while there are any."""


_Made = tuple[asyncio.Transport, asyncio.BaseProtocol]


class Connection:
    """One connection that the server has."""

    def __init__(self, since: float) -> None:
        self.since = since
        """Time at which it was accepted, on the monotonic clock."""
        self.listed = False
        """True once the server must know it."""
        self.proved = False
        """True once it has shown that it holds the secret."""
        self.requested = False
        """True once it has brought its request."""
        self.body_hash = ""
        """SHA-256 of the body that the proof is for."""
        self._nonce = ""

    def challenge(self) -> str:
        """Return a nonce that is good for one request."""
        self._nonce = control_proof.new_nonce()
        return self._nonce

    def take_nonce(self) -> str:
        """Return the nonce of the last challenge, which is used up by this; empty where there is none."""
        nonce, self._nonce = self._nonce, ""
        return nonce

    def list(self) -> None:
        self.listed = True


class Connections:
    """Connections that the server has, by the handlers of their requests."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.by_handler: dict[RequestHandler, Connection] = {}

    def of(self, handler: RequestHandler) -> Connection:
        """Return the connection of a request. One that was just closed gets a state that nobody else sees."""
        return self.by_handler.get(handler) or Connection(self.clock.monotonic())


class ConnectionLimiter:
    """Acceptor of the endpoint's connections."""

    def __init__(self, server: web.Server, connections: Connections) -> None:
        self._server = server
        self._clock = connections.clock
        self._unread: dict[socket.socket, float] = {}
        """Connections from which nothing has arrived: when each was accepted, on the monotonic clock."""
        self._connections = connections.by_handler
        self._given: set[asyncio.Task[_Made]] = set()
        """Connections that are being given to the server."""
        self._accepted = asyncio.Event()
        self._refused = asyncio.Event()
        """Set where a connection waits and cannot be accepted: no descriptor is free."""

    async def accept(self, listening: socket.socket) -> None:
        """Accept connections until cancelled.

        A server of asyncio accepts as many at once as may wait, makes a transport for each that never sends
        anything, and loses the last ones when it is closed.
        """
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._refused.clear()
                loop.add_reader(listening, self._accept, listening)
                try:
                    await self._refused.wait()
                finally:
                    loop.remove_reader(listening)
                await self._clock.sleep(SWEEP_S)
        finally:
            for each in list(self._unread):
                self._forget(each)
                each.close()
            for task in self._given:
                task.cancel()
            await asyncio.gather(*self._given, return_exceptions=True)

    async def sweep(self) -> None:
        """Close connections that brought no proof in time, until cancelled."""
        while True:
            if not self._connections and not self._unread:
                self._accepted.clear()
                await self._accepted.wait()
            await self._clock.sleep(SWEEP_S)
            self._forget_closed()
            now = self._clock.monotonic()
            for accepted, since in list(self._unread.items()):
                if now - since >= PROVE_S:
                    self._forget(accepted)
                    accepted.close()
            for handler, connection in list(self._connections.items()):
                within_s = REQUEST_S if connection.proved else PROVE_S
                if not connection.requested and now - connection.since >= within_s:
                    self._close(handler)

    def _accept(self, listening: socket.socket) -> None:
        """Accept some of the connections that wait already."""
        for _ in range(ACCEPTS):
            try:
                accepted = listening.accept()[0]
            except BlockingIOError:
                return
            except OSError as error:
                if accept_errors.is_of_one_connection(error):
                    # Its peer has gone, which Windows reports here: the next one may be a command's.
                    continue
                self._refused.set()
                return
            accepted.setblocking(False)
            if len(self._unread) >= MOST_UNREAD:
                oldest = next(iter(self._unread))
                self._forget(oldest)
                oldest.close()
            self._unread[accepted] = self._clock.monotonic()
            asyncio.get_running_loop().add_reader(accepted, self._read, accepted)
            self._accepted.set()

    def _read(self, accepted: socket.socket) -> None:
        """Give a connection to the server, unless its peer has gone."""
        try:
            first = accepted.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            first = b""
        since = self._forget(accepted)
        if not first:
            accepted.close()
            return
        loop = asyncio.get_running_loop()
        task = loop.create_task(loop.connect_accepted_socket(partial(self._handler, since), accepted))
        self._given.add(task)
        task.add_done_callback(partial(self._check_given, accepted))

    def _check_given(self, accepted: socket.socket, task: "asyncio.Task[_Made]") -> None:
        self._given.discard(task)
        if task.cancelled() or task.exception() is not None:
            # It has no transport that closes it.
            accepted.close()

    def _handler(self, since: float) -> RequestHandler:
        """Return the server's protocol for one more connection."""
        self._forget_closed()
        unproved = [handler for handler, each in self._connections.items() if not each.proved]
        for handler in unproved[: max(len(unproved) - MOST_UNPROVED + 1, 0)]:
            self._close(handler)
        handler = self._server()
        connection = self._connections[handler] = Connection(since)
        self._accepted.set()
        # The event loop calls the handler's connection_made in its next iteration; the server lists it then.
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, connection.list)
        return handler

    def _forget(self, accepted: socket.socket) -> float:
        """Wait no more for what arrives from a connection; return when it was accepted."""
        # First of all: a selector that still has a socket which is closed fails on Windows.
        asyncio.get_running_loop().remove_reader(accepted)
        return self._unread.pop(accepted)

    def _close(self, handler: RequestHandler) -> None:
        handler.force_close()
        del self._connections[handler]

    def _forget_closed(self) -> None:
        open_now = set(self._server.connections)
        for handler, connection in list(self._connections.items()):
            if connection.listed and handler not in open_now:
                del self._connections[handler]
