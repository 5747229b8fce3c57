"""Polling at work: what the Director lists is journaled, at the pace that was set."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.core.director.contract import utc_text
from bridge.sandbox.behaviour import Behaviour, Endpoint, Fault
from bridge.sidecar.poller import INTAKE_ITEMS, Poller

from ..journal.bench import begun
from .station import CHANCE, OFFICER, Sandbox, Station, at_work

INTERVAL_S = 5.0


@pytest.fixture
async def polling(station: Station, director: Sandbox) -> AsyncIterator[None]:
    """A poller that is about to make its first poll."""
    poller = Poller(station.runtime, director.director, station.settings.officers[0])
    async with at_work(asyncio.create_task(poller.run())):
        yield


def directives(station: Station) -> list[str]:
    return [
        directive_id for (directive_id,) in station.rows("SELECT directive_id FROM directives ORDER BY id")
    ]


async def waits(station: Station, count: int) -> list[float]:
    """How long the poller waits after each of its next polls."""
    found: list[float] = []
    for _ in range(count):
        [wait] = await station.clock.asleep()
        found.append(wait)
        station.clock.advance(wait)
    return found


@pytest.mark.usefixtures("polling")
async def test_the_first_poll_is_made_at_once_and_the_next_after_the_interval(
    station: Station, director: Sandbox
) -> None:
    director.issue(station.directive("dir-1"))
    assert await station.clock.asleep() == [INTERVAL_S]
    assert directives(station) == ["dir-1"]
    director.issue(station.directive("dir-2"))
    station.clock.advance(INTERVAL_S - 0.001)
    assert await station.clock.asleep() == [0.001]
    station.clock.advance(0.001)
    assert await station.clock.asleep() == [INTERVAL_S]
    assert directives(station) == ["dir-1", "dir-2"]


@pytest.mark.usefixtures("polling")
async def test_a_terminals_own_interval_counts_while_it_is_there(station: Station) -> None:
    await station.clock.asleep()
    station.runtime.poll_intervals[OFFICER] = 2
    station.clock.advance(INTERVAL_S)
    assert await station.clock.asleep() == [2]
    del station.runtime.poll_intervals[OFFICER]
    station.clock.advance(2)
    assert await station.clock.asleep() == [INTERVAL_S]


@pytest.mark.usefixtures("polling")
async def test_a_director_in_trouble_is_asked_at_growing_distances_until_it_answers(
    station: Station, director: Sandbox
) -> None:
    director.state.behaviours.set(Behaviour(fault=Fault.STATUS, status=503, requests=9), Endpoint.POLL)
    ceilings = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert await waits(station, 10) == [*(CHANCE * ceiling for ceiling in ceilings), INTERVAL_S]
    failures = [said for said in station.said if said["code"] == "poll_failed"]
    assert len(failures) == 9
    assert [said["failures"] for said in station.said if said["code"] == "poll_recovered"] == [9]


@pytest.mark.usefixtures("polling")
async def test_a_directors_wish_for_patience_is_obeyed_up_to_a_cap(
    station: Station, director: Sandbox
) -> None:
    for wish, floor in (("7", 7), ("86400", 300)):
        behaviour = Behaviour(fault=Fault.STATUS, status=429, retry_after=wish, requests=1)
        director.state.behaviours.set(behaviour, Endpoint.POLL)
        [wait] = await waits(station, 1)
        assert floor <= wait <= floor + 1
        assert await waits(station, 1) == [INTERVAL_S]


@pytest.mark.parametrize("fault", [Fault.OTHER_JSON, Fault.HTML, Fault.REDIRECT])
async def test_an_answer_that_is_no_list_is_journaled_in_no_part(
    station: Station, director: Sandbox, fault: Fault
) -> None:
    director.issue(station.directive("dir-1"))
    director.state.behaviours.set(Behaviour(fault=fault), Endpoint.POLL)
    poller = Poller(station.runtime, director.director, station.settings.officers[0])
    async with at_work(asyncio.create_task(poller.run())):
        assert await waits(station, 2) == [INTERVAL_S] * 2
    assert directives(station) == []


@pytest.mark.usefixtures("polling")
async def test_what_could_not_be_journaled_is_fetched_again_and_the_trouble_emitted_once_it_is_over(
    station: Station, director: Sandbox
) -> None:
    await waits(station, 1)
    await station.clock.asleep()
    station.lock_journal()
    director.issue(station.directive("dir-1"))
    station.clock.advance(INTERVAL_S)
    assert await waits(station, 2) == [CHANCE * 1, CHANCE * 2]
    await station.clock.asleep()
    assert directives(station) == []
    station.lock_journal(False)
    await waits(station, 1)
    await station.clock.asleep()
    assert directives(station) == ["dir-1"]
    emitted = station.rows("SELECT event_type FROM events WHERE directive_id IS NULL")
    assert emitted == [("SYSTEM_ERROR",)]


@pytest.mark.usefixtures("polling")
async def test_news_wake_dispatch_and_delivery(station: Station, director: Sandbox) -> None:
    director.issue(station.directive("dir-1"))
    await station.clock.asleep()
    for wake_up in (station.runtime.dispatch_wake_up, station.runtime.delivery_wake_up):
        # Returns without the clock having moved.
        await wake_up.wait(station.clock, 1000)


async def test_a_clock_that_agrees_with_the_directors_is_trusted(tmp_path: Path, director: Sandbox) -> None:
    station = Station(tmp_path / "right.db", max_clock_skew_s=30)
    poller = Poller(station.runtime, director.director, station.settings.officers[0])
    async with at_work(asyncio.create_task(poller.run())):
        await station.clock.asleep()
    assert not station.runtime.opens_paused
    assert station.runtime.uncertainty is None
    station.close()


async def test_a_clock_that_differs_from_the_directors_pauses_opens_at_once_and_is_corrected_after_a_while(
    tmp_path: Path, director: Sandbox
) -> None:
    station = Station(tmp_path / "skewed.db", max_clock_skew_s=30)
    station.clock.advance(3600)
    poller = Poller(station.runtime, director.director, station.settings.officers[0])
    async with at_work(asyncio.create_task(poller.run())):
        for _ in range(6):
            await station.clock.asleep()
            assert station.runtime.opens_paused
            assert station.runtime.now() == station.clock.now()
            station.clock.advance(INTERVAL_S)
        await station.clock.asleep()
    assert station.runtime.opens_paused
    assert abs(station.runtime.now() - datetime.now(UTC)) < timedelta(seconds=60)
    station.close()


@pytest.mark.usefixtures("polling")
async def test_a_long_list_is_journaled_in_several_steps(station: Station, director: Sandbox) -> None:
    await station.clock.asleep()
    names = [f"dir-{number}" for number in range(2 * INTAKE_ITEMS + 1)]
    for name in names:
        director.issue(station.directive(name))
    began = begun(station.connection)
    station.clock.advance(INTERVAL_S)
    assert await station.clock.asleep() == [INTERVAL_S]
    assert directives(station) == names
    assert len(began) >= 3


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)])
async def test_one_answer_whose_date_is_an_hour_off_ends_no_directive_that_one_clock_finds_fresh(
    tmp_path: Path, director: Sandbox, ahead: timedelta
) -> None:
    station = Station(tmp_path / "skewed.db", max_clock_skew_s=30)
    until = max(station.clock.now(), station.clock.now() - ahead) - timedelta(minutes=30)
    station.clock.jump(-ahead.total_seconds() / 86_400)
    issued_at = utc_text(until - timedelta(hours=1))
    director.issue(station.directive("dir-1", issued_at=issued_at, expires_at=utc_text(until)))
    runtime = station.runtime
    poller = Poller(runtime, director.director, station.settings.officers[0])
    async with at_work(asyncio.create_task(poller.run())):
        await station.clock.asleep()
    assert runtime.uncertainty is not None
    assert max(runtime.uncertainty.earlier, runtime.uncertainty.later) > timedelta(minutes=59)
    now = runtime.now()
    await runtime.step(lambda journal: journal.advance(OFFICER, None, now, uncertainty=runtime.uncertainty))
    assert station.rows("SELECT state FROM directives") == [("RECEIVED",)]
    station.close()
