"""The link: handshakes, reports, heartbeats and commands between a sidecar and a real DEALER."""

import asyncio
import itertools
import re
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest
import zmq

from bridge.core.link.connection_limiter import ConnectionLimits, Stage
from bridge.core.link.handshake import LinkKey
from bridge.core.link.messages import (
    PROTOCOL_MAX,
    PROTOCOL_MIN,
    Ack,
    Bye,
    Challenge,
    Command,
    ErrorMessage,
    Hello,
    Refused,
    ReportMessage,
    ScanRequest,
    SidecarHeartbeat,
    StatusRequest,
)
from bridge.core.link.reports import ConnectionReport, encode_report
from bridge.core.link.session import Sessions
from bridge.journal.journal import Journal
from bridge.link import MAX_DRAIN, Link
from bridge.sidecar.dispatcher import IDLE_LOOK_S, LOOK_S, Dispatcher
from bridge.sidecar.link_worker import STORE_AGAIN_S, LinkWorker
from tests.integration.journal.reports import absent, deal, result, submitted

from .clock import TIMEOUT_S, ManualClock
from .harness import OFFICER, Harness, at_work, eventually
from .terminal import ACCOUNT, INSTANCE_ID, KEY, OTHER_INSTANCE_ID, Terminal, terms

TICK_S = 0.1
HOUR_MS = 3_600_000


class Rig:
    """A running link worker and a dispatcher on a free port."""

    def __init__(self, harness: Harness, limits: ConnectionLimits | None = None) -> None:
        self.harness = harness
        self.link = Link("tcp://127.0.0.1:0", limits=limits)
        link = harness.settings.link
        numbers = itertools.count(1)
        self.sessions = Sessions(
            {OFFICER: KEY},
            heartbeat_s=link.heartbeat_s,
            lost_after_s=link.lost_after_s,
            nonce=lambda: f"{next(numbers):064x}",
        )
        self.worker = LinkWorker(harness.runtime, self.link, self.sessions)
        self.dispatcher = Dispatcher(harness.runtime, self.worker)

    @property
    def clock(self) -> ManualClock:
        return self.harness.clock

    def terminal(self, *, instance_id: str = INSTANCE_ID, key: LinkKey = KEY) -> Terminal:
        return Terminal(self.link.endpoint, self.clock, instance_id=instance_id, key=key)

    async def pass_time(self, seconds: float, *, sleepers: int = 1) -> None:
        """Let time pass tick by tick; each tick completes. `sleepers`: 2 where a dispatcher runs as well."""
        for _ in range(round(seconds / TICK_S)):
            await self.clock.asleep(sleepers)
            self.clock.advance(TICK_S)
            # The tick's own steps are complete when it sleeps again.
            await self.clock.asleep(sleepers)

    async def pass_time_until(self, reached: Callable[[], bool]) -> None:
        """Let time pass tick by tick until the condition holds; other threads contribute at their own pace."""
        async with asyncio.timeout(TIMEOUT_S):
            while not reached():
                await self.pass_time(TICK_S)

    async def ready(self, terminal: Terminal) -> None:
        """Let the terminal join, report a scan, and send a heartbeat."""
        await terminal.join()
        await terminal.scan()
        await terminal.receive(Ack)
        await terminal.heartbeat()
        await eventually(self.allowed)

    def reaches_terminal(self) -> bool:
        """Return True while the transport takes a frame for the terminal's session."""
        session = self.sessions.session(OFFICER)
        return session is not None and self.link.send(session.peer, b"{}")

    def allowed(self) -> bool:
        """Return True while commands may go to the terminal."""
        gate = self.worker.gate(OFFICER)
        return gate is not None and gate.ready and gate.alive and gate.broker_connected and gate.trade_allowed


@asynccontextmanager
async def working(harness: Harness) -> AsyncIterator[Rig]:
    """A link that receives and ticks."""
    made = Rig(harness)
    works = [asyncio.create_task(made.worker.receive()), asyncio.create_task(made.worker.tick())]
    async with at_work(*works):
        yield made
    made.link.close()


