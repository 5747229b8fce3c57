"""Commands and status requests: checked, written, sent once, answered."""

import os
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

import msgspec
import pytest
from msgspec.structs import replace

from bridge import faultpoint
from bridge.core.director.contract import OrderType
from bridge.core.link.messages import Command, CommandKind, Order, ReportMessage, TerminalHeartbeat
from bridge.core.link.reports import (
    AnyReport,
    CommandReport,
    CommandStage,
    DealReport,
    Found,
    NotSentReason,
    OrderReport,
    PositionReport,
    TroubleReport,
    decode_report,
)
from bridge.core.trade.retcodes import Verdict, verdict
from bridge.core.units.mt5_terms import Side
from bridge.simulator.broker.fault_rules import Fills, LoseAnswer, Reject, Rule
from bridge.simulator.broker.scenario import AccountTerms, Scenario, SymbolTerms
from bridge.simulator.mt5 import types as mt5
from bridge.simulator.mt5.types import OrderFilling, Retcode, SymbolTradeMode
from bridge.simulator.terminal.not_sent import NotSent
from bridge.simulator.terminal.request import DEVIATION_POINTS, build_request
from bridge.simulator.terminal.send import NO_ANSWER, Sender
from bridge.simulator.terminal.standing import look
from tests.sidecar_peer import open_order
from tests.unit.simulator.terminal.rig import JoinWith, Rig

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
    """Return the one `not_sent` answer to a client order id; nothing was sent."""
    (report,) = [f for f in rig.peer.reports_of(CommandReport) if f.stage is CommandStage.NOT_SENT]
    assert report.client_order_id == client_order_id
    assert rig.sends(client_order_id) == 0
    assert rig.ledger.find(client_order_id) is None
    return report


def test_open_reports_all_stages(joined: Rig) -> None:
    joined.send(joined.peer.command(open_order()))
    joined.run(1_000)
    assert joined.stages() == ["received", "submitted", "result"]
    (send,) = joined.broker.sends()
    assert send.request.magic == 1001
    assert send.request.type is mt5.OrderType.BUY
    assert send.request.deviation == DEVIATION_POINTS
    assert send.request.comment == "test"
    result = joined.peer.reports_of(CommandReport)[-1]
    (deal,) = joined.peer.reports_of(DealReport)
    assert (result.retcode, result.mark) == (Retcode.DONE, 1)
    assert (result.order, result.deal, result.volume) == (deal.order, deal.ticket, Decimal("0.10"))
    assert deal.magic == 1001
    assert joined.peer.reports_of(PositionReport)[0].identifier == deal.position_id


def test_busy_heartbeat_precedes_the_send(joined: Rig) -> None:
    joined.send(joined.peer.command(open_order()))
    joined.turn()
    busy = [beat.busy for beat in joined.peer.messages_of(TerminalHeartbeat)]
    assert busy[-1:] == [True]
    assert joined.broker.sends() == []
    assert joined.terminal.pressing
    joined.turn()
    assert len(joined.broker.sends()) == 1
    assert not joined.terminal.pressing


def test_busy_follows_the_reports_before_it_and_ends_after_the_send(joined: Rig) -> None:
    joined.run(1_000)
    joined.peer.forget()
    joined.send(joined.peer.command(open_order()))
    joined.run(1_000)
    kinds: list[str] = []
    for message in joined.peer.messages:
        if isinstance(message, TerminalHeartbeat):
            kinds.append("busy" if message.busy else "idle")
        elif isinstance(message, ReportMessage):
            report = decode_report(bytes(message.report))
            if isinstance(report, CommandReport):
                kinds.append(str(report.stage))
    start = kinds.index("received")
    assert kinds[start : start + 5] == ["received", "busy", "submitted", "result", "idle"]


def test_closes_changes_and_cancels_overtake_opens_that_wait(joined: Rig) -> None:
    joined.send(joined.peer.command(open_order(1)))
    joined.run(1_000)
    position = joined.peer.reports_of(DealReport)[0].position_id
    for client_order_id in range(101, 121):
        joined.send(joined.peer.command(open_order(client_order_id, volume="0.01")))
    joined.turn()
    joined.send(
        joined.peer.command(open_order(201, side=Side.SELL, volume="0.05", kind=CLOSE, position=position))
    )
    joined.send(
        joined.peer.command(open_order(202, side=Side.SELL, volume="0.05", kind=CLOSE, position=position))
    )
    for _ in range(60):
        joined.turn()
    went = [record.request.magic for record in joined.broker.sends()][1:]
    assert went == [201, 202, *range(101, 121)]


