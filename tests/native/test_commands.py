"""Commands and status requests: checked, recorded, sent once, answered."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from msgspec.structs import replace

from bridge.core.link.messages import Bye, CommandKind, TerminalHeartbeat, encode
from bridge.core.link.reports import (
    CommandReport,
    CommandStage,
    DealReport,
    Found,
    NotSentReason,
    OrderReport,
    PositionReport,
    TroubleReport,
)
from bridge.core.trade.retcodes import Verdict, verdict
from bridge.core.units.mt5_terms import Side
from bridge.simulator.broker.fault_rules import Fills, LoseAnswer, Reject, Rule
from bridge.simulator.mt5.types import OrderType, Position, Retcode, SymbolFilling, SymbolTradeMode
from tests.mql5.host.binding.host import fail
from tests.mql5.host.binding.library import Cell
from tests.mql5.host.switches import Switches
from tests.native.bench import Bench
from tests.sidecar_peer import open_order

CLOSE = CommandKind.CLOSE


def not_sent(bench: Bench, client_order_id: int = 1001) -> CommandReport:
    """Return the single `not_sent` report of a client order id, and check that nothing was sent."""
    (report,) = [f for f in bench.peer.reports_of(CommandReport) if f.stage is CommandStage.NOT_SENT]
    assert report.client_order_id == client_order_id
    assert bench.sends(client_order_id) == 0
    assert f'"client_order_id":{client_order_id}' not in bench.ledger.read_text()
    return report


def begin(bench: Bench, **inputs: str) -> Bench:
    """Load the EA with these inputs and wait for its session."""
    bench.inputs.update(inputs)
    bench.restart()
    bench.join()
    bench.peer.forget()
    return bench


def test_open_passes_all_stages(joined: Bench) -> None:
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(1_500)
    assert joined.stages() == ["received", "submitted", "result"]
    (send,) = joined.broker.sends()
    assert send.request.magic == 1001
    assert send.request.type is OrderType.BUY
    assert send.request.deviation == 20
    assert send.request.comment == "test"
    assert send.request.volume == Decimal("0.10")
    result = joined.peer.reports_of(CommandReport)[-1]
    (deal,) = joined.peer.reports_of(DealReport)
    assert (result.retcode, result.mark) == (Retcode.DONE, 1)
    assert (result.order, result.deal, result.volume) == (deal.order, deal.ticket, Decimal("0.1"))
    assert deal.magic == 1001
    assert joined.peer.reports_of(PositionReport)[0].identifier == deal.position_id
    assert '"mark":1,"client_order_id":1001' in joined.ledger.read_text()


@pytest.mark.parametrize(("most", "comment"), [(3, "te"), (1, "t"), (0, "")])
def test_comment_refused_by_the_check_is_shortened(bench: Bench, most: int, comment: str) -> None:
    bench.switches = Switches(comment_most=most, comment_too_long="rejected")
    begin(bench)
    (position, _) = _opened_in_spite_of(bench)
    order = open_order(1002, kind=CLOSE, side=Side.SELL, position=position.identifier)
    bench.send_frame(bench.peer.command(order))
    bench.run(1_500)
    assert bench.stages(1002) == ["received", "submitted", "result"]
    assert [send.request.comment for send in bench.broker.sends()] == [comment] * 3
    assert [send.executed for send in bench.broker.sends()] == [True] * 3


def _opened_in_spite_of(bench: Bench) -> list[Position]:
    """Open two positions: one by a plain order, one by an order that also needs another filling mode."""
    bench.send_frame(bench.peer.command(open_order()))
    bench.run(1_500)
    terms = bench.broker.symbol("EURUSD")
    assert terms is not None

    def change_terms(name: str, arguments: Sequence[Cell]) -> None:
        # After the EA has read the flags, and before the server does.
        if name == "OrderCheck":
            bench.broker.set_symbol(replace(terms, filling_mode=SymbolFilling.IOC))

    bench.stepped.terminal.host.before = change_terms
    bench.send_frame(bench.peer.command(open_order(1003)))
    bench.run(1_500)
    bench.stepped.terminal.host.before = None
    bench.broker.set_symbol(terms)
    return bench.broker.positions()


def test_refusal_for_another_reason_is_reported_beside_a_refused_comment(bench: Bench) -> None:
    bench.switches = Switches(comment_most=3, comment_too_long="rejected")
    begin(bench, InpMaxLot="1000").send_frame(bench.peer.command(open_order(volume="500")))
    bench.run(1_500)
    assert not_sent(bench).retcode == Retcode.NO_MONEY


def test_busy_is_sent_before_the_order(joined: Bench) -> None:
    joined.pipes[-1].window = 0  # the socket accepts nothing
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(500)
    assert joined.broker.sends() == []
    joined.pipes[-1].window = 1 << 20
    joined.run(100)
    assert len(joined.broker.sends()) == 1
    busy = [beat.busy for beat in joined.peer.messages_of(TerminalHeartbeat)]
    assert True in busy


def test_known_client_order_id_is_answered_from_the_ledger(joined: Bench) -> None:
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(200)
    first = joined.peer.reports_of(CommandReport)[-2:]
    joined.peer.forget()
    joined.send_frame(joined.peer.command(open_order(), attempt=2))
    joined.run(200)
    assert joined.peer.reports_of(CommandReport) == first
    assert joined.sends() == 1


def test_late_command_is_not_sent_and_a_later_attempt_is(joined: Bench) -> None:
    joined.run(2_000)
    joined.send_frame(joined.peer.command(open_order(), deadline_ms=1_000))
    joined.run(100)
    assert not_sent(joined).reason is NotSentReason.LATE
    joined.send_frame(joined.peer.command(open_order(), attempt=1))
    joined.run(100)
    assert joined.stages()[-1] == "not_sent LATE"
    assert joined.sends() == 0
    joined.send_frame(joined.peer.command(open_order(), attempt=2))
    joined.run(100)
    assert joined.sends() == 1


def test_command_without_a_broker_connection_is_not_sent(joined: Bench) -> None:
    joined.broker.disconnect()
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(100)
    assert not_sent(joined).reason is NotSentReason.OFFLINE


@pytest.mark.parametrize(
    ("where", "word"),
    [("terminal_trade", "'Algo Trading' button"), ("expert_trade", "'Allow Algo Trading' in its properties")],
)
def test_refusal_names_the_setting_that_forbids_trading(bench: Bench, where: str, word: str) -> None:
    setattr(bench.stepped.terminal.program.permissions, where, False)
    bench.start()
    bench.join()
    (trouble,) = bench.peer.reports_of(TroubleReport)
    assert trouble.code == "TRADING_OFF" and word in trouble.message
    bench.send_frame(bench.peer.command(open_order()))
    bench.run(100)
    report = not_sent(bench)
    assert report.reason is NotSentReason.TRADING_OFF and word in report.message
    bench.run(1_000)
    assert "Trading is off" in bench.panel


@pytest.mark.parametrize(
    ("inputs", "numbers"),
    [
        ({"InpMaxLot": "0.05"}, ["0.10", "0.05"]),
        ({"InpMaxDeviation": "10"}, ["20", "10"]),
        ({"InpMaxSpread": "5"}, ["10 points", "5"]),
        ({"InpAllowLong": "false"}, ["OPEN LONG", "OPEN SHORT, CLOSE, MODIFY, CANCEL"]),
    ],
)
def test_refusal_names_the_input_that_forbids_the_action(
    bench: Bench, inputs: dict[str, str], numbers: list[str]
) -> None:
    begin(bench, **inputs)
    bench.send_frame(bench.peer.command(open_order()))
    bench.run(100)
    report = not_sent(bench)
    assert report.reason is NotSentReason.INPUTS
    assert all(number in report.message for number in numbers), report.message


def test_unknown_symbol_is_refused(joined: Bench) -> None:
    joined.send_frame(joined.peer.command(open_order(symbol="NOPE")))
    joined.run(100)
    assert not_sent(joined).reason is NotSentReason.SYMBOL


def test_refusal_by_the_check_has_its_retcode(joined: Bench) -> None:
    joined.broker.set_trade_mode("EURUSD", SymbolTradeMode.CLOSEONLY)
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(100)
    report = not_sent(joined)
    assert (report.reason, report.retcode) == (NotSentReason.CHECK, Retcode.CLOSE_ONLY)


@pytest.mark.parametrize("volume", ["0.105", "0.001", "1000", "0.1000000000"])
def test_volume_off_the_step_is_refused(bench: Bench, volume: str) -> None:
    begin(bench, InpMaxLot="10000")
    bench.send_frame(bench.peer.command(open_order(volume=volume)))
    bench.run(100)
    if volume.startswith("0.1000"):
        assert bench.broker.sends()[0].request.volume == Decimal("0.1")
        return
    assert not_sent(bench).retcode == Retcode.INVALID_VOLUME


@pytest.mark.parametrize(
    ("side", "price", "points", "sent"),
    [
        (Side.BUY, "1.09500", 10, True), (Side.BUY, "1.09499", 10, False), (Side.BUY, "1.09521", 10, True),
        (Side.BUY, "1.09490", None, True), (Side.SELL, "1.09510", 10, True), (Side.SELL, "1.09511", 10, False),
        (Side.SELL, "1.09400", 0, True),
        (Side.BUY, "1.09510", 0, True),
    ],
)  # fmt: skip
def test_slippage_limit(joined: Bench, side: Side, price: str, points: int | None, sent: bool) -> None:
    joined.send_frame(joined.peer.command(open_order(side=side, price=price, deviation_points=points)))
    joined.run(100)
    assert joined.sends() == sent
    if not sent:
        report = not_sent(joined)
        assert report.reason is NotSentReason.CHECK
        assert price in report.message and "1.095" in report.message


def test_close_finds_the_position_by_identifier(joined: Bench) -> None:
    joined.send_frame(joined.peer.command(open_order(1001)))
    joined.run(500)
    (position,) = joined.broker.positions()
    order = open_order(1002, kind=CLOSE, side=Side.SELL, position=position.identifier)
    joined.send_frame(joined.peer.command(order))
    joined.run(500)
    assert joined.stages(1002) == ["received", "submitted", "result"]
    assert joined.broker.sends()[-1].request.position == position.ticket
    assert joined.broker.positions() == []


@pytest.mark.parametrize(("side", "shift"), [("BUY", 0), ("SELL", 1)])
def test_close_of_a_missing_position_is_refused(joined: Bench, side: str, shift: int) -> None:
    ticket = joined.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.10"))
    order = open_order(kind=CLOSE, side=Side(side), position=ticket + shift)
    joined.send_frame(joined.peer.command(order))
    joined.run(100)
    assert not_sent(joined).reason is NotSentReason.NO_POSITION
    assert len(joined.broker.positions()) == 1


def test_close_may_exceed_the_maximum_lot(bench: Bench) -> None:
    ticket = bench.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.10"))
    begin(bench, InpMaxLot="0.05")
    bench.send_frame(bench.peer.command(open_order(kind=CLOSE, side=Side.SELL, position=ticket)))
    bench.run(100)
    assert bench.sends() == 1


def test_refusal_by_the_server_is_a_result(joined: Bench) -> None:
    joined.broker.add_rule(Rule(effect=Reject(retcode=Retcode.NO_MONEY)))
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(100)
    result = joined.peer.reports_of(CommandReport)[-1]
    assert (result.stage, result.retcode) == (CommandStage.RESULT, Retcode.NO_MONEY)
    joined.send_frame(joined.peer.command(open_order(), attempt=2))
    joined.run(100)
    assert joined.sends() == 1


def test_order_is_sent_once_for_every_return_code(joined: Bench) -> None:
    unmoved = [retcode for retcode in Retcode if verdict(retcode) is not Verdict.ACCEPTED]
    for client_order_id, retcode in enumerate(unmoved, start=1001):
        joined.broker.add_rule(Rule(effect=Reject(retcode=retcode)))
        joined.send_frame(joined.peer.command(open_order(client_order_id)))
        joined.run(100)
    assert [record.retcode for record in joined.broker.sends()] == unmoved


def test_lost_answer_is_10012_and_reconciled_by_evidence(joined: Bench) -> None:
    joined.broker.add_rule(Rule(effect=LoseAnswer(retcode=None)))
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(1_500)
    result = next(f for f in joined.peer.reports_of(CommandReport) if f.stage is CommandStage.RESULT)
    assert result.retcode == Retcode.TIMEOUT
    assert joined.peer.reports_of(DealReport)[0].magic == 1001
    joined.peer.forget()
    joined.send_frame(joined.peer.status_request(open_order()))
    joined.run(100)
    assert joined.stages() == ["submitted", "result"]
    assert joined.peer.reports_of(DealReport)[0].magic == 1001
    assert joined.peer.reports_of(OrderReport)[0].magic == 1001
    assert joined.sends() == 1


def test_unresolved_command_unknown_to_the_broker_is_reconciled(joined: Bench) -> None:
    joined.broker.add_rule(Rule(effect=Reject(retcode=Retcode.CONNECTION)))
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(1_000)
    joined.peer.forget()
    joined.send_frame(joined.peer.status_request(open_order(), request_no=3))
    joined.run(100)
    assert joined.stages() == ["submitted", "result", "status_reply"]
    status_reply = joined.peer.reports_of(CommandReport)[-1]
    assert (status_reply.found, status_reply.request_no) == (Found.NOTHING, 3)
    assert status_reply.connected_ms >= 1_000
    joined.broker.disconnect()
    joined.run(100)
    joined.broker.connect()
    joined.run(300)
    joined.send_frame(joined.peer.status_request(open_order(), request_no=4))
    joined.run(100)
    status_reply = joined.peer.reports_of(CommandReport)[-1]
    assert (status_reply.found, status_reply.request_no) == (Found.NOTHING, 4)
    assert 300 <= status_reply.connected_ms <= 420


def test_all_partial_fills_are_reported(joined: Bench) -> None:
    joined.broker.add_rule(Rule(effect=Fills(volumes=(Decimal("0.06"), Decimal("0.04")))))
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(1_500)
    joined.peer.forget()
    joined.send_frame(joined.peer.status_request(open_order()))
    joined.run(100)
    assert [deal.volume for deal in joined.peer.reports_of(DealReport)] == [Decimal("0.06"), Decimal("0.04")]


def test_status_request_without_an_intent_bars_the_attempt(joined: Bench) -> None:
    joined.send_frame(joined.peer.command(open_order()))
    joined.send_frame(joined.peer.status_request(open_order()))
    joined.run(500)
    assert joined.stages() == ["received", "not_sent NO_INTENT", "not_sent NO_INTENT"]
    assert joined.sends() == 0
    joined.send_frame(joined.peer.command(open_order(), attempt=2))
    joined.run(500)
    assert joined.sends() == 1


def forget_the_order(bench: Bench) -> None:
    """Remove the order from the ledger and start the terminal again."""
    bench.stepped.close()
    header = bench.ledger.read_bytes().partition(b"\n")[0]
    bench.ledger.write_bytes(header + b"\n")
    bench.restart()
    bench.join()
    bench.peer.forget()


@pytest.mark.parametrize("kind", [CommandKind.OPEN, CLOSE])
def test_order_known_only_to_the_broker_is_reported_with_an_alarm(joined: Bench, kind: CommandKind) -> None:
    order = open_order()
    if kind is CLOSE:
        position = joined.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.10"))
        order = open_order(kind=CLOSE, side=Side.SELL, position=position)
    joined.send_frame(joined.peer.command(order))
    joined.run(500)
    forget_the_order(joined)
    joined.send_frame(joined.peer.status_request(order))
    joined.run(100)
    joined.send_frame(joined.peer.command(order))
    joined.run(100)
    assert joined.stages() == []
    assert [deal.magic for deal in joined.peer.reports_of(DealReport)] == [1001]
    assert [done.magic for done in joined.peer.reports_of(OrderReport)] == [1001]
    (trouble,) = joined.peer.reports_of(TroubleReport)
    assert trouble.code == "LEDGER" and "client order id 1001" in trouble.message
    assert joined.sends() == 1


def test_command_without_an_intent_is_denied_only_after_a_search(joined: Bench) -> None:
    joined.broker.disconnect()
    joined.run(100)
    joined.peer.forget()
    joined.send_frame(joined.peer.status_request(open_order()))
    joined.run(100)
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(100)
    (status_reply,) = joined.peer.reports_of(CommandReport)
    assert (status_reply.stage, status_reply.found) == (CommandStage.STATUS_REPLY, Found.UNSEARCHED)
    joined.broker.connect()
    joined.run(100)
    joined.send_frame(joined.peer.status_request(open_order(), request_no=2))
    joined.run(100)
    joined.send_frame(joined.peer.command(open_order(), attempt=2))
    joined.run(500)
    assert joined.stages()[1:3] == ["not_sent NO_INTENT", "received"]
    assert joined.sends() == 1


def test_missing_intent_in_another_ledger_proves_nothing(joined: Bench) -> None:
    joined.send_frame(joined.peer.status_request(open_order(), ledger="f" * 32))
    joined.run(100)
    assert joined.stages() == ["status_reply"]
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(100)
    assert joined.sends() == 0


def test_missing_intent_in_a_broken_ledger_proves_nothing(joined: Bench) -> None:
    joined.stop()
    joined.ledger.write_bytes(joined.ledger.read_bytes() + b"\x00\x00\n")
    joined.restart()
    joined.join()
    assert not joined.peer.proofs[-1].ledger.unbroken
    joined.send_frame(joined.peer.status_request(open_order()))
    joined.run(100)
    assert joined.stages() == ["status_reply"]


@pytest.mark.parametrize("call", ["FileWriteArray", "FileFlush"])
def test_nothing_is_sent_when_the_ledger_cannot_be_written(joined: Bench, call: str) -> None:
    functions = joined.stepped.terminal.host.functions
    honest = functions[call]
    functions[call] = lambda *arguments: fail(5026, 0) if call == "FileWriteArray" else fail(5026)
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(100)
    assert joined.broker.sends() == []
    assert joined.stages() == ["received", "not_sent LEDGER"]
    assert joined.peer.reports_of(TroubleReport)[0].code == "LEDGER"
    functions[call] = honest
    joined.send_frame(joined.peer.command(open_order(), attempt=2))
    joined.run(100)
    assert joined.sends() == 1


def test_command_repeated_while_it_waits_is_executed_once(joined: Bench) -> None:
    for _ in range(3):
        joined.send_frame(joined.peer.command(open_order()))
    joined.run(200)
    assert joined.stages() == ["received", "submitted", "result"]
    assert joined.sends() == 1


def test_commands_beyond_the_queue_are_answered_busy(joined: Bench) -> None:
    for client_order_id in range(1, 35):
        joined._ends[-1].send(joined.peer.command(open_order(client_order_id)))
    joined.carry()
    joined.run(100)
    assert joined.stages(33) == ["not_sent BUSY"]
    joined.run(3_000)
    assert len(joined.broker.sends()) == 32


def test_command_buffered_during_a_stall_is_late(joined: Bench) -> None:
    joined.run(1_000)
    joined.beats = False
    joined.run(3_500)
    joined.send_frame(joined.peer.heartbeat(1_500))
    joined.send_frame(joined.peer.command(open_order(), deadline_ms=2_500))
    joined.run(100)
    assert joined.stages() == ["received", "not_sent LATE"]
    assert joined.sends() == 0


def test_command_is_not_executed_while_the_sidecar_is_silent(joined: Bench) -> None:
    joined.beats = False
    joined.run(3_500)
    # A command of an older connection would not count as a sign of life; here the socket had buffered it.
    joined.send_frame(joined.peer.command(open_order(), deadline_ms=100))
    joined.run(100)
    assert joined.broker.sends() == []


def test_bye_that_waits_for_a_frozen_program_is_read_before_a_command_is_executed(joined: Bench) -> None:
    """More messages wait than are read in one timer call, and the deadline is not over."""
    waiting = [joined.peer.command(open_order()), *[joined.peer.heartbeat(joined.clock_ms)] * 100]
    for frame in [*waiting, encode(Bye(epoch=joined.peer.epoch, reason="a new session took over"))]:
        joined.send_frame(frame)
    joined.run(500)
    assert joined.sends() == 0
    assert joined.stages() in (["received"], [])


@pytest.mark.parametrize("call", ["OrderCheck", "HistorySelect"])
def test_slow_call_before_the_send_makes_the_command_late(joined: Bench, call: str) -> None:
    """A status request in the same timer event selects the history; the request itself is checked."""

    def slow(name: str, arguments: Sequence[Cell]) -> None:
        if name == call:
            joined.clock.advance_us(6_000_000)

    joined.stepped.terminal.host.before = slow
    joined.send_frame(joined.peer.status_request(open_order(7), ledger="0" * 32))
    joined.send_frame(joined.peer.command(open_order(), deadline_ms=5_000))
    joined.run(100)
    joined.stepped.terminal.host.before = None
    joined.run(500)
    assert joined.stages()[-1] == "not_sent LATE"
    assert joined.sends() == 0


def test_empty_result_is_reported_with_a_message(joined: Bench) -> None:
    joined.broker.add_rule(Rule(effect=LoseAnswer(retcode=None)))
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(500)
    (result,) = [f for f in joined.peer.reports_of(CommandReport) if f.stage is CommandStage.RESULT]
    assert result.message.startswith("OrderSend returned no result that decides the outcome")


def test_waiting_command_is_not_executed_after_the_sidecar_falls_silent(joined: Bench) -> None:
    joined.pipes[-1].window = 0  # 'busy' cannot be sent, so the command waits
    joined.send_frame(joined.peer.command(open_order()))
    joined.beats = joined.peer.acks = False
    joined.run(4_000)
    joined.pipes[-1].window = 1 << 20
    joined.run(500)
    assert joined.broker.sends() == []
    joined.beats = joined.peer.acks = True
    joined.run(1_500)
    assert joined.sends() == 1