@pytest.fixture
async def rig(harness: Harness) -> AsyncIterator[Rig]:
    """A link worker that detects a clock one day off."""
    async with working(harness) as made:
        yield made


@pytest.fixture
async def watchful(tmp_path: Path) -> AsyncIterator[Rig]:
    """A link worker that detects a clock half a minute off."""
    harness = Harness(tmp_path / "watchful.db", max_clock_skew_s=30)
    async with working(harness) as made:
        yield made
    harness.close()


@pytest.fixture
async def dispatching(rig: Rig) -> AsyncIterator[None]:
    """A dispatcher that runs beside the link worker."""
    async with at_work(asyncio.create_task(rig.dispatcher.run())):
        yield


def silence(text: str) -> float:
    """Return the seconds for which a terminal was silent, as the text states them."""
    found = re.search(r"silent for ([0-9.]+) s", text)
    assert found is not None, text
    return float(found[1])


def down(counter: int) -> ConnectionReport:
    return ConnectionReport(instance_id=INSTANCE_ID, counter=counter, up=False)


def connections(harness: Harness) -> list[str]:
    found = harness.rows("SELECT event_type FROM events WHERE event_type LIKE 'CONNECTION%' ORDER BY id")
    return [event_type for (event_type,) in found]


# The handshake


async def test_authenticated_terminal_is_welcomed_in_a_journaled_epoch(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        welcome = await terminal.join(poll_interval_s=7)
        assert (welcome.epoch, welcome.heartbeat_ms, welcome.overlap_ms) == (1, 1000, 3_600_000)
        assert rig.harness.rows("SELECT epoch, instance_id, ended_at FROM sessions") == [
            (1, INSTANCE_ID, None)
        ]
        assert rig.harness.runtime.poll_intervals == {OFFICER: 7}


async def test_terminal_without_the_link_key_is_refused_and_not_journaled(rig: Rig) -> None:
    async with rig.terminal(key=LinkKey(bytes(32))) as terminal:
        await terminal.start_handshake()
        refused = await terminal.receive(Refused)
        assert refused.code == "KEY"
    assert rig.harness.rows("SELECT count(*) FROM officers") == [(0,)]


async def test_terminal_of_another_account_is_refused_with_the_remedy(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await terminal.join()
        await terminal.start_handshake(account=msgspec.structs.replace(ACCOUNT, login=9))
        refused = await terminal.receive(Refused)
        assert refused.code == "ACCOUNT" and "rebind" in refused.remedy


async def test_handshake_waits_while_the_officer_is_kept_without_a_session(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await terminal.join()
        await terminal.report(down(1))
        await terminal.receive(Ack)
        async with rig.worker.without_session(OFFICER, "a person is at work"):
            assert (await terminal.receive(Bye)).reason == "a person is at work"
            assert rig.harness.rows("SELECT ended_at IS NULL FROM sessions") == [(0,)]
            back = asyncio.create_task(terminal.join())
            await rig.pass_time(1)
            assert not back.done() and rig.worker.gate(OFFICER) is None
        assert (await back).epoch == 2


async def test_handshake_is_refused_while_the_journal_cannot_be_written(rig: Rig) -> None:
    rig.harness.lock_journal()
    async with rig.terminal() as terminal:
        await terminal.start_handshake()
        assert (await terminal.receive(Refused)).code == "BUSY"
        rig.harness.lock_journal(False)
        assert (await terminal.join()).epoch == 1


async def test_second_instance_is_refused_until_the_first_is_silent(rig: Rig) -> None:
    async with rig.terminal() as first, rig.terminal(instance_id=OTHER_INSTANCE_ID) as second:
        await first.join()
        with pytest.raises(AssertionError, match="SECOND_INSTANCE"):
            await second.join()
        await rig.pass_time(3)
        assert (await second.join()).epoch == 2
        assert rig.harness.rows("SELECT end_reason FROM sessions WHERE epoch = 1") == [
            ("a new session took over",)
        ]


# Floods


async def test_flood_of_frames_does_not_starve_other_tasks(harness: Harness) -> None:
    made = Rig(harness, ConnectionLimits(openings=1000))
    turns: list[int] = []

    async def others() -> None:
        while True:
            turns.append(made.sessions.counters.malformed)
            await asyncio.sleep(0)

    strangers, each = 40, 25
    with zmq.Context() as context, ExitStack() as sockets:
        for _ in range(strangers):
            stranger = sockets.enter_context(context.socket(zmq.DEALER))
            stranger.setsockopt(zmq.LINGER, 0)
            stranger.connect(made.link.endpoint)
            for _ in range(each):
                stranger.send(b"garbage")
        works = [asyncio.create_task(made.worker.receive()), asyncio.create_task(others())]
        async with at_work(*works):
            await eventually(lambda: made.sessions.counters.malformed == strangers * each)
    made.link.close()
    assert max(later - earlier for earlier, later in itertools.pairwise(turns)) <= MAX_DRAIN


async def test_refusal_is_logged_once_a_minute_for_each_code_and_officer(rig: Rig) -> None:
    def refusals() -> list[tuple[object, object]]:
        return [
            (records["refusal"], records["suppressed"])
            for records in rig.harness.records
            if records["code"] == "terminal_refused"
        ]

    async with rig.terminal() as first, rig.terminal(instance_id=OTHER_INSTANCE_ID) as second:
        await first.join()

        async def start_handshake(times: int) -> None:
            for _ in range(times):
                with pytest.raises(AssertionError, match="SECOND_INSTANCE"):
                    await second.start_handshake()

        await start_handshake(3)
        for name in ("eo-8", "eo-9"):
            hello = Hello(
                min_version=PROTOCOL_MIN,
                max_version=PROTOCOL_MAX,
                officer=name,
                instance_id=OTHER_INSTANCE_ID,
                nonce="0f" * 32,
            )
            await second.send(hello)
            with pytest.raises(AssertionError, match=name):
                await second.receive(Challenge)
        assert refusals() == [("SECOND_INSTANCE", 0), ("OFFICER", 0)]
        rig.clock.advance(60)
        await first.join()
        await start_handshake(2)
    assert refusals() == [("SECOND_INSTANCE", 0), ("OFFICER", 0), ("SECOND_INSTANCE", 2)]


# Reports


async def test_report_is_acknowledged_after_it_is_journaled(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await terminal.join()
        for number in range(1, 4):
            await terminal.report(down(number))
            ack = await terminal.receive(Ack)
            assert rig.harness.rows("SELECT count(*) FROM reports WHERE seq <= ?", ack.seq) == [(ack.seq,)]
            assert ack == Ack(epoch=1, seq=number)


async def test_report_is_followed_by_one_dispatch_and_a_scan_by_another(rig: Rig) -> None:
    begun: list[str] = []
    rig.harness.runtime.begin_dispatch = begun.append
    dispatch = rig.harness.runtime.dispatch_wake_up
    async with rig.terminal() as terminal:
        await rig.ready(terminal)
        assert begun == [OFFICER]
        # The session is ready since then.
        await dispatch.wait(rig.clock, 1000)
        waiting = asyncio.create_task(dispatch.wait(rig.clock, 1000))
        await terminal.report(down(1))
        await terminal.receive(Ack)
        assert begun == [OFFICER, OFFICER]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()


async def test_gate_opens_on_a_scan_and_on_no_other_report(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await terminal.join()
        await terminal.heartbeat()
        await terminal.report(down(1))
        await terminal.receive(Ack)
        gate = rig.worker.gate(OFFICER)
        assert gate is not None and gate.alive and not gate.ready
        await terminal.scan()
        await terminal.receive(Ack)
        await eventually(rig.allowed)


async def test_unstored_report_is_not_acknowledged_and_is_accepted_in_the_next_session(
    rig: Rig,
) -> None:
    async with rig.terminal() as terminal:
        await terminal.join()
        rig.harness.lock_journal()
        await terminal.report(down(1))
        assert "journal" in (await terminal.receive(Bye)).reason
        rig.harness.lock_journal(False)
        await terminal.join()
        await terminal.report(down(1))
        assert (await terminal.receive(Ack)).seq == 1
    assert connections(rig.harness) == ["CONNECTION_LOST"]


async def test_report_out_of_sequence_ends_the_session(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await terminal.join()
        raw = msgspec.Raw(encode_report(down(1)))
        await terminal.send(ReportMessage(epoch=1, seq=2, report=raw))
        await terminal.receive(Bye)
        await eventually(lambda: rig.worker.gate(OFFICER) is None)
    await eventually(
        lambda: rig.harness.rows("SELECT end_reason FROM sessions") == [("report 2 came after report 0",)]
    )
    assert rig.harness.rows("SELECT count(*) FROM reports") == [(0,)]


async def test_report_of_an_earlier_epoch_is_ignored(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await terminal.join()
        await terminal.join()
        await terminal.send(ReportMessage(epoch=1, seq=1, report=msgspec.Raw(encode_report(down(1)))))
        await terminal.report(down(2))
        assert await terminal.receive(Ack) == Ack(epoch=2, seq=1)
    assert rig.harness.rows("SELECT key FROM reports") == [(f"connection:{INSTANCE_ID}:2",)]


@pytest.mark.parametrize(
    "frame", [b"", b"\xff", b"{}", b'{"type":"report"}', b'{"type":"new"}', b"[" * 60_000]
)
async def test_malformed_frame_is_answered_and_the_session_continues(rig: Rig, frame: bytes) -> None:
    async with rig.terminal() as terminal:
        await terminal.join()
        await terminal.say_raw(frame)
        await terminal.receive(ErrorMessage)
        await terminal.report(down(1))
        assert (await terminal.receive(Ack)).seq == 1


# Liveness


async def test_heartbeats_keep_their_schedule_and_carry_the_link_clock(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await rig.pass_time(0.3)
        await terminal.join()
        await rig.pass_time(3)
        clocks = [(await terminal.receive(SidecarHeartbeat)).clock_ms for _ in range(3)]
    assert clocks == [700, 1700, 2700]


@pytest.mark.parametrize(
    ("heartbeat", "open_"),
    [
        ({}, True),
        ({"broker_connected": False}, False),
        ({"trade_allowed": False}, False),
    ],
)
async def test_gate_follows_the_terminals_last_heartbeat(
    rig: Rig, heartbeat: dict[str, bool], open_: bool
) -> None:
    async with rig.terminal() as terminal:
        await terminal.join()
        assert not rig.allowed()
        await terminal.scan()
        await terminal.receive(Ack)
        assert not rig.allowed()
        await terminal.heartbeat()
        await terminal.heartbeat(**heartbeat)
        await terminal.report(down(1))
        await terminal.receive(Ack)
        assert rig.allowed() is open_


async def test_gate_closes_after_three_missed_heartbeats_and_opens_with_the_next(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await rig.ready(terminal)
        await rig.pass_time(2.9)
        assert rig.allowed()
        await rig.pass_time(0.1)
        assert not rig.allowed()
        await terminal.heartbeat()
        await eventually(rig.allowed)


async def test_silent_terminal_is_reported_lost_once_and_restored_once(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await rig.ready(terminal)
        await rig.pass_time(40)
        assert connections(rig.harness) == ["CONNECTION_LOST"]
        assert rig.worker.gate(OFFICER) is None
        await terminal.join()
        assert connections(rig.harness) == ["CONNECTION_LOST", "CONNECTION_RESTORED"]


async def test_lost_terminal_is_logged_once_and_reported_when_the_journal_works_again(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await rig.ready(terminal)

        def unstored() -> list[object]:
            lost = [each for each in rig.harness.records if each["code"] == "terminal_loss_not_stored"]
            return [each["officer"] for each in lost]

        rig.harness.lock_journal()
        await rig.pass_time_until(lambda: bool(unstored()))
        await rig.pass_time(45)
        assert unstored() == [OFFICER]
        rig.harness.lock_journal(False)
        await rig.pass_time(5)
        assert connections(rig.harness) == ["CONNECTION_LOST"]
        [(body,)] = rig.harness.rows("SELECT body FROM events WHERE event_type = 'CONNECTION_LOST'")
        assert silence(body) >= 60
        # The next loss is reported separately.
        await terminal.join()
        rig.harness.lock_journal()
        await rig.pass_time_until(lambda: len(unstored()) == 2)


async def test_silent_terminal_is_reported_lost_after_the_configured_time(rig: Rig) -> None:
    lost_after_s = rig.harness.settings.link.lost_after_s
    async with rig.terminal() as terminal:
        await rig.ready(terminal)
        await rig.pass_time(lost_after_s - 0.2)
        assert connections(rig.harness) == []
        await rig.pass_time(0.4)
        assert connections(rig.harness) == ["CONNECTION_LOST"]


async def test_slow_journal_does_not_count_as_silence_of_the_terminal(rig: Rig) -> None:
    holds, free = threading.Event(), threading.Event()

    def quarantine(_: Journal) -> None:
        holds.set()
        free.wait()

    async with rig.terminal() as terminal:
        await rig.ready(terminal)
        holder = asyncio.create_task(rig.harness.runtime.step(quarantine))
        await eventually(holds.is_set)
        # A report waits for the journal, and no further frame is read meanwhile.
        await terminal.report(down(1))
        await eventually(rig.worker._intake_lock.locked)
        try:
            for _ in range(40):
                await terminal.heartbeat()
                await rig.pass_time(1)
        finally:
            free.set()
            await holder
        assert (await terminal.receive(Ack)).seq == terminal.seq
        await eventually(rig.allowed)
        await rig.pass_time(1)
        assert rig.harness.rows("SELECT ended_at FROM sessions") == [(None,)]
        # Only the broker connection's changes were emitted.
        assert connections(rig.harness) == ["CONNECTION_LOST"]
        await rig.pass_time_until(lambda: rig.harness.rows("SELECT ended_at FROM sessions") != [(None,)])
    [(why,)] = rig.harness.rows("SELECT end_reason FROM sessions")
    # Measured from what has been taken in, which other threads deliver at their own pace: never too short, nor
    # longer than since the last heartbeat but one.
    assert 15.0 <= silence(why) < rig.clock.monotonic() - 39


async def test_untrusted_clock_is_logged_once_and_reported_when_the_journal_works_again(
    watchful: Rig,
) -> None:
    rig, harness = watchful, watchful.harness
    await rig.pass_time(TICK_S)
    harness.lock_journal()
    rig.clock.jump(1 / 24)
    await rig.pass_time(STORE_AGAIN_S + 1)
    records = [each["code"] for each in harness.records if "clock" in each["code"]]
    assert records == ["clock_untrusted", "clock_trouble_not_stored"]
    harness.lock_journal(False)
    await rig.pass_time(STORE_AGAIN_S + 1)
    query = "SELECT count(*) FROM events WHERE json_extract(body, '$.error_code') = 'CLOCK'"
    assert harness.rows(query) == [(1,)]


async def test_connection_of_an_ended_session_is_a_strangers_at_once(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await rig.ready(terminal)
        assert [rig.link.connections(stage) for stage in (Stage.UNPROVED, Stage.PROVED)] == [0, 1]
        async with rig.worker.without_session(OFFICER, "an operator rebinds it"):
            assert [rig.link.connections(stage) for stage in (Stage.UNPROVED, Stage.PROVED)] == [1, 0]


async def test_clock_jump_is_reported_and_pauses_opens_until_the_director_confirms_the_time(
    rig: Rig,
) -> None:
    runtime = rig.harness.runtime

    def is_heard() -> bool:
        session = rig.sessions.session(OFFICER)
        return session is not None and session.last_seen == rig.clock.monotonic()

    async with rig.terminal() as terminal:
        await rig.ready(terminal)
        for times, days in enumerate((3650, -3650), start=1):
            await terminal.heartbeat()
            await eventually(is_heard)
            rig.clock.jump(days)
            await rig.pass_time(1.1)
            gate = rig.worker.gate(OFFICER)
            assert gate is not None and gate.opens_paused and gate.alive
            emitted = rig.harness.rows("SELECT body FROM events WHERE event_type = 'SYSTEM_ERROR'")
            assert len(emitted) == times and all("clock jumped" in body for (body,) in emitted)
            runtime.watch.confirm(rig.clock.now(), rig.clock.now(), rig.clock.monotonic())
            await rig.pass_time(1.1)
            assert not runtime.opens_paused


def measured(rig: Rig) -> list[int]:
    """Return the journaled offsets of the broker's clock, in hours."""
    found = rig.harness.rows("SELECT seconds FROM clock_offsets ORDER BY since")
    return [seconds // 3600 for (seconds,) in found]


def set_wrong(rig: Rig, terminal: Terminal, hours: int) -> None:
    """Set this machine's clock that many hours off. The broker's clock does not change."""
    rig.clock.jump(hours / 24)
    terminal.offset_ms -= hours * HOUR_MS


async def beat_often(terminal: Terminal) -> None:
    """Send more heartbeats than a new offset needs, and wait until all are processed."""
    for _ in range(5):
        await terminal.heartbeat()
    await terminal.scan()
    await terminal.receive(Ack)


def confirm(rig: Rig, director: datetime) -> None:
    rig.harness.runtime.watch.confirm(director, rig.clock.now(), rig.clock.monotonic())


@pytest.mark.parametrize("hours", [1, -1])
async def test_broker_offset_is_not_measured_with_a_wrong_clock(watchful: Rig, hours: int) -> None:
    off = timedelta(hours=hours)
    async with watchful.terminal() as terminal:
        await watchful.ready(terminal)
        # The clock has jumped, and the worker has not checked it yet.
        set_wrong(watchful, terminal, hours)
        await beat_often(terminal)
        await watchful.ready(terminal)
        assert measured(watchful) == [2]
        for _ in range(3):
            confirm(watchful, watchful.clock.now() - off)
            await watchful.pass_time(16)
            await terminal.heartbeat()
        assert watchful.harness.runtime.now() == watchful.clock.now() - off
        await watchful.ready(terminal)
        await beat_often(terminal)
        assert measured(watchful) == [2]
        set_wrong(watchful, terminal, -hours)
        confirm(watchful, watchful.clock.now())
        await beat_often(terminal)
        assert measured(watchful) == [2]
        # The broker's own clock is changed.
        terminal.offset_ms += HOUR_MS
        await beat_often(terminal)
        assert measured(watchful) == [2, 3]


async def test_broker_offset_is_not_measured_after_one_wrong_director_date(watchful: Rig) -> None:
    async with watchful.terminal() as terminal:
        await watchful.ready(terminal)
        for hours in (1, 0, -1):
            confirm(watchful, watchful.clock.now() + timedelta(hours=hours))
            await beat_often(terminal)
            assert measured(watchful) == [2]


@pytest.mark.parametrize("hours", [1, -1, 87_600, -87_600])
async def test_waiting_directive_survives_a_clock_jump_and_is_sent_once_afterwards(
    watchful: Rig, hours: int
) -> None:
    harness = watchful.harness
    async with watchful.terminal() as terminal:
        await watchful.ready(terminal)
        await harness.take(harness.directive("dir-1"))
        set_wrong(watchful, terminal, hours)
        await watchful.pass_time(0.3)
        async with at_work(asyncio.create_task(watchful.dispatcher.run())):
            await watchful.pass_time(1.2, sleepers=2)
            gate = watchful.worker.gate(OFFICER)
            assert gate is not None and gate.alive and gate.opens_paused
            assert harness.rows("SELECT state FROM directives") == [("RECEIVED",)]
            set_wrong(watchful, terminal, -hours)
            await watchful.pass_time(0.3, sleepers=2)
            confirm(watchful, watchful.clock.now())
            harness.runtime.dispatch_wake_up.set()
            command = await terminal.receive(Command)
            await watchful.pass_time(0.6, sleepers=2)
        assert harness.rows("SELECT client_order_id, attempt FROM dispatches") == [
            (command.order.client_order_id, 1)
        ]
        assert harness.rows("SELECT state FROM directives") == [("WORKING",)]
        emitted = harness.rows("SELECT event_type FROM events ORDER BY id")
        assert emitted == [("DIRECTIVE_RECEIVED",), ("SYSTEM_ERROR",)]


@pytest.mark.parametrize("hours", [1, 87_600])
async def test_dispatched_command_stays_dispatched_after_a_clock_jump(watchful: Rig, hours: int) -> None:
    harness = watchful.harness
    async with watchful.terminal() as terminal:
        await watchful.ready(terminal)
        await harness.take(harness.directive("dir-1"))
        async with at_work(asyncio.create_task(watchful.dispatcher.run())):
            command = await terminal.receive(Command)
            set_wrong(watchful, terminal, hours)
            await watchful.pass_time(1.2, sleepers=2)
            status_request = await terminal.receive(StatusRequest)
            for ask in (status_request.item.request_no, status_request.item.request_no + 1):
                await terminal.report(absent(command.order, request_no=ask))
            while (await terminal.receive(Ack)).seq < terminal.seq:
                pass
            await watchful.pass_time(0.6, sleepers=2)
        assert harness.rows("SELECT state FROM commands") == [("DISPATCHED",)]


async def test_command_sent_with_untrusted_clock_is_searched_from_the_earliest_possible_time(
    watchful: Rig,
) -> None:
    harness = watchful.harness
    async with watchful.terminal() as terminal:
        await watchful.ready(terminal)
        await harness.take(harness.directive("dir-1"))
        async with at_work(asyncio.create_task(watchful.dispatcher.run())):
            opening = await terminal.receive(Command)
            await terminal.report(submitted(opening.order), result(opening.order), deal(opening.order))
            # Further than the margin of the search for what an earlier journal may have sent.
            set_wrong(watchful, terminal, 240)
            await watchful.pass_time(0.3, sleepers=2)
            await harness.take(harness.directive("dir-2", action="CLOSE", quantity=None))
            harness.runtime.dispatch_wake_up.set()
            assert (await terminal.receive(Command)).order.kind == "CLOSE"
        brokers_ms = int(watchful.clock.now().timestamp() * 1000) + terminal.offset_ms
        await terminal.join()
        status_request = await terminal.receive(StatusRequest)
        assert status_request.item.order.kind == "CLOSE"
        assert abs(status_request.item.since_server_ms - (brokers_ms - HOUR_MS)) <= 1


async def test_terminal_that_never_connected_is_not_reported_lost(rig: Rig) -> None:
    await rig.pass_time(40)
    assert connections(rig.harness) == []


# Commands


@pytest.mark.usefixtures("dispatching")
async def test_command_is_journaled_before_the_terminal_receives_it(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await rig.ready(terminal)
        await rig.harness.take(rig.harness.directive("dir-1"))
        rig.harness.runtime.dispatch_wake_up.set()
        command = await terminal.receive(Command)
        dispatched = rig.harness.rows("SELECT client_order_id, attempt, epoch, deadline_ms FROM dispatches")
        assert dispatched == [(command.order.client_order_id, 1, 1, command.deadline_ms)]
        assert rig.harness.rows("SELECT state FROM commands") == [("DISPATCHED",)]


@pytest.mark.usefixtures("dispatching")
async def test_silent_terminal_is_sent_no_command_and_none_is_buffered(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await rig.ready(terminal)
        await rig.pass_time(3)
        await rig.harness.take(rig.harness.directive("dir-1"))
        await rig.pass_time(5)
        assert rig.harness.rows("SELECT count(*) FROM dispatches") == [(0,)]
        await terminal.heartbeat()
        await eventually(rig.allowed)
        rig.harness.runtime.dispatch_wake_up.set()
        assert (await terminal.receive(Command)).attempt == 1


@pytest.mark.usefixtures("dispatching")
async def test_dispatched_command_is_reconciled_in_the_next_session_and_not_resent(
    rig: Rig,
) -> None:
    async with rig.terminal() as terminal:
        await rig.ready(terminal)
        await rig.harness.take(rig.harness.directive("dir-1"))
        rig.harness.runtime.dispatch_wake_up.set()
        command = await terminal.receive(Command)
        await rig.ready(terminal)
    async with rig.terminal() as terminal:
        await terminal.join()
        question = await terminal.receive(StatusRequest)
        assert (question.item.order, question.item.attempt) == (command.order, 1)
    assert rig.harness.rows("SELECT attempt FROM dispatches") == [(1,)]


@pytest.fixture
async def prompt(tmp_path: Path) -> AsyncIterator[Rig]:
    """A link worker and a dispatcher with a grace time of two seconds."""
    harness = Harness(tmp_path / "prompt.db", mismatch_grace_s=2.0)
    async with working(harness) as made, at_work(asyncio.create_task(made.dispatcher.run())):
        yield made
    harness.close()


async def test_scan_is_requested_once_a_difference_has_lasted(prompt: Rig) -> None:
    async with prompt.terminal() as terminal:
        await prompt.ready(terminal)
        await prompt.harness.take(prompt.harness.directive("dir-1"))
        prompt.harness.runtime.dispatch_wake_up.set()
        command = await terminal.receive(Command)
        await terminal.report(submitted(command.order), deal(command.order))
        await terminal.scan()  # without the position
        noted = "SELECT raised_at FROM position_mismatches"
        while (await terminal.receive(Ack)).seq < terminal.seq:
            pass
        assert prompt.harness.rows(noted) == [(None,)]
        requested = asyncio.create_task(terminal.receive(ScanRequest))
        await prompt.pass_time(1.8, sleepers=2)
        assert not requested.done()
        await prompt.pass_time(0.4, sleepers=2)
        assert await requested == ScanRequest(epoch=terminal.epoch)
        await terminal.scan()
        await eventually(lambda: prompt.harness.rows(noted) != [(None,)])


@pytest.mark.usefixtures("dispatching")
async def test_command_to_a_vanished_terminal_ends_its_session(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await rig.ready(terminal)
        await terminal.report(terms("EURUSD"))
        await terminal.receive(Ack)
    # The transport notices the closed connection at its own pace.
    await eventually(lambda: not rig.reaches_terminal())
    await rig.harness.take(rig.harness.directive("dir-1"))
    rig.harness.runtime.dispatch_wake_up.set()
    ended = [("the terminal takes no messages",)]
    await eventually(lambda: rig.harness.rows("SELECT end_reason FROM sessions") == ended)
    assert rig.worker.gate(OFFICER) is None
    # The command may have been delivered: the next session sends a status request.
    assert rig.harness.rows("SELECT state FROM commands") == [("DISPATCHED",)]


@pytest.mark.usefixtures("dispatching")
async def test_failing_dispatch_is_reported_once_for_each_occurrence(rig: Rig) -> None:
    async with rig.terminal() as terminal:
        await rig.ready(terminal)
        await rig.harness.take(rig.harness.directive("dir-1"))
        rig.harness.runtime.dispatch_wake_up.set()
        await terminal.receive(Command)
        runtime, connection = rig.harness.runtime, rig.harness.connection

        async def fails(body: str) -> None:
            change = "UPDATE commands SET state = 'PLANNED', expires_ms = 946684800000, rest = ?"
            # In the journal's thread, where no step is under way.
            await runtime.step(lambda _: connection.execute(change, (body,)))
            runtime.dispatch_wake_up.set()
            await eventually(lambda: bool(runtime.dispatch_trouble) == (body == "{}"))

        def troubles() -> int:
            query = "SELECT count(*) FROM events WHERE json_extract(body, '$.error_code') = 'INTERNAL'"
            [(count,)] = rig.harness.rows(query)
            return int(count)

        def reached(count: int) -> bool:
            return troubles() == count

        [(whole,)] = rig.harness.rows("SELECT body FROM commands")
        for count in (1, 2):
            await fails("{}")
            await eventually(partial(reached, count))
            for _ in range(3):
                runtime.dispatch_wake_up.set()
                await rig.pass_time(TICK_S)
            assert troubles() == count
            await fails(whole)


async def test_dispatcher_looks_often_only_while_something_waits_for_its_time(rig: Rig) -> None:
    async with at_work(asyncio.create_task(rig.dispatcher.run())):
        await eventually(lambda: IDLE_LOOK_S in rig.clock.waits)
        await rig.harness.take(rig.harness.directive("dir-1"))
        rig.harness.runtime.dispatch_wake_up.set()
        await eventually(lambda: LOOK_S in rig.clock.waits and IDLE_LOOK_S not in rig.clock.waits)