def test_known_client_order_id_is_answered_from_the_ledger(joined: Rig) -> None:
    joined.send(joined.peer.command(open_order()))
    joined.run(100)
    first = joined.peer.reports_of(CommandReport)[-2:]
    joined.peer.forget()
    joined.send(joined.peer.command(open_order(), attempt=2))
    joined.run(100)
    assert joined.peer.reports_of(CommandReport) == first
    assert joined.sends() == 1


def test_late_command_is_not_sent_and_a_later_attempt_is(joined: Rig) -> None:
    joined.run(2_000)
    joined.send(joined.peer.command(open_order(), deadline_ms=1_000))
    joined.run(100)
    assert not_sent(joined).reason is NotSentReason.LATE
    joined.send(joined.peer.command(open_order(), attempt=1))
    joined.run(100)
    assert joined.stages()[-1] == "not_sent LATE"
    assert joined.sends() == 0
    joined.send(joined.peer.command(open_order(), attempt=2))
    joined.run(100)
    assert joined.sends() == 1


def test_deadline_is_checked_again_after_the_request_was_prepared(joined: Rig) -> None:
    posted: list[AnyReport] = []
    sender = Sender(joined.broker, joined.ledger, posted.append, posted.extend, lambda code, message: None)
    command = msgspec.json.decode(joined.peer.command(open_order(), deadline_ms=1_000), type=Command)
    clock = iter([1_000, 1_001])
    identity = look(joined.broker).account
    assert identity is not None
    sender.execute(command, lambda: next(clock), identity)
    assert [report.reason for report in posted if isinstance(report, CommandReport)] == [NotSentReason.LATE]
    assert joined.sends() == 0 and joined.ledger.find(1001) is None


def test_command_without_a_broker_connection_is_not_sent(joined: Rig) -> None:
    joined.broker.disconnect()
    joined.send(joined.peer.command(open_order()))
    joined.run(100)
    assert not_sent(joined).reason is NotSentReason.OFFLINE


def test_command_of_another_account_is_not_sent(joined: Rig) -> None:
    joined.send(joined.peer.command(open_order()))
    joined.turn()  # the busy heartbeat; the account changes before the send
    session = joined.terminal._session
    assert session.account is not None
    session.account = replace(session.account, login=42)
    standing = joined.terminal._standing
    assert standing is not None
    joined.terminal._execute(joined.mono_ms, standing, all_read=True)
    session.account = standing.account
    joined.run(100)
    report = not_sent(joined)
    assert report.reason is NotSentReason.ACCOUNT
    assert "the session is for 42 at Simulated-Demo" in report.message


@pytest.mark.parametrize(
    ("terms", "setting"),
    [
        (AccountTerms(trade_allowed=False), "ACCOUNT_TRADE_ALLOWED"),
        (AccountTerms(trade_expert=False), "ACCOUNT_TRADE_EXPERT"),
    ],
)
def test_missing_permission_is_named_and_nothing_is_sent(
    join_with: JoinWith, terms: AccountTerms, setting: str
) -> None:
    rig = join_with(Scenario(account=terms))
    (trouble,) = rig.peer.reports_of(TroubleReport)
    assert trouble.code == "TRADING_OFF" and setting in trouble.message
    rig.send(rig.peer.command(open_order()))
    rig.run(100)
    report = not_sent(rig)
    assert report.reason is NotSentReason.TRADING_OFF
    assert setting in report.message


@pytest.mark.parametrize(
    ("order", "retcode"),
    [
        (open_order(symbol="NOPE"), Retcode.INVALID),
        (open_order(volume="0.015"), Retcode.INVALID_VOLUME),
        (replace(open_order(), stop_loss=Decimal("1.2")), Retcode.INVALID_STOPS),
        (open_order(volume="50"), Retcode.NO_MONEY),
    ],
)
def test_refusal_of_the_broker_is_a_result_with_its_retcode(
    joined: Rig, order: Order, retcode: Retcode
) -> None:
    joined.send(joined.peer.command(order))
    joined.run(100)
    assert joined.stages() == ["received", "submitted", "result"]
    assert joined.peer.reports_of(CommandReport)[-1].retcode == retcode
    assert joined.broker.positions() == []


