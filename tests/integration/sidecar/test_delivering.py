"""Delivery: events are posted in order, a few directives at a time, until they are accepted or refused."""

import asyncio
import itertools
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bridge.clock import SystemClock
from bridge.core.director.delivery import REFUSALS
from bridge.sandbox.behaviour import GOOD, Behaviour, Endpoint, Fault
from bridge.sidecar.deliverer import QUEUES, Deliverer

from ..journal.bench import begun
from ..raw_http import Request, raw_server, response
from .clock import TIMEOUT_S
from .harness import Harness, Sandbox, WatchedDirector, at_work, eventually

STEP_S = 0.5
RECEIVED, REJECTED = "DIRECTIVE_RECEIVED", "ORDER_REJECTED"


@pytest.fixture
def deliverer(harness: Harness, director: Sandbox) -> Deliverer:
    return Deliverer(harness.runtime, director.director, linger_s=0)


@pytest.fixture
async def delivering(deliverer: Deliverer) -> AsyncIterator[None]:
    """A running deliverer."""
    async with at_work(asyncio.create_task(deliverer.run())):
        yield
    await deliverer.finish(1)


def behave(director: Sandbox, behaviour: Behaviour) -> None:
    """Set the Director's behaviour for events from here on."""
    director.state.behaviours.set(behaviour, Endpoint.POST)


def states(harness: Harness) -> list[tuple[str, int]]:
    return harness.rows("SELECT state, refusals FROM events ORDER BY id")


def undelivered(harness: Harness) -> int:
    [(count,)] = harness.rows("SELECT count(*) FROM events WHERE state = 'queued'")
    assert isinstance(count, int)
    return count


class Time:
    """Time that passes only while no post is in flight, so that every run sees the same times."""

    def __init__(self, harness: Harness, deliverer: Deliverer) -> None:
        self._harness = harness
        self._deliverer = deliverer

    async def _quiet(self) -> None:
        """Wait until the deliverer sleeps with no post in flight, through several rounds of the event loop."""
        rounds = 0
        async with asyncio.timeout(TIMEOUT_S):
            while rounds < 5:
                quiet = len(self._harness.clock.waits) == 1 and not self._deliverer.in_flight
                rounds = rounds + 1 if quiet else 0
                await asyncio.sleep(0)

    async def passes(self, seconds: float) -> None:
        await self._quiet()
        for _ in range(round(seconds / STEP_S)):
            self._harness.clock.advance(STEP_S)
            await self._quiet()


@pytest.fixture
def time(harness: Harness, deliverer: Deliverer) -> Time:
    return Time(harness, deliverer)


def gaps(director: Sandbox) -> list[float]:
    """Return the seconds between the posts."""
    times = [time for time, _ in director.director.posts]
    return [later - earlier for earlier, later in itertools.pairwise(times)]


@pytest.mark.usefixtures("delivering")
async def test_events_of_one_directive_are_posted_in_order_and_marked_delivered(
    harness: Harness, director: Sandbox
) -> None:
    await harness.take(*(harness.directive(f"dir-{number}", quantity=-1) for number in range(6)))
    harness.runtime.delivery_wake_up.set()
    await eventually(lambda: undelivered(harness) == 0)
    for number in range(6):
        assert director.emitted(f"dir-{number}") == [RECEIVED, REJECTED]
    assert states(harness) == [("delivered", 0)] * 12
    keys = {received.idempotency_key for received in director.state.events()}
    assert keys == {key for (key,) in harness.rows("SELECT key FROM events")}
    ids = {event_id for (event_id,) in harness.rows("SELECT event_id FROM events")}
    assert ids == {received.event_id for received in director.state.events()}


@pytest.mark.usefixtures("delivering")
async def test_queues_are_posted_in_parallel_with_one_event_each(harness: Harness, director: Sandbox) -> None:
    behave(director, Behaviour(delay_s=1))
    directives = QUEUES + 2
    await harness.take(*(harness.directive(f"dir-{number}", quantity=-1) for number in range(directives)))
    harness.runtime.delivery_wake_up.set()
    await director.clock.asleep(QUEUES)
    async with at_work(asyncio.create_task(_turn(director))):
        await eventually(lambda: undelivered(harness) == 0)
    assert director.clock.most == QUEUES
    for number in range(directives):
        assert director.emitted(f"dir-{number}") == [RECEIVED, REJECTED]


