"""Commands and settles: checked, written, sent once, answered."""

import os
from collections.abc import Iterator
from decimal import Decimal

import pytest
from msgspec.structs import replace

from bridge import faultpoint
from bridge.core.link.messages import Command, CommandKind, TerminalHeartbeat
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
from bridge.simulator.broker.market.symbols import SHIPPED
from bridge.simulator.mt5.types import (
    OrderFilling,
    OrderType,
    Retcode,
    SymbolExecution,
    SymbolFilling,
    SymbolTradeMode,
)
from bridge.simulator.terminal.day_equity import DayEquity
from bridge.simulator.terminal.executor import NO_ANSWER
from bridge.simulator.terminal.filling import choose_filling
from bridge.simulator.terminal.inputs import InputAction, Inputs
from bridge.simulator.terminal.not_sent import NotSent
from bridge.simulator.terminal.request import prepare
from bridge.simulator.terminal.risk_limits import RiskLimits
from bridge.simulator.terminal.standing import identity
from tests.sidecar_peer import open_order
from tests.unit.simulator.terminal.rig import Rig

CLOSE = CommandKind.CLOSE


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
def crash_at() -> Iterator[list[str]]:
    """Names of the fault points at which the terminal dies, each once."""
    names: list[str] = []

    def hook(name: str) -> None:
        if name in names:
            names.remove(name)
            raise Crash(name)

    faultpoint.install(hook)
    yield names
    faultpoint.install(lambda name: None)


def not_sent(rig: Rig, client_order_id: int = 1001) -> CommandReport:
    """The one `not_sent` answer to a token; nothing was sent."""
    (report,) = [f for f in rig.peer.reports_of(CommandReport) if f.stage is CommandStage.NOT_SENT]
    assert report.client_order_id == client_order_id
    assert rig.sends(client_order_id) == 0
    assert rig.ledger.find(client_order_id) is None
    return report


def test_an_open_goes_through_all_stages(joined: Rig) -> None:
    joined.say(joined.peer.command(open_order()))
    joined.run(1_000)
    assert joined.stages() == ["received", "submitted", "result"]
    (send,) = joined.broker.sends()
    assert send.request.magic == 1001
    assert send.request.type is OrderType.BUY
    assert send.request.deviation == Inputs().deviation_points
    assert send.request.comment == "test"
    result = joined.peer.reports_of(CommandReport)[-1]
    (deal,) = joined.peer.reports_of(DealReport)
    assert (result.retcode, result.mark) == (Retcode.DONE, 1)
    assert (result.order, result.deal, result.volume) == (deal.order, deal.ticket, Decimal("0.10"))
    assert deal.magic == 1001
    assert joined.peer.reports_of(PositionReport)[0].identifier == deal.position_id


def test_busy_is_said_before_the_send(joined: Rig) -> None:
    joined.say(joined.peer.command(open_order()))
    joined.turn()
    busy = [beat.busy for beat in joined.peer.messages_of(TerminalHeartbeat)]
    assert busy[-1:] == [True]
    assert joined.broker.sends() == []
    assert joined.terminal.pressing
    joined.turn()
    assert len(joined.broker.sends()) == 1
    assert not joined.terminal.pressing


def test_a_known_client_order_id_is_answered_from_the_ledger(joined: Rig) -> None:
    joined.say(joined.peer.command(open_order()))
    joined.run(100)
    first = joined.peer.reports_of(CommandReport)[-2:]
    joined.peer.forget()
    joined.say(joined.peer.command(open_order(), attempt=2))
    joined.run(100)
    assert joined.peer.reports_of(CommandReport) == first
    assert joined.sends() == 1


def test_a_late_command_is_not_sent_and_a_further_attempt_is(joined: Rig) -> None:
    joined.run(2_000)
    joined.say(joined.peer.command(open_order(), deadline_ms=1_000))
    joined.run(100)
    assert not_sent(joined).reason is NotSentReason.LATE
    joined.say(joined.peer.command(open_order(), attempt=1))
    joined.run(100)
    assert joined.stages()[-1] == "not_sent LATE"
    assert joined.sends() == 0
    joined.say(joined.peer.command(open_order(), attempt=2))
    joined.run(100)
    assert joined.sends() == 1