def test_closed_symbol_is_left_to_the_broker(joined: Rig) -> None:
    joined.broker.set_trade_mode("EURUSD", SymbolTradeMode.CLOSEONLY)
    joined.send(joined.peer.command(open_order()))
    joined.run(100)
    assert joined.stages() == ["received", "submitted", "result"]
    assert joined.peer.reports_of(CommandReport)[-1].retcode == Retcode.CLOSE_ONLY


def test_spread_wider_than_the_command_allows_is_not_sent(joined: Rig) -> None:
    joined.send(joined.peer.command(replace(open_order(), max_spread_points=9)))
    joined.run(100)
    report = not_sent(joined)
    assert (report.reason, report.message) == (
        NotSentReason.CHECK,
        "the spread is 10 points; at most 9 are allowed",
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "HEDGE"}, 'command kind "HEDGE" is not supported by this terminal'),
        ({"order_type": "ICEBERG"}, 'order type "ICEBERG" is not supported by this terminal'),
        (
            {"order_type": OrderType.LIMIT, "time_in_force": "FOREVER"},
            'time in force "FOREVER" is not supported by this terminal',
        ),
    ],
)
def test_value_that_no_branch_handles_is_refused_by_name(
    joined: Rig, fields: dict[str, Any], message: str
) -> None:
    """Decoding refuses such a message today; a new member of an enum would pass it."""
    command = Command(epoch=1, attempt=1, deadline_ms=10, order=replace(open_order(), **fields))
    with pytest.raises(NotSent) as raised:
        build_request(command, joined.broker)
    assert (raised.value.reason, raised.value.message) == (NotSentReason.CHECK, message)


@pytest.mark.parametrize(
    ("side", "price", "points", "sent"),
    [
        (Side.BUY, "1.09500", 10, True),
        (Side.BUY, "1.09499", 10, False),
        (Side.BUY, "1.09521", 10, True),
        (Side.BUY, "1.09490", None, True),
        (Side.SELL, "1.09510", 10, True),
        (Side.SELL, "1.09511", 10, False),
        (Side.BUY, "1.09510", 0, True),
    ],
)
def test_order_at_a_price_worse_by_more_than_the_deviation_is_not_sent(
    joined: Rig, side: Side, price: str, points: int | None, sent: bool
) -> None:
    joined.send(joined.peer.command(open_order(side=side, price=price, deviation_points=points)))
    joined.run(100)
    assert joined.sends() == sent
    if not sent:
        report = not_sent(joined)
        assert report.reason is NotSentReason.CHECK
        assert price in report.message and "1.095" in report.message


def test_close_finds_the_position_by_identifier(joined: Rig) -> None:
    joined.send(joined.peer.command(open_order(1001)))
    joined.run(500)
    (position,) = joined.broker.positions()
    order = open_order(1002, kind=CLOSE, side=Side.SELL, position=position.identifier)
    joined.send(joined.peer.command(order))
    joined.run(500)
    assert joined.stages(1002) == ["received", "submitted", "result"]
    assert joined.broker.sends()[-1].request.position == position.ticket
    assert joined.broker.positions() == []


@pytest.mark.parametrize(("side", "shift"), [("BUY", 0), ("SELL", 1)])
def test_close_of_a_missing_position_is_not_sent(joined: Rig, side: str, shift: int) -> None:
    ticket = joined.broker.manual_open("EURUSD", mt5.OrderType.BUY, Decimal("0.10"))
    order = open_order(kind=CLOSE, side=Side(side), position=ticket + shift)
    joined.send(joined.peer.command(order))
    joined.run(100)
    assert not_sent(joined).reason is NotSentReason.NO_POSITION
    assert len(joined.broker.positions()) == 1


@pytest.mark.parametrize(
    ("flags", "execution", "kind", "mode"),
    [
        (("FOK", "IOC"), "MARKET", CommandKind.OPEN, OrderFilling.FOK),
        (("FOK", "IOC"), "MARKET", CLOSE, OrderFilling.IOC),
        (("FOK",), "MARKET", CLOSE, OrderFilling.FOK),
        (("IOC",), "MARKET", CommandKind.OPEN, OrderFilling.IOC),
        ((), "EXCHANGE", CommandKind.OPEN, OrderFilling.RETURN),
        ((), "EXCHANGE", CLOSE, OrderFilling.RETURN),
    ],
)
def test_filling_mode_is_one_that_the_symbol_names(
    join_with: JoinWith,
    flags: tuple[Literal["FOK", "IOC"], ...],
    execution: Literal["MARKET", "EXCHANGE"],
    kind: CommandKind,
    mode: OrderFilling,
) -> None:
    terms = SymbolTerms(name="EURUSD", filling=flags, execution=execution)
    rig = join_with(Scenario(symbols=(terms,)))
    position = rig.broker.manual_open("EURUSD", mt5.OrderType.BUY, Decimal("0.10"))
    close = open_order(kind=CLOSE, side=Side.SELL, position=position)
    rig.send(rig.peer.command(close if kind is CLOSE else open_order()))
    rig.run(100)
    (send,) = rig.broker.sends()
    assert (send.request.type_filling, send.executed) == (mode, True)


