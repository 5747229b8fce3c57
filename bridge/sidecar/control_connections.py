"""Connection limiter of an HTTP endpoint: who proves that it holds the secret is never shut out.

Connections without a proof are closed after PROVE_S. Where there are too many, the oldest of them makes room for a
new one. Only ACCEPTS are accepted between two looks at what has arrived, so that the proof of a connection is read
long before MOST_UNPROVED others have come after it. A connection with a proof is not counted: it is asked for its
request, for which it has REQUEST_S, and carries no other.

An endpoint without a secret takes a request that it admits for the proof.
"""

import asyncio
import socket
from typing import Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from bridge.core.units.clock import Clock
from bridge.sidecar import control_proof

MOST_UNPROVED: Final = 64
"""Most connections without a proof at a time."""
ACCEPTS: Final = 4
"""Most connections that are accepted before the event loop reads what has arrived from them."""
PROVE_S: Final = 2.0
"""Seconds in which a connection must bring a proof. A command sends it at once."""
REQUEST_S: Final = 30.0
"""Seconds in which a connection with a proof must bring its request: a busy machine may delay a command."""
SWEEP_S: Final = 0.5
"""Seconds between looks for connections that are older than these, while there are any."""


class Connection:
    """One accepted connection."""

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


async def _readable(loop: asyncio.AbstractEventLoop, listening: socket.socket) -> None:
    """Wait until a connection waits. None is accepted meanwhile, which a cancellation would lose unclosed."""
    ready = asyncio.Event()
    loop.add_reader(listening, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(listening)


def _accept(listening: socket.socket, most: int) -> list[socket.socket]:
    """Accept at most so many of the connections that wait already.

    Raises OSError where one waits and none can be accepted: no descriptor is free.
    """
    accepted: list[socket.socket] = []
    for _ in range(most):
        try:
            accepted.append(listening.accept()[0])
        except ConnectionError:
            # Its peer has gone, which Windows reports here: the next one may be a command's.
            continue
        except BlockingIOError:
            break
        except OSError:
            if accepted:
                break
            raise
    return accepted


class ConnectionLimiter:
    """Protocol factory of the control endpoint."""

    def __init__(self, server: web.Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock
        self._connections: dict[RequestHandler, Connection] = {}
        self._accepted = asyncio.Event()

    def __call__(self) -> asyncio.Protocol:
        self._forget_closed()
        unproved = [handler for handler, each in self._connections.items() if not each.proved]
        for handler in unproved[: max(len(unproved) - MOST_UNPROVED + 1, 0)]:
            self._close(handler)
        handler = self._server()
        connection = self._connections[handler] = Connection(self._clock.monotonic())
        self._accepted.set()
        # The event loop calls the handler's connection_made in its next iteration; the server lists it then.
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, connection.list)
        return handler

    def of(self, handler: RequestHandler) -> Connection:
        """Return the connection of a request. One that was just closed gets a state that nobody else sees."""
        return self._connections.get(handler) or Connection(self._clock.monotonic())

    async def accept(self, listening: socket.socket) -> None:
        """Accept connections until cancelled.

        A server of asyncio accepts as many at once as may wait, and loses the last ones when it is closed.
        """
        loop = asyncio.get_running_loop()
        while True:
            await _readable(loop, listening)
            try:
                accepted = _accept(listening, ACCEPTS)
            except OSError:
                await self._clock.sleep(SWEEP_S)
                continue
            if not accepted:
                continue
            made = [loop.create_task(loop.connect_accepted_socket(self, each)) for each in accepted]
            try:
                await asyncio.wait(made)
            finally:
                for each in made:
                    each.cancel()
                ended = await asyncio.gather(*made, return_exceptions=True)
                # One that has gone meanwhile, or that was cancelled, has no transport that closes it.
                for each_socket, result in zip(accepted, ended, strict=True):
                    if isinstance(result, BaseException):
                        each_socket.close()

    async def sweep(self) -> None:
        """Close connections that brought no proof in time, until cancelled."""
        while True:
            if not self._connections:
                self._accepted.clear()
                await self._accepted.wait()
            await self._clock.sleep(SWEEP_S)
            self._forget_closed()
            now = self._clock.monotonic()
            for handler, connection in list(self._connections.items()):
                within_s = REQUEST_S if connection.proved else PROVE_S
                if not connection.requested and now - connection.since >= within_s:
                    self._close(handler)

    def _close(self, handler: RequestHandler) -> None:
        handler.force_close()
        del self._connections[handler]

    def _forget_closed(self) -> None:
        open_now = set(self._server.connections)
        for handler, connection in list(self._connections.items()):
            if connection.listed and handler not in open_now:
                del self._connections[handler]