def test_offline(joined: Rig) -> None:
    joined.broker.disconnect()
    joined.say(joined.peer.command(open_order()))
    joined.run(100)
    assert not_sent(joined).reason is NotSentReason.OFFLINE


def test_the_account_is_looked_at_again_before_the_send(joined: Rig) -> None:
    command = Command(epoch=1, attempt=1, deadline_ms=10, order=open_order())
    present = identity(joined.broker.account())
    risk_limits = RiskLimits(Inputs(), joined.ledger, DayEquity(joined.folder / "day"))
    assert present is not None
    assert prepare(command, 10, present, joined.broker, risk_limits).magic == 1001
    with pytest.raises(NotSent, match="the session is for 42 at Simulated-Demo") as raised:
        prepare(command, 10, replace(present, login=42), joined.broker, risk_limits)
    assert raised.value.reason is NotSentReason.ACCOUNT


def test_trading_off_names_the_setting(rig: Rig) -> None:
    rig.inputs = Inputs(algo_trading=False)
    rig.restart()
    rig.join()
    assert rig.peer.reports_of(TroubleReport)[0].code == "TRADING_OFF"
    rig.say(rig.peer.command(open_order()))
    rig.run(100)
    report = not_sent(rig)
    assert report.reason is NotSentReason.TRADING_OFF
    assert "Algo Trading" in report.message


@pytest.mark.parametrize(
    ("inputs", "numbers"),
    [
        (Inputs(max_lot=Decimal("0.05")), ["0.10", "0.05"]),
        (Inputs(max_deviation_points=10), ["20", "10"]),
        (Inputs(max_spread_points=5), ["10 points", "5"]),
        (Inputs(actions=frozenset({InputAction.CLOSE})), ["OPEN LONG", "CLOSE"]),
    ],
)
def test_the_terminals_own_inputs_forbid(rig: Rig, inputs: Inputs, numbers: list[str]) -> None:
    rig.inputs = inputs
    rig.restart()
    rig.join()
    rig.say(rig.peer.command(open_order()))
    rig.run(100)
    report = not_sent(rig)
    assert report.reason is NotSentReason.INPUTS
    assert all(number in report.message for number in numbers), report.message


def test_an_unknown_symbol(joined: Rig) -> None:
    joined.say(joined.peer.command(open_order(symbol="NOPE")))
    joined.run(100)
    assert not_sent(joined).reason is NotSentReason.SYMBOL


def test_a_check_that_refuses_gives_its_retcode(joined: Rig) -> None:
    joined.broker.set_trade_mode("EURUSD", SymbolTradeMode.CLOSEONLY)
    joined.say(joined.peer.command(open_order()))
    joined.run(100)
    report = not_sent(joined)
    assert (report.reason, report.retcode) == (NotSentReason.CHECK, Retcode.CLOSE_ONLY)


@pytest.mark.parametrize(
    ("side", "price", "points", "sent"),
    [
        (Side.BUY, "1.09500", 10, True),
        (Side.BUY, "1.09499", 10, False),
        (Side.BUY, "1.09521", 10, False),
        (Side.BUY, "1.09490", None, True),
        (Side.SELL, "1.09510", 10, True),
        (Side.SELL, "1.09511", 10, False),
        (Side.BUY, "1.09510", 0, True),
    ],
)
def test_the_slippage_risk_limit(joined: Rig, side: Side, price: str, points: int | None, sent: bool) -> None:
    joined.say(joined.peer.command(open_order(side=side, price=price, deviation_points=points)))
    joined.run(100)
    assert joined.sends() == sent
    if not sent:
        report = not_sent(joined)
        assert report.reason is NotSentReason.CHECK
        assert price in report.message and "1.095" in report.message