def test_refused_order_is_not_sent_again(joined: Rig) -> None:
    joined.broker.add_rule(Rule(effect=Reject(retcode=Retcode.NO_MONEY)))
    joined.send(joined.peer.command(open_order()))
    joined.run(100)
    result = joined.peer.reports_of(CommandReport)[-1]
    assert (result.stage, result.retcode) == (CommandStage.RESULT, Retcode.NO_MONEY)
    joined.send(joined.peer.command(open_order(), attempt=2))
    joined.run(100)
    assert joined.sends() == 1


def test_no_return_code_causes_a_second_send(joined: Rig) -> None:
    unmoved = [retcode for retcode in Retcode if verdict(retcode) is not Verdict.ACCEPTED]
    for client_order_id, retcode in enumerate(unmoved, start=1001):
        joined.broker.add_rule(Rule(effect=Reject(retcode=retcode)))
        joined.send(joined.peer.command(open_order(client_order_id)))
        joined.run(100)
    assert [record.retcode for record in joined.broker.sends()] == unmoved


def test_lost_answer_is_a_result_with_retcode_10012(joined: Rig) -> None:
    joined.broker.add_rule(Rule(effect=LoseAnswer(retcode=None)))
    joined.send(joined.peer.command(open_order()))
    joined.run(1_000)
    result = next(f for f in joined.peer.reports_of(CommandReport) if f.stage is CommandStage.RESULT)
    assert result.retcode == Retcode.TIMEOUT
    assert result.message == NO_ANSWER
    assert joined.peer.reports_of(DealReport)[0].magic == 1001
    joined.peer.forget()
    joined.send(joined.peer.status_request(open_order()))
    joined.run(100)
    # The order is found at the broker, so there is no status reply.
    assert joined.stages() == ["submitted", "result"]
    assert joined.peer.reports_of(DealReport)[0].magic == 1001
    assert joined.peer.reports_of(OrderReport)[0].magic == 1001
    assert joined.sends() == 1


def test_open_outcome_unknown_to_the_broker_gets_a_status_reply(joined: Rig) -> None:
    joined.broker.add_rule(Rule(effect=Reject(retcode=Retcode.CONNECTION)))
    joined.send(joined.peer.command(open_order()))
    joined.run(1_000)
    joined.peer.forget()
    joined.send(joined.peer.status_request(open_order(), request_no=3))
    joined.run(100)
    assert joined.stages() == ["submitted", "result", "status_reply"]
    status_reply = joined.peer.reports_of(CommandReport)[-1]
    assert (status_reply.found, status_reply.request_no) == (Found.NOTHING, 3)
    assert status_reply.connected_ms >= 1_000


def test_status_request_finds_all_partial_fills(joined: Rig) -> None:
    joined.broker.add_rule(Rule(effect=Fills(volumes=(Decimal("0.06"), Decimal("0.04")))))
    joined.send(joined.peer.command(open_order()))
    joined.run(1_000)
    joined.peer.forget()
    joined.send(joined.peer.status_request(open_order()))
    joined.run(100)
    assert [deal.volume for deal in joined.peer.reports_of(DealReport)] == [Decimal("0.06"), Decimal("0.04")]


def test_status_request_without_an_intent_blocks_the_attempt(joined: Rig) -> None:
    joined.send(joined.peer.command(open_order()))  # waits
    joined.send(joined.peer.status_request(open_order()))
    joined.run(500)
    assert joined.stages() == ["received", "not_sent NO_INTENT", "not_sent NO_INTENT"]
    assert joined.sends() == 0
    joined.send(joined.peer.command(open_order(), attempt=2))
    joined.run(500)
    assert joined.sends() == 1


def forget_the_order(rig: Rig) -> None:
    """Lose the content of the ledger, and start the terminal again."""
    path = rig.ledger.path
    header = path.read_bytes().partition(b"\n")[0]
    rig.ledger.close()
    path.write_bytes(header + b"\n")
    rig.load()
    rig.join()
    rig.peer.forget()


