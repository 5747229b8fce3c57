"""HTTP server of the sandbox Director, on the loopback interface only.

    GET  /v1/directives/pending?officer=ID    the contract's
    POST /v1/execution-events                 the contract's
    POST /v1/directives?officer=ID[&raw=1]    issue a directive
    GET  /v1/execution-events[?directive_id=ID][&after=N][&wait=SECONDS]    show received events
    GET, POST /v1/sandbox/behaviour[?endpoint=poll|post][&listing=POLICY]   show or set faults

Every endpoint requires the header X-API-Key. An error is {"error": TEXT}.
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from typing import Final

import msgspec
from aiohttp import web

from bridge.clock import SystemClock
from bridge.core.director.contract import (
    API_KEY_HEADER,
    EVENTS_PATH,
    IDEMPOTENCY_HEADER,
    PENDING_PATH,
    utc_text,
)
from bridge.core.units.clock import Clock
from bridge.sandbox.behaviour import Behaviour, Endpoint, Fault
from bridge.sandbox.event import EventError, check_event
from bridge.sandbox.faults import spoil
from bridge.sandbox.state import Listing, Received, SandboxState
from bridge.stop_signals import set_at_stop

ISSUE_PATH: Final = "/v1/directives"
BEHAVIOUR_PATH: Final = "/v1/sandbox/behaviour"
PATHS: Final = (PENDING_PATH, EVENTS_PATH, ISSUE_PATH, BEHAVIOUR_PATH)
HOST: Final = "127.0.0.1"

MAX_REQUEST_BYTES: Final = 8 << 20
"""Room for a directive that is bad by its size."""
MAX_WAIT_S: Final = 60.0
_SHUTDOWN_S: Final = 1.0
"""Seconds that an answer under way gets when the sandbox ends; a dripping one would take for ever."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(state: SandboxState) -> web.Application:
    """Return the sandbox as an aiohttp application over `state`, which the caller may read and change."""
    director = _Director(state)
    app = web.Application(middlewares=[director.check_request], client_max_size=MAX_REQUEST_BYTES)
    app.add_routes(
        [
            web.get(PENDING_PATH, director.list_pending),
            web.post(EVENTS_PATH, director.take_event),
            web.post(ISSUE_PATH, director.issue),
            web.get(EVENTS_PATH, director.show_events),
            web.get(BEHAVIOUR_PATH, director.show_behaviour),
            web.post(BEHAVIOUR_PATH, director.set_behaviour),
        ]
    )

    async def date(_: web.Request, response: web.StreamResponse) -> None:
        # Without it the header would be of this machine's clock.
        response.headers["Date"] = format_datetime(state.clock.now(), usegmt=True)

    async def release(_: web.Application) -> None:
        state.close()

    app.on_response_prepare.append(date)
    app.on_shutdown.append(release)
    return app


