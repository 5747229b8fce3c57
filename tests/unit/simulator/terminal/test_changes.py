"""Changes of a position's levels: what they carry on, what they leave alone, and what is seen after them."""

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
)
from bridge.core.units.mt5_terms import MarginMode, Side
from bridge.simulator.broker.fault_rules import LoseAnswer, Match, MoveMarket, Reject, Rule, SendKind
from bridge.simulator.broker.scenario import AccountTerms, Scenario, SymbolTerms
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
    """New levels for a position."""
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
    """A long position of the terminal's, without levels; its identifier."""
    rig.say(rig.peer.command(open_order(OPENER)))
    rig.run(500)
    (position,) = rig.broker.positions()
    rig.peer.forget()
    return position.identifier


def levels(rig: Rig) -> tuple[Decimal, Decimal]:
    (position,) = rig.broker.positions()
    return position.sl, position.tp


def emitted(rig: Rig) -> list[str]:
    """The reports in the order of arrival: stages of commands, kinds of the others."""
    return [
        str(report.reason or report.stage) if isinstance(report, CommandReport) else type(report).__name__
        for report in rig.peer.reports
    ]


def last(rig: Rig) -> AnyReport:
    return rig.peer.reports[-1]


def test_a_change_carries_the_positions_magic_and_is_seen_at_once(joined: Rig) -> None:
    position = opened(joined)
    joined.say(joined.peer.command(modify(position, sl="1.09000", tp="1.10000")))
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
    assert not joined.peer.reports, "what was told once is not told again"


def test_none_leaves_a_level_and_0_takes_it_away(joined: Rig) -> None:
    position = opened(joined)
    joined.say(joined.peer.command(modify(position, sl="1.09000", tp="1.10000", client_order_id=1002)))
    joined.say(joined.peer.command(modify(position, tp="0", client_order_id=1003)))
    joined.run(500)
    assert levels(joined) == (SL, Decimal(0))
    joined.say(joined.peer.command(modify(position, sl="0", tp="1.10000", client_order_id=1004)))
    joined.run(500)
    assert levels(joined) == (Decimal(0), TP)
    assert joined.peer.reports_of(PositionReport)[-1].take_profit == TP


@pytest.mark.parametrize("sl", [None, "0"])
def test_what_is_so_already_is_not_sent_and_is_shown_first(joined: Rig, sl: str | None) -> None:
    position = opened(joined)
    joined.say(joined.peer.command(modify(position, sl=sl)))
    joined.run(500)
    assert emitted(joined) == ["received", "PositionReport", "NO_CHANGE"]
    answer = last(joined)
    assert isinstance(answer, CommandReport)
    assert answer.message == "the levels are these already"
    assert joined.ledger.find(CHANGE) is None
    assert len(joined.broker.sends()) == 1


def test_a_change_that_meets_the_stop_shows_the_deals(joined: Rig) -> None:
    position = opened(joined)
    joined.say(joined.peer.command(modify(position, sl="1.09000", client_order_id=1002)))
    joined.run(500)
    joined.peer.forget()
    hit = MoveMarket(bid=Decimal("1.08990"), ask=Decimal("1.09000"))
    joined.broker.add_rule(Rule(effect=hit, match=Match(kind=SendKind.SLTP)))
    joined.say(joined.peer.command(modify(position, sl="1.08000", client_order_id=1003)))
    joined.turn()
    joined.turn()
    assert emitted(joined)[:5] == ["received", "submitted", "result", "DealReport", "DealReport"]
    result = joined.peer.reports_of(CommandReport)[-1]
    assert (result.retcode, joined.broker.positions()) == (Retcode.POSITION_CLOSED, [])


def test_a_position_that_is_gone_is_shown_by_its_deals(joined: Rig) -> None:
    position = opened(joined)
    joined.broker.manual_close(position)
    joined.say(joined.peer.command(modify(position, sl="1.09000")))
    joined.turn()
    joined.turn()
    assert emitted(joined)[:4] == ["received", "DealReport", "DealReport", "NO_POSITION"]
    assert {deal.position_id for deal in joined.peer.reports_of(DealReport)} == {position}


def test_another_position_than_was_meant(joined: Rig) -> None:
    position = opened(joined)
    joined.say(joined.peer.command(modify(position, sl="1.09000", side=Side.SELL)))
    joined.run(500)
    answer = last(joined)
    assert isinstance(answer, CommandReport)
    assert (answer.reason, answer.message) == (
        NotSentReason.NO_POSITION,
        f"position {position} is a BUY, not a SELL",
    )
    assert levels(joined) == (Decimal(0), Decimal(0))


