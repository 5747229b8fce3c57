"""Acceptance of connections at the control port, where accepting fails."""

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from bridge.sidecar.control_connections import ACCEPTS, SWEEP_S, ConnectionLimiter, Connections
from bridge.sidecar.control_file import HOST

from .clock import TIMEOUT_S, ManualClock

WSAENOTCONN = 10057


class FailingSocket(socket.socket):
    """Listening socket whose first calls of accept fail with these errors."""

    errors: list[OSError]

    def accept(self) -> tuple[socket.socket, Any]:
        if self.errors:
            raise self.errors.pop(0)
        return super().accept()


@asynccontextmanager
async def accepting(clock: ManualClock, errors: list[OSError]) -> AsyncIterator[int]:
    """An endpoint that answers every request; the value is its port."""

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(text="here")

    server = web.Server(answer)
    with FailingSocket() as listening:
        listening.errors = errors
        listening.setblocking(False)
        listening.bind((HOST, 0))
        listening.listen()
        task = asyncio.create_task(ConnectionLimiter(server, Connections(clock)).accept(listening))
        try:
            yield listening.getsockname()[1]
        finally:
            task.cancel()
            await asyncio.wait([task])
            await server.shutdown()


async def asked(port: int) -> bytes:
    """Return the answer of the endpoint."""
    async with asyncio.timeout(TIMEOUT_S):
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    return answer


async def test_peers_that_have_gone_cost_the_next_one_no_time() -> None:
    gone: list[OSError] = [
        ConnectionResetError(errno.ECONNRESET, "gone"),
        ConnectionAbortedError(errno.ECONNABORTED, "gone"),
        OSError(errno.ENOTCONN, "gone"),
        OSError(WSAENOTCONN, "gone, as Windows numbers it"),
    ]
    async with accepting(ManualClock(), gone * ACCEPTS) as port:
        # The clock stands: nothing that sleeps would go on.
        assert (await asked(port)).endswith(b"here")


async def test_connection_that_vanished_before_it_was_accepted_costs_the_next_one_no_time() -> None:
    async with accepting(ManualClock(), [BlockingIOError(errno.EAGAIN, "none")]) as port:
        assert (await asked(port)).endswith(b"here")


async def test_without_a_free_descriptor_a_connection_is_accepted_later() -> None:
    clock = ManualClock()
    async with accepting(clock, [OSError(errno.EMFILE, os.strerror(errno.EMFILE))]) as port:
        asking = asyncio.create_task(asked(port))
        assert await clock.asleep() == [SWEEP_S]
        assert not asking.done()
        clock.advance(SWEEP_S)
        assert (await asking).endswith(b"here")
