"""P: pending orders."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.core.director.contract import EventType
from bridge.core.trade.command_states import CommandState
from bridge.simulator.broker.fault_rules import Latency
from bridge.simulator.mt5.types import (
    OrderFilling,
    OrderTime,
    OrderType,
    Retcode,
    SymbolExecution,
    SymbolExpiration,
    SymbolFilling,
    TradeAction,
)
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import EXPERT_ONLY, case
from tests.conformance.specification.expectations import (
    CANCELLED,
    PLACED,
    reaches,
    refusals,
    refused,
    rests,
    send_of,
    terms,
)
from tests.rig.rig import CLOSED, OPENED


@case("P01", "A LIMIT order rests on the book, and is filled when its price is reached")
def limit(rig: ConformanceRig) -> None:
    rig.start()
    directive = rig.issue(
        "OPEN_LONG", order_type="LIMIT", price=1.0900, stop_loss=1.08, take_profit=1.11, time_in_force="GTC"
    )
    _, placed = rig.emitted(directive, *PLACED)
    assert (placed.body["order_type"], placed.body["price"]) == ("LIMIT", 1.09)
    (order,) = rig.broker.orders()
    assert (order.type, order.price_open, order.type_time) == (
        OrderType.BUY_LIMIT,
        Decimal("1.0900"),
        OrderTime.GTC,
    )
    rig.quote("1.08980")
    rig.emitted(directive, *OPENED)
    (position,) = rig.broker.positions()
    assert (position.magic, position.sl, position.tp) == (order.magic, Decimal("1.08"), Decimal("1.11"))


@case("P02", "A STOP order is filled when the market passes its price")
def stop(rig: ConformanceRig) -> None:
    rig.start()
    directive = rig.issue("OPEN_SHORT", order_type="STOP", price=1.0900)
    rig.emitted(directive, *PLACED)
    assert [order.type for order in rig.broker.orders()] == [OrderType.SELL_STOP]
    rig.quote("1.08990")
    rig.emitted(directive, *OPENED)


@case("P03", "A STOP_LIMIT order becomes a limit order at its trigger, and is filled there")
def stop_limit(rig: ConformanceRig) -> None:
    rig.start()
    directive = rig.issue("OPEN_LONG", order_type="STOP_LIMIT", price=1.1000, limit_price=1.0990)
    rig.emitted(directive, *PLACED)
    assert [order.type for order in rig.broker.orders()] == [OrderType.BUY_STOP_LIMIT]
    rig.quote("1.10000")
    rig.emitted(directive, *PLACED)
    rig.quote("1.09880")
    rig.emitted(directive, *OPENED)


@case(
    "P04",
    "Each type of pending order is sent on either side, with its levels and a filling mode that rests",
)
def types(rig: ConformanceRig) -> None:
    # A command that is late is sent again, after the others.
    rig.configure(link={"command_deadline_s": 60.0})
    rig.start()
    below, above = {"stop_loss": 1.07, "take_profit": 1.12}, {"stop_loss": 1.12, "take_profit": 1.07}
    wanted: list[tuple[str, OrderType, dict[str, Any]]] = [
        ("OPEN_LONG", OrderType.BUY_LIMIT, {"price": 1.09, **below}),
        ("OPEN_SHORT", OrderType.SELL_LIMIT, {"price": 1.1, **above}),
        ("OPEN_LONG", OrderType.BUY_STOP, {"price": 1.1, **below}),
        ("OPEN_SHORT", OrderType.SELL_STOP, {"price": 1.09, **above}),
        ("OPEN_LONG", OrderType.BUY_STOP_LIMIT, {"price": 1.1, "limit_price": 1.098, **below}),
        ("OPEN_SHORT", OrderType.SELL_STOP_LIMIT, {"price": 1.09, "limit_price": 1.092, **above}),
    ]
    issued: list[str] = []
    for action, kind, fields in wanted:
        issued.append(rig.issue(action, order_type=kind.name.partition("_")[2], **fields))
    for directive, (_, kind, fields) in zip(issued, wanted, strict=True):
        _, placed = rig.emitted(directive, *PLACED)
        assert {name: placed.body[name] for name in fields} == fields
        assert (placed.body["order_type"], placed.body["remaining_quantity"]) == (
            kind.name.partition("_")[2],
            0.01,
        )
        send = send_of(rig, directive).request
        assert (send.action, send.type, float(send.price)) == (TradeAction.PENDING, kind, fields["price"])
        assert float(send.stoplimit) == fields.get("limit_price", 0)
    assert [order.type for order in rig.broker.orders()] == [kind for _, kind, _ in wanted]


@case(
    "P05",
    "A pending order's price on the wrong side of the market is refused with both prices",
    kinds=EXPERT_ONLY,
)
def wrong_side(rig: ConformanceRig) -> None:
    rig.start()
    wanted: list[tuple[str, dict[str, Any], str]] = [
        ("OPEN_LONG", {"order_type": "LIMIT", "price": 1.1}, "price 1.10000 is not below the ask 1.09510"),
        ("OPEN_SHORT", {"order_type": "LIMIT", "price": 1.09}, "price 1.09000 is not above the bid 1.09500"),
        ("OPEN_LONG", {"order_type": "STOP", "price": 1.09}, "price 1.09000 is not above the ask 1.09510"),
        ("OPEN_SHORT", {"order_type": "STOP", "price": 1.1}, "price 1.10000 is not below the bid 1.09500"),
        (
            "OPEN_LONG",
            {"order_type": "STOP_LIMIT", "price": 1.1, "limit_price": 1.11},
            "limit price 1.11000 is not below the price 1.10000",
        ),
    ]
    issued = [rig.issue(action, symbol="EURUSD", **fields) for action, fields, _ in wanted]
    emitted = refusals(rig, dict.fromkeys(issued, str(int(Retcode.INVALID_PRICE))))
    for directive, (_, _, words) in zip(issued, wanted, strict=True):
        assert words in emitted[directive].body["error_message"]
    assert rig.broker.sends() == []


@case(
    "P06",
    "An order's lifetime is the requested one, or the next shorter one that the symbol allows, or it is refused",
    kinds=EXPERT_ONLY,
)
def lifetimes(rig: ConformanceRig) -> None:
    rig.start()
    terms(rig, "GBPUSD", expiration_mode=SymbolExpiration.DAY)
    terms(rig, "USDJPY", expiration_mode=SymbolExpiration.SPECIFIED_DAY)
    terms(rig, "XAUUSD", expiration_mode=SymbolExpiration.GTC)
    prices = {"EURUSD": 1.09, "GBPUSD": 1.26, "USDJPY": 149, "XAUUSD": 2390}
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat(timespec="seconds")
    wanted: list[tuple[str, str, OrderTime | None]] = [
        ("EURUSD", "GTC", OrderTime.GTC),
        ("EURUSD", "DAY", OrderTime.DAY),
        ("EURUSD", "GTD", OrderTime.SPECIFIED),
        ("GBPUSD", "GTC", OrderTime.DAY),
        ("GBPUSD", "DAY", OrderTime.DAY),
        ("GBPUSD", "GTD", None),
        ("USDJPY", "GTC", None),
        ("USDJPY", "DAY", OrderTime.SPECIFIED_DAY),
        ("USDJPY", "GTD", OrderTime.SPECIFIED_DAY),
        ("XAUUSD", "GTC", OrderTime.GTC),
        ("XAUUSD", "DAY", None),
        ("XAUUSD", "GTD", None),
    ]
    issued = [
        rig.issue(
            "OPEN_LONG",
            symbol=symbol,
            order_type="LIMIT",
            price=prices[symbol],
            time_in_force=asked,
            order_expires_at=later if asked == "GTD" else None,
        )
        for symbol, asked, _ in wanted
    ]
    code = str(int(Retcode.INVALID_EXPIRATION))
    for directive, (symbol, _, found) in zip(issued, wanted, strict=True):
        if found is None:
            message = refusals(rig, {directive: code})[directive].body["error_message"]
            assert f"{symbol} allows" in message
            continue
        rig.emitted(directive, *PLACED)
        send = send_of(rig, directive).request
        assert send.type_time == found
        assert bool(send.expiration) == (found in (OrderTime.SPECIFIED, OrderTime.SPECIFIED_DAY))


@case("P10", "A CANCEL with a target removes the order, and is reported under both directives")
def cancel(rig: ConformanceRig) -> None:
    rig.start()
    directive = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.0900)
    rig.emitted(directive, *PLACED)
    cancelling = rig.issue("CANCEL", target_directive_id=directive)
    _, cancelled = rig.emitted(cancelling, *CANCELLED)
    assert cancelled.body["opening_directive_id"] == directive
    rig.emitted(directive, *PLACED, EventType.ORDER_CANCELLED)
    assert rig.broker.orders() == []


@case("P11", "A CANCEL without a target cancels all pending orders of the officer in its symbol")
def cancel_by_symbol(rig: ConformanceRig) -> None:
    rig.start()
    waiting = [rig.issue("OPEN_LONG", order_type="LIMIT", price=price) for price in (1.09, 1.08)]
    other = rig.issue("OPEN_LONG", symbol="GBPUSD", order_type="LIMIT", price=1.26)
    for directive in (*waiting, other):
        rig.emitted(directive, *PLACED)
    rig.broker.manual_pending("EURUSD", OrderType.BUY_LIMIT, Decimal("0.05"), Decimal("1.09"))
    rig.emitted(rig.issue("CANCEL"), *CANCELLED, EventType.ORDER_CANCELLED)
    for directive in waiting:
        rig.emitted(directive, *PLACED, EventType.ORDER_CANCELLED)
    assert [(order.symbol, bool(order.magic)) for order in rig.broker.orders()] == [
        ("GBPUSD", True),
        ("EURUSD", False),
    ]
    refused(rig, "NO_ORDER", "EURUSD", action="CANCEL")


@case("P12", "A CANCEL of an order that was not sent yet ends both directives at once, and nothing is sent")
def cancel_unsent(rig: ConformanceRig) -> None:
    rig.start()
    rig.terminal.terminate()
    waiting, market = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09), rig.issue("OPEN_LONG")
    for directive in (waiting, market):
        _, cancelled = rig.emitted(rig.issue("CANCEL", target_directive_id=directive), *CANCELLED)
        assert cancelled.body["opening_directive_id"] == directive
        rig.emitted(directive, *CANCELLED)
    rig.restart_terminal()
    rig.open(symbol="GBPUSD")
    assert [send.request.symbol for send in rig.broker.sends()] == ["GBPUSD"]


@case("P13", "A CANCEL after the fill is refused, and the fill is reported")
def cancel_races_a_fill(rig: ConformanceRig) -> None:
    # The terminal is held up by another order; meanwhile it must not count as lost.
    rig.configure(link={"heartbeat_s": 2.0})
    rig.start()
    directive = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09)
    rig.emitted(directive, *PLACED)
    rig.fault(Latency(milliseconds=3_000))
    other = rig.issue("OPEN_LONG", symbol="GBPUSD")
    rig.sent(2)
    cancelling = rig.issue("CANCEL", target_directive_id=directive)
    reaches(rig, cancelling, CommandState.DISPATCHED)
    rig.quote("1.08980")
    assert refusals(rig, {cancelling: "NO_ORDER"})
    rig.emitted(directive, *OPENED)
    rig.emitted(other, *OPENED)
    assert len(rig.broker.sends()) == 2


@case(
    "P14",
    "A change that follows a pending order at once waits until the order is on the book",
)
def follows_at_once(rig: ConformanceRig) -> None:
    rig.start()
    rig.director.behave(endpoint="poll", fault="status")
    directive = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09)
    change, cancelling = rig.issue("MODIFY", price=1.08), rig.issue("CANCEL")
    rig.director.behave()
    rig.emitted(change, *PLACED)
    rig.emitted(cancelling, *CANCELLED)
    rig.emitted(directive, *PLACED, EventType.ORDER_CANCELLED)
    assert len(rig.broker.sends()) == 3


@case("P20", "A MODIFY changes price and levels of a pending order, and keeps its magic")
def modify(rig: ConformanceRig) -> None:
    rig.start()
    directive = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.0900, stop_loss=1.08)
    rig.emitted(directive, *PLACED)
    change = rig.issue(
        "MODIFY", target_directive_id=directive, price=1.0910, stop_loss=1.085, take_profit=1.1
    )
    _, emitted = rig.emitted(change, *PLACED)
    assert (emitted.body["action"], emitted.body["stop_loss"], emitted.body["take_profit"]) == (
        "MODIFY",
        1.085,
        1.1,
    )
    (order,) = rig.broker.orders()
    assert (order.price_open, order.sl, order.tp) == (Decimal("1.0910"), Decimal("1.085"), Decimal("1.1"))
    request = rig.broker.sends()[-1].request
    assert (request.action, request.magic) == (TradeAction.MODIFY, order.magic)
    rig.emitted(directive, *PLACED)


@case("P21", "A MODIFY moves both prices of a stop-limit order, or the one that is given")
def modify_stop_limit(rig: ConformanceRig) -> None:
    rig.start()
    directive = rig.issue("OPEN_LONG", order_type="STOP_LIMIT", price=1.1, limit_price=1.098)
    rig.emitted(directive, *PLACED)
    rig.emitted(rig.issue("MODIFY", target_directive_id=directive, price=1.101, limit_price=1.097), *PLACED)
    (order,) = rig.broker.orders()
    assert (order.price_open, order.price_stoplimit) == (Decimal("1.101"), Decimal("1.097"))
    _, emitted = rig.emitted(rig.issue("MODIFY", target_directive_id=directive, limit_price=1.0975), *PLACED)
    assert emitted.body["limit_price"] == 1.0975
    (order,) = rig.broker.orders()
    assert (order.price_open, order.price_stoplimit) == (Decimal("1.101"), Decimal("1.0975"))


@case(
    "P22",
    "A MODIFY that changes nothing counts as done, and is not sent; a level of 0 is removed",
    kinds=EXPERT_ONLY,
)
def modify_to_the_same(rig: ConformanceRig) -> None:
    rig.start()
    directive = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09, stop_loss=1.08, take_profit=1.1)
    rig.emitted(directive, *PLACED)
    same = rig.issue("MODIFY", target_directive_id=directive, price=1.09, stop_loss=1.08)
    rig.emitted(same, *PLACED)
    assert len(rig.broker.sends()) == 1
    rig.emitted(rig.issue("MODIFY", target_directive_id=directive, stop_loss=0), *PLACED)
    (order,) = rig.broker.orders()
    assert (order.price_open, order.sl, order.tp) == (Decimal("1.09"), Decimal(0), Decimal("1.1"))


@case("P23", "A MODIFY of a partly filled target changes the position and the rest of the order")
def modify_both(rig: ConformanceRig) -> None:
    rig.start()
    terms(rig, "EURUSD", trade_exemode=SymbolExecution.EXCHANGE, filling_mode=SymbolFilling.NONE)
    directive = rig.issue("OPEN_LONG", quantity=0.03, order_type="LIMIT", price=1.09, stop_loss=1.08)
    rig.emitted(directive, *PLACED)
    (order,) = rig.broker.orders()
    assert order.type_filling is OrderFilling.RETURN
    rig.broker.fill(order.ticket, Decimal("0.01"), Decimal("1.09"))
    part = (*PLACED, EventType.ORDER_PARTIAL_FILL, EventType.POSITION_OPENED)
    rig.emitted(directive, *part)
    change = rig.issue("MODIFY", target_directive_id=directive, stop_loss=1.085)
    rig.emitted(change, *PLACED, EventType.ORDER_PLACED, in_any_order=True)
    ((position,), (order,)) = rig.broker.positions(), rig.broker.orders()
    assert (position.sl, order.sl) == (Decimal("1.085"), Decimal("1.085"))
    rig.emitted(rig.issue("CANCEL", target_directive_id=directive), *CANCELLED)
    *_, cancelled = rig.emitted(directive, *part, EventType.ORDER_CANCELLED)
    assert cancelled.body["remaining_quantity"] == 0.02
    rig.emitted(rig.issue("CLOSE", target_directive_id=directive), *CLOSED)


@case(
    "P24",
    "A manual change and a manual cancellation of a pending order are reported under its directive",
)
def manually(rig: ConformanceRig) -> None:
    rig.start()
    directive = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09, stop_loss=1.08, time_in_force="GTC")
    rests(rig, directive)
    (order,) = rig.broker.orders()
    changed = [*PLACED]
    rig.broker.manual_modify(order=order.ticket, price=Decimal("1.091"), sl=Decimal("1.082"))
    changed.append(EventType.ORDER_PLACED)
    *_, emitted = rig.emitted(directive, *changed)
    assert (emitted.body["action"], emitted.body["price"], emitted.body["stop_loss"]) == (
        "CHANGED",
        1.091,
        1.082,
    )
    later = rig.broker.server_time() // 1000 * 1000 + 3_600_000
    rig.broker.set_expiry(order.ticket, later)
    changed.append(EventType.ORDER_PLACED)
    *_, emitted = rig.emitted(directive, *changed)
    assert emitted.body["action"] == "CHANGED"
    rig.broker.manual_cancel(order.ticket)
    changed.append(EventType.ORDER_CANCELLED)
    rig.emitted(directive, *changed)


@case("P25", "A MODIFY after the order was filled is refused, and the position keeps its levels")
def modify_races_a_fill(rig: ConformanceRig) -> None:
    rig.configure(link={"heartbeat_s": 2.0})
    rig.start()
    directive = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09, stop_loss=1.08)
    rig.emitted(directive, *PLACED)
    rig.fault(Latency(milliseconds=3_000))
    other = rig.issue("OPEN_LONG", symbol="GBPUSD")
    rig.sent(2)
    change = rig.issue("MODIFY", target_directive_id=directive, stop_loss=1.085, price=1.091)
    reaches(rig, change, CommandState.DISPATCHED)
    rig.quote("1.08980")
    assert refusals(rig, {change: "NO_ORDER"})
    rig.emitted(directive, *OPENED)
    rig.emitted(other, *OPENED)
    assert {position.symbol: position.sl for position in rig.broker.positions()} == {
        "EURUSD": Decimal("1.08"),
        "GBPUSD": 0,
    }


@case("P30", "A GTD order expires by itself, and is reported as cancelled")
def expires(rig: ConformanceRig) -> None:
    rig.start()
    until = datetime.now(UTC) + timedelta(seconds=4)
    directive = rig.issue(
        "OPEN_LONG", order_type="LIMIT", price=1.0900, order_expires_at=until.isoformat(timespec="seconds")
    )
    rig.emitted(directive, *PLACED)
    rig.emitted(directive, *PLACED, EventType.ORDER_CANCELLED)