@pytest.mark.usefixtures("delivering")
async def test_event_that_an_earlier_look_found_too_is_posted_once(
    harness: Harness, director: Sandbox
) -> None:
    goes_on = threading.Event()

    def look_twice() -> None:
        # Neither look knows that the other one finds the same event.
        harness.runtime.begin_delivery()
        harness.thread.submit(lambda: goes_on.wait(TIMEOUT_S), alone=True)
        harness.runtime.begin_delivery()

    await harness.take(harness.directive("dir-1", quantity=-1), followers=[look_twice])
    await eventually(lambda: director.director.answered == 1)
    # This one stores the acceptance, behind the look that waits.
    harness.runtime.begin_delivery()
    goes_on.set()
    await eventually(lambda: undelivered(harness) == 0)
    assert [event_type for _, event_type in director.director.posts] == [RECEIVED, REJECTED]


async def test_event_in_flight_that_a_later_look_found_too_is_posted_once(
    harness: Harness, director: Sandbox, deliverer: Deliverer, delivering: None
) -> None:
    behave(director, Behaviour(delay_s=1, requests=1))
    goes_on = threading.Event()

    def look_twice() -> None:
        harness.runtime.begin_delivery()
        harness.thread.submit(lambda: goes_on.wait(TIMEOUT_S), alone=True)
        harness.runtime.begin_delivery()

    await harness.take(harness.directive("dir-1"), followers=[look_twice])
    await director.clock.asleep()
    goes_on.set()
    await eventually(lambda: not deliverer._under_way)
    director.clock.advance(1)
    await eventually(lambda: undelivered(harness) == 0)
    assert [event_type for _, event_type in director.director.posts] == [RECEIVED]


async def _turn(director: Sandbox) -> None:
    """Advance the Director's clock whenever a request sleeps on it."""
    while True:
        await director.clock.asleep()
        director.clock.advance(1)


@pytest.mark.usefixtures("delivering")
async def test_event_with_lost_answer_is_posted_again_under_its_key(
    harness: Harness, director: Sandbox, time: Time
) -> None:
    behave(director, Behaviour(fault=Fault.DROP, act_first=True, requests=1))
    await harness.take(harness.directive("dir-1"))
    harness.runtime.delivery_wake_up.set()
    await time.passes(3)
    [received] = director.state.events()
    assert received.deliveries == 2
    assert states(harness) == [("delivered", 0)]


@pytest.mark.usefixtures("delivering")
async def test_half_open_trials_back_off_while_the_director_is_down_then_all_events_are_posted(
    harness: Harness, director: Sandbox, time: Time
) -> None:
    await harness.take(harness.directive("dir-0"))
    behave(director, Behaviour(fault=Fault.STATUS, status=503, requests=8))
    harness.runtime.delivery_wake_up.set()
    await time.passes(10)
    await harness.take(*(harness.directive(f"dir-{number}") for number in range(1, 6)))
    await time.passes(60)
    assert undelivered(harness) == 0
    waits = gaps(director)[:8]
    ceilings = [0.25, 0.5, 1, 2, 4, 8, 16, 30]
    assert all(low <= wait < low + 2 * STEP_S for low, wait in zip(ceilings, waits, strict=True))
    assert not harness.runtime.circuit_open


@pytest.mark.usefixtures("delivering")
@pytest.mark.parametrize("status", [401, 403])
async def test_open_circuit_pauses_delivery_and_opens_until_a_trial_is_accepted(
    harness: Harness, director: Sandbox, time: Time, status: int
) -> None:
    behave(director, Behaviour(fault=Fault.STATUS, status=status))
    await harness.take(harness.directive("dir-1"), harness.directive("dir-2"))
    harness.runtime.delivery_wake_up.set()
    await time.passes(1)
    assert harness.runtime.opens_paused
    posts = director.director.posts
    posted = len(posts)
    await time.passes(25)
    assert len(posts) == posted
    behave(director, GOOD)
    await time.passes(10)
    await eventually(lambda: undelivered(harness) == 0)
    assert not harness.runtime.circuit_open


