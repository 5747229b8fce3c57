"""Commands about pending orders: placed, changed, cancelled, and reported at once."""

from decimal import Decimal
from typing import Literal

import pytest
from msgspec.structs import replace

from bridge.core.director.contract import OrderType, TimeInForce
from bridge.core.link.messages import Command, CommandKind, Order, encode
from bridge.core.link.reports import (
    CommandReport,
    CommandStage,
    DealReport,
    Found,
    NotSentReason,
    OrderReport,
    ScanReport,
)
from bridge.core.units.mt5_terms import OrderState, Side
from bridge.simulator.broker.fault_rules import Fills, LoseAnswer, Match, MoveMarket, Reject, Rule, SendKind
from bridge.simulator.broker.scenario import Scenario, SymbolTerms
from bridge.simulator.mt5 import types
from bridge.simulator.mt5.types import OrderFilling, OrderTime, Retcode, TradeAction
from tests.sidecar_peer import open_order
from tests.unit.simulator.terminal.rig import START_MS, JoinWith, Rig

OPENER, CHANGE = 1001, 1002


def pending(order_type: OrderType = OrderType.LIMIT, price: str = "1.09000", **fields: object) -> Order:
    """Return a pending BUY order. EURUSD is at 1.09500/1.09510."""
    order = Order(
        client_order_id=OPENER,
        kind=CommandKind.OPEN,
        symbol="EURUSD",
        side=Side.BUY,
        volume=Decimal("0.10"),
        order_type=order_type,
        price=Decimal(price),
        comment="test",
    )
    return replace(order, **fields)


def change(kind: CommandKind, ticket: int, **fields: object) -> Order:
    """Return a MODIFY or CANCEL of the bridge's pending order."""
    order = Order(
        client_order_id=CHANGE,
        kind=kind,
        symbol="EURUSD",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        order=ticket,
        opener=OPENER,
    )
    return replace(order, **fields)


def ask(rig: Rig, order: Order, *, expires_server_ms: int = 0) -> CommandReport:
    """Send the command; return the answer."""
    command = Command(
        epoch=rig.peer.epoch,
        attempt=1,
        deadline_ms=10**9,
        order=order,
        expires_server_ms=expires_server_ms,
    )
    rig.send(encode(command))
    rig.turn()
    rig.turn()
    return [
        report
        for report in rig.peer.reports_of(CommandReport)
        if report.client_order_id == order.client_order_id
    ][-1]


def placed(rig: Rig, order: Order | None = None) -> types.Order:
    """Place a pending order; return it as the broker has it."""
    answer = ask(rig, order or pending())
    assert answer.retcode in (Retcode.DONE, Retcode.PLACED), answer
    rig.run(500)
    rig.peer.forget()
    (live,) = rig.broker.orders()
    return live


def emitted(rig: Rig) -> list[str]:
    """Return the reports in the order of arrival, without scans: stages of commands, states of orders."""
    return [
        str(report.reason or report.stage)
        if isinstance(report, CommandReport)
        else str(report.state)
        if isinstance(report, OrderReport)
        else type(report).__name__
        for report in rig.peer.reports
        if not isinstance(report, ScanReport)
    ]


@pytest.mark.parametrize(
    ("order", "type"),
    [
        (pending(OrderType.LIMIT, "1.09000"), types.OrderType.BUY_LIMIT),
        (pending(OrderType.STOP, "1.10000"), types.OrderType.BUY_STOP),
        (
            pending(OrderType.STOP_LIMIT, "1.10000", limit_price=Decimal("1.09900")),
            types.OrderType.BUY_STOP_LIMIT,
        ),
        (pending(OrderType.LIMIT, "1.10000", side=Side.SELL), types.OrderType.SELL_LIMIT),
        (pending(OrderType.STOP, "1.09000", side=Side.SELL), types.OrderType.SELL_STOP),
        (
            pending(OrderType.STOP_LIMIT, "1.09000", side=Side.SELL, limit_price=Decimal("1.09100")),
            types.OrderType.SELL_STOP_LIMIT,
        ),
    ],
)
def test_every_order_type_is_placed(joined: Rig, order: Order, type: types.OrderType) -> None:
    answer = ask(joined, order)
    assert (answer.stage, answer.retcode) == ("result", Retcode.DONE)
    request = joined.broker.sends()[0].request
    assert (request.action, request.type, request.magic) == (TradeAction.PENDING, type, OPENER)
    assert (request.price, request.stoplimit) == (order.price, order.limit_price or Decimal(0))
    assert (request.type_time, request.expiration, request.deviation) == (OrderTime.GTC, 0, 0)
    joined.run(500)
    seen = joined.peer.reports_of(OrderReport)[-1]
    assert (seen.ticket, seen.state, seen.type, seen.magic) == (
        answer.order,
        OrderState.PLACED,
        type.name,
        OPENER,
    )
    assert (seen.price, seen.limit_price) == (order.price, order.limit_price)