class _Director:
    """Handlers of the endpoints, over the state."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    @web.middleware
    async def check_request(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Admit requests with the API key, and give every error the same shape."""
        given = request.headers.get(API_KEY_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._state.api_key.encode()):
            return _error(401, f"header {API_KEY_HEADER} is missing or wrong; send the sandbox's API key")
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return _error(404, f'unknown path "{request.path}"; supported: {", ".join(PATHS)}')
        except web.HTTPException as error:
            answer = _error(error.status, error.text or error.reason)
            if "Allow" in error.headers:
                answer.headers["Allow"] = error.headers["Allow"]
            return answer

    async def list_pending(self, request: web.Request) -> web.StreamResponse:
        officer = request.query.get("officer")
        if not officer:
            return _error(400, "query parameter officer is missing; add ?officer=ID")
        return await self._answer(request, Endpoint.POLL, lambda: _json(200, self._state.pending(officer)))

    async def take_event(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()

        def act() -> web.Response:
            try:
                media = request.content_type if "Content-Type" in request.headers else ""
                event = check_event(body, media)
            except EventError as error:
                return _error(error.status, str(error))
            received = self._state.receive(event, body, request.headers.get(IDEMPOTENCY_HEADER))
            return _json(200, msgspec.json.encode({"success": True, "event_id": received.event_id}))

        return await self._answer(request, Endpoint.POST, act)

    async def _answer(
        self, request: web.Request, endpoint: Endpoint, act: Callable[[], web.Response]
    ) -> web.StreamResponse:
        """Return the answer of an endpoint of the contract, with its present fault."""
        behaviour = self._state.behaviours.take(endpoint)
        if behaviour.delay_s:
            await self._state.clock.sleep(behaviour.delay_s)
        right = act() if behaviour.fault.acts or behaviour.act_first else _json(200, b"{}")
        return await spoil(request, right, behaviour, self._state.clock)

    async def issue(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        officer = request.query.get("officer")
        if request.query.get("raw") == "1":
            if not officer:
                return _error(400, "query parameter officer is missing; a raw directive needs it")
            issued = self._state.issue_raw(officer, body)
        else:
            try:
                directive = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
                named = msgspec.json.decode(directive.pop("officer", b"null"), type=str | None)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                return _error(400, f"the body is not a JSON object: {error}; send one directive")
            officer = officer or named
            if not officer:
                return _error(400, "officer is missing; give it as a query parameter or a field")
            issued = self._state.issue(officer, directive)
        return web.json_response({"directive_id": issued.directive_id, "officer": officer}, status=201)

    async def show_events(self, request: web.Request) -> web.StreamResponse:
        try:
            after = int(request.query.get("after", "0"))
            wait_s = float(request.query.get("wait", "0"))
        except ValueError:
            return _error(400, "after must be a whole number, wait a number of seconds")
        if after < 0 or not 0 <= wait_s <= MAX_WAIT_S:
            return _error(400, f"after must be 0 or more, wait 0 to {MAX_WAIT_S:g} seconds")
        directive_id = request.query.get("directive_id")
        if wait_s:
            found = await self._state.wait_for_events(after, directive_id, wait_s)
        else:
            found = self._state.events(after, directive_id)
        shown = {"events": [_shown(received) for received in found], "count": self._state.event_count}
        return _json(200, msgspec.json.encode(shown))

    async def show_behaviour(self, request: web.Request) -> web.StreamResponse:
        shown = {str(endpoint): self._state.behaviours.get(endpoint) for endpoint in Endpoint}
        return _json(200, msgspec.json.encode({**shown, "listing": self._state.listing}))

    async def set_behaviour(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        try:
            behaviour = msgspec.json.decode(await request.read() or b"{}", type=Behaviour)
        except ValueError as error:  # msgspec's errors are ValueErrors too
            return _error(400, f"the behaviour is not valid: {error}; supported faults: {', '.join(Fault)}")
        try:
            endpoints = [Endpoint(query["endpoint"])] if "endpoint" in query else []
        except ValueError:
            return _error(400, f'unknown endpoint "{query["endpoint"]}"; supported: {", ".join(Endpoint)}')
        try:
            listing = Listing(query["listing"]) if "listing" in query else self._state.listing
        except ValueError:
            return _error(400, f'unknown listing "{query["listing"]}"; supported: {", ".join(Listing)}')
        self._state.behaviours.set(behaviour, *endpoints)
        self._state.listing = listing
        return await self.show_behaviour(request)


def _shown(received: Received) -> dict[str, object]:
    """Return an event as `GET /v1/execution-events` shows it, with its body unchanged."""
    return {
        "event_id": received.event_id,
        "received_at": utc_text(received.received_at),
        "idempotency_key": received.idempotency_key,
        "deliveries": received.deliveries,
        "body": msgspec.Raw(received.body),
    }


def _json(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")


def _error(status: int, text: str) -> web.Response:
    return _json(status, json.dumps({"error": text}).encode())


async def serve(state: SandboxState, port: int, ready: Callable[[str], None], stop: asyncio.Event) -> None:
    """Serve on 127.0.0.1 until `stop` is set. `ready` gets the base URL once connections are accepted.

    Port 0 is any free one. Raises OSError if the port is in use.
    """
    runner = web.AppRunner(make_app(state), access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        ready(f"http://{HOST}:{runner.addresses[0][1]}")
        await stop.wait()
    finally:
        await runner.cleanup()


def run_sandbox(
    port: int,
    api_key: str,
    ready: Callable[[str], None] | None = None,
    *,
    clock: Clock | None = None,
    listing: Listing = Listing.UNTIL_RECEIVED,
    first_order: str | None = None,
) -> None:
    """Run a sandbox Director until SIGTERM, Ctrl-C or Ctrl-Break. Blocks, in the main thread.

    Without `ready` the base URL is printed. `first_order`: officer for whom a first directive is listed.

    Raises OSError if the port is in use, ValueError if the key is empty.
    """

    async def main() -> None:
        stop = asyncio.Event()
        set_at_stop(stop)
        state = SandboxState(api_key, clock or SystemClock(), listing=listing)
        if first_order is not None:
            state.issue_first_order(first_order)
        await serve(state, port, ready or _announce, stop)

    asyncio.run(main())


def _announce(url: str) -> None:
    print(f"Sandbox Director on {url}", flush=True)