@pytest.mark.usefixtures("delivering")
async def test_circuit_stays_open_while_the_network_is_down(
    harness: Harness, director: Sandbox, time: Time
) -> None:
    behave(director, Behaviour(fault=Fault.STATUS, status=401))
    await harness.take(harness.directive("dir-1"))
    harness.runtime.delivery_wake_up.set()
    await time.passes(1)
    behave(director, Behaviour(fault=Fault.DROP))
    await time.passes(40)
    assert len(director.director.posts) > 1
    assert harness.runtime.opens_paused


class RefusingDirector:
    """A Director that accepts no event of one directive, and every other event."""

    def __init__(self, directive: str, answer: bytes) -> None:
        self._directive = directive
        self._answer = answer
        self.emitted: dict[str, list[str]] = {}
        self.refused: list[str] = []

    async def __call__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        event = json.loads(request.body)
        if event["directive_id"] == self._directive:
            self.refused.append(event["event_type"])
            writer.write(self._answer)
        else:
            self.emitted.setdefault(event["directive_id"], []).append(event["event_type"])
            writer.write(response(body=b'{"success": true}'))
        await writer.drain()


@pytest.mark.parametrize(
    ("answer", "given_up"),
    [
        pytest.param(response("500 Internal Server Error"), False, id="500"),
        pytest.param(b"", False, id="no answer"),
        pytest.param(response(body=b"<html>", media="text/html"), True, id="html"),
        pytest.param(response("415 Unsupported Media Type"), True, id="415"),
        pytest.param(response("403 Forbidden"), True, id="403"),
    ],
)
async def test_event_that_the_director_cannot_accept_delays_its_own_directive_alone(
    harness: Harness, answer: bytes, given_up: bool
) -> None:
    refusing = RefusingDirector("refused", answer)
    async with (
        raw_server(refusing) as server,
        WatchedDirector(server.url, SystemClock(), watch=harness.clock) as client,
    ):
        deliverer = Deliverer(harness.runtime, client, linger_s=0)
        time = Time(harness, deliverer)
        async with at_work(asyncio.create_task(deliverer.run())):
            await harness.take(harness.directive("refused", quantity=-1))
            harness.runtime.delivery_wake_up.set()
            await time.passes(100)
            others = [f"dir-{number}" for number in range(6)]
            await harness.take(*(harness.directive(name, quantity=-1) for name in others))
            await time.passes(60)
            assert refusing.emitted == {name: [RECEIVED, REJECTED] for name in others}
            tries = len(refusing.refused)
            await time.passes(300)
            # A further failure of this directive may pause all delivery, until another event is accepted.
            await harness.take(harness.directive("late", quantity=-1))
            await time.passes(60)
            assert refusing.emitted["late"] == [RECEIVED, REJECTED]
            assert not harness.runtime.circuit_open and deliverer.failures == 0
        await deliverer.finish(1)
    refused = harness.rows("SELECT state, refusals FROM events WHERE directive_id = 'refused' ORDER BY id")
    if given_up:
        assert refused[0] == ("refused", REFUSALS)
    else:
        assert refused == [("queued", 0)] * 2
        # At most a minute, and at least half a second, between two tries.
        assert 6 <= len(refusing.refused) - tries <= 60


@pytest.mark.usefixtures("delivering")
async def test_refused_event_is_retried_for_minutes_then_set_aside(
    harness: Harness, director: Sandbox, time: Time
) -> None:
    behave(director, Behaviour(fault=Fault.STATUS, status=422, requests=REFUSALS))
    await harness.take(harness.directive("dir-1", quantity=-1))
    harness.runtime.delivery_wake_up.set()
    await time.passes(240)
    assert [event_type for _, event_type in director.director.posts] == [RECEIVED] * REFUSALS + [REJECTED]
    assert states(harness) == [("refused", REFUSALS), ("delivered", 0)]
    # 30 s plus half of 30, 60, 120 s; checked once a second.
    expected = [45, 60, 90]
    assert all(low <= gap <= low + 1 for low, gap in zip(expected, gaps(director), strict=False))
    assert director.emitted("dir-1") == [REJECTED]


