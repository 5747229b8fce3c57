"""MODIFY of a position: the request, and the reports that follow it."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from bridge import faultpoint
from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import (
    AnyReport,
    CommandReport,
    CommandStage,
    DealReport,
    Found,
    NotSentReason,
    PositionReport,
    ScanReport,
)
from bridge.core.units.mt5_terms import MarginMode, Side
from bridge.simulator.broker.fault_rules import LoseAnswer, Match, MoveMarket, Reject, Rule, SendKind
from bridge.simulator.broker.scenario import AccountTerms, Scenario
from bridge.simulator.mt5.types import OrderType, Retcode, TradeAction
from tests.sidecar_peer import open_order
from tests.unit.simulator.terminal.rig import JoinWith, Rig

LOT = Decimal("0.10")
OPENER, CHANGE = 1001, 1002
SL, TP = Decimal("1.09000"), Decimal("1.10000")
UNANSWERED = Rule(effect=LoseAnswer(retcode=None), match=Match(kind=SendKind.SLTP))


def modify(
    position: int,
    *,
    sl: str | None = None,
    tp: str | None = None,
    client_order_id: int = CHANGE,
    side: Side = Side.BUY,
) -> Order:
    """Return a MODIFY of a position."""
    return Order(
        client_order_id=client_order_id,
        kind=CommandKind.MODIFY,
        symbol="EURUSD",
        side=side,
        position=position,
        opener=OPENER,
        stop_loss=None if sl is None else Decimal(sl),
        take_profit=None if tp is None else Decimal(tp),
    )


def opened(rig: Rig) -> int:
    """Open a long position without levels; return its identifier."""
    rig.send(rig.peer.command(open_order(OPENER)))
    rig.run(500)
    (position,) = rig.broker.positions()
    rig.peer.forget()
    return position.identifier


def levels(rig: Rig) -> tuple[Decimal, Decimal]:
    (position,) = rig.broker.positions()
    return position.sl, position.tp


def emitted(rig: Rig) -> list[str]:
    """Return the reports in the order of arrival, without scans: stages of commands, kinds of the others."""
    return [
        str(report.reason or report.stage) if isinstance(report, CommandReport) else type(report).__name__
        for report in rig.peer.reports
        if not isinstance(report, ScanReport)
    ]


def last(rig: Rig) -> AnyReport:
    return [report for report in rig.peer.reports if not isinstance(report, ScanReport)][-1]


def test_change_keeps_the_magic_and_its_effect_is_reported_at_once(joined: Rig) -> None:
    position = opened(joined)
    joined.send(joined.peer.command(modify(position, sl="1.09000", tp="1.10000")))
    joined.turn()
    joined.turn()
    assert emitted(joined) == ["received", "submitted", "result", "PositionReport"]
    seen = last(joined)
    assert isinstance(seen, PositionReport)
    assert (seen.identifier, seen.stop_loss, seen.take_profit, seen.magic) == (position, SL, TP, OPENER)
    request = joined.broker.sends()[-1].request
    assert (request.action, request.magic, request.position) == (TradeAction.SLTP, OPENER, position)
    assert joined.ledger.find(CHANGE) is not None
    joined.peer.forget()
    joined.run(1_000)
    assert emitted(joined) == [], "a reported state is not reported again"


def test_none_leaves_a_level_and_0_removes_it(joined: Rig) -> None:
    position = opened(joined)
    joined.send(joined.peer.command(modify(position, sl="1.09000", tp="1.10000", client_order_id=1002)))
    joined.send(joined.peer.command(modify(position, tp="0", client_order_id=1003)))
    joined.run(500)
    assert levels(joined) == (SL, Decimal(0))
    joined.send(joined.peer.command(modify(position, sl="0", tp="1.10000", client_order_id=1004)))
    joined.run(500)
    assert levels(joined) == (Decimal(0), TP)
    assert joined.peer.reports_of(PositionReport)[-1].take_profit == TP


def test_unchanged_levels_are_refused_by_the_broker(joined: Rig) -> None:
    position = opened(joined)
    joined.send(joined.peer.command(modify(position, sl="0")))
    joined.run(500)
    assert emitted(joined) == ["received", "submitted", "result", "PositionReport"]
    assert joined.peer.reports_of(CommandReport)[-1].retcode == Retcode.NO_CHANGES


def test_change_after_the_stop_was_hit_reports_the_deals(joined: Rig) -> None:
    position = opened(joined)
    joined.send(joined.peer.command(modify(position, sl="1.09000", client_order_id=1002)))
    joined.run(500)
    joined.peer.forget()
    hit = MoveMarket(bid=Decimal("1.08990"), ask=Decimal("1.09000"))
    joined.broker.add_rule(Rule(effect=hit, match=Match(kind=SendKind.SLTP)))
    joined.send(joined.peer.command(modify(position, sl="1.08000", client_order_id=1003)))
    joined.turn()
    joined.turn()
    assert emitted(joined)[:5] == ["received", "submitted", "result", "DealReport", "DealReport"]
    result = joined.peer.reports_of(CommandReport)[-1]
    assert (result.retcode, joined.broker.positions()) == (Retcode.POSITION_CLOSED, [])


def test_closed_position_is_reported_by_its_deals(joined: Rig) -> None:
    position = opened(joined)
    joined.broker.manual_close(position)
    joined.send(joined.peer.command(modify(position, sl="1.09000")))
    joined.turn()
    joined.turn()
    assert emitted(joined)[:4] == ["received", "DealReport", "DealReport", "NO_POSITION"]
    assert {deal.position_id for deal in joined.peer.reports_of(DealReport)} == {position}


def test_change_of_the_other_side_is_not_sent(joined: Rig) -> None:
    position = opened(joined)
    joined.send(joined.peer.command(modify(position, sl="1.09000", side=Side.SELL)))
    joined.run(500)
    answer = last(joined)
    assert isinstance(answer, CommandReport)
    assert (answer.reason, answer.message) == (
        NotSentReason.NO_POSITION,
        f"position {position} is a BUY, not a SELL",
    )
    assert levels(joined) == (Decimal(0), Decimal(0))


def test_refused_change_reports_the_present_levels(joined: Rig) -> None:
    position = opened(joined)
    joined.broker.add_rule(Rule(effect=Reject(retcode=Retcode.INVALID_STOPS)))
    joined.send(joined.peer.command(modify(position, sl="1.09000")))
    joined.run(500)
    assert emitted(joined) == ["received", "submitted", "result", "PositionReport"]
    joined.peer.forget()
    joined.send(joined.peer.status_request(modify(position, sl="1.09000")))
    joined.run(100)
    assert emitted(joined) == ["submitted", "result", "PositionReport"], (
        "a clear outcome needs no status reply"
    )


def test_close_asks_for_no_more_than_is_open(joined: Rig) -> None:
    position = opened(joined)
    joined.broker.manual_close(position, Decimal("0.04"))
    close = open_order(1002, kind=CommandKind.CLOSE, side=Side.SELL, position=position)
    joined.send(joined.peer.command(close))
    joined.run(500)
    assert joined.broker.sends()[-1].request.volume == Decimal("0.06")
    assert joined.broker.positions() == []


def test_position_whose_symbol_was_renamed_is_closed_and_changed(joined: Rig) -> None:
    position = opened(joined)
    joined.broker.rename_symbol("EURUSD", "EURUSD.r")
    # Planned before the sidecar knew the new name.
    joined.send(joined.peer.command(modify(position, sl="1.09000")))
    joined.run(500)
    assert [each.sl for each in joined.broker.positions()] == [Decimal("1.09000")]
    close = open_order(1003, kind=CommandKind.CLOSE, side=Side.SELL, position=position)
    joined.send(joined.peer.command(close))
    joined.run(500)
    assert joined.broker.sends()[-1].request.symbol == "EURUSD.r"
    assert joined.broker.positions() == []


@pytest.mark.parametrize("mode", [MarginMode.RETAIL_NETTING, MarginMode.EXCHANGE])
def test_close_never_reverses_a_netted_position(join_with: JoinWith, mode: MarginMode) -> None:
    rig = join_with(Scenario(account=AccountTerms(margin_mode=mode)))
    position = opened(rig)
    rig.broker.manual_open("EURUSD", OrderType.SELL, Decimal("0.04"))
    close = open_order(1002, kind=CommandKind.CLOSE, side=Side.SELL, position=position)
    rig.send(rig.peer.command(close))
    rig.run(500)
    request = rig.broker.sends()[-1].request
    assert (request.volume, request.position) == (Decimal("0.06"), position)
    assert rig.broker.positions() == []


def test_change_of_a_reversed_position_is_not_sent(join_with: JoinWith) -> None:
    rig = join_with(Scenario(account=AccountTerms(margin_mode=MarginMode.RETAIL_NETTING)))
    position = opened(rig)
    rig.broker.manual_open("EURUSD", OrderType.SELL, Decimal("0.30"))
    rig.send(rig.peer.command(modify(position, sl="1.09000")))
    rig.run(500)
    assert "NO_POSITION" in emitted(rig)
    assert levels(rig) == (Decimal(0), Decimal(0))


@pytest.mark.parametrize("reloaded", [False, True])
def test_change_in_the_ledger_is_answered_from_it(joined: Rig, reloaded: bool) -> None:
    """Its target is as it was before, so a second request would change it again."""
    position = opened(joined)
    order = modify(position, sl="1.09000")
    joined.send(joined.peer.command(order))
    joined.run(300)
    answer = joined.peer.reports_of(CommandReport)[-2:]
    joined.broker.manual_modify(position=position, sl=Decimal(0))
    if reloaded:
        joined.restart()
        joined.join()
    joined.peer.forget()
    joined.send(joined.peer.command(order, attempt=2))
    joined.run(300)
    assert len(joined.broker.sends()) == 2
    assert [report.stage for report in answer] == [CommandStage.SUBMITTED, CommandStage.RESULT]
    assert joined.peer.reports_of(CommandReport) == answer


def test_status_reply_of_an_unanswered_change_reports_the_position(joined: Rig) -> None:
    position = opened(joined)
    joined.broker.add_rule(UNANSWERED)
    order = modify(position, sl="1.09000")
    joined.send(joined.peer.command(order))
    joined.run(500)
    joined.peer.forget()
    joined.send(joined.peer.status_request(order, request_no=4))
    joined.run(100)
    assert emitted(joined) == ["submitted", "result", "PositionReport", "status_reply"]
    status_reply = last(joined)
    assert isinstance(status_reply, CommandReport)
    assert (status_reply.found, status_reply.request_no) == (Found.NOTHING, 4)
    assert joined.peer.reports_of(PositionReport)[0].stop_loss == SL
    assert len(joined.broker.sends()) == 2


def test_status_request_of_a_change_to_a_closed_position_reports_its_deals(joined: Rig) -> None:
    position = opened(joined)
    joined.broker.add_rule(UNANSWERED)
    order = modify(position, sl="1.09000")
    joined.send(joined.peer.command(order))
    joined.run(500)
    joined.broker.manual_close(position)
    joined.run(500)
    joined.peer.forget()
    joined.send(joined.peer.status_request(order))
    joined.run(100)
    assert emitted(joined) == ["submitted", "result", "DealReport", "DealReport", "status_reply"]


def test_status_request_of_a_change_without_a_connection_is_unsearched(joined: Rig) -> None:
    position = opened(joined)
    joined.broker.add_rule(UNANSWERED)
    order = modify(position, sl="1.09000")
    joined.send(joined.peer.command(order))
    joined.run(500)
    joined.broker.disconnect()
    joined.peer.forget()
    joined.send(joined.peer.status_request(order))
    joined.turn()
    status_reply = last(joined)
    assert isinstance(status_reply, CommandReport)
    assert (status_reply.stage, status_reply.found) == (CommandStage.STATUS_REPLY, Found.UNSEARCHED)


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


@pytest.mark.parametrize(
    ("place", "sends", "stages"),
    [
        ("terminal.intent_written", 1, ["submitted", "PositionReport", "status_reply"]),
        ("terminal.order_sent", 2, ["submitted", "PositionReport", "status_reply"]),
        ("terminal.result_written", 2, ["submitted", "result", "PositionReport", "status_reply"]),
    ],
)
def test_crash_around_a_change_never_sends_twice(
    joined: Rig, crash_at: list[str], place: str, sends: int, stages: list[str]
) -> None:
    position = opened(joined)
    order = modify(position, sl="1.09000")
    crash_at.append(place)
    joined.send(joined.peer.command(order))
    with pytest.raises(Crash):
        joined.run(100)
    joined.restart()
    joined.join()
    joined.peer.forget()
    joined.send(joined.peer.status_request(order))
    joined.send(joined.peer.command(order, attempt=2))
    joined.turn()
    assert emitted(joined)[-len(stages) :] == stages
    joined.run(500)
    assert len(joined.broker.sends()) == sends


def test_status_request_of_an_unknown_change_is_answered_no_intent(joined: Rig) -> None:
    position = opened(joined)
    joined.send(joined.peer.status_request(modify(position, sl="1.09000")))
    joined.run(100)
    assert emitted(joined) == ["NO_INTENT"]


def test_manual_position_may_be_changed(joined: Rig) -> None:
    ticket = joined.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    joined.send(joined.peer.command(modify(ticket, sl="1.09000")))
    joined.run(500)
    assert levels(joined)[0] == SL
    assert joined.broker.sends()[-1].request.magic == 0