def test_a_refused_change_shows_what_stands(joined: Rig) -> None:
    position = opened(joined)
    joined.broker.add_rule(Rule(effect=Reject(retcode=Retcode.INVALID_STOPS)))
    joined.say(joined.peer.command(modify(position, sl="1.09000")))
    joined.run(500)
    assert emitted(joined) == ["received", "submitted", "result", "PositionReport"]
    joined.peer.forget()
    joined.say(joined.peer.status_request(modify(position, sl="1.09000")))
    joined.run(100)
    assert emitted(joined) == ["submitted", "result", "PositionReport"], "a clear outcome needs no settling"


@pytest.mark.parametrize("sl", ["1.09400", "1.09600"])
def test_stops_on_the_wrong_side_or_too_near(join_with: JoinWith, sl: str) -> None:
    rig = join_with(Scenario(symbols=(SymbolTerms(name="EURUSD", stops_level=200),)))
    position = opened(rig)
    rig.say(rig.peer.command(modify(position, sl=sl)))
    rig.run(500)
    answer = last(rig)
    assert isinstance(answer, CommandReport)
    assert (answer.reason, answer.retcode) == (NotSentReason.CHECK, Retcode.INVALID_STOPS)
    assert answer.message.startswith(f"stop loss {sl} is ") and "the bid 1.09500" in answer.message
    assert levels(rig) == (Decimal(0), Decimal(0))


def test_a_stop_that_is_about_to_be_hit_is_left_alone(join_with: JoinWith) -> None:
    rig = join_with(Scenario(symbols=(SymbolTerms(name="EURUSD", freeze_level=30),)))
    position = opened(rig)
    rig.say(rig.peer.command(modify(position, sl="1.09400", client_order_id=1002)))
    rig.run(500)
    rig.broker.set_quote("EURUSD", Decimal("1.09430"), Decimal("1.09440"))
    rig.say(rig.peer.command(modify(position, sl="1.09000", client_order_id=1003)))
    rig.run(500)
    answer = last(rig)
    assert isinstance(answer, CommandReport)
    assert (answer.retcode, answer.message) == (
        Retcode.FROZEN,
        f"position {position} is frozen: its stop loss 1.09400 is 30 points from the bid 1.09430; "
        "this symbol freezes it within 30",
    )
    # The broker does not close it either, and is left to say so itself.
    close = open_order(1004, kind=CommandKind.CLOSE, side=Side.SELL, position=position)
    rig.say(rig.peer.command(close))
    rig.run(500)
    answer = last(rig)
    assert isinstance(answer, CommandReport)
    assert answer.message.startswith("OrderCheck refused it")


def test_no_more_is_closed_than_is_open(joined: Rig) -> None:
    position = opened(joined)
    joined.broker.manual_close(position, Decimal("0.04"))
    close = open_order(1002, kind=CommandKind.CLOSE, side=Side.SELL, position=position)
    joined.say(joined.peer.command(close))
    joined.run(500)
    assert joined.broker.sends()[-1].request.volume == Decimal("0.06")
    assert joined.broker.positions() == []


@pytest.mark.parametrize("mode", [MarginMode.RETAIL_NETTING, MarginMode.EXCHANGE])
def test_a_close_turns_no_netted_position_round(join_with: JoinWith, mode: MarginMode) -> None:
    rig = join_with(Scenario(account=AccountTerms(margin_mode=mode)))
    position = opened(rig)
    rig.broker.manual_open("EURUSD", OrderType.SELL, Decimal("0.04"))
    close = open_order(1002, kind=CommandKind.CLOSE, side=Side.SELL, position=position)
    rig.say(rig.peer.command(close))
    rig.run(500)
    request = rig.broker.sends()[-1].request
    assert (request.volume, request.position) == (Decimal("0.06"), position)
    assert rig.broker.positions() == []


def test_a_position_that_was_turned_round_is_not_the_one_that_was_meant(join_with: JoinWith) -> None:
    rig = join_with(Scenario(account=AccountTerms(margin_mode=MarginMode.RETAIL_NETTING)))
    position = opened(rig)
    rig.broker.manual_open("EURUSD", OrderType.SELL, Decimal("0.30"))
    rig.say(rig.peer.command(modify(position, sl="1.09000")))
    rig.run(500)
    assert "NO_POSITION" in emitted(rig)
    assert levels(rig) == (Decimal(0), Decimal(0))