@pytest.mark.usefixtures("delivering")
async def test_refused_event_delays_its_own_directive_alone(
    harness: Harness, director: Sandbox, time: Time
) -> None:
    behave(director, Behaviour(fault=Fault.STATUS, status=422, requests=1))
    await harness.take(harness.directive("dir-1", quantity=-1))
    harness.runtime.delivery_wake_up.set()
    await time.passes(1)
    await harness.take(harness.directive("dir-2", quantity=-1))
    harness.runtime.delivery_wake_up.set()
    await eventually(lambda: director.emitted("dir-2") == [RECEIVED, REJECTED])
    assert director.emitted("dir-1") == []
    await time.passes(60)
    await eventually(lambda: director.emitted("dir-1") == [RECEIVED, REJECTED])


@pytest.mark.usefixtures("delivering")
async def test_director_refusing_everything_pauses_opens_and_no_event_is_set_aside(
    harness: Harness, director: Sandbox, time: Time
) -> None:
    behave(director, Behaviour(fault=Fault.STATUS, status=404))
    names = [f"dir-{number}" for number in range(12)]
    for name in names:
        await harness.take(harness.directive(name, quantity=-1))
        harness.runtime.delivery_wake_up.set()
        await time.passes(5)
    assert harness.runtime.opens_paused and harness.runtime.why_opens_paused
    await time.passes(600)
    assert harness.runtime.opens_paused
    assert {state for state, _ in states(harness)} == {"queued"}
    behave(director, GOOD)
    await time.passes(120)
    assert not harness.runtime.circuit_open
    assert {state for state, _ in states(harness)} == {"delivered"}
    assert all(director.emitted(name) == [RECEIVED, REJECTED] for name in names)


@pytest.mark.usefixtures("delivering")
@pytest.mark.parametrize(
    ("behaviour", "directives", "posted", "storing", "stored"),
    [
        # Acceptances are stored together by the deliverer itself, refusals one by one beside it.
        (GOOD, 2 * QUEUES, QUEUES, 0, ("delivered", 0)),
        (Behaviour(fault=Fault.STATUS, status=422), 2, 2, 2, ("queued", 1)),
    ],
    ids=["taken", "refused"],
)
async def test_delivery_result_that_cannot_be_stored_is_stored_later_without_a_second_post(
    harness: Harness,
    director: Sandbox,
    deliverer: Deliverer,
    behaviour: Behaviour,
    directives: int,
    posted: int,
    storing: int,
    stored: object,
) -> None:
    behave(director, behaviour)
    await harness.take(*(harness.directive(f"dir-{number}") for number in range(directives)))
    harness.lock_journal()
    harness.runtime.delivery_wake_up.set()
    unstored: list[object] = []
    for _ in range(60):
        # What is stored beside the deliverer, and the deliverer itself.
        await harness.clock.asleep(storing + 1)
        unstored = [records for records in harness.records if records["code"] == "delivery_not_stored"]
        harness.clock.advance(1)
    assert states(harness) == [("queued", 0)] * directives
    await eventually(lambda: len(director.director.posts) == posted)
    assert len(unstored) == max(storing, 1)
    assert deliverer.in_flight == posted
    harness.lock_journal(False)
    harness.clock.advance(1)
    await eventually(lambda: states(harness)[:posted] == [stored] * posted)


@pytest.mark.usefixtures("delivering")
async def test_acceptances_that_come_while_one_is_stored_are_committed_together(
    harness: Harness, director: Sandbox, deliverer: Deliverer
) -> None:
    await harness.take(*(harness.directive(f"dir-{number}") for number in range(QUEUES)))
    harness.lock_journal()
    harness.runtime.delivery_wake_up.set()
    await eventually(lambda: len(director.state.events()) == QUEUES)
    await eventually(lambda: deliverer.in_flight == QUEUES)
    await harness.clock.asleep()
    seen = begun(harness.connection)
    harness.lock_journal(False)
    harness.clock.advance(1)
    await eventually(lambda: undelivered(harness) == 0)
    # Those that were tried already, and all others.
    assert len(seen) <= 2


