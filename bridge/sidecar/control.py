"""Control endpoint: status and operator commands of a running sidecar, over HTTP on this machine only.

    GET  /v1/status     the sidecar's present state (bridge.sidecar.live_status)
    POST /v1/COMMAND    an operator command with its arguments in JSON (bridge.sidecar.operator)

Every request needs `Authorization: Bearer TOKEN` with the token of the control file beside the journal, and a Host
header that names the endpoint itself, so that no page in a browser can reach it under another name. An error is
{"error": CODE, "message": TEXT}.
"""

import asyncio
import hmac
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from bridge.core.director.contract import utc_text
from bridge.core.units.clock import Clock
from bridge.exits import ExitCode
from bridge.journal.database.errors import JournalUnavailableError
from bridge.link import EndpointError
from bridge.log_codes import LogCode
from bridge.sidecar import control_file
from bridge.sidecar.control_file import HOST, ControlFile
from bridge.sidecar.link_worker import LinkWorker
from bridge.sidecar.live_status import StatusReader
from bridge.sidecar.operator import REQUESTS
from bridge.sidecar.operator.request import A, RefusedError, Request, performing
from bridge.sidecar.runtime import Runtime

STATUS_PATH: Final = "/v1/status"
MAX_BODY_BYTES: Final = 16_384
READ_S: Final = 5.0
"""Seconds in which a request's body must arrive."""
MOST_OPEN: Final = 16
"""Most connections at a time. A command makes one."""
OPEN_S: Final = 60.0
"""Age in seconds after which a connection is closed in favour of a new one when MOST_OPEN is reached."""
CLOSE_S: Final = 1.0
"""Seconds that a stop waits for requests under way. Their journal steps finish in any case."""

WRITE_AGAIN_S: Final = 5.0
"""Seconds between attempts to write the control file."""

_JSON: Final = "application/json"
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ControlError(msgspec.Struct, frozen=True, kw_only=True):
    """Body of every answer whose status is not 200."""

    error: str
    """TOKEN, HOST, METHOD, NOT_FOUND, BODY, REFUSED, JOURNAL, INTERNAL."""
    message: str
    exit_status: int = int(ExitCode.FAILED)
    """REFUSED: exit status of the command line."""


class ControlSocket:
    """Bound port on loopback, and the path of the control file that will name it."""

    def __init__(self, journal: Path, port: int) -> None:
        """Bind; port 0 is any free one. Raises EndpointError."""
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


class _Connection:
    """One accepted connection and its age.

    `since` is when it was accepted, on the monotonic clock; `listed` is true once the server must know it.
    """

    def __init__(self, since: float) -> None:
        self.since = since
        self.listed = False

    def list(self) -> None:
        self.listed = True


class _ConnectionLimiter:
    """Protocol factory that accepts a few connections at a time.

    Connections that a peer leaves open, with or without the token, must not use up the process's descriptors.
    """

    def __init__(self, server: web.Server | None, clock: Clock) -> None:
        assert server is not None  # noqa: S101 - narrowing: the runner is set up
        self._server = server
        self._clock = clock
        self._connections: dict[RequestHandler, _Connection] = {}

    def __call__(self) -> asyncio.Protocol:
        now = self._clock.monotonic()
        self._forget_closed()
        if len(self._connections) >= MOST_OPEN:
            for handler, connection in list(self._connections.items()):
                if now - connection.since >= OPEN_S:
                    handler.force_close()
                    del self._connections[handler]
        if len(self._connections) >= MOST_OPEN:
            return _Rejected()
        handler = self._server()
        connection = self._connections[handler] = _Connection(now)
        # The event loop calls the handler's connection_made in its next iteration; the server lists it then.
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, connection.list)
        return handler

    def _forget_closed(self) -> None:
        open_now = set(self._server.connections)
        for handler, connection in list(self._connections.items()):
            if connection.listed and handler not in open_now:
                del self._connections[handler]