def test_fill_is_reported_with_the_magic(joined: Rig) -> None:
    live = placed(joined)
    joined.broker.set_quote("EURUSD", Decimal("1.08980"), Decimal("1.08990"))
    joined.run(500)
    (deal,) = joined.peer.reports_of(DealReport)
    assert (deal.order, deal.magic) == (live.ticket, OPENER)
    assert joined.peer.reports_of(OrderReport)[-1].state is OrderState.FILLED


@pytest.mark.parametrize(
    ("named", "filling"), [(("FOK", "IOC"), OrderFilling.IOC), ((), OrderFilling.RETURN)]
)
def test_filling_mode_is_one_that_the_symbol_names(
    join_with: JoinWith, named: tuple[Literal["FOK", "IOC"], ...], filling: OrderFilling
) -> None:
    terms = SymbolTerms(name="EURUSD", filling=named)
    rig = join_with(Scenario(symbols=(terms,)))
    ask(rig, pending())
    assert rig.broker.sends()[0].request.type_filling is filling


def test_expiry_is_sent_in_server_time(joined: Rig) -> None:
    ends = START_MS + 3_600_000
    gtd = pending(time_in_force=TimeInForce.GTD, expires_ms=ends - 7_200_000)
    ask(joined, gtd, expires_server_ms=ends + 700)
    request = joined.broker.sends()[0].request
    assert (request.type_time, request.expiration) == (OrderTime.SPECIFIED, ends)
    joined.run(500)
    assert joined.peer.reports_of(OrderReport)[-1].expires_server_ms == ends
    passed = replace(gtd, client_order_id=1005)
    answer = ask(joined, passed, expires_server_ms=START_MS)
    assert (answer.stage, answer.retcode) == ("result", Retcode.INVALID_EXPIRATION)


def test_spread_wider_than_the_command_allows_is_not_sent(joined: Rig) -> None:
    answer = ask(joined, pending(max_spread_points=9))
    assert (answer.reason, answer.retcode) == (NotSentReason.CHECK, 0)
    assert answer.message == "the spread is 10 points; at most 9 are allowed"
    assert ask(joined, pending(max_spread_points=10, client_order_id=1005)).stage == "result"


def test_change_keeps_the_fields_that_it_does_not_name(joined: Rig) -> None:
    ends = START_MS + 3_600_000
    order = pending(
        OrderType.STOP_LIMIT,
        "1.10000",
        limit_price=Decimal("1.09900"),
        stop_loss=Decimal("1.09000"),
        take_profit=Decimal("1.11000"),
        time_in_force=TimeInForce.GTD,
    )
    ask(joined, order, expires_server_ms=ends)
    joined.run(500)
    joined.peer.forget()
    (live,) = joined.broker.orders()
    moved = change(CommandKind.MODIFY, live.ticket, price=Decimal("1.10100"), take_profit=Decimal(0))
    assert ask(joined, moved).stage == "result"
    request = joined.broker.sends()[-1].request
    assert (request.action, request.order, request.magic) == (TradeAction.MODIFY, live.ticket, OPENER)
    assert (request.price, request.stoplimit) == (Decimal("1.10100"), Decimal("1.09900"))
    assert (request.sl, request.tp) == (Decimal("1.09000"), Decimal(0))
    assert (request.type_time, request.expiration) == (OrderTime.SPECIFIED, ends)
    assert (request.symbol, request.type_filling, request.volume) == ("EURUSD", live.type_filling, Decimal(0))
    assert emitted(joined) == ["received", "submitted", "result", "PLACED"]
    seen = joined.peer.reports_of(OrderReport)[-1]
    assert (seen.price, seen.limit_price, seen.take_profit) == (Decimal("1.10100"), Decimal("1.09900"), None)
    joined.peer.forget()
    joined.run(1_000)
    assert emitted(joined) == []