class DefectiveClient(WatchedDirector):
    """A client with a defect: it raises an error that no answer of a Director causes."""

    async def post(self, body: bytes, idempotency_key: str) -> Any:
        await super().post(body, idempotency_key)
        raise ValueError("a defect")


async def test_queue_backs_off_after_an_unexpected_error(harness: Harness) -> None:
    async with DefectiveClient("http://127.0.0.1:1", SystemClock(), watch=harness.clock) as client:
        deliverer = Deliverer(harness.runtime, client, linger_s=0)
        time = Time(harness, deliverer)
        await harness.take(harness.directive("dir-1"))
        async with at_work(asyncio.create_task(deliverer.run())):
            await time.passes(30)
    assert 5 <= len(client.posts) <= 7
    assert [records["code"] for records in harness.records] == ["delivery_failed"] * len(client.posts)


async def test_queue_that_backs_off_is_left_alone_by_a_look_from_before(harness: Harness) -> None:
    goes_on = threading.Event()

    def look_twice() -> None:
        harness.runtime.begin_delivery()
        harness.thread.submit(lambda: goes_on.wait(TIMEOUT_S), alone=True)
        harness.runtime.begin_delivery()

    async with DefectiveClient("http://127.0.0.1:1", SystemClock(), watch=harness.clock) as client:
        deliverer = Deliverer(harness.runtime, client, linger_s=0)
        async with at_work(asyncio.create_task(deliverer.run())):
            await harness.clock.asleep()
            await harness.take(harness.directive("dir-1"), followers=[look_twice])
            await eventually(lambda: bool(harness.records))
            goes_on.set()
            await eventually(lambda: not deliverer._under_way)
            await harness.clock.asleep()
    assert len(client.posts) == 1


async def test_stop_waits_for_posts_in_flight(
    harness: Harness, director: Sandbox, deliverer: Deliverer
) -> None:
    behave(director, Behaviour(delay_s=1))
    await harness.take(harness.directive("dir-1"))
    async with at_work(asyncio.create_task(deliverer.run())):
        await director.clock.asleep()
    finishing = asyncio.create_task(deliverer.finish(20))
    director.clock.advance(1)
    await finishing
    assert states(harness) == [("delivered", 0)]


async def test_stop_abandons_slow_posts_and_their_events_stay_queued(
    harness: Harness, director: Sandbox, deliverer: Deliverer
) -> None:
    behave(director, Behaviour(delay_s=1))
    await harness.take(harness.directive("dir-1"))
    async with at_work(asyncio.create_task(deliverer.run())):
        await director.clock.asleep()
    await deliverer.finish(0)
    assert states(harness) == [("queued", 0)]
    # It was abandoned, and did not end by its own time-out.
    assert harness.records == []


async def test_stop_abandons_what_the_journal_cannot_store(
    harness: Harness, director: Sandbox, deliverer: Deliverer
) -> None:
    await harness.take(harness.directive("dir-1"))
    harness.lock_journal()
    async with at_work(asyncio.create_task(deliverer.run())):
        await eventually(lambda: len(director.state.events()) == 1)
        await eventually(lambda: bool(harness.records))
    await deliverer.finish(0)
    # Nothing is stored after the stop: the journal is closed then.
    assert harness.clock.waits == []
    harness.lock_journal(False)
    assert states(harness) == [("queued", 0)]


async def test_step_that_creates_an_event_wakes_the_delivery(harness: Harness) -> None:
    waiting = asyncio.create_task(harness.runtime.delivery_wake_up.wait(harness.clock, 1000))
    await harness.take(harness.directive("dir-1"))
    # Returns although the clock has not advanced.
    await waiting
    waiting = asyncio.create_task(harness.runtime.delivery_wake_up.wait(harness.clock, 1000))
    await harness.queued()
    await eventually(lambda: harness.clock.waits == [1000])
    assert not waiting.done()
    waiting.cancel()


PATIENT_S = 1000.0


