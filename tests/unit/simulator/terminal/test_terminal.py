"""The whole terminal: work queue, connection, and the promise 'at most once'."""

import random
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import faultpoint
from bridge.core.link.messages import Bye, TerminalHeartbeat, encode
from bridge.core.link.reports import CommandReport, CommandStage, ConnectionReport, DealReport
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.fault_rules import Effect, LoseAnswer, Reject, Rule
from bridge.simulator.broker.rpc.calls import RpcError
from bridge.simulator.broker.scenario import AccountTerms
from bridge.simulator.mt5.types import Retcode, TradeRequest, TradeResult
from bridge.simulator.terminal.scan import RESCAN_MS
from bridge.simulator.terminal.terminal import MAX_COMMANDS
from tests.sidecar_peer import open_order
from tests.unit.simulator.terminal.rig import STEP_MS, Rig


def test_more_commands_than_can_wait_are_answered_busy(joined: Rig) -> None:
    for client_order_id in range(1, MAX_COMMANDS + 3):
        joined.send(joined.peer.command(open_order(client_order_id)))
    assert joined.stages(MAX_COMMANDS) == ["received"]
    assert joined.stages(MAX_COMMANDS + 1) == ["not_sent BUSY"]
    joined.run(3_000)
    assert len(joined.broker.sends()) == MAX_COMMANDS


def test_repeated_command_that_waits_is_executed_once(joined: Rig) -> None:
    for _ in range(3):
        joined.send(joined.peer.command(open_order()))
    joined.run(200)
    assert joined.stages() == ["received", "submitted", "result"]
    assert joined.sends() == 1


def test_timer_call_sends_at_most_one_order(joined: Rig) -> None:
    for client_order_id in range(1, 6):
        joined.send(joined.peer.command(open_order(client_order_id)))
    before = 0
    for _ in range(10):
        joined.turn()
        assert len(joined.broker.sends()) - before <= 1
        before = len(joined.broker.sends())
    assert before == 5


def test_command_buffered_during_a_stall_is_late(joined: Rig) -> None:
    joined.run(1_000)
    for _ in range(175):  # 3.5 s without a message from the sidecar
        joined.mono_ms += STEP_MS
        joined.turn()
    # Then everything at once: a heartbeat, and a command that was good until two seconds ago.
    joined.send(joined.peer.heartbeat(1_500))
    joined.send(joined.peer.command(open_order(), deadline_ms=2_500))
    joined.run(100)
    assert joined.stages() == ["received", "not_sent LATE"]
    assert joined.sends() == 0


@pytest.mark.parametrize(
    ("stalled_ms", "stages"),
    [(0, ["received", "submitted", "result"]), (2_900, ["received", "not_sent LATE"])],
)
def test_command_whose_deadline_passes_within_a_timer_call_is_late(
    joined: Rig, stalled_ms: int, stages: list[str]
) -> None:
    joined.run(1_000)
    joined.send(joined.peer.heartbeat(1_000))
    joined.send(joined.peer.command(open_order(), deadline_ms=3_000))
    joined.stalled_ms = stalled_ms
    joined.run(100)
    assert joined.stages() == stages
    assert joined.sends() == len(stages) - 2


def test_terminal_that_stands_still_within_a_timer_call_counts_the_sidecar_as_silent(joined: Rig) -> None:
    joined.send(joined.peer.command(open_order()))
    joined.stalled_ms = 3_001
    joined.run(200)
    assert joined.stages() == ["received"]
    joined.stalled_ms = 0
    joined.run(200)
    assert joined.sends() == 1


def test_bye_that_waits_for_a_frozen_terminal_is_read_before_it_executes(joined: Rig) -> None:
    """Its clock stood still with it, so that the deadline is not over by its own estimate."""
    joined.send(joined.peer.command(open_order()))
    joined.turn()
    assert joined.terminal.pressing  # the order would be sent next
    joined.terminal.on_frame(
        encode(Bye(epoch=joined.peer.epoch, reason="a new session took over")), joined.mono_ms
    )
    joined.run(200)
    assert joined.sends() == 0


def test_nothing_is_executed_while_messages_are_unread(joined: Rig) -> None:
    joined.send(joined.peer.command(open_order()))
    for _ in range(5):
        joined.deliver(joined.terminal.on_timer(joined.mono_ms, all_read=False))
    assert joined.sends() == 0
    joined.deliver(joined.terminal.on_timer(joined.mono_ms))
    assert joined.sends() == 1


