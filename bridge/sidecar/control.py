"""Control endpoint: status and operator commands of a running sidecar, over HTTP on this machine only.

    GET  /v1/status     the sidecar's present state (bridge.sidecar.live_status)
    POST /v1/COMMAND    an operator command with its arguments in JSON (bridge.sidecar.operator)

Every request needs a proof that its sender can read the control file beside the journal, and its answer has one too
(`bridge.sidecar.control_proof`); and a Host header that names the endpoint itself, so that no page in a browser can
reach it under another name. An error is {"error": CODE, "message": TEXT}.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

import msgspec
from aiohttp import web

from bridge.exits import ExitCode
from bridge.journal.database.errors import JournalUnavailableError
from bridge.log_codes import LogCode
from bridge.sidecar import control_file, control_proof
from bridge.sidecar.control_answers import STATUS_PATH, Challenge, ControlError
from bridge.sidecar.control_connections import Connections
from bridge.sidecar.control_file import HOST, ControlFileError
from bridge.sidecar.control_socket import ControlSocket
from bridge.sidecar.counted_log import CountedLog
from bridge.sidecar.http_server import limited
from bridge.sidecar.operator import REQUESTS
from bridge.sidecar.operator.request import A, RefusedError, Request
from bridge.sidecar.operator_commands import OperatorCommands
from bridge.sidecar.runtime import Runtime
from bridge.sidecar.server_errors import ServerErrors
from bridge.sidecar.status_reader import StatusReader

MAX_BODY_BYTES: Final = 16_384
READ_S: Final = 5.0
"""Seconds in which a request's body must arrive."""
LOOK_S: Final = 5.0
"""Seconds between looks at the control file."""

_JSON: Final = "application/json"
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ControlServer:
    """Serves the control endpoint until cancelled."""

    def __init__(
        self, runtime: Runtime, status: StatusReader, commands: OperatorCommands, control: ControlSocket
    ) -> None:
        self._runtime = runtime
        self._status_reader = status
        self._commands = commands
        self._control = control
        self._file = control.file
        self._authority = f"{HOST}:{control.port}"
        self._connections = Connections(runtime.clock)

    async def run(self) -> None:
        """Serve."""
        log = self._runtime.log
        errors = ServerErrors(
            log,
            CountedLog(self._runtime.clock.monotonic),
            partial(log.warning, LogCode.CONTROL_REQUEST_UNREADABLE),
        )
        self._control.socket.setblocking(False)
        async with limited(self._application(), self._connections, errors.logger()) as limiter:
            self._log_listening()
            await asyncio.gather(limiter.accept(self._control.socket), limiter.sweep(), self._keep_file())

    def _log_listening(self) -> None:
        self._runtime.log.info(
            LogCode.CONTROL_LISTENING, port=self._control.port, file=str(self._control.path)
        )

    def _is_file_there(self) -> bool:
        try:
            return control_file.read(self._control.path) == self._file
        except ControlFileError:
            # Another file is there, and not ours: it is replaced where the folder allows it.
            return False

    async def _keep_file(self) -> None:
        """Write the control file again where it is gone: without it no command finds the endpoint."""
        logged = False
        while True:
            await self._runtime.clock.sleep(LOOK_S)
            try:
                if self._is_file_there():
                    continue
                control_file.write(self._control.path, self._file)
                self._log_listening()
                logged = False
            except ControlFileError as error:
                if not logged:
                    self._runtime.log.error(LogCode.CONTROL_FILE_NOT_WRITTEN, error=str(error))
                logged = True

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._check_request], client_max_size=MAX_BODY_BYTES)
        app.add_routes([web.get(control_proof.CHALLENGE_PATH, self._challenge, allow_head=False)])
        app.add_routes([web.get(STATUS_PATH, self._status, allow_head=False)])
        app.add_routes([web.post(kind.path(), self._handler(kind)) for kind in REQUESTS])
        return app

    @web.middleware
    async def _check_request(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Admit requests with a proof and the right Host header; give every error the same shape."""
        if request.headers.get("Host") != self._authority or "Origin" in request.headers:
            return _error(
                403,
                "HOST",
                f"header Host must be {self._authority}, and Origin must be absent; "
                "browsers are not supported",
            )
        connection, secret = self._connections.of(request.protocol), self._file.secret
        authorization = request.headers.get("Authorization", "")
        if request.method == "GET" and request.path == control_proof.CHALLENGE_PATH:
            if not control_proof.may_ask(authorization, secret):
                return _error(
                    401,
                    "PROOF",
                    "header Authorization is missing or wrong; make it with the secret of the control file beside "
                    "the journal",
                )
            connection.proved = True
            return await handler(request)
        nonce = connection.take_nonce()
        given = control_proof.read(authorization)
        if (
            given is None
            or not nonce
            or not control_proof.is_valid(given, secret, nonce, method=request.method, path=request.path)
        ):
            return _error(
                401,
                "PROOF",
                f"header Authorization is missing or wrong; ask {control_proof.CHALLENGE_PATH} on the same "
                "connection, and answer with the secret of the control file beside the journal",
            )
        connection.requested = True
        connection.body_hash = given.body_hash
        answer = await self._answer(request, handler)
        body = answer.body if isinstance(answer.body, bytes) else b""
        answer.headers[control_proof.ANSWER_HEADER] = control_proof.answer_proof(
            secret, nonce, given.client_nonce, status=answer.status, body=body
        )
        # One request for each connection: none that is idle takes the place of another.
        answer.force_close()
        return answer

    async def _challenge(self, request: web.Request) -> web.Response:
        return _json(200, Challenge(nonce=self._connections.of(request.protocol).challenge()))

    async def _answer(self, request: web.Request, handler: _Handler) -> web.Response:
        try:
            answer = await handler(request)
            if not isinstance(answer, web.Response):
                raise TypeError(f"{type(answer).__name__} has no body to prove")
            return answer
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
            expected_hash = self._connections.of(request.protocol).body_hash
            return _json(200, await self._commands.perform(await _read_body(request, kind, expected_hash)))

        return handle


class _BodyError(Exception):
    """The request's body cannot be read. Nothing was done."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


async def _read_body(request: web.Request, kind: type[Request[A]], expected_hash: str) -> Request[A]:
    """Return the request in the body. Raises _BodyError."""
    if request.content_type != _JSON:
        raise _BodyError(415, f'Content-Type "{request.content_type}" is not supported; use {_JSON}')
    try:
        async with asyncio.timeout(READ_S):
            body = await request.read()
        if control_proof.body_hash(body) != expected_hash:
            raise _BodyError(400, "the body is not the one of the proof; send it again")
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
    answer = _json(status, ControlError(error=code, message=message, exit_status=int(exit_status)))
    # Hundreds of requests may wait on the same connection.
    answer.force_close()
    return answer
