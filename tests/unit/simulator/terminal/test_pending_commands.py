"""Pending orders by command: placed in the symbol's terms, changed, cancelled, and seen at once."""

from decimal import Decimal

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
    """A BUY order that waits. EURUSD stands at 1.09500/1.09510."""
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
    """A MODIFY or CANCEL of a pending order of ours."""
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
    """Let it be done; the answer."""
    command = Command(
        epoch=rig.peer.epoch,
        attempt=1,
        deadline_ms=10**9,
        order=order,
        expires_server_ms=expires_server_ms,
    )
    rig.say(encode(command))
    rig.turn()
    rig.turn()
    return [
        report
        for report in rig.peer.reports_of(CommandReport)
        if report.client_order_id == order.client_order_id
    ][-1]


def placed(rig: Rig, order: Order | None = None) -> types.Order:
    """A pending order of ours that lives."""
    answer = ask(rig, order or pending())
    assert answer.retcode in (Retcode.DONE, Retcode.PLACED), answer
    rig.run(500)
    rig.peer.forget()
    (live,) = rig.broker.orders()
    return live


def emitted(rig: Rig) -> list[str]:
    """The reports in the order of arrival, of orders with their state."""
    return [
        str(report.reason or report.stage)
        if isinstance(report, CommandReport)
        else str(report.state)
        if isinstance(report, OrderReport)
        else type(report).__name__
        for report in rig.peer.reports
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
def test_every_kind_is_placed(joined: Rig, order: Order, type: types.OrderType) -> None:
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


def test_its_fill_is_emitted_by_its_magic(joined: Rig) -> None:
    live = placed(joined)
    joined.broker.set_quote("EURUSD", Decimal("1.08980"), Decimal("1.08990"))
    joined.run(500)
    (deal,) = joined.peer.reports_of(DealReport)
    assert (deal.order, deal.magic) == (live.ticket, OPENER)
    assert joined.peer.reports_of(OrderReport)[-1].state is OrderState.FILLED


@pytest.mark.parametrize(
    ("execution", "filling"), [("MARKET", OrderFilling.IOC), ("EXCHANGE", OrderFilling.RETURN)]
)
def test_the_filling(join_with: JoinWith, execution: str, filling: OrderFilling) -> None:
    terms = replace(SymbolTerms(name="EURUSD"), execution=execution)
    rig = join_with(Scenario(symbols=(terms,)))
    ask(rig, pending())
    assert rig.broker.sends()[0].request.type_filling is filling


def test_an_expiry_in_the_brokers_time(joined: Rig) -> None:
    ends = START_MS + 3_600_000
    gtd = pending(time_in_force=TimeInForce.GTD, expires_ms=ends - 7_200_000)
    ask(joined, gtd, expires_server_ms=ends + 700)
    request = joined.broker.sends()[0].request
    assert (request.type_time, request.expiration) == (OrderTime.SPECIFIED, ends)
    joined.run(500)
    assert joined.peer.reports_of(OrderReport)[-1].expires_server_ms == ends
    passed = replace(gtd, client_order_id=1005)
    answer = ask(joined, passed, expires_server_ms=START_MS)
    assert (answer.reason, answer.retcode) == (NotSentReason.CHECK, Retcode.INVALID_EXPIRATION)


def test_what_the_symbol_does_not_take(join_with: JoinWith) -> None:
    terms = SymbolTerms(name="EURUSD", orders=("MARKET", "STOP"), stops_level=50)
    rig = join_with(Scenario(symbols=(terms,)))
    answer = ask(rig, pending())
    assert (answer.reason, answer.retcode) == (NotSentReason.CHECK, Retcode.INVALID_ORDER)
    assert answer.message == "EURUSD takes no LIMIT orders; it takes MARKET, STOP"
    near = ask(rig, pending(OrderType.STOP, "1.09530", client_order_id=1005))
    assert (near.reason, near.retcode, near.message) == (
        NotSentReason.CHECK,
        Retcode.INVALID_PRICE,
        "price 1.09530 is 20 points from the ask 1.09510; this symbol wants at least 50",
    )
    assert rig.broker.sends() == []


def test_a_closed_market(joined: Rig) -> None:
    joined.broker.set_session("EURUSD", False)
    answer = ask(joined, pending())
    assert (answer.retcode, answer.message) == (Retcode.MARKET_CLOSED, "the market for EURUSD is closed")


def test_the_orders_own_spread(joined: Rig) -> None:
    answer = ask(joined, pending(max_spread_points=9))
    assert (answer.reason, answer.retcode) == (NotSentReason.CHECK, 0)
    assert answer.message == "the spread is 10 points; at most 9 are allowed"
    assert ask(joined, pending(max_spread_points=10, client_order_id=1005)).stage == "result"


def test_a_change_keeps_what_it_does_not_name(joined: Rig) -> None:
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
    assert not joined.peer.reports


def test_a_change_back_is_emitted_as_well(joined: Rig) -> None:
    live = placed(joined)
    for price in ("1.08000", "1.09000"):
        joined.broker.manual_modify(order=live.ticket, price=Decimal(price))
        joined.run(500)
    assert [str(report.price) for report in joined.peer.reports_of(OrderReport)] == ["1.08000", "1.09000"]


def test_a_change_to_what_is_so_already(joined: Rig) -> None:
    live = placed(joined)
    answer = ask(joined, change(CommandKind.MODIFY, live.ticket, price=Decimal("1.09000")))
    assert (answer.reason, answer.message) == (NotSentReason.NO_CHANGE, "the levels are these already")
    assert emitted(joined) == ["received", "PLACED", "NO_CHANGE"]
    assert joined.ledger.find(CHANGE) is None


def test_an_order_is_cancelled(joined: Rig) -> None:
    live = placed(joined)
    assert ask(joined, change(CommandKind.CANCEL, live.ticket)).stage == "result"
    request = joined.broker.sends()[-1].request
    assert request == types.TradeRequest(action=TradeAction.REMOVE, order=live.ticket)
    assert emitted(joined) == ["received", "submitted", "result", "CANCELED"]
    assert joined.broker.orders() == []


@pytest.mark.parametrize("kind", [CommandKind.MODIFY, CommandKind.CANCEL])
def test_an_order_that_is_gone_is_shown_first(joined: Rig, kind: CommandKind) -> None:
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
def test_an_order_that_is_not_ours_is_left_alone(joined: Rig, kind: CommandKind, opener: int) -> None:
    ticket = joined.broker.manual_pending(
        "EURUSD", types.OrderType.BUY_LIMIT, Decimal("0.10"), Decimal("1.09000")
    )
    answer = ask(joined, change(kind, ticket, price=Decimal("1.08000"), opener=opener))
    assert (answer.reason, answer.message) == (NotSentReason.NO_ORDER, f"order {ticket} is not ours")
    assert [order.price_open for order in joined.broker.orders()] == [Decimal("1.09000")]
    assert joined.broker.sends() == []


@pytest.mark.parametrize("kind", [CommandKind.MODIFY, CommandKind.CANCEL])
def test_an_order_that_is_about_to_be_reached_is_left_alone(join_with: JoinWith, kind: CommandKind) -> None:
    rig = join_with(Scenario(symbols=(SymbolTerms(name="EURUSD", freeze_level=30),)))
    live = placed(rig)
    rig.broker.set_quote("EURUSD", Decimal("1.09020"), Decimal("1.09030"))
    answer = ask(rig, change(kind, live.ticket, price=Decimal("1.08000")))
    assert (answer.reason, answer.retcode, answer.message) == (
        NotSentReason.CHECK,
        Retcode.FROZEN,
        f"order {live.ticket} is frozen: its price 1.09000 is 30 points from the ask 1.09030; "
        "this symbol freezes it within 30",
    )


@pytest.mark.parametrize("reloaded", [False, True])
@pytest.mark.parametrize("kind", [CommandKind.MODIFY, CommandKind.CANCEL])
def test_a_change_in_the_ledger_is_answered_from_it(joined: Rig, kind: CommandKind, reloaded: bool) -> None:
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
    joined.say(joined.peer.command(order, attempt=2))
    joined.run(300)
    assert len(joined.broker.sends()) == 2
    assert [report.stage for report in answer] == [CommandStage.SUBMITTED, CommandStage.RESULT]
    assert joined.peer.reports_of(CommandReport) == answer


def test_a_placing_without_an_answer_is_settled_by_the_order(joined: Rig) -> None:
    joined.broker.add_rule(Rule(effect=LoseAnswer(retcode=None)))
    ask(joined, pending())
    joined.run(500)
    joined.peer.forget()
    joined.say(joined.peer.status_request(pending()))
    joined.turn()
    assert emitted(joined) == ["submitted", "result", "PLACED"]


def test_a_cancel_without_an_answer_is_settled_by_what_stands(joined: Rig) -> None:
    live = placed(joined)
    joined.broker.add_rule(Rule(effect=LoseAnswer(retcode=None), match=Match(kind=SendKind.REMOVE)))
    cancel = change(CommandKind.CANCEL, live.ticket)
    ask(joined, cancel)
    joined.run(500)
    joined.peer.forget()
    joined.say(joined.peer.status_request(cancel))
    joined.turn()
    assert emitted(joined) == ["submitted", "result", "CANCELED", "status_reply"]
    assert joined.peer.reports_of(CommandReport)[-1].found is Found.NOTHING
    assert len(joined.broker.sends()) == 2


def test_without_a_quote_nothing_is_placed_but_cancelled(joined: Rig) -> None:
    live = placed(joined)
    quotes = joined.broker.state.trade.quotes
    quotes["EURUSD"] = replace(quotes["EURUSD"], bid=Decimal(0), ask=Decimal(0))
    answer = ask(joined, pending(client_order_id=1005))
    assert (answer.reason, answer.message) == (NotSentReason.SYMBOL, "there is no quote for EURUSD")
    assert ask(joined, change(CommandKind.CANCEL, live.ticket)).stage == "result"
    assert joined.broker.orders() == []


def test_an_order_in_another_symbol_than_was_meant(joined: Rig) -> None:
    live = placed(joined)
    answer = ask(joined, change(CommandKind.CANCEL, live.ticket, symbol="GBPUSD"))
    assert (answer.reason, answer.message) == (NotSentReason.NO_ORDER, f"order {live.ticket} is in EURUSD")
    assert len(joined.broker.orders()) == 1


def test_what_is_left_of_a_market_order_is_cancelled(join_with: JoinWith) -> None:
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


def test_a_market_that_moves_meanwhile_is_the_brokers_to_judge(joined: Rig) -> None:
    away = MoveMarket(bid=Decimal("1.08000"), ask=Decimal("1.08010"))
    joined.broker.add_rule(Rule(effect=away))
    answer = ask(joined, pending())
    assert (answer.stage, answer.retcode) == ("result", Retcode.INVALID_PRICE)
    assert joined.broker.orders() == []