@pytest.fixture
async def patient(harness: Harness, director: Sandbox) -> AsyncIterator[Deliverer]:
    """A running deliverer that keeps an acceptance for as long as nothing waits for it."""
    deliverer = Deliverer(harness.runtime, director.director, linger_s=PATIENT_S)
    async with at_work(asyncio.create_task(deliverer.run())):
        yield deliverer
    await deliverer.finish(1)


async def test_acceptance_that_nothing_waits_for_is_stored_with_the_next_step(
    harness: Harness, director: Sandbox, patient: Deliverer
) -> None:
    await harness.take(harness.directive("dir-1"))
    await eventually(lambda: director.director.answered == 1)
    await harness.clock.asleep()
    assert states(harness) == [("queued", 0)]
    seen = begun(harness.connection)
    await harness.take(harness.directive("dir-2"), followers=[harness.runtime.begin_delivery])
    await eventually(lambda: director.director.answered == 2)
    assert states(harness) == [("delivered", 0), ("queued", 0)]
    assert len(seen) == 1


async def test_acceptance_is_stored_after_a_while_where_no_step_comes(
    harness: Harness, director: Sandbox
) -> None:
    deliverer = Deliverer(harness.runtime, director.director, linger_s=0.001)
    async with at_work(asyncio.create_task(deliverer.run())):
        await harness.take(harness.directive("dir-1"))
        await eventually(lambda: undelivered(harness) == 0)


async def test_acceptance_is_stored_at_once_where_another_event_waits_behind(
    harness: Harness, director: Sandbox, patient: Deliverer
) -> None:
    await harness.take(harness.directive("dir-1", quantity=-1))
    await eventually(lambda: director.emitted("dir-1") == [RECEIVED, REJECTED])
    assert states(harness) == [("delivered", 0), ("queued", 0)]


async def test_acceptance_is_stored_at_once_where_another_event_came_during_the_post(
    harness: Harness, director: Sandbox, patient: Deliverer
) -> None:
    behave(director, Behaviour(delay_s=1, requests=1))
    await harness.take(harness.directive("dir-1"))
    await director.clock.asleep()
    looks = patient._looks
    await harness.take(harness.directive("dir-1", quantity=0.4))
    # The deliverer has looked, and passed over the event behind the one that is being posted.
    await eventually(lambda: patient._looks > looks)
    director.clock.advance(1)
    await eventually(lambda: director.emitted("dir-1") == [RECEIVED, "SYSTEM_ERROR"])


async def test_acceptance_is_stored_at_once_where_more_events_wait_than_can_be_posted(
    harness: Harness, director: Sandbox, patient: Deliverer
) -> None:
    await harness.take(*(harness.directive(f"dir-{number}") for number in range(2 * QUEUES)))
    await eventually(lambda: director.director.answered == 2 * QUEUES)


async def test_stop_stores_an_acceptance_that_nothing_waited_for(harness: Harness, director: Sandbox) -> None:
    deliverer = Deliverer(harness.runtime, director.director, linger_s=PATIENT_S)
    async with at_work(asyncio.create_task(deliverer.run())):
        await harness.take(harness.directive("dir-1"))
        await eventually(lambda: deliverer._accepted != [])
    await deliverer.finish(1)
    assert states(harness) == [("delivered", 0)]


class SuspiciousClient(WatchedDirector):
    """A client that notes the committed states of the events at each post."""

    def __init__(self, harness: Harness, url: str) -> None:
        super().__init__(url, SystemClock(), watch=harness.clock)
        self._harness = harness
        self.seen: list[list[tuple[str, int]]] = []

    async def post(self, body: bytes, idempotency_key: str) -> Any:
        self.seen.append(states(self._harness))
        return await super().post(body, idempotency_key)


async def test_event_is_posted_after_the_acceptance_of_the_one_before_it_is_committed(
    harness: Harness, director: Sandbox
) -> None:
    async with SuspiciousClient(harness, director.director.url) as client:
        deliverer = Deliverer(harness.runtime, client, linger_s=PATIENT_S)
        async with at_work(asyncio.create_task(deliverer.run())):
            await harness.take(harness.directive("dir-1", quantity=-1))
            await eventually(lambda: client.answered == 2)
    assert client.seen == [[("queued", 0)] * 2, [("delivered", 0), ("queued", 0)]]
