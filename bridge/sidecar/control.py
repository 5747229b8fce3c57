"""The control endpoint: what a person asks of a running sidecar, over HTTP on this machine alone.

    GET  /v1/status                                 how it stands now (bridge.sidecar.live_status)
    POST /v1/halt, /v1/resume, /v1/flatten, /v1/resolve,
         /v1/retry, /v1/dismiss, /v1/rebind         JSON (bridge.sidecar.operations)

Every request needs `Authorization: Bearer TOKEN`, the token of the file beside the journal, and a Host header that
names the endpoint itself, so that no page in a browser can reach it by another name. An error is
{"error": CODE, "message": TEXT}.
"""

import asyncio
import hmac
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from bridge.core.director.contract import utc_text
from bridge.core.units.clock import Clock
from bridge.journal.database.errors import JournalUnavailableError
from bridge.link import EndpointError
from bridge.log_codes import LogCode
from bridge.sidecar import control_file
from bridge.sidecar.control_file import HOST, ControlFile
from bridge.sidecar.link_worker import LinkWorker
from bridge.sidecar.live_status import Watch
from bridge.sidecar.operations import (
    A,
    DismissRequest,
    FlattenRequest,
    HaltRequest,
    RebindRequest,
    RefusedError,
    Request,
    ResolveRequest,
    ResumeRequest,
    RetryRequest,
    performing,
)
from bridge.sidecar.runtime import Runtime

STATUS_PATH: Final = "/v1/status"
MAX_BODY_BYTES: Final = 16_384
READ_S: Final = 5.0
"""How long a body may take to come."""
MOST_OPEN: Final = 16
"""Connections at a time. A command makes one."""
OPEN_S: Final = 60.0
"""After so long a connection gives way to a new one where there are too many."""
CLOSE_S: Final = 1.0
"""How long requests under way are waited for at a stop. Their steps finish in any case."""

WRITE_AGAIN_S: Final = 5.0

_JSON: Final = "application/json"
R = TypeVar("R", bound=msgspec.Struct)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ControlError(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every answer that is not 200."""

    error: str
    """TOKEN, HOST, METHOD, NOT_FOUND, BODY, REFUSED, JOURNAL, INTERNAL."""
    message: str


class ControlSocket:
    """A bound port on loopback, and the place of the file that will tell of it."""

    def __init__(self, journal: Path, port: int) -> None:
        """Bind; 0 is any free port. Raises EndpointError."""
        try:
            self.socket = socket.create_server((HOST, port))
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise EndpointError(
                f"the control address {HOST}:{port} cannot be bound: {why}; set another [control] port, "
                "or 0 for any free one"
            ) from error
        self.port: int = self.socket.getsockname()[1]
        self.path = control_file.control_path(journal)

    def close(self) -> None:
        """Unbind."""
        self.socket.close()


class _Visit:
    """One connection: since when, on the monotonic clock, and whether it must be among the server's by now."""

    def __init__(self, since: float) -> None:
        self.since = since
        self.stood = False

    def stand(self) -> None:
        self.stood = True


class _Door:
    """Makes the handler of each connection, of a few at a time: connections that somebody leaves open, with or
    without the token, must not take the process's descriptors."""

    def __init__(self, server: web.Server | None, clock: Clock) -> None:
        assert server is not None  # noqa: S101 - narrowing: the runner is set up
        self._server = server
        self._clock = clock
        self._visits: dict[RequestHandler, _Visit] = {}

    def __call__(self) -> asyncio.Protocol:
        now = self._clock.monotonic()
        self._forget_those_gone()
        if len(self._visits) >= MOST_OPEN:
            for handler, visit in list(self._visits.items()):
                if now - visit.since >= OPEN_S:
                    handler.force_close()
                    del self._visits[handler]
        if len(self._visits) >= MOST_OPEN:
            return _TurnedAway()
        handler = self._server()
        visit = self._visits[handler] = _Visit(now)
        # The loop tells the handler of its connection in its next round.
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, visit.stand)
        return handler

    def _forget_those_gone(self) -> None:
        there = set(self._server.connections)
        for handler, visit in list(self._visits.items()):
            if visit.stood and handler not in there:
                del self._visits[handler]