@pytest.mark.parametrize("kind", [CommandKind.OPEN, CLOSE])
def test_order_missing_from_the_ledger_is_reported_and_raises_an_alarm(
    joined: Rig, kind: CommandKind
) -> None:
    order = open_order()
    if kind is CLOSE:
        position = joined.broker.manual_open("EURUSD", mt5.OrderType.BUY, Decimal("0.10"))
        order = open_order(kind=CLOSE, side=Side.SELL, position=position)
    joined.send(joined.peer.command(order))
    joined.run(500)
    forget_the_order(joined)
    joined.send(joined.peer.status_request(order))
    joined.run(100)
    joined.send(joined.peer.command(order))
    joined.run(100)
    assert joined.stages() == []
    assert [deal.magic for deal in joined.peer.reports_of(DealReport)] == [1001]
    assert [done.magic for done in joined.peer.reports_of(OrderReport)] == [1001]
    (trouble,) = joined.peer.reports_of(TroubleReport)
    assert trouble.code == "LEDGER" and "client order id 1001" in trouble.message
    assert joined.sends() == 1


def test_no_intent_is_not_answered_before_the_broker_was_searched(joined: Rig) -> None:
    joined.broker.disconnect()
    joined.run(100)
    joined.peer.forget()
    joined.send(joined.peer.status_request(open_order()))
    joined.run(100)
    joined.send(joined.peer.command(open_order()))
    joined.run(100)
    (status_reply,) = joined.peer.reports_of(CommandReport)
    assert (status_reply.stage, status_reply.found) == (CommandStage.STATUS_REPLY, Found.UNSEARCHED)
    joined.broker.connect()
    joined.run(100)
    joined.send(joined.peer.status_request(open_order(), request_no=2))
    joined.run(100)
    joined.send(joined.peer.command(open_order(), attempt=2))
    joined.run(500)
    assert joined.stages()[1:3] == ["not_sent NO_INTENT", "received"]
    assert joined.sends() == 1


def test_missing_entry_in_another_ledger_is_no_proof(joined: Rig) -> None:
    joined.send(joined.peer.status_request(open_order(), ledger="f" * 32))
    joined.run(100)
    assert joined.stages() == ["status_reply"]
    joined.send(joined.peer.command(open_order()))
    joined.run(100)
    assert joined.sends() == 0


def test_missing_entry_in_a_broken_ledger_is_no_proof(rig: Rig) -> None:
    path = rig.folder / "ledger.jsonl"
    rig.ledger.make(rig.broker.account().login)
    rig.ledger.close()
    path.write_bytes(path.read_bytes() + b"\x00\x00\n")
    rig.load()
    rig.join()
    assert not rig.peer.proofs[0].ledger.unbroken
    rig.send(rig.peer.status_request(open_order()))
    rig.run(100)
    assert rig.stages() == ["status_reply"]


def test_status_request_without_a_broker_connection_is_unsearched(joined: Rig, crash_at: list[str]) -> None:
    crash_at.append("terminal.intent_written")
    joined.send(joined.peer.command(open_order()))
    with pytest.raises(Crash):
        joined.run(100)
    joined.restart()
    joined.join()
    joined.peer.forget()
    joined.broker.disconnect()
    joined.send(joined.peer.status_request(open_order()))
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
def test_crash_around_the_send_never_sends_twice(
    joined: Rig, crash_at: list[str], place: str, sends: int, stages: list[str]
) -> None:
    crash_at.append(place)
    joined.send(joined.peer.command(open_order()))
    with pytest.raises(Crash):
        joined.run(100)
    joined.restart()
    joined.join()
    joined.peer.forget()
    joined.send(joined.peer.status_request(open_order()))
    joined.send(joined.peer.command(open_order(), attempt=2))
    joined.run(100)
    assert joined.sends() == sends
    assert joined.stages()[-len(stages) :] == stages
    assert bool(joined.peer.reports_of(DealReport)) is bool(sends)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX file descriptors")
def test_unwritable_ledger_prevents_the_send(joined: Rig) -> None:
    read_only = os.open(joined.folder / "ledger.jsonl", os.O_RDONLY)
    assert joined.ledger._file is not None
    os.dup2(read_only, joined.ledger._file.fileno())  # every write now fails with EBADF
    os.close(read_only)
    joined.send(joined.peer.command(open_order()))
    joined.run(100)
    report = not_sent(joined)
    assert report.reason is NotSentReason.LEDGER
    assert joined.peer.reports_of(TroubleReport)[0].code == "LEDGER"