class _Rejected(asyncio.Protocol):
    """Connection over the limit: closed at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class ControlServer:
    """Serves the control endpoint until cancelled."""

    def __init__(
        self, runtime: Runtime, status: StatusReader, links: LinkWorker, control: ControlSocket
    ) -> None:
        self._runtime = runtime
        self._status_reader = status
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
        """Serve. The control file exists while the endpoint takes requests."""
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=CLOSE_S)
        await runner.setup()
        try:
            limiter = _ConnectionLimiter(runner.server, self._runtime.clock)
            await asyncio.get_running_loop().create_server(limiter, sock=self._control.socket)
            await self._write_file()
            self._runtime.log.info(
                LogCode.CONTROL_LISTENING, port=self._control.port, file=str(self._control.path)
            )
            await asyncio.Event().wait()
        finally:
            control_file.remove(self._control.path, self._file)
            await runner.cleanup()

    async def _write_file(self) -> None:
        """Write the control file, again and again while that fails.

        Trading continues although the disk is full; the endpoint cannot be found until the file is there.
        """
        while True:
            try:
                control_file.write(self._control.path, self._file)
                return
            except OSError as error:
                self._runtime.log.error(LogCode.CONTROL_FILE_NOT_WRITTEN, error=str(error))
                await self._runtime.clock.sleep(WRITE_AGAIN_S)

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._check_request], client_max_size=MAX_BODY_BYTES)
        app.add_routes([web.get(STATUS_PATH, self._status, allow_head=False)])
        app.add_routes([web.post(kind.path(), self._handler(kind)) for kind in REQUESTS])
        return app

    @web.middleware
    async def _check_request(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Admit requests with the token and the right Host header; give every error the same shape."""
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, f"Bearer {self._file.token}".encode()):
            return _error(
                401,
                "TOKEN",
                "header Authorization is missing or wrong; send 'Bearer TOKEN' with the token of the control "
                "file beside the journal",
            )
        if request.headers.get("Host") != self._authority or "Origin" in request.headers:
            return _error(
                403,
                "HOST",
                f"header Host must be {self._authority}, and Origin must be absent; "
                "browsers are not supported",
            )
        try:
            return await handler(request)
        except web.HTTPRequestEntityTooLarge:
            return _error(413, "BODY", f"the body is longer than {MAX_BODY_BYTES} bytes; send a shorter one")
        except web.HTTPMethodNotAllowed as error:
            allowed = ", ".join(sorted(error.allowed_methods))
            return _error(
                405, "METHOD", f"method {request.method} is not allowed for {request.path}; use {allowed}"
            )
        except web.HTTPNotFound:
            supported = ", ".join([STATUS_PATH, *(kind.path() for kind in REQUESTS)])
            return _error(404, "NOT_FOUND", f'unknown path "{request.path}"; supported: {supported}')
        except _BodyError as error:
            return _error(error.status, "BODY", str(error))
        except RefusedError as error:
            return _error(409, "REFUSED", str(error), error.exit_status)
        except JournalUnavailableError as error:
            self._runtime.log.error(LogCode.OPERATOR_COMMAND_NOT_STORED, path=request.path, error=str(error))
            return _error(
                503, "JOURNAL", f"{error}; nothing was done; 'execution-officer status' shows the state"
            )
        except Exception as error:
            self._runtime.log.exception(LogCode.CONTROL_REQUEST_FAILED, path=request.path)
            return _error(
                500,
                "INTERNAL",
                f"internal error: {type(error).__name__}: {error}; the sidecar's log has the traceback",
            )

    async def _status(self, _: web.Request) -> web.StreamResponse:
        return _json(200, self._status_reader.read())

    def _handler(self, kind: type[Request[Any]]) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._perform(await _read_body(request, kind))

        return handle

    async def _perform(self, asked: Request[A]) -> web.StreamResponse:
        officer, runtime = asked.officer_without_session(), self._runtime
        if officer is None:
            return await self._carry_out(asked)
        # A request that is refused must not cost the terminal its session.
        await runtime.step(lambda journal: asked.check(journal, runtime.settings))
        async with self._links.without_session(officer, f"operator command {asked.name}"):
            return await self._carry_out(asked)

    async def _carry_out(self, asked: Request[A]) -> web.StreamResponse:
        runtime = self._runtime
        answer = await runtime.step(performing(asked, runtime.settings, runtime.now()))
        runtime.log.warning(
            LogCode.OPERATOR_COMMAND, command=asked.name, arguments=msgspec.to_builtins(asked)
        )
        runtime.dispatch_wake_up.set()
        runtime.delivery_wake_up.set()
        return _json(200, answer)


class _BodyError(Exception):
    """The request's body cannot be read. Nothing was done."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


async def _read_body(request: web.Request, kind: type[Request[A]]) -> Request[A]:
    """Return the request in the body. Raises _BodyError."""
    if request.content_type != _JSON:
        raise _BodyError(415, f'Content-Type "{request.content_type}" is not supported; use {_JSON}')
    try:
        async with asyncio.timeout(READ_S):
            body = await request.read()
        return msgspec.json.decode(body, type=kind)
    except TimeoutError as error:
        raise _BodyError(408, f"the body did not arrive within {READ_S:.0f} s; send it again") from error
    except msgspec.ValidationError as error:
        raise _BodyError(400, f"the body of {kind.name} is not valid: {error}{_supported(kind)}") from error
    except msgspec.DecodeError as error:
        raise _BodyError(400, f"the body is not JSON: {error}; send one JSON object") from error


def _supported(kind: type[Request[Any]]) -> str:
    """Return the fields of a request for an error message, and the words of a field that takes a few."""
    fields = []
    for field in msgspec.structs.fields(kind):
        words = msgspec.json.schema(field.type).get("enum")
        fields.append(f"{field.name} ({'|'.join(words)})" if words else field.name)
    return f"; supported fields: {', '.join(fields)}"


def _json(status: int, body: msgspec.Struct) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type=_JSON)


def _error(status: int, code: str, message: str, exit_status: ExitCode = ExitCode.FAILED) -> web.Response:
    return _json(status, ControlError(error=code, message=message, exit_status=int(exit_status)))
