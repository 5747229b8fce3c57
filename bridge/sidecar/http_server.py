"""HTTP server of the sidecar: an application of aiohttp whose connections a limiter accepts."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from bridge.sidecar.control_connections import ConnectionLimiter, Connections

CLOSE_S: Final = 1.0
"""Seconds that a stop waits for requests under way. Their journal steps finish in any case."""


@asynccontextmanager
async def limited(
    app: web.Application, connections: Connections, logger: logging.Logger
) -> AsyncIterator[ConnectionLimiter]:
    """Yield the limiter that gives the application its connections; end the application behind it.

    `logger` gets the errors of the server itself.
    """
    runner = web.AppRunner(app, access_log=None, logger=logger, shutdown_timeout=CLOSE_S)
    await runner.setup()
    try:
        server = runner.server
        if server is None:
            raise RuntimeError("the application has no server after its set-up")
        yield ConnectionLimiter(server, connections)
    finally:
        await runner.cleanup()
