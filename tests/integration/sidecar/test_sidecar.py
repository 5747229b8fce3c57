"""The sidecar as a whole: its workers cooperate, stop in order, and end together on a failure."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from bridge import faultpoint
from bridge.core.link.messages import Bye, Command
from bridge.core.link.reports import CommandReport, CommandStage, DealReport
from bridge.core.units.mt5_terms import DealEntry
from bridge.link import Link
from bridge.sandbox.behaviour import Behaviour, Endpoint
from bridge.sidecar import sidecar as whole
from bridge.sidecar.sidecar import Sidecar

from .clock import TIMEOUT_S
from .harness import CHANCE, OFFICER, Harness, Sandbox, eventually
from .terminal import KEY, Terminal


class Running:
    """A running sidecar and its stop event."""

    def __init__(self, harness: Harness, director: Sandbox) -> None:
        self.link = Link("tcp://127.0.0.1:0")
        self.endpoint = self.link.endpoint
        self.stop = asyncio.Event()
        self.sidecar = Sidecar(
            harness.settings,
            journal=harness.journal,
            director=director.director,
            link=self.link,
            keys={OFFICER: KEY},
            clock=harness.clock,
            uniform=lambda: CHANCE,
            log=harness.log,
        )
        self.task = asyncio.create_task(self.sidecar.run(self.stop))

    async def stopped(self) -> None:
        """Request its stop and wait for its end."""
        self.stop.set()
        async with asyncio.timeout(TIMEOUT_S):
            await self.task


@asynccontextmanager
async def running(harness: Harness, director: Sandbox) -> AsyncIterator[Running]:
    """A sidecar that has just been started. No test here needs time to pass: WakeUps wake the workers."""
    made = Running(harness, director)
    try:
        yield made
    finally:
        if not made.task.done():
            await made.stopped()


def filled(command: Command, harness: Harness) -> DealReport:
    """Return the deal that fills the command."""
    order = command.order
    return DealReport(
        ticket=9001,
        order=8001,
        position_id=7001,
        symbol=order.symbol,
        type=order.side,
        entry=DealEntry.IN,
        reason="EXPERT",
        magic=order.client_order_id,
        volume=order.volume,
        price=Decimal("1.0950"),
        commission=Decimal("-0.70"),
        swap=Decimal(0),
        profit=Decimal(0),
        fee=Decimal(0),
        time_server_ms=int(harness.clock.now().timestamp() * 1000) + 7_200_000,
    )


async def test_directive_becomes_one_order_and_all_its_events_are_posted_in_order(
    harness: Harness, director: Sandbox
) -> None:
    director.issue(harness.directive("dir-1"))
    emitted = ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"]
    async with running(harness, director) as sidecar, Terminal(sidecar.endpoint, harness.clock) as terminal:
        await terminal.join()
        await terminal.heartbeat()
        await terminal.scan()
        command = await terminal.receive(Command)
        client_order_id = command.order.client_order_id
        await terminal.report(
            CommandReport(client_order_id=client_order_id, attempt=1, stage=CommandStage.SUBMITTED, mark=1),
            CommandReport(
                client_order_id=client_order_id,
                attempt=1,
                stage=CommandStage.RESULT,
                retcode=10009,
                order=8001,
            ),
            filled(command, harness),
        )
        await eventually(lambda: director.emitted("dir-1") == emitted)
    assert harness.rows("SELECT attempt FROM dispatches") == [(1,)]
    assert harness.rows("SELECT state FROM directives") == [("FILLED",)]


async def test_stop_ends_sessions_and_releases_port_and_journal(harness: Harness, director: Sandbox) -> None:
    async with running(harness, director) as sidecar, Terminal(sidecar.endpoint, harness.clock) as terminal:
        await terminal.join()
        await sidecar.stopped()
        assert (await terminal.receive(Bye)).reason == "the sidecar stops"
    assert harness.rows("SELECT end_reason FROM sessions") == [("the sidecar stops",)]
    Link(sidecar.endpoint).close()
    # The journal belongs to the caller again.
    assert harness.journal.due(1, ()) == []
    assert [records["code"] for records in harness.records][-2:] == ["session_ended", "sidecar_stopped"]


async def test_stop_does_not_wait_for_a_hanging_director(
    harness: Harness, director: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The drain uses real time, as the network does.
    monkeypatch.setattr(whole, "DRAIN_S", 0.05)
    director.state.behaviours.set(Behaviour(delay_s=3600))
    await harness.take(harness.directive("dir-1"))
    async with running(harness, director) as sidecar, Terminal(sidecar.endpoint, harness.clock) as terminal:
        await terminal.join()
        # One poll and one post hang.
        await director.clock.asleep(2)
        await sidecar.stopped()
    assert harness.rows("SELECT state FROM events") == [("queued",)]
    assert harness.rows("SELECT end_reason FROM sessions") == [("the sidecar stops",)]


async def test_stop_waits_for_a_post_that_is_answered_in_time(harness: Harness, director: Sandbox) -> None:
    director.state.behaviours.set(Behaviour(delay_s=1), Endpoint.POST)
    await harness.take(harness.directive("dir-1"))
    async with running(harness, director) as sidecar, Terminal(sidecar.endpoint, harness.clock) as terminal:
        await terminal.join()
        await director.clock.asleep()
        sidecar.stop.set()
        await eventually(lambda: any(records["code"] == "sidecar_stopping" for records in harness.records))
        director.clock.advance(1)
        await sidecar.stopped()
    assert harness.rows("SELECT state FROM events") == [("delivered",)]
    codes = [records["code"] for records in harness.records]
    assert codes[-4:] == ["sidecar_stopping", "event_delivered", "session_ended", "sidecar_stopped"]


async def test_undelivered_events_are_posted_after_the_next_start(
    harness: Harness, director: Sandbox
) -> None:
    await harness.take(harness.directive("dir-1", quantity=-1))
    async with running(harness, director):
        await eventually(lambda: director.emitted("dir-1") == ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"])


async def test_failing_worker_ends_the_sidecar_with_its_error(
    harness: Harness, director: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strike(place: str) -> None:
        if place == "dispatch.committed":
            raise ZeroDivisionError(place)

    monkeypatch.setattr(faultpoint, "_hook", None)
    faultpoint.install(strike)
    failing = Running(harness, director)
    async with asyncio.timeout(TIMEOUT_S):
        with pytest.raises(ExceptionGroup) as raised:
            await failing.task
    assert raised.group_contains(ZeroDivisionError)
    Link(failing.endpoint).close()
