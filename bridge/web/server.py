"""HTTP server of `[web]`: a page, metrics and health, within the sidecar.

    GET /healthz    200 while every worker makes progress, 503 otherwise
    GET /readyz     200 while directives are taken and carried out, 503 otherwise
    GET /metrics    metrics for Prometheus
    GET /           pages for people (`bridge.web.page`); commands where there is a page key (`bridge.web.commands`)

A request without the page key changes nothing, and no error here ends a worker of the sidecar.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import web

from bridge.address import listen
from bridge.core.settings import WebSettings
from bridge.keys import PageKey
from bridge.log_codes import LogCode
from bridge.sidecar.control_connections import ConnectionLimiter, Connections
from bridge.sidecar.counted_log import CountedLog
from bridge.sidecar.http_server import limited
from bridge.sidecar.onlooker import Parts
from bridge.sidecar.server_errors import ServerErrors
from bridge.status.command_lines import CommandLines
from bridge.web import health, hosts
from bridge.web.commands import Commands
from bridge.web.exposition import exposition
from bridge.web.page import LIVE_PATH, Pages
from bridge.web.snapshot import Snapshots

REMEDY: Final = "set another [web] port"
WAITING: Final = 64
"""Most connections that wait to be accepted."""
MOST_REQUESTS: Final = 32
"""Most requests at a time."""
MAX_BODY_BYTES: Final = 8_192
"""Most bytes of a form."""
AGAIN_S: Final = 5.0
"""Seconds until the server begins again after an error of its own."""
PROBES: Final = frozenset({"/healthz", "/readyz"})
"""Paths whose answer shows nothing of the account: a load balancer asks them under any name, or none."""

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_READING: Final = frozenset({"GET", "HEAD"})
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebServer:
    """Onlooker that serves HTTP."""

    def __init__(
        self, settings: WebSettings, journal: Path, lines: CommandLines, page_key: PageKey | None = None
    ) -> None:
        """Bind. Raises EndpointError.

        `lines` makes the command lines in what an operator reads. `page_key` None: the page takes no commands.
        """
        self._page_key = page_key
        self._settings = settings
        self._journal = journal
        self._lines = lines
        self._socket = listen(
            "the web address", settings.address, settings.port, backlog=WAITING, remedy=REMEDY
        )
        self.port: int = self._socket.getsockname()[1]

    async def run(self, parts: Parts) -> None:
        """Serve until cancelled."""
        snapshots = Snapshots(parts, self._journal, self._lines)
        try:
            await snapshots.begin()
            while True:
                try:
                    commands = None if self._page_key is None else Commands(parts, snapshots, self._page_key)
                    pages = Pages(snapshots, self._journal, parts.runtime.clock, commands)
                    await _Serving(parts, snapshots, pages, self._settings).run(partial(self._accept, parts))
                except Exception as error:
                    # An error of this server alone. The workers go on.
                    parts.runtime.log.error(LogCode.WEB_FAILED, exc_info=error)
                await parts.runtime.clock.sleep(AGAIN_S)
        finally:
            snapshots.close()

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()

    async def _accept(self, parts: Parts, limiter: ConnectionLimiter) -> None:
        self._socket.setblocking(False)
        parts.runtime.log.info(LogCode.WEB_LISTENING, address=self._settings.address, port=self.port)
        await asyncio.gather(limiter.accept(self._socket), limiter.sweep())


class _Serving:
    """Application and its connections, until an error ends them."""

    def __init__(self, parts: Parts, snapshots: Snapshots, pages: Pages, settings: WebSettings) -> None:
        self._parts = parts
        self._pages = pages
        self._snapshots = snapshots
        self._settings = settings
        self._requests = 0
        self._connections = Connections(parts.runtime.clock)
        self._counted = CountedLog(parts.runtime.clock.monotonic)

    async def run(self, accept: Callable[[ConnectionLimiter], Awaitable[None]]) -> None:
        runtime = self._parts.runtime
        errors = ServerErrors(
            runtime.log, self._counted, partial(runtime.log.warning, LogCode.WEB_REQUEST_UNREADABLE)
        )
        async with limited(self._application(), self._connections, errors.logger()) as limiter:
            await accept(limiter)

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._admit], client_max_size=MAX_BODY_BYTES)
        app.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
                *self._pages.routes(),
            ]
        )
        return app

    @web.middleware
    async def _admit(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Admit a request by its headers and the number of others; give every answer the same headers."""
        # From here on the connection has longer, and is none of those that make room for others.
        connection = self._connections.of(request.protocol)
        connection.proved = True
        # A page that is open stays so; their number has a limit of its own.
        connection.requested = request.path == LIVE_PATH
        answer = await self._answer(request, handler)
        if not answer.prepared:
            for name, value in _HEADERS.items():
                answer.headers.setdefault(name, value)
            # One request for each connection: none that is idle takes the place of another.
            answer.force_close()
        return answer

    async def _answer(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if request.path not in PROBES and (
            why := hosts.problem(
                request.headers, self._settings.host_names, changes=request.method not in _READING
            )
        ):
            return _text(403, why)
        if request.path == LIVE_PATH:
            return await handler(request)
        if self._requests >= MOST_REQUESTS:
            return _text(503, "too many requests at a time; ask again later")
        self._requests += 1
        try:
            return await handler(request)
        except web.HTTPException as error:
            return _text(error.status, error.reason)
        except Exception as error:
            if count := self._counted.note(("request", type(error))):
                self._parts.runtime.log.error(
                    LogCode.WEB_REQUEST_FAILED, path=request.path, count=count, exc_info=error
                )
            return _text(500, "internal error; the sidecar's log has the traceback")
        finally:
            self._requests -= 1

    async def _healthz(self, request: web.Request) -> web.StreamResponse:
        return self._probe(request, health.dead(self._parts))

    async def _readyz(self, request: web.Request) -> web.StreamResponse:
        return self._probe(request, health.unready(self._parts))

    def _probe(self, request: web.Request, why: str) -> web.Response:
        """Return the answer of a probe. The reason is for those who may see the rest too."""
        shown = "" if hosts.problem(request.headers, self._settings.host_names) else why
        return _text(503, shown or "failed") if why else _text(200, "ok")

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        seen = await self._snapshots.take()
        body, content_type = await self._snapshots.in_thread(
            lambda: exposition(seen, request.headers.get("Accept", ""))
        )
        return web.Response(body=body, headers={"Content-Type": content_type})


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n")