class _TurnedAway(asyncio.Protocol):
    """A connection too many: closed at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class ControlServer:
    """Serves a person's requests until cancelled."""

    def __init__(self, runtime: Runtime, watch: Watch, links: LinkWorker, control: ControlSocket) -> None:
        self._runtime = runtime
        self._watch = watch
        self._links = links
        self._control = control
        self._file = ControlFile(
            port=control.port,
            token=secrets.token_hex(32),
            pid=os.getpid(),
            started_at=utc_text(runtime.clock.now()),
        )
        self._authority = f"{HOST}:{control.port}"

    async def run(self) -> None:
        """Serve. The file is there while the endpoint can be asked."""
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=CLOSE_S)
        await runner.setup()
        try:
            door = _Door(runner.server, self._runtime.clock)
            await asyncio.get_running_loop().create_server(door, sock=self._control.socket)
            await self._write_file()
            self._runtime.log.info(
                LogCode.CONTROL_LISTENING, port=self._control.port, file=str(self._control.path)
            )
            await asyncio.Event().wait()
        finally:
            control_file.remove(self._control.path, self._file)
            await runner.cleanup()

    async def _write_file(self) -> None:
        """Trading goes on though the disk is full; whoever asks meanwhile finds no file."""
        while True:
            try:
                control_file.write(self._control.path, self._file)
                return
            except OSError as error:
                self._runtime.log.error(LogCode.CONTROL_FILE_NOT_WRITTEN, error=str(error))
                await self._runtime.clock.sleep(WRITE_AGAIN_S)

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._risk_limit], client_max_size=MAX_BODY_BYTES)
        app.add_routes(
            [
                web.get(STATUS_PATH, self._status, allow_head=False),
                web.post(HaltRequest.path, self._halt),
                web.post(ResumeRequest.path, self._resume),
                web.post(FlattenRequest.path, self._flatten),
                web.post(ResolveRequest.path, self._resolve),
                web.post(RetryRequest.path, self._retry),
                web.post(DismissRequest.path, self._dismiss),
                web.post(RebindRequest.path, self._rebind),
            ]
        )
        return app

    @web.middleware
    async def _risk_limit(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Let in who has the token and came by the front door; give every error the same shape."""
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, f"Bearer {self._file.token}".encode()):
            return _error(401, "TOKEN", "the token is missing or wrong; it stands beside the journal")
        if request.headers.get("Host") != self._authority or "Origin" in request.headers:
            return _error(403, "HOST", f"ask {self._authority} by that name, and not from a browser")
        try:
            return await handler(request)
        except web.HTTPRequestEntityTooLarge:
            return _error(413, "BODY", f"the body is longer than {MAX_BODY_BYTES} bytes")
        except web.HTTPMethodNotAllowed as error:
            return _error(405, "METHOD", f"allowed here: {', '.join(sorted(error.allowed_methods))}")
        except web.HTTPNotFound:
            return _error(404, "NOT_FOUND", f"there is no {request.path}")
        except _BodyError as error:
            return _error(error.status, "BODY", str(error))
        except RefusedError as error:
            return _error(409, "REFUSED", str(error))
        except JournalUnavailableError as error:
            self._runtime.log.error(LogCode.OPERATOR_COMMAND_NOT_STORED, path=request.path, error=str(error))
            return _error(503, "JOURNAL", f"{error}; 'execution-officer status' shows what stands")
        except Exception as error:
            self._runtime.log.exception(LogCode.CONTROL_REQUEST_FAILED, path=request.path)
            return _error(500, "INTERNAL", f"{type(error).__name__}: {error}; see the sidecar's log")

    async def _status(self, _: web.Request) -> web.StreamResponse:
        return _json(200, self._watch.look())

    async def _halt(self, request: web.Request) -> web.StreamResponse:
        return await self._perform(request, HaltRequest)

    async def _resume(self, request: web.Request) -> web.StreamResponse:
        return await self._perform(request, ResumeRequest)

    async def _flatten(self, request: web.Request) -> web.StreamResponse:
        return await self._perform(request, FlattenRequest)

    async def _resolve(self, request: web.Request) -> web.StreamResponse:
        return await self._perform(request, ResolveRequest)

    async def _retry(self, request: web.Request) -> web.StreamResponse:
        return await self._perform(request, RetryRequest)

    async def _dismiss(self, request: web.Request) -> web.StreamResponse:
        return await self._perform(request, DismissRequest)

    async def _rebind(self, request: web.Request) -> web.StreamResponse:
        asked, runtime = await _asked(request, RebindRequest), self._runtime
        # What is refused must not cost the terminal its session.
        await runtime.step(lambda journal: asked.check(journal, runtime.settings))
        async with self._links.without_session(asked.officer, "a person rebinds the officer"):
            return await self._carry_out(asked)

    async def _perform(self, request: web.Request, kind: type[Request[A]]) -> web.StreamResponse:
        return await self._carry_out(await _asked(request, kind))

    async def _carry_out(self, asked: Request[A]) -> web.StreamResponse:
        runtime = self._runtime
        answer = await runtime.step(performing(asked, runtime.settings, runtime.now()))
        runtime.log.warning(LogCode.OPERATOR_COMMAND, path=asked.path, request=msgspec.to_builtins(asked))
        runtime.dispatch_wake_up.ring()
        runtime.delivery_wake_up.ring()
        return _json(200, answer)


class _BodyError(Exception):
    """The request's body is none that can be read. Nothing was done."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


async def _asked(request: web.Request, kind: type[R]) -> R:
    """What is asked. Raises _BodyError."""
    if request.content_type != _JSON:
        raise _BodyError(415, f"the body must be {_JSON}")
    try:
        async with asyncio.timeout(READ_S):
            body = await request.read()
        return msgspec.json.decode(body, type=kind)
    except TimeoutError as error:
        raise _BodyError(408, f"the body did not come within {READ_S:.0f} s") from error
    except msgspec.DecodeError as error:
        raise _BodyError(400, f"the body cannot be read: {error}") from error


def _json(status: int, body: msgspec.Struct) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type=_JSON)


def _error(status: int, code: str, message: str) -> web.Response:
    return _json(status, ControlError(error=code, message=message))