def test_silent_sidecar_suspends_execution(joined: Rig) -> None:
    joined.send(joined.peer.command(open_order()))
    joined.mono_ms += 3_100
    for _ in range(20):
        joined.turn()
    assert joined.broker.sends() == []
    joined.send(joined.peer.heartbeat(0))
    joined.run(100)
    assert joined.sends() == 1


def test_commands_of_a_lost_session_are_not_executed(joined: Rig) -> None:
    joined.send(joined.peer.command(open_order()))
    joined.send(encode(Bye(epoch=joined.peer.epoch, reason="restart")))
    stale = joined.peer.command(open_order(1002))
    joined.join()
    joined.send(stale)
    joined.run(1_000)
    assert joined.broker.sends() == []
    assert joined.terminal.counts["other_epoch"] == 1
    joined.send(joined.peer.status_request(open_order()))
    joined.run(100)
    assert joined.stages()[-1] == "not_sent NO_INTENT"


def test_other_account_ends_the_session_and_sends_nothing(joined: Rig) -> None:
    joined.send(joined.peer.command(open_order()))
    joined.broker.state.trade.terms = AccountTerms(login=42)
    joined.run(100)
    assert joined.broker.sends() == []
    assert joined.peer.messages_of(Bye)[0].reason == "the terminal is logged in to another account"
    assert joined.reconnects == 1
    joined.join()
    assert joined.peer.proofs[-1].account.login == 42


def test_connection_reports_are_numbered(joined: Rig) -> None:
    for _ in range(2):
        joined.broker.disconnect()
        joined.run(100)
        joined.broker.connect()
        joined.run(100)
    reports = joined.peer.reports_of(ConnectionReport)
    assert [(report.counter, report.up) for report in reports] == [
        (1, False),
        (2, True),
        (3, False),
        (4, True),
    ]


def test_heartbeats_continue_without_a_broker_connection(joined: Rig) -> None:
    joined.broker.disconnect()
    joined.run(3_000)
    beats = joined.peer.messages_of(TerminalHeartbeat)
    assert len(beats) == 3
    assert not beats[-1].broker_connected
    assert joined.terminal.up


def test_longest_timer_call_is_reported_once(joined: Rig) -> None:
    joined.terminal.timer_took(500)
    joined.terminal.timer_took(300)
    joined.run(2_000)
    assert [beat.timer_max_us for beat in joined.peer.messages_of(TerminalHeartbeat)] == [500, 0]


def test_bye_is_the_last_message(joined: Rig) -> None:
    joined.deliver(joined.terminal.bye("SIGTERM"))
    assert joined.peer.messages_of(Bye)[0].reason == "SIGTERM"


def test_frames_before_the_first_hello_are_ignored(rig: Rig) -> None:
    assert rig.terminal.on_frame(b"{}", rig.mono_ms) == []


def test_proof_carries_the_poll_interval(rig: Rig) -> None:
    rig.poll_interval_s = 7
    rig.restart()
    rig.join()
    assert rig.peer.proofs[0].poll_interval_s == 7


class Crash(BaseException):
    """The process dies here."""


PLACES = ["terminal.intent_written", "terminal.order_sent", "terminal.result_written"]

client_order_ids = st.integers(1, 4)
actions = st.one_of(
    st.tuples(st.just("command"), client_order_ids, st.integers(1, 3)),
    st.tuples(st.just("status_request"), client_order_ids, st.integers(1, 3)),
    st.tuples(st.just("replay"), st.integers(0, 5), st.just(0)),
    st.tuples(st.just("run"), st.sampled_from([20, 40, 300, 4_000]), st.just(0)),
    st.tuples(st.just("crash"), st.integers(0, 2), st.just(0)),
    st.tuples(st.just("restart"), st.just(0), st.just(0)),
    st.tuples(st.just("cut"), st.just(0), st.just(0)),
    st.tuples(st.just("tear"), st.integers(1, 30), st.just(0)),
    st.tuples(st.just("link"), st.just(0), st.just(0)),
    st.tuples(st.just("broker"), st.just(0), st.just(0)),
    st.tuples(st.just("fault"), st.integers(0, 2), st.just(0)),
)
FAULTS: list[Effect] = [LoseAnswer(retcode=None), LoseAnswer(retcode=10031), Reject(retcode=10018)]


