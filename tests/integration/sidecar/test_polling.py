"""Polling: listed directives are journaled, at the configured interval."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.core.director.contract import utc_text
from bridge.sandbox.behaviour import Behaviour, Endpoint, Fault
from bridge.sidecar.poller import INTAKE_ITEMS, Poller

from ..journal.bench import begun
from .harness import CHANCE, OFFICER, Harness, Sandbox, at_work

INTERVAL_S = 5.0


@pytest.fixture
async def polling(harness: Harness, director: Sandbox) -> AsyncIterator[None]:
    """A running poller that is about to make its first poll."""
    poller = Poller(harness.runtime, director.director, harness.settings.officers[0])
    async with at_work(asyncio.create_task(poller.run())):
        yield


def directives(harness: Harness) -> list[str]:
    return [
        directive_id for (directive_id,) in harness.rows("SELECT directive_id FROM directives ORDER BY id")
    ]


async def waits(harness: Harness, count: int) -> list[float]:
    """Return the seconds that the poller waits after each of its next polls."""
    found: list[float] = []
    for _ in range(count):
        [wait] = await harness.clock.asleep()
        found.append(wait)
        harness.clock.advance(wait)
    return found


@pytest.mark.usefixtures("polling")
async def test_first_poll_is_immediate_and_the_next_follows_after_the_interval(
    harness: Harness, director: Sandbox
) -> None:
    director.issue(harness.directive("dir-1"))
    assert await harness.clock.asleep() == [INTERVAL_S]
    assert directives(harness) == ["dir-1"]
    director.issue(harness.directive("dir-2"))
    harness.clock.advance(INTERVAL_S - 0.001)
    assert await harness.clock.asleep() == [0.001]
    harness.clock.advance(0.001)
    assert await harness.clock.asleep() == [INTERVAL_S]
    assert directives(harness) == ["dir-1", "dir-2"]


@pytest.mark.usefixtures("polling")
async def test_only_directives_of_the_first_list_are_searched_at_the_broker(
    harness: Harness, director: Sandbox
) -> None:
    # By its time of issue alone neither is searched.
    issued_at, expires_at = (utc_text(datetime.now(UTC) + timedelta(days=days)) for days in (2, 3))
    director.state.behaviours.set(Behaviour(fault=Fault.STATUS, status=503, requests=1), Endpoint.POLL)
    director.issue(harness.directive("dir-1", issued_at=issued_at, expires_at=expires_at))
    [wait] = await harness.clock.asleep()
    assert directives(harness) == []
    harness.clock.advance(wait)
    await harness.clock.asleep()
    director.issue(harness.directive("dir-2", issued_at=issued_at, expires_at=expires_at))
    harness.clock.advance(INTERVAL_S)
    await harness.clock.asleep()
    found = harness.rows("SELECT directive_id, search_history FROM directives ORDER BY id")
    assert found == [("dir-1", 1), ("dir-2", 0)]


@pytest.mark.usefixtures("polling")
async def test_poll_interval_of_a_connected_terminal_is_used(harness: Harness) -> None:
    await harness.clock.asleep()
    harness.runtime.poll_intervals[OFFICER] = 2
    harness.clock.advance(INTERVAL_S)
    assert await harness.clock.asleep() == [2]
    del harness.runtime.poll_intervals[OFFICER]
    harness.clock.advance(2)
    assert await harness.clock.asleep() == [INTERVAL_S]


@pytest.mark.usefixtures("polling")
async def test_failing_director_is_polled_at_growing_intervals_until_it_answers(
    harness: Harness, director: Sandbox
) -> None:
    director.state.behaviours.set(Behaviour(fault=Fault.STATUS, status=503, requests=9), Endpoint.POLL)
    ceilings = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert await waits(harness, 10) == [*(CHANCE * ceiling for ceiling in ceilings), INTERVAL_S]
    failures = [records for records in harness.records if records["code"] == "poll_failed"]
    assert len(failures) == 9
    assert [records["failures"] for records in harness.records if records["code"] == "poll_recovered"] == [9]


@pytest.mark.usefixtures("polling")
async def test_retry_after_of_the_director_is_obeyed_up_to_a_cap(harness: Harness, director: Sandbox) -> None:
    for wish, floor in (("7", 7), ("86400", 300)):
        behaviour = Behaviour(fault=Fault.STATUS, status=429, retry_after=wish, requests=1)
        director.state.behaviours.set(behaviour, Endpoint.POLL)
        [wait] = await waits(harness, 1)
        assert floor <= wait <= floor + 1
        assert await waits(harness, 1) == [INTERVAL_S]


@pytest.mark.parametrize("fault", [Fault.OTHER_JSON, Fault.HTML, Fault.REDIRECT])
async def test_poll_response_that_is_not_a_list_is_not_journaled(
    harness: Harness, director: Sandbox, fault: Fault
) -> None:
    director.issue(harness.directive("dir-1"))
    director.state.behaviours.set(Behaviour(fault=fault), Endpoint.POLL)
    poller = Poller(harness.runtime, director.director, harness.settings.officers[0])
    async with at_work(asyncio.create_task(poller.run())):
        assert await waits(harness, 2) == [INTERVAL_S] * 2
    assert directives(harness) == []


async def test_page_of_a_longer_list_is_journaled_and_logged_once(
    harness: Harness, director: Sandbox
) -> None:
    body = f'{{"directives": [{harness.directive("dir-1")}], "next": "/v1/directives/pending?page=2"}}'
    director.state.behaviours.set(Behaviour(fault=Fault.OTHER_JSON, body=body), Endpoint.POLL)
    poller = Poller(harness.runtime, director.director, harness.settings.officers[0])
    async with at_work(asyncio.create_task(poller.run())):
        assert await waits(harness, 3) == [INTERVAL_S] * 3
    assert directives(harness) == ["dir-1"]
    logged = [each for each in harness.records if each.get("code") == "list_incomplete"]
    assert [each["field"] for each in logged] == ["next"]


@pytest.mark.usefixtures("polling")
async def test_unjournaled_poll_is_fetched_again_and_the_trouble_is_reported_once(
    harness: Harness, director: Sandbox
) -> None:
    await waits(harness, 1)
    await harness.clock.asleep()
    harness.lock_journal()
    director.issue(harness.directive("dir-1"))
    harness.clock.advance(INTERVAL_S)
    assert await waits(harness, 2) == [CHANCE * 1, CHANCE * 2]
    await harness.clock.asleep()
    assert directives(harness) == []
    harness.lock_journal(False)
    await waits(harness, 1)
    await harness.clock.asleep()
    assert directives(harness) == ["dir-1"]
    emitted = harness.rows("SELECT event_type FROM events WHERE directive_id IS NULL")
    assert emitted == [("SYSTEM_ERROR",)]


@pytest.mark.usefixtures("polling")
async def test_new_directive_wakes_dispatcher_and_deliverer(harness: Harness, director: Sandbox) -> None:
    director.issue(harness.directive("dir-1"))
    await harness.clock.asleep()
    for wake_up in (harness.runtime.dispatch_wake_up, harness.runtime.delivery_wake_up):
        # Returns although the clock has not advanced.
        await wake_up.wait(harness.clock, 1000)


async def test_clock_that_agrees_with_the_directors_is_trusted(tmp_path: Path, director: Sandbox) -> None:
    harness = Harness(tmp_path / "right.db", max_clock_skew_s=30)
    poller = Poller(harness.runtime, director.director, harness.settings.officers[0])
    async with at_work(asyncio.create_task(poller.run())):
        await harness.clock.asleep()
    assert not harness.runtime.opens_paused
    assert harness.runtime.uncertainty is None
    harness.close()


async def test_clock_that_differs_from_the_directors_pauses_opens_until_corrected(
    tmp_path: Path, director: Sandbox
) -> None:
    harness = Harness(tmp_path / "skewed.db", max_clock_skew_s=30)
    harness.clock.advance(3600)
    poller = Poller(harness.runtime, director.director, harness.settings.officers[0])
    async with at_work(asyncio.create_task(poller.run())):
        for _ in range(6):
            await harness.clock.asleep()
            assert harness.runtime.opens_paused
            assert harness.runtime.now() == harness.clock.now()
            harness.clock.advance(INTERVAL_S)
        await harness.clock.asleep()
    assert harness.runtime.opens_paused
    assert abs(harness.runtime.now() - datetime.now(UTC)) < timedelta(seconds=60)
    harness.close()


@pytest.mark.usefixtures("polling")
async def test_long_list_is_journaled_in_several_steps(harness: Harness, director: Sandbox) -> None:
    await harness.clock.asleep()
    names = [f"dir-{number}" for number in range(2 * INTAKE_ITEMS + 1)]
    for name in names:
        director.issue(harness.directive(name))
    began = begun(harness.connection)
    harness.clock.advance(INTERVAL_S)
    assert await harness.clock.asleep() == [INTERVAL_S]
    assert directives(harness) == names
    assert len(began) >= 3


@pytest.mark.usefixtures("polling")
async def test_close_that_is_listed_during_the_intake_of_many_opens_is_stored_before_the_rest(
    harness: Harness, director: Sandbox
) -> None:
    await harness.clock.asleep()
    # As if the intake of each portion took an interval.
    harness.runtime.poll_intervals[OFFICER] = 0.0
    names = [f"dir-{number}" for number in range(2 * INTAKE_ITEMS)]
    for name in names:
        director.issue(harness.directive(name))
    harness.clock.advance(INTERVAL_S)
    assert await harness.clock.asleep() == [0]
    assert directives(harness) == names[:INTAKE_ITEMS]
    director.issue(harness.directive("close", action="CLOSE", target_directive_id="earlier", quantity=None))
    harness.clock.advance(0)
    assert await harness.clock.asleep() == [0]
    assert directives(harness) == [*names[:INTAKE_ITEMS], "close"]
    del harness.runtime.poll_intervals[OFFICER]
    harness.clock.advance(0)
    assert await harness.clock.asleep() == [INTERVAL_S]
    assert directives(harness) == [*names[:INTAKE_ITEMS], "close", *names[INTAKE_ITEMS:]]


@pytest.mark.usefixtures("polling")
async def test_rest_of_a_list_is_stored_although_the_next_poll_fails(
    harness: Harness, director: Sandbox
) -> None:
    await harness.clock.asleep()
    harness.runtime.poll_intervals[OFFICER] = 0.0
    names = [f"dir-{number}" for number in range(2 * INTAKE_ITEMS + 1)]
    for name in names:
        director.issue(harness.directive(name))
    harness.clock.advance(INTERVAL_S)
    await harness.clock.asleep()
    director.state.behaviours.set(Behaviour(fault=Fault.STATUS, status=503), Endpoint.POLL)
    harness.clock.advance(0)
    await harness.clock.asleep()
    assert directives(harness) == names


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)])
async def test_directive_fresh_on_one_clock_survives_one_wrong_director_date(
    tmp_path: Path, director: Sandbox, ahead: timedelta
) -> None:
    harness = Harness(tmp_path / "skewed.db", max_clock_skew_s=30)
    until = max(harness.clock.now(), harness.clock.now() - ahead) - timedelta(minutes=30)
    harness.clock.jump(-ahead.total_seconds() / 86_400)
    issued_at = utc_text(until - timedelta(hours=1))
    director.issue(harness.directive("dir-1", issued_at=issued_at, expires_at=utc_text(until)))
    runtime = harness.runtime
    poller = Poller(runtime, director.director, harness.settings.officers[0])
    async with at_work(asyncio.create_task(poller.run())):
        await harness.clock.asleep()
    assert runtime.uncertainty is not None
    assert max(runtime.uncertainty.earlier, runtime.uncertainty.later) > timedelta(minutes=59)
    now = runtime.now()
    await runtime.step(lambda journal: journal.advance(OFFICER, None, now, uncertainty=runtime.uncertainty))
    assert harness.rows("SELECT state FROM directives") == [("RECEIVED",)]
    harness.close()