@pytest.mark.parametrize("reloaded", [False, True])
def test_a_change_in_the_ledger_is_answered_from_it(joined: Rig, reloaded: bool) -> None:
    """Its target is as it was before, so a second request would change it again."""
    position = opened(joined)
    order = modify(position, sl="1.09000")
    joined.say(joined.peer.command(order))
    joined.run(300)
    answer = joined.peer.reports_of(CommandReport)[-2:]
    joined.broker.manual_modify(position=position, sl=Decimal(0))
    if reloaded:
        joined.restart()
        joined.join()
    joined.peer.forget()
    joined.say(joined.peer.command(order, attempt=2))
    joined.run(300)
    assert len(joined.broker.sends()) == 2
    assert [report.stage for report in answer] == [CommandStage.SUBMITTED, CommandStage.RESULT]
    assert joined.peer.reports_of(CommandReport) == answer


def test_a_change_without_an_answer_is_settled_by_what_stands(joined: Rig) -> None:
    position = opened(joined)
    joined.broker.add_rule(UNANSWERED)
    order = modify(position, sl="1.09000")
    joined.say(joined.peer.command(order))
    joined.run(500)
    joined.peer.forget()
    joined.say(joined.peer.status_request(order, request_no=4))
    joined.run(100)
    assert emitted(joined) == ["submitted", "result", "PositionReport", "status_reply"]
    status_reply = last(joined)
    assert isinstance(status_reply, CommandReport)
    assert (status_reply.found, status_reply.request_no) == (Found.NOTHING, 4)
    assert joined.peer.reports_of(PositionReport)[0].stop_loss == SL
    assert len(joined.broker.sends()) == 2


def test_a_status_request_of_a_change_to_a_position_that_is_gone(joined: Rig) -> None:
    position = opened(joined)
    joined.broker.add_rule(UNANSWERED)
    order = modify(position, sl="1.09000")
    joined.say(joined.peer.command(order))
    joined.run(500)
    joined.broker.manual_close(position)
    joined.run(500)
    joined.peer.forget()
    joined.say(joined.peer.status_request(order))
    joined.run(100)
    assert emitted(joined) == ["submitted", "result", "DealReport", "DealReport", "status_reply"]


def test_a_status_request_of_a_change_while_the_broker_is_away(joined: Rig) -> None:
    position = opened(joined)
    joined.broker.add_rule(UNANSWERED)
    order = modify(position, sl="1.09000")
    joined.say(joined.peer.command(order))
    joined.run(500)
    joined.broker.disconnect()
    joined.peer.forget()
    joined.say(joined.peer.status_request(order))
    joined.turn()
    status_reply = last(joined)
    assert isinstance(status_reply, CommandReport)
    assert (status_reply.stage, status_reply.found) == (CommandStage.STATUS_REPLY, Found.UNSEARCHED)


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
def dies_at() -> Iterator[list[str]]:
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
def test_a_crash_around_the_change(
    joined: Rig, dies_at: list[str], place: str, sends: int, stages: list[str]
) -> None:
    position = opened(joined)
    order = modify(position, sl="1.09000")
    dies_at.append(place)
    joined.say(joined.peer.command(order))
    with pytest.raises(Crash):
        joined.run(100)
    joined.restart()
    joined.join()
    joined.peer.forget()
    joined.say(joined.peer.status_request(order))
    joined.say(joined.peer.command(order, attempt=2))
    joined.turn()
    assert emitted(joined)[-len(stages) :] == stages
    joined.run(500)
    assert len(joined.broker.sends()) == sends


def test_a_status_request_without_an_intent_stays_as_it_was(joined: Rig) -> None:
    position = opened(joined)
    joined.say(joined.peer.status_request(modify(position, sl="1.09000")))
    joined.run(100)
    assert emitted(joined) == ["NO_INTENT"]


def test_a_manual_made_position_may_be_changed_too(joined: Rig) -> None:
    ticket = joined.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    joined.say(joined.peer.command(modify(ticket, sl="1.09000")))
    joined.run(500)
    assert levels(joined)[0] == SL
    assert joined.broker.sends()[-1].request.magic == 0
