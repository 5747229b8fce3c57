"""The sandbox Director: the contract's endpoints as the client sees them, and every configurable fault."""

import asyncio
import io
import itertools
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bridge.clock import SystemClock
from bridge.core.director.contract import CONTRACT_DIRECTIVE_FIELDS, EventType
from bridge.core.director.responses import Failed, FailureKind, Polled, Posted
from bridge.director import DirectorClient, DirectorLimits
from bridge.sandbox.behaviour import Behaviour, Endpoint, Fault
from bridge.sandbox.server import serve
from bridge.sandbox.state import Listing, SandboxState
from tests.rig import signals
from tests.rig.starting import Spawner

KEY = "sandbox-key"
NOW = datetime(2026, 1, 4, 10, 0, 0, tzinfo=UTC)
LIMITS = DirectorLimits(max_response_bytes=100_000, total_timeout_s=60.0)
"""No fault but a slow one may run into the time limit, however busy the machine is."""
SHORT = DirectorLimits(max_response_bytes=100_000, total_timeout_s=0.3)
DIRECTIVE = {"directive_id": "dir_12345", "symbol": "EURUSD", "action": "OPEN_LONG", "order_type": "MARKET"}
SENT = {
    "directive_id": "dir_12345",
    "event_type": "DIRECTIVE_RECEIVED",
    "event_class": "INFO",
    "occurred_at": "2026-01-04T10:00:05Z",
    "reported_by": "eo-001",
}


class FixedClock(SystemClock):
    """A wall clock that does not advance; sleeps are real."""

    def now(self) -> datetime:
        return NOW


class HeldClock(FixedClock):
    """A clock whose sleeps end when the test allows it."""

    def __init__(self) -> None:
        self.asleep = asyncio.Event()
        self.go = asyncio.Event()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.asleep.set()
        await self.go.wait()