def test_change_back_to_an_earlier_price_is_reported(joined: Rig) -> None:
    live = placed(joined)
    for price in ("1.08000", "1.09000"):
        joined.broker.manual_modify(order=live.ticket, price=Decimal(price))
        joined.run(500)
    assert [str(report.price) for report in joined.peer.reports_of(OrderReport)] == ["1.08000", "1.09000"]


def test_unchanged_order_is_refused_by_the_broker(joined: Rig) -> None:
    live = placed(joined)
    answer = ask(joined, change(CommandKind.MODIFY, live.ticket, price=Decimal("1.09000")))
    assert (answer.stage, answer.retcode) == ("result", Retcode.NO_CHANGES)
    assert emitted(joined) == ["received", "submitted", "result", "PLACED"]


def test_cancel_removes_the_order(joined: Rig) -> None:
    live = placed(joined)
    assert ask(joined, change(CommandKind.CANCEL, live.ticket)).stage == "result"
    request = joined.broker.sends()[-1].request
    assert request == types.TradeRequest(action=TradeAction.REMOVE, order=live.ticket)
    assert emitted(joined) == ["received", "submitted", "result", "CANCELED"]
    assert joined.broker.orders() == []


@pytest.mark.parametrize("kind", [CommandKind.MODIFY, CommandKind.CANCEL])
def test_missing_order_is_reported_before_the_refusal(joined: Rig, kind: CommandKind) -> None:
    live = placed(joined)
    joined.broker.manual_cancel(live.ticket)
    answer = ask(joined, change(kind, live.ticket, price=Decimal("1.08000")))
    assert (answer.reason, answer.message) == (
        NotSentReason.NO_ORDER,
        f"there is no pending order {live.ticket}",
    )
    assert emitted(joined)[:3] == ["received", "CANCELED", "NO_ORDER"]
    assert len(joined.broker.sends()) == 1


@pytest.mark.parametrize("opener", [OPENER, 0])
@pytest.mark.parametrize("kind", [CommandKind.MODIFY, CommandKind.CANCEL])
def test_order_of_somebody_else_is_not_changed(joined: Rig, kind: CommandKind, opener: int) -> None:
    ticket = joined.broker.manual_pending(
        "EURUSD", types.OrderType.BUY_LIMIT, Decimal("0.10"), Decimal("1.09000")
    )
    answer = ask(joined, change(kind, ticket, price=Decimal("1.08000"), opener=opener))
    assert (answer.reason, answer.message) == (NotSentReason.NO_ORDER, f"order {ticket} is not ours")
    assert [order.price_open for order in joined.broker.orders()] == [Decimal("1.09000")]
    assert joined.broker.sends() == []


@pytest.mark.parametrize("reloaded", [False, True])
@pytest.mark.parametrize("kind", [CommandKind.MODIFY, CommandKind.CANCEL])
def test_change_in_the_ledger_is_answered_from_it(joined: Rig, kind: CommandKind, reloaded: bool) -> None:
    """Its target is as it was before, so a second request would change it again."""
    live = placed(joined)
    order = change(kind, live.ticket, price=Decimal("1.08000"))
    if kind is CommandKind.CANCEL:
        joined.broker.add_rule(Rule(effect=Reject(retcode=Retcode.MARKET_CLOSED)))
    ask(joined, order)
    answer = joined.peer.reports_of(CommandReport)[-2:]
    if kind is CommandKind.MODIFY:
        joined.broker.manual_modify(order=live.ticket, price=Decimal("1.09000"))
    if reloaded:
        joined.restart()
        joined.join()
    joined.peer.forget()
    joined.send(joined.peer.command(order, attempt=2))
    joined.run(300)
    assert len(joined.broker.sends()) == 2
    assert [report.stage for report in answer] == [CommandStage.SUBMITTED, CommandStage.RESULT]
    assert joined.peer.reports_of(CommandReport) == answer