def test_a_close_finds_the_position_by_identifier(joined: Rig) -> None:
    joined.say(joined.peer.command(open_order(1001)))
    joined.run(500)
    (position,) = joined.broker.positions()
    order = open_order(1002, kind=CLOSE, side=Side.SELL, position=position.identifier)
    joined.say(joined.peer.command(order))
    joined.run(500)
    assert joined.stages(1002) == ["received", "submitted", "result"]
    assert joined.broker.sends()[-1].request.position == position.ticket
    assert joined.broker.positions() == []


@pytest.mark.parametrize(
    ("side", "symbol", "shift"), [("BUY", "EURUSD", 0), ("SELL", "GBPUSD", 0), ("SELL", "EURUSD", 1)]
)
def test_a_close_of_what_is_not_there(joined: Rig, side: str, symbol: str, shift: int) -> None:
    ticket = joined.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.10"))
    order = open_order(kind=CLOSE, side=Side(side), symbol=symbol, position=ticket + shift)
    joined.say(joined.peer.command(order))
    joined.run(100)
    assert not_sent(joined).reason is NotSentReason.NO_POSITION
    assert len(joined.broker.positions()) == 1


def test_a_close_may_be_larger_than_the_maximum_lot(rig: Rig) -> None:
    rig.inputs = Inputs(max_lot=Decimal("0.05"))
    rig.restart()
    ticket = rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.10"))
    rig.join()
    rig.say(rig.peer.command(open_order(kind=CLOSE, side=Side.SELL, position=ticket)))
    rig.run(100)
    assert rig.sends() == 1


@pytest.mark.parametrize(
    ("flags", "execution", "kind", "mode"),
    [
        (SymbolFilling.FOK | SymbolFilling.IOC, SymbolExecution.MARKET, CommandKind.OPEN, OrderFilling.FOK),
        (SymbolFilling.FOK | SymbolFilling.IOC, SymbolExecution.MARKET, CLOSE, OrderFilling.IOC),
        (SymbolFilling.FOK, SymbolExecution.MARKET, CLOSE, OrderFilling.FOK),
        (SymbolFilling.IOC, SymbolExecution.MARKET, CommandKind.OPEN, OrderFilling.IOC),
        (SymbolFilling.NONE, SymbolExecution.EXCHANGE, CommandKind.OPEN, OrderFilling.RETURN),
        (SymbolFilling.NONE, SymbolExecution.MARKET, CommandKind.OPEN, OrderFilling.FOK),
        (SymbolFilling.BOC, SymbolExecution.INSTANT, CLOSE, OrderFilling.RETURN),
    ],
)
def test_the_filling_mode(
    flags: SymbolFilling, execution: SymbolExecution, kind: CommandKind, mode: OrderFilling
) -> None:
    symbol = replace(SHIPPED["EURUSD"], filling_mode=flags, trade_exemode=execution)
    assert choose_filling(kind, symbol) is mode


def test_a_refusal_is_a_result(joined: Rig) -> None:
    joined.broker.add_rule(Rule(effect=Reject(retcode=Retcode.NO_MONEY)))
    joined.say(joined.peer.command(open_order()))
    joined.run(100)
    result = joined.peer.reports_of(CommandReport)[-1]
    assert (result.stage, result.retcode) == (CommandStage.RESULT, Retcode.NO_MONEY)
    joined.say(joined.peer.command(open_order(), attempt=2))
    joined.run(100)
    assert joined.sends() == 1


def test_no_return_code_makes_it_send_again(joined: Rig) -> None:
    unmoved = [retcode for retcode in Retcode if verdict(retcode) is not Verdict.ACCEPTED]
    for client_order_id, retcode in enumerate(unmoved, start=1001):
        joined.broker.add_rule(Rule(effect=Reject(retcode=retcode)))
        joined.say(joined.peer.command(open_order(client_order_id)))
        joined.run(100)
    assert [record.retcode for record in joined.broker.sends()] == unmoved