class Driver:
    """A terminal with faults of its process, disk, link and broker."""

    def __init__(self, folder: Path) -> None:
        self.rig = Rig(folder)
        self.crash_at = ""
        self.commands: list[bytes] = []
        faultpoint.install(self.pass_point)

    def pass_point(self, name: str) -> None:
        if name == self.crash_at:
            self.crash_at = ""
            raise Crash(name)

    def act(self, what: str, first: int, second: int) -> None:
        rig = self.rig
        match what:
            case "command" if rig.terminal.up:
                self.commands.append(rig.peer.command(open_order(first), attempt=second))
                rig.send(self.commands[-1])
            case "status_request" if rig.terminal.up:
                rig.send(rig.peer.status_request(open_order(first), attempt=second))
            case "replay" if self.commands:
                rig.send(self.commands[first % len(self.commands)])
            case "run":
                rig.run(first)
            case "crash":
                self.crash_at = PLACES[first]
            case "restart":
                rig.restart()
            case "tear":
                self.tear(first)
            case "cut":
                rig.send(encode(Bye(epoch=rig.peer.epoch, reason="test")))
            case "link":
                rig.linked = not rig.linked
            case "broker":
                (rig.broker.disconnect if rig.broker.connected() else rig.broker.connect)()
            case "fault":
                rig.broker.add_rule(Rule(effect=FAULTS[first]))

    def tear(self, garbage: int) -> None:
        """Kill the terminal in the middle of writing an intent."""
        rig = self.rig
        rig.ledger.close()
        with (rig.folder / "ledger.jsonl").open("ab") as file:
            file.write(b'{"mark":999,"client_order_id":3,"attempt":1,"order":{'[:garbage])
        rig.load()

    def finish(self) -> None:
        """Clear all faults, and request the status of every client order id."""
        rig = self.rig
        self.crash_at = ""
        rig.linked = True
        rig.broker.connect()
        rig.run(40_000)
        rig.peer.forget()
        for client_order_id in range(1, 5):
            rig.send(rig.peer.status_request(open_order(client_order_id), attempt=3))
        rig.run(1_000)


@given(st.lists(actions, max_size=40))
def test_no_sequence_of_events_sends_a_client_order_id_twice(taken: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        driver = Driver(Path(folder))
        rig = driver.rig
        try:
            rig.join()
            for what, first, second in taken:
                try:
                    driver.act(what, first, second)
                except Crash:
                    rig.restart()
                sends = Counter(record.request.magic for record in rig.broker.sends())
                assert max(sends.values(), default=0) <= 1
            driver.finish()
            numbers = [seq for epoch, seq in rig.peer.sequence if epoch == rig.peer.epoch]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            for client_order_id in range(1, 5):
                _check_answer(rig, client_order_id)
        finally:
            rig.close()
            faultpoint.install(lambda name: None)


def _check_answer(rig: Rig, client_order_id: int) -> None:
    """Assert that the status replies agree with the broker's record of sends."""
    stages = {
        report.stage
        for report in rig.peer.reports_of(CommandReport)
        if report.client_order_id == client_order_id
    }
    if rig.sends(client_order_id):
        assert CommandStage.NOT_SENT not in stages
        assert CommandStage.SUBMITTED in stages
    elif CommandStage.SUBMITTED in stages:
        assert CommandStage.STATUS_REPLY in stages or CommandStage.RESULT in stages
    else:
        assert stages == {CommandStage.NOT_SENT}


@pytest.mark.parametrize("seed", range(5))
def test_every_report_arrives_over_a_broken_link(joined: Rig, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seeded test
    for client_order_id in range(1, 15):
        if joined.terminal.up:
            joined.send(joined.peer.command(open_order(client_order_id, volume="0.01")))
        joined.linked = chance.random() < 0.6
        joined.run(chance.choice([100, 1_000, 20_000]))
    joined.linked = True
    joined.run(2 * RESCAN_MS)  # a lost last report is found by the next scan
    emitted = {report.ticket for report in joined.peer.reports_of(DealReport)}
    assert joined.broker.sends()
    assert emitted == {deal.ticket for deal in joined.broker.history_deals(0, 2**62)}


class Defective(Broker):
    """A broker whose server fails on every send, after it was executed."""

    def order_send(self, request: TradeRequest) -> TradeResult:
        super().order_send(request)
        raise RpcError("order_send: KeyError: 'EURUSD'; see the broker's log")


def test_terminal_outlives_a_defect_of_its_broker_and_leaves_the_outcome_open(rig: Rig) -> None:
    rig.broker = Defective(rig.broker.state)
    rig.restart()
    rig.join()
    rig.send(rig.peer.command(open_order()))
    rig.run(1_000)
    assert rig.terminal.up
    assert rig.sends() == 1
    (result,) = (each for each in rig.peer.reports_of(CommandReport) if each.stage is CommandStage.RESULT)
    assert result.retcode == Retcode.TIMEOUT
