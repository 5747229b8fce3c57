"""Connection limiter of the control endpoint: who proves that it holds the secret is never shut out.

Connections without a proof are closed after PROVE_S. Where there are too many, the oldest of them makes room for a
new one. A connection with a proof is not counted, and carries one request.
"""

import asyncio
from typing import Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from bridge.core.units.clock import Clock
from bridge.sidecar import control_proof

MOST_UNPROVED: Final = 64
"""Most connections without a proof at a time."""
PROVE_S: Final = 2.0
"""Seconds in which a connection must bring a proof. A command does it in milliseconds."""
SWEEP_S: Final = 0.5
"""Seconds between looks for connections that are older than that, while there are any."""


class Connection:
    """One accepted connection."""

    def __init__(self, since: float) -> None:
        self.since = since
        """Time at which it was accepted, on the monotonic clock."""
        self.listed = False
        """True once the server must know it."""
        self.proved = False
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
                if not connection.proved and now - connection.since >= PROVE_S:
                    self._close(handler)

    def _close(self, handler: RequestHandler) -> None:
        handler.force_close()
        del self._connections[handler]

    def _forget_closed(self) -> None:
        open_now = set(self._server.connections)
        for handler, connection in list(self._connections.items()):
            if connection.listed and handler not in open_now:
                del self._connections[handler]