def test_status_request_of_an_unanswered_placing_reports_the_order(joined: Rig) -> None:
    joined.broker.add_rule(Rule(effect=LoseAnswer(retcode=None)))
    ask(joined, pending())
    joined.run(500)
    joined.peer.forget()
    joined.send(joined.peer.status_request(pending()))
    joined.turn()
    assert emitted(joined) == ["submitted", "result", "PLACED"]


def test_status_request_of_an_unanswered_cancel_reports_the_order(joined: Rig) -> None:
    live = placed(joined)
    joined.broker.add_rule(Rule(effect=LoseAnswer(retcode=None), match=Match(kind=SendKind.REMOVE)))
    cancel = change(CommandKind.CANCEL, live.ticket)
    ask(joined, cancel)
    joined.run(500)
    joined.peer.forget()
    joined.send(joined.peer.status_request(cancel))
    joined.turn()
    assert emitted(joined) == ["submitted", "result", "CANCELED", "status_reply"]
    assert joined.peer.reports_of(CommandReport)[-1].found is Found.NOTHING
    assert len(joined.broker.sends()) == 2


def test_order_without_a_quote_is_refused_by_the_broker(joined: Rig) -> None:
    live = placed(joined)
    quotes = joined.broker.state.trade.quotes
    quotes["EURUSD"] = replace(quotes["EURUSD"], bid=Decimal(0), ask=Decimal(0))
    answer = ask(joined, pending(client_order_id=1005))
    assert (answer.stage, answer.retcode) == ("result", Retcode.PRICE_OFF)
    assert ask(joined, change(CommandKind.CANCEL, live.ticket)).stage == "result"
    assert joined.broker.orders() == []


@pytest.mark.parametrize(
    ("order", "retcode"),
    [
        (pending(OrderType.LIMIT, "1.09000"), Retcode.INVALID_ORDER),
        (pending(OrderType.STOP, "1.09530"), Retcode.INVALID_PRICE),
        (pending(OrderType.STOP, "1.10000", volume=Decimal("0.015")), Retcode.INVALID_VOLUME),
        (pending(OrderType.STOP, "1.10000", time_in_force=TimeInForce.DAY), Retcode.INVALID_EXPIRATION),
    ],
)
def test_pending_order_that_the_symbol_does_not_allow_is_refused_by_the_broker(
    join_with: JoinWith, order: Order, retcode: Retcode
) -> None:
    terms = SymbolTerms(name="EURUSD", orders=("MARKET", "STOP"), stops_level=50, expiration=("GTC",))
    rig = join_with(Scenario(symbols=(terms,)))
    answer = ask(rig, order)
    assert (answer.stage, answer.retcode) == ("result", retcode)
    assert rig.broker.orders() == []


def test_order_whose_symbol_was_renamed_is_cancelled(joined: Rig) -> None:
    live = placed(joined)
    joined.broker.rename_symbol("EURUSD", "EURUSD.r")
    ask(joined, change(CommandKind.CANCEL, live.ticket))
    assert joined.broker.orders() == []


def test_remainder_of_a_market_order_is_cancelled(join_with: JoinWith) -> None:
    terms = SymbolTerms(name="EURUSD", execution="EXCHANGE", filling=(), freeze_level=30)
    rig = join_with(Scenario(symbols=(terms,)))
    rig.broker.add_rule(Rule(effect=Fills(volumes=(Decimal("0.04"),))))
    ask(rig, open_order(OPENER))
    rig.run(500)
    (live,) = rig.broker.orders()
    assert (live.state.name, live.volume_current) == ("PARTIAL", Decimal("0.06"))
    assert rig.peer.reports_of(OrderReport)[-1].volume_current == Decimal("0.06")
    rig.peer.forget()
    assert ask(rig, change(CommandKind.CANCEL, live.ticket)).stage == "result"
    assert emitted(rig) == ["received", "submitted", "result", "CANCELED"]


def test_market_that_moves_before_the_send_is_judged_by_the_broker(joined: Rig) -> None:
    away = MoveMarket(bid=Decimal("1.08000"), ask=Decimal("1.08010"))
    joined.broker.add_rule(Rule(effect=away))
    answer = ask(joined, pending())
    assert (answer.stage, answer.retcode) == ("result", Retcode.INVALID_PRICE)
    assert joined.broker.orders() == []