def test_a_lost_answer_is_10012_and_says_so(joined: Rig) -> None:
    joined.broker.add_rule(Rule(effect=LoseAnswer(retcode=None)))
    joined.say(joined.peer.command(open_order()))
    joined.run(1_000)
    result = next(f for f in joined.peer.reports_of(CommandReport) if f.stage is CommandStage.RESULT)
    assert result.retcode == Retcode.TIMEOUT
    assert result.message == NO_ANSWER
    assert joined.peer.reports_of(DealReport)[0].magic == 1001
    joined.peer.forget()
    joined.say(joined.peer.status_request(open_order()))
    joined.run(100)
    # Found at the broker, so nothing is left to be said.
    assert joined.stages() == ["submitted", "result"]
    assert joined.peer.reports_of(DealReport)[0].magic == 1001
    assert joined.peer.reports_of(OrderReport)[0].magic == 1001
    assert joined.sends() == 1


def test_an_open_outcome_of_which_the_broker_knows_nothing_is_settled(joined: Rig) -> None:
    joined.broker.add_rule(Rule(effect=Reject(retcode=Retcode.CONNECTION)))
    joined.say(joined.peer.command(open_order()))
    joined.run(1_000)
    joined.peer.forget()
    joined.say(joined.peer.status_request(open_order(), request_no=3))
    joined.run(100)
    assert joined.stages() == ["submitted", "result", "status_reply"]
    status_reply = joined.peer.reports_of(CommandReport)[-1]
    assert (status_reply.found, status_reply.request_no) == (Found.NOTHING, 3)
    assert status_reply.connected_ms >= 1_000


def test_partial_fills_are_all_found(joined: Rig) -> None:
    joined.broker.add_rule(Rule(effect=Fills(volumes=(Decimal("0.06"), Decimal("0.04")))))
    joined.say(joined.peer.command(open_order()))
    joined.run(1_000)
    joined.peer.forget()
    joined.say(joined.peer.status_request(open_order()))
    joined.run(100)
    assert [deal.volume for deal in joined.peer.reports_of(DealReport)] == [Decimal("0.06"), Decimal("0.04")]


def test_status_request_without_an_intent_bars_the_attempt(joined: Rig) -> None:
    joined.say(joined.peer.command(open_order()))  # waits
    joined.say(joined.peer.status_request(open_order()))
    joined.run(500)
    assert joined.stages() == ["received", "not_sent NO_INTENT", "not_sent NO_INTENT"]
    assert joined.sends() == 0
    joined.say(joined.peer.command(open_order(), attempt=2))
    joined.run(500)
    assert joined.sends() == 1


def forget_the_order(rig: Rig) -> None:
    """Let the disk lose what the ledger holds, and the terminal start again."""
    path = rig.ledger.path
    header = path.read_bytes().partition(b"\n")[0]
    rig.ledger.close()
    path.write_bytes(header + b"\n")
    rig.instance_id()
    rig.join()
    rig.peer.forget()


@pytest.mark.parametrize("kind", [CommandKind.OPEN, CLOSE])
def test_an_order_that_only_the_broker_knows_is_emitted_and_raised(joined: Rig, kind: CommandKind) -> None:
    order = open_order()
    if kind is CLOSE:
        position = joined.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.10"))
        order = open_order(kind=CLOSE, side=Side.SELL, position=position)
    joined.say(joined.peer.command(order))
    joined.run(500)
    forget_the_order(joined)
    joined.say(joined.peer.status_request(order))
    joined.run(100)
    joined.say(joined.peer.command(order))
    joined.run(100)
    assert joined.stages() == []
    assert [deal.magic for deal in joined.peer.reports_of(DealReport)] == [1001]
    assert [done.magic for done in joined.peer.reports_of(OrderReport)] == [1001]
    (trouble,) = joined.peer.reports_of(TroubleReport)
    assert trouble.code == "LEDGER" and "client order id 1001" in trouble.message
    assert joined.sends() == 1