class Rig:
    """A running sandbox, a Director client, and a plain HTTP client with the key."""

    def __init__(
        self, state: SandboxState, url: str, director: DirectorClient, http: aiohttp.ClientSession
    ) -> None:
        self.state = state
        self.url = url
        self.director = director
        self.http = http

    async def call(
        self, method: str, path: str, body: bytes | io.BytesIO | None = None, **query: str
    ) -> tuple[int, Any]:
        """Return status and JSON of one request with the key."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        async with self.http.request(
            method, self.url + path, params=query, data=body, headers=headers
        ) as answer:
            return answer.status, await answer.json()

    async def listed(self, officer: str = "eo-001") -> list[Any]:
        """Return the directives of one poll."""
        answer = await self.director.poll(officer)
        assert isinstance(answer, Polled), answer
        found = json.loads(answer.body)["directives"]
        assert isinstance(found, list)
        return found

    async def post(self, event: dict[str, Any], key: str) -> Posted | Failed:
        return await self.director.post(json.dumps(event).encode(), key)


@asynccontextmanager
async def rig(
    listing: Listing = Listing.UNTIL_RECEIVED,
    clock: FixedClock | None = None,
    limits: DirectorLimits = LIMITS,
) -> AsyncIterator[Rig]:
    numbers = itertools.count(1)
    clock = clock or FixedClock()
    state = SandboxState(KEY, clock, listing=listing, new_id=lambda: str(next(numbers)))
    stop = asyncio.Event()
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(state, 0, url.set_result, stop))
    try:
        base = await url
        async with (
            DirectorClient(base, KEY, clock=clock, limits=limits) as director,
            aiohttp.ClientSession(headers={"X-API-Key": KEY}) as http,
        ):
            yield Rig(state, base, director, http)
    finally:
        stop.set()
        await serving


# --- The contract's endpoints ----------------------------------------------------------------------


async def test_issued_directive_is_listed_for_its_officer_alone() -> None:
    async with rig() as sandbox:
        status, answer = await sandbox.call(
            "POST", "/v1/directives", json.dumps(DIRECTIVE).encode(), officer="eo-001"
        )
        assert (status, answer) == (201, {"directive_id": "dir_12345", "officer": "eo-001"})
        [directive] = await sandbox.listed()
        assert directive["symbol"] == "EURUSD"
        assert await sandbox.listed("eo-002") == []


async def test_date_of_an_answer_is_the_time_of_its_own_clock() -> None:
    async with rig() as sandbox, sandbox.http.get(sandbox.url + "/nowhere") as answer:
        assert answer.headers.getall("Date") == [format_datetime(NOW, usegmt=True)]


async def test_missing_fields_of_a_directive_get_defaults() -> None:
    async with rig() as sandbox:
        body = b'{"officer": "eo-001", "symbol": "EURUSD", "quantity": 0.010, "price": 1.09500}'
        status, answer = await sandbox.call("POST", "/v1/directives", body)
        assert (status, answer) == (201, {"directive_id": "dir_1", "officer": "eo-001"})
        [directive] = await sandbox.listed()
        assert directive == {
            "directive_id": "dir_1",
            "issued_at": "2026-01-04T10:00:00.000Z",
            "expires_at": "2026-01-04T10:05:00.000Z",
            "symbol": "EURUSD",
            "quantity": 0.01,
            "price": 1.095,
        }
        assert set(directive) <= set(CONTRACT_DIRECTIVE_FIELDS)
        # Every digit is listed as it was issued.
        assert b'"price":1.09500' in sandbox.state.pending("eo-001")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"directive_id": "a", "quantity": NaN}',
        b'{"directive_id": "a", "quantity": 1e999999}',
        b'{"directive_id": "a", "directive_id": "b"}',
        b"42",
        b"not JSON at all",
    ],
)
async def test_raw_directive_is_listed_unchanged(raw: bytes) -> None:
    async with rig() as sandbox:
        status, _ = await sandbox.call("POST", "/v1/directives", raw, officer="eo-001", raw="1")
        assert status == 201
        answer = await sandbox.director.poll("eo-001")
        assert answer == Polled('{"directives": [' + raw.decode() + "]}", date=getattr(answer, "date", None))


async def test_directive_without_an_officer_or_not_an_object_is_refused() -> None:
    async with rig() as sandbox:
        assert (await sandbox.call("POST", "/v1/directives", b"{}"))[0] == 400
        assert (await sandbox.call("POST", "/v1/directives", b"{}", raw="1"))[0] == 400
        assert (await sandbox.call("POST", "/v1/directives", b"[]", officer="eo-001"))[0] == 400
        assert (await sandbox.call("POST", "/v1/directives", b'{"officer": 1}'))[0] == 400


async def test_poll_without_an_officer_is_refused() -> None:
    async with rig() as sandbox:
        for query in ({}, {"officer": ""}):
            status, answer = await sandbox.call("GET", "/v1/directives/pending", None, **query)
            assert status == 400 and "officer" in answer["error"]


@pytest.mark.parametrize(
    ("listing", "after_poll", "after_received"),
    [
        (Listing.UNTIL_RECEIVED, 1, 0),
        (Listing.FOREVER, 1, 1),
        (Listing.ONCE, 0, 0),
    ],
)
async def test_directive_is_listed_as_the_listing_mode_says(
    listing: Listing, after_poll: int, after_received: int
) -> None:
    async with rig(listing) as sandbox:
        sandbox.state.issue_raw("eo-001", json.dumps(DIRECTIVE).encode())
        assert len(await sandbox.listed()) == 1
        assert len(await sandbox.listed()) == after_poll
        await sandbox.post({**SENT, "reported_by": "eo-002"}, "another officer's")
        await sandbox.post({**SENT, "event_type": "ORDER_PLACED"}, "not that event")
        assert len(await sandbox.listed()) == after_poll
        assert isinstance(await sandbox.post(SENT, "received"), Posted)
        assert len(await sandbox.listed()) == after_received


@pytest.mark.parametrize("event_type", list(EventType))
async def test_every_event_type_of_the_contract_is_accepted(event_type: EventType) -> None:
    async with rig() as sandbox:
        answer = await sandbox.post({**SENT, "event_type": event_type, "directive_id": None, "more": 1}, "k")
        assert answer == Posted("evt_1")


async def test_event_with_a_repeated_key_is_counted_once() -> None:
    async with rig() as sandbox:
        answers = [await sandbox.post(SENT, key) for key in ("a", "b", "a", "a")]
        assert answers == [Posted("evt_1"), Posted("evt_2"), Posted("evt_1"), Posted("evt_1")]
        _, shown = await sandbox.call("GET", "/v1/execution-events")
        assert [(event["event_id"], event["deliveries"]) for event in shown["events"]] == [
            ("evt_1", 3),
            ("evt_2", 1),
        ]


async def test_events_without_a_key_are_counted_separately() -> None:
    async with rig() as sandbox:
        for _ in range(2):
            status, _ = await sandbox.call("POST", "/v1/execution-events", json.dumps(SENT).encode())
            assert status == 200
        assert sandbox.state.event_count == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"event_type": "ORDER_EXPLODED"}, "event_type"),
        ({"event_type": None}, "event_type"),
        ({"event_class": ""}, "event_class"),
        ({"occurred_at": "2026-01-04T10:00:05"}, "occurred_at"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": 1767520805}, "occurred_at"),
        ({"reported_by": ""}, "reported_by"),
        ({"directive_id": 7}, "directive_id"),
        ({"fill_price": "1.0951"}, "fill_price"),
        *(({name: ...}, name) for name in SENT),
    ],
)
async def test_event_that_violates_the_contract_is_refused(change: dict[str, Any], words: str) -> None:
    event = {name: value for name, value in {**SENT, **change}.items() if value is not ...}
    async with rig() as sandbox:
        answer = await sandbox.post(event, "k")
        assert isinstance(answer, Failed)
        assert (answer.kind, answer.status) == (FailureKind.REFUSED, 422)
        assert words in answer.detail
        assert sandbox.state.event_count == 0


async def test_body_that_is_not_json_or_not_declared_as_json_is_refused() -> None:
    async with rig() as sandbox:
        answer = await sandbox.director.post(b'{"directive_id": NaN}', "k")
        assert isinstance(answer, Failed) and answer.status == 400
        url = sandbox.url + "/v1/execution-events"
        async with sandbox.http.post(
            url, data=json.dumps(SENT), headers={"Content-Type": "text/plain"}
        ) as other:
            assert other.status == 422
            assert "Content-Type" in (await other.json())["error"]


# --- Access ----------------------------------------------------------------------------------------

ENDPOINTS = [
    ("GET", "/v1/directives/pending?officer=eo-001"),
    ("POST", "/v1/execution-events"),
    ("POST", "/v1/directives?officer=eo-001"),
    ("GET", "/v1/execution-events"),
    ("POST", "/v1/sandbox/behaviour"),
    ("GET", "/v1/sandbox/behaviour"),
    ("GET", "/nowhere"),
]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize("key", [None, "", "sandbox-ke", "sandbox-key2", "s\u00e4ndbox"])
async def test_request_without_the_api_key_is_refused(method: str, path: str, key: str | None) -> None:
    async with rig() as sandbox, aiohttp.ClientSession() as stranger:
        headers = {} if key is None else {"X-API-Key": key}
        async with stranger.request(method, sandbox.url + path, headers=headers, data=b"{}") as answer:
            assert answer.status == 401
            assert "X-API-Key" in (await answer.json())["error"]


async def test_client_reports_a_wrong_api_key_as_auth_failure() -> None:
    async with rig() as sandbox, DirectorClient(sandbox.url, "wrong", clock=FixedClock()) as director:
        for answer in (await director.poll("eo-001"), await director.post(b"{}", "k")):
            assert isinstance(answer, Failed) and answer.kind is FailureKind.AUTH


def test_sandbox_state_requires_an_api_key() -> None:
    with pytest.raises(ValueError, match="key"):
        SandboxState("", FixedClock())


async def test_unknown_path_wrong_method_and_huge_body_are_json_errors() -> None:
    async with rig() as sandbox:
        assert (await sandbox.call("GET", "/nowhere"))[0] == 404
        assert (await sandbox.call("POST", "/v1/directives/pending", b"{}"))[0] == 405
        async with sandbox.http.post(f"{sandbox.url}/v1/directives/pending") as refused:
            assert (refused.status, refused.headers["Allow"]) == (405, "GET,HEAD")
        huge = io.BytesIO(b" " * (9 << 20))
        status, answer = await sandbox.call("POST", "/v1/directives", huge, officer="eo-001")
        assert status == 413 and "error" in answer


# --- Events received -------------------------------------------------------------------------------


async def test_events_are_shown_unchanged_in_order_of_arrival() -> None:
    body = (
        b'{"directive_id": null, "event_type": "ORDER_FILLED", "event_class": "SUCCESS", '
        b'"fill_price": 1.09510, "occurred_at": "2026-01-04T10:00:05Z", "reported_by": "eo-001"}'
    )
    async with rig() as sandbox:
        await sandbox.post(SENT, "a")
        await sandbox.director.post(body, "b")
        status, shown = await sandbox.call("GET", "/v1/execution-events")
        assert status == 200 and shown["count"] == 2
        assert shown["events"][0] == {
            "event_id": "evt_1",
            "received_at": "2026-01-04T10:00:00.000Z",
            "idempotency_key": "a",
            "deliveries": 1,
            "body": SENT,
        }
        async with sandbox.http.get(sandbox.url + "/v1/execution-events?after=1") as answer:
            text = await answer.read()
        assert body in text and b"evt_1" not in text
        _, shown = await sandbox.call("GET", "/v1/execution-events", directive_id="dir_12345")
        assert [event["event_id"] for event in shown["events"]] == ["evt_1"]


async def test_waiting_request_returns_the_next_event() -> None:
    async with rig() as sandbox:
        await sandbox.post({**SENT, "directive_id": "other"}, "a")
        waiting = asyncio.create_task(
            sandbox.call("GET", "/v1/execution-events", after="0", wait="60", directive_id="dir_12345")
        )
        await sandbox.post({**SENT, "directive_id": "other"}, "b")
        await sandbox.post(SENT, "c")
        _, shown = await waiting
        assert [event["idempotency_key"] for event in shown["events"]] == ["c"]


async def test_wait_without_an_event_returns_an_empty_list() -> None:
    async with rig() as sandbox:
        _, shown = await sandbox.call("GET", "/v1/execution-events", wait="0.05")
        assert shown == {"events": [], "count": 0}


@pytest.mark.parametrize("query", [{"after": "x"}, {"after": "-1"}, {"wait": "nan"}, {"wait": "61"}])
async def test_invalid_event_queries_are_refused(query: dict[str, str]) -> None:
    async with rig() as sandbox:
        assert (await sandbox.call("GET", "/v1/execution-events", None, **query))[0] == 400


async def test_close_ends_waiting_requests() -> None:
    async with rig() as sandbox:
        waiting = asyncio.create_task(sandbox.state.wait_for_events(0, None, 60))
        await asyncio.sleep(0)
        sandbox.state.close()
        assert await waiting == []


# --- Misbehaviour ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "kind", "status"),
    [
        (Behaviour(fault=Fault.STATUS), FailureKind.BUSY, 503),
        (Behaviour(fault=Fault.STATUS, status=401), FailureKind.AUTH, 401),
        (Behaviour(fault=Fault.STATUS, status=409), FailureKind.REFUSED, 409),
        (Behaviour(fault=Fault.DROP), FailureKind.NETWORK, None),
        (Behaviour(fault=Fault.DRIP, drip_s=0.1), FailureKind.NETWORK, 200),
        (Behaviour(fault=Fault.TRUNCATED), FailureKind.NETWORK, 200),
        (Behaviour(fault=Fault.ENDLESS), FailureKind.MALFORMED, 200),
        (Behaviour(fault=Fault.GZIP_BOMB), FailureKind.MALFORMED, 200),
        (Behaviour(fault=Fault.REDIRECT), FailureKind.MALFORMED, 307),
        (Behaviour(fault=Fault.HTML), FailureKind.MALFORMED, 200),
        (Behaviour(delay_s=30), FailureKind.NETWORK, None),
    ],
    ids=lambda value: value.fault.value if isinstance(value, Behaviour) else None,
)
async def test_client_reports_each_fault_as_its_failure_kind(
    behaviour: Behaviour, kind: FailureKind, status: int | None
) -> None:
    limits = SHORT if behaviour.fault is Fault.DRIP or behaviour.delay_s else LIMITS
    async with rig(limits=limits) as sandbox:
        sandbox.state.behaviours.set(behaviour)
        for answer in (await sandbox.director.poll("eo-001"), await sandbox.post(SENT, "k")):
            assert isinstance(answer, Failed)
            assert (answer.kind, answer.status) == (kind, status), answer


async def test_json_of_another_shape_is_returned_as_configured() -> None:
    async with rig() as sandbox:
        sandbox.state.behaviours.set(Behaviour(fault=Fault.OTHER_JSON, body='{"directives": {}}'))
        answer = await sandbox.director.poll("eo-001")
        assert isinstance(answer, Polled) and answer.body == '{"directives": {}}'
        posted = await sandbox.post(SENT, "k")
        assert isinstance(posted, Failed) and posted.kind is FailureKind.MALFORMED


@pytest.mark.parametrize("fault", [fault for fault in Fault if not fault.acts])
@pytest.mark.parametrize("act_first", [True, False])
async def test_event_is_stored_before_a_bad_answer_only_with_act_first(fault: Fault, act_first: bool) -> None:
    async with rig() as sandbox:
        sandbox.state.behaviours.set(Behaviour(fault=fault, act_first=act_first, requests=1), Endpoint.POST)
        assert isinstance(await sandbox.post(SENT, "k"), Failed)
        assert sandbox.state.event_count == int(act_first)
        # The next try is answered, and the event is not counted twice.
        assert await sandbox.post(SENT, "k") == Posted("evt_1")
        assert sandbox.state.event_count == 1


async def test_fault_lasts_for_the_given_number_of_requests() -> None:
    async with rig() as sandbox:
        status, behaviours = await sandbox.call(
            "POST",
            "/v1/sandbox/behaviour",
            b'{"fault": "status", "status": 429, "retry_after": "7", "requests": 2}',
            endpoint="poll",
        )
        assert status == 200
        assert (behaviours["poll"]["status"], behaviours["post"]["fault"]) == (429, "none")
        for _ in range(2):
            answer = await sandbox.director.poll("eo-001")
            assert isinstance(answer, Failed)
            assert (answer.status, answer.retry_after_s) == (429, 7.0)
        assert await sandbox.post(SENT, "k") == Posted("evt_1")
        assert isinstance(await sandbox.director.poll("eo-001"), Polled)
        assert (await sandbox.call("GET", "/v1/sandbox/behaviour"))[1]["poll"]["fault"] == "none"


async def test_fault_without_a_number_of_requests_lasts_until_replaced() -> None:
    async with rig() as sandbox:
        await sandbox.call("POST", "/v1/sandbox/behaviour", b'{"fault": "html"}', listing="forever")
        for _ in range(3):
            assert isinstance(await sandbox.director.poll("eo-001"), Failed)
        _, behaviours = await sandbox.call("POST", "/v1/sandbox/behaviour")
        assert isinstance(await sandbox.director.poll("eo-001"), Polled)
        assert behaviours["listing"] == "forever"


@pytest.mark.parametrize(
    ("path", "body", "query", "says"),
    [
        ("/v1/orders", b"", {}, 'unknown path "/v1/orders"; supported: /v1/directives/pending, '),
        ("/v1/sandbox/behaviour", b'{"fault": "noise"}', {}, "supported faults: none, status, drop, "),
        (
            "/v1/sandbox/behaviour",
            b"{}",
            {"endpoint": "put"},
            'unknown endpoint "put"; supported: poll, post',
        ),
        (
            "/v1/sandbox/behaviour",
            b"{}",
            {"listing": "x"},
            'unknown listing "x"; supported: until_received, ',
        ),
    ],
)
async def test_unknown_word_is_refused_with_the_supported_ones(
    path: str, body: bytes, query: dict[str, str], says: str
) -> None:
    async with rig() as sandbox:
        _, answer = await sandbox.call("POST", path, body, **query)
        assert says in answer["error"]


@pytest.mark.parametrize(
    ("body", "query"),
    [
        (b'{"fault": "sulk"}', {}),
        (b'{"falt": "drop"}', {}),
        (b'{"requests": 0}', {}),
        (b'{"delay_s": -1}', {}),
        (b'{"status": 99}', {}),
        (b"nonsense", {}),
        (b"{}", {"endpoint": "both"}),
        (b"{}", {"listing": "never"}),
    ],
)
async def test_unknown_behaviour_is_refused_and_changes_nothing(body: bytes, query: dict[str, str]) -> None:
    async with rig() as sandbox:
        _, before = await sandbox.call("GET", "/v1/sandbox/behaviour")
        status, answer = await sandbox.call("POST", "/v1/sandbox/behaviour", body, **query)
        assert status == 400 and answer["error"]
        assert (await sandbox.call("GET", "/v1/sandbox/behaviour"))[1] == before


async def test_delayed_request_is_answered_after_the_clock_has_slept() -> None:
    clock = HeldClock()
    async with rig(clock=clock) as sandbox:
        sandbox.state.behaviours.set(Behaviour(delay_s=3))
        polling = asyncio.create_task(sandbox.listed())
        await clock.asleep.wait()
        assert not polling.done()
        # A directive issued meanwhile is in the answer.
        sandbox.state.issue_raw("eo-001", json.dumps(DIRECTIVE).encode())
        clock.go.set()
        assert len(await polling) == 1
        assert clock.slept == [3.0]


async def test_drip_sends_the_correct_answer_slowly() -> None:
    async with rig() as sandbox:
        sandbox.state.issue_raw("eo-001", json.dumps(DIRECTIVE).encode())
        sandbox.state.behaviours.set(Behaviour(fault=Fault.DRIP, drip_s=0))
        assert await sandbox.listed() == [DIRECTIVE]


# --- The process -----------------------------------------------------------------------------------

ctrl_c = pytest.param(
    signal.SIGINT, marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows sends a group no Ctrl-C")
)


@pytest.mark.parametrize("number", [signal.SIGTERM, ctrl_c])
async def test_signal_ends_the_sandbox_process_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """On Windows the signal is Ctrl-Break."""
    arguments = ["bridge", "sandbox-director", "--port", "0", "--api-key-env", "KEY"]
    process = Spawner().start(arguments, folder=tmp_path, environment={"KEY": KEY})
    url = (await asyncio.to_thread(process.log.readline)).decode().split()[-1]
    assert url.startswith("http://127.0.0.1:")
    async with DirectorClient(url, KEY, clock=SystemClock()) as director:
        assert isinstance(await director.poll("eo-001"), Polled)
    signals.send(process.pid, number)
    assert await asyncio.to_thread(process.log.read) == b""
    assert await asyncio.to_thread(process.wait) == 0


async def test_used_port_raises_os_error() -> None:
    async with rig() as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        state = SandboxState(KEY, FixedClock())
        with pytest.raises(OSError, match=r"address already in use|only one usage"):
            await serve(state, port, lambda url: None, asyncio.Event())