def test_without_an_intent_nothing_is_denied_before_the_broker_was_searched(joined: Rig) -> None:
    joined.broker.disconnect()
    joined.run(100)
    joined.peer.forget()
    joined.say(joined.peer.status_request(open_order()))
    joined.run(100)
    joined.say(joined.peer.command(open_order()))
    joined.run(100)
    (status_reply,) = joined.peer.reports_of(CommandReport)
    assert (status_reply.stage, status_reply.found) == (CommandStage.STATUS_REPLY, Found.UNSEARCHED)
    joined.broker.connect()
    joined.run(100)
    joined.say(joined.peer.status_request(open_order(), request_no=2))
    joined.run(100)
    joined.say(joined.peer.command(open_order(), attempt=2))
    joined.run(500)
    assert joined.stages()[1:3] == ["not_sent NO_INTENT", "received"]
    assert joined.sends() == 1


def test_another_ledgers_silence_proves_nothing(joined: Rig) -> None:
    joined.say(joined.peer.status_request(open_order(), ledger="f" * 32))
    joined.run(100)
    assert joined.stages() == ["status_reply"]
    joined.say(joined.peer.command(open_order()))
    joined.run(100)
    assert joined.sends() == 0


def test_a_broken_ledgers_silence_proves_nothing(rig: Rig) -> None:
    path = rig.folder / "ledger.jsonl"
    rig.ledger.close()
    path.write_bytes(path.read_bytes() + b"\x00\x00\n")
    rig.instance_id()
    rig.join()
    assert not rig.peer.proofs[0].ledger.unbroken
    rig.say(rig.peer.status_request(open_order()))
    rig.run(100)
    assert rig.stages() == ["status_reply"]


def test_status_request_while_the_broker_is_away(joined: Rig, crash_at: list[str]) -> None:
    crash_at.append("terminal.intent_written")
    joined.say(joined.peer.command(open_order()))
    with pytest.raises(Crash):
        joined.run(100)
    joined.restart()
    joined.join()
    joined.peer.forget()
    joined.broker.disconnect()
    joined.say(joined.peer.status_request(open_order()))
    joined.run(100)
    assert joined.stages() == ["submitted", "status_reply"]
    status_reply = joined.peer.reports_of(CommandReport)[-1]
    assert (status_reply.found, status_reply.connected_ms) == (Found.UNSEARCHED, 0)


@pytest.mark.parametrize(
    ("place", "sends", "stages"),
    [
        ("terminal.intent_written", 0, ["submitted", "status_reply"]),
        ("terminal.order_sent", 1, ["submitted"]),
        ("terminal.result_written", 1, ["submitted", "result"]),
    ],
)
def test_a_crash_around_the_send(
    joined: Rig, crash_at: list[str], place: str, sends: int, stages: list[str]
) -> None:
    crash_at.append(place)
    joined.say(joined.peer.command(open_order()))
    with pytest.raises(Crash):
        joined.run(100)
    joined.restart()
    joined.join()
    joined.peer.forget()
    joined.say(joined.peer.status_request(open_order()))
    joined.say(joined.peer.command(open_order(), attempt=2))
    joined.run(100)
    assert joined.sends() == sends
    assert joined.stages()[-len(stages) :] == stages
    assert bool(joined.peer.reports_of(DealReport)) is bool(sends)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX file descriptors")
def test_a_ledger_that_cannot_be_written_sends_nothing(joined: Rig) -> None:
    read_only = os.open(joined.folder / "ledger.jsonl", os.O_RDONLY)
    os.dup2(read_only, joined.ledger._file.fileno())  # every write now fails with EBADF
    os.close(read_only)
    joined.say(joined.peer.command(open_order()))
    joined.run(100)
    report = not_sent(joined)
    assert report.reason is NotSentReason.LEDGER
    assert joined.peer.reports_of(TroubleReport)[0].code == "LEDGER"
