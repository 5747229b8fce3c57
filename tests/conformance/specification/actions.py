"""A: directives at the market, and refusals."""

from decimal import Decimal
from typing import Any

from bridge.core.director.contract import EventType
from bridge.simulator.mt5.types import OrderType, PositionType, TradeAction
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import case
from tests.conformance.specification.expectations import (
    CANCELLED,
    PLACED,
    refusals,
    refused,
    send_of,
    volumes,
)
from tests.rig.rig import CLOSED, OPENED

NUMBER = (EventType.ORDER_PLACED, EventType.ORDER_FILLED, EventType.POSITION_CLOSED)
"""Events of each position that a directive closes, after DIRECTIVE_RECEIVED."""
GONE = (*OPENED, EventType.POSITION_CLOSED)
"""Events of an opening whose position no directive closed."""


@case("A01", "OPEN_LONG buys and OPEN_SHORT sells, with levels, the client order id and the directive's id")
def opens(rig: ConformanceRig) -> None:
    rig.start()
    long = rig.issue("OPEN_LONG", quantity=0.02, stop_loss=1.08, take_profit=1.11)
    short = rig.issue("OPEN_SHORT", quantity=0.03, stop_loss=1.11, take_profit=1.08)
    for directive, side, price in (
        (long, OrderType.BUY, Decimal("1.09510")),
        (short, OrderType.SELL, Decimal("1.09500")),
    ):
        _, placed, filled, opened = rig.emitted(directive, *OPENED)
        send = send_of(rig, directive)
        assert (send.request.action, send.request.type, send.request.position) == (TradeAction.DEAL, side, 0)
        assert (send.request.magic > 0, send.executed) == (True, True)
        assert (float(send.request.sl), float(send.request.tp)) == (
            placed.body["stop_loss"],
            placed.body["take_profit"],
        )
        assert (filled.body["fill_price"], opened.body["fill_price"]) == (float(price), float(price))
        assert filled.body["fill_quantity"] == float(send.request.volume)
        (position,) = [each for each in rig.broker.positions() if each.magic == send.request.magic]
        assert opened.body["position_id"] == str(position.identifier)
    assert len({position.magic for position in rig.broker.positions()}) == 2


@case("A02", "A CLOSE or CLOSE_POSITION without a quantity closes all positions of the officer in its symbol")
def closes_all(rig: ConformanceRig) -> None:
    rig.start()
    for action, quantity in (("OPEN_LONG", 0.02), ("OPEN_SHORT", 0.03)):
        rig.open(action, quantity=quantity)
    rig.open(symbol="GBPUSD", quantity=0.04)
    rig.emitted(rig.issue("CLOSE"), EventType.DIRECTIVE_RECEIVED, *NUMBER, *NUMBER, in_any_order=True)
    assert [position.symbol for position in rig.broker.positions()] == ["GBPUSD"]
    rig.emitted(rig.issue("CLOSE_POSITION", symbol="GBPUSD"), *CLOSED)
    assert volumes(rig) == []


@case(
    "A03",
    "A CLOSE with a quantity closes the oldest positions first; where less is open it closes all",
)
def closes_a_quantity(rig: ConformanceRig) -> None:
    rig.start()
    for quantity in (0.02, 0.03, 0.01):
        rig.open(quantity=quantity)
    part = rig.issue("CLOSE", quantity=0.01)
    rig.emitted(part, *CLOSED[:-1])
    assert volumes(rig) == [Decimal("0.01"), Decimal("0.03"), Decimal("0.01")]
    oldest = rig.issue("CLOSE", quantity=0.03)
    rig.emitted(oldest, *CLOSED, *NUMBER[:-1], in_any_order=True)
    assert volumes(rig) == [Decimal("0.01"), Decimal("0.01")]
    rest = rig.issue("CLOSE", quantity=5)
    rig.emitted(rest, EventType.DIRECTIVE_RECEIVED, *NUMBER, *NUMBER, in_any_order=True)
    assert volumes(rig) == []
    assert sum(send.request.volume for send in rig.broker.sends()) == Decimal("0.12")


@case(
    "A04", "A CLOSE with a target closes that directive's position and names it; a partial close is possible"
)
def closes_a_target(rig: ConformanceRig) -> None:
    rig.start()
    first, second = rig.open(quantity=0.02), rig.open(quantity=0.03)
    part = rig.issue("CLOSE", target_directive_id=second, quantity=0.01)
    *_, filled = rig.emitted(part, *CLOSED[:-1])
    assert (filled.body["opening_directive_id"], filled.body["fill_quantity"]) == (second, 0.01)
    assert volumes(rig) == [Decimal("0.02"), Decimal("0.02")]
    *_, closed = rig.emitted(rig.issue("CLOSE", target_directive_id=second), *CLOSED)
    assert closed.body["opening_directive_id"] == second
    assert volumes(rig) == [Decimal("0.02")]
    refused(rig, "NO_POSITION", second, action="CLOSE", target_directive_id=second)
    refused(rig, "NO_POSITION", "XAUUSD", action="CLOSE", symbol="XAUUSD", target_directive_id=first)


@case("A05", "CLOSE_LONG closes long positions alone, and CLOSE_SHORT short ones")
def closes_a_side(rig: ConformanceRig) -> None:
    rig.start()
    rig.open("OPEN_LONG", quantity=0.02)
    rig.open("OPEN_SHORT", quantity=0.03)
    rig.emitted(rig.issue("CLOSE_SHORT"), *CLOSED)
    assert [position.type for position in rig.broker.positions()] == [PositionType.BUY]
    refused(rig, "NO_POSITION", "SELL", action="CLOSE_SHORT")
    rig.emitted(rig.issue("CLOSE_LONG", quantity=0.01), *CLOSED[:-1])
    rig.emitted(rig.issue("CLOSE_LONG"), *CLOSED)
    assert volumes(rig) == []


@case("A06", "Manual positions and orders are never closed, changed or cancelled")
def leaves_manual_trades_alone(rig: ConformanceRig) -> None:
    rig.start()
    lots = Decimal("0.05")
    rig.broker.manual_open("EURUSD", OrderType.BUY, lots, sl=Decimal("1.07"))
    rig.broker.manual_pending("EURUSD", OrderType.BUY_LIMIT, lots, Decimal("1.09"))
    for action, code in (("CLOSE", "NO_POSITION"), ("CLOSE_LONG", "NO_POSITION"), ("CANCEL", "NO_ORDER")):
        refused(rig, code, "EURUSD", action=action)
    refused(rig, "NO_TARGET", "EURUSD", action="MODIFY", stop_loss=1.08)
    refused(rig, "NO_TARGET", "EURUSD", action="MODIFY", price=1.08)
    assert rig.broker.sends() == []
    rig.open()
    waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.08)
    rig.emitted(waiting, *PLACED)
    rig.emitted(rig.issue("MODIFY_SL", stop_loss=1.085), *PLACED)
    rig.emitted(rig.issue("CANCEL"), *CANCELLED)
    rig.emitted(waiting, *PLACED, EventType.ORDER_CANCELLED)
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    ((position,), (order,)) = rig.broker.positions(), rig.broker.orders()
    assert (position.magic, position.volume, position.sl) == (0, lots, Decimal("1.07"))
    assert (order.magic, order.price_open) == (0, Decimal("1.09"))


@case(
    "A07", "A directive with a missing or invalid field is refused with the field's name, and nothing is sent"
)
def refuses_the_incomplete(rig: ConformanceRig) -> None:
    rig.start()
    wanted: list[tuple[str, str, dict[str, Any]]] = [
        ("OPEN_LONG", "MISSING_FIELD", {"quantity": None}),
        ("OPEN_LONG", "MISSING_FIELD", {"order_type": None}),
        ("OPEN_LONG", "MISSING_FIELD", {"order_type": "LIMIT"}),
        ("OPEN_LONG", "MISSING_FIELD", {"order_type": "STOP_LIMIT", "price": 1.1}),
        ("OPEN_LONG", "UNKNOWN_ORDER_TYPE", {"order_type": "ICEBERG", "price": 1.1}),
        ("OPEN_LONG", "INVALID_VALUE", {"quantity": 0}),
        ("OPEN_LONG", "INVALID_VALUE", {"quantity": -0.01}),
        ("OPEN_LONG", "INVALID_TYPE", {"quantity": [0.01]}),
        ("OPEN_LONG", "INVALID_VALUE", {"stop_loss": 0}),
        ("OPEN_LONG", "INVALID_VALUE", {"time_in_force": "FOREVER"}),
        ("OPEN_LONG", "INVALID_VALUE", {"deviation_points": 1.5}),
        ("OPEN_LONG", "EXPIRED", {"issued_at": "2026-01-04T10:00:00Z", "expires_at": "2026-01-04T10:05:00Z"}),
        ("OPEN_LONG", "INVALID_STOPS", {"stop_loss": 1.1, "take_profit": 1.0}),
        ("OPEN_SHORT", "INVALID_STOPS", {"stop_loss": 1.0, "price": 1.1}),
        ("HEDGE", "UNKNOWN_ACTION", {"quantity": 0.01}),
        ("CLOSE", "UNKNOWN_ORDER_TYPE", {"order_type": "LIMIT", "price": 1.1}),
        ("MODIFY", "MISSING_FIELD", {}),
        ("MODIFY_SL", "MISSING_FIELD", {"take_profit": 1.1}),
        ("MODIFY_TP", "MISSING_FIELD", {"stop_loss": 1.1}),
    ]
    issued = {rig.issue(action, **fields): code for action, code, fields in wanted}
    emitted = refusals(rig, issued)
    for (_, code, fields), event in zip(wanted, emitted.values(), strict=True):
        message = str(event.body["error_message"])
        if code == "INVALID_VALUE":
            assert all(name in message for name in fields), message
    assert rig.broker.sends() == []


@case("A08", "An unknown target is named; a price that could be meant for two orders is refused")
def refuses_targets(rig: ConformanceRig) -> None:
    rig.start()
    refused(rig, "NO_POSITION", "dir_unknown", action="CLOSE", target_directive_id="dir_unknown")
    refused(rig, "NO_ORDER", "dir_unknown", action="CANCEL", target_directive_id="dir_unknown")
    refused(
        rig,
        "NO_TARGET",
        "dir_unknown",
        action="MODIFY",
        stop_loss=1.0,
        target_directive_id="dir_unknown",
    )
    waiting = [rig.issue("OPEN_LONG", order_type="LIMIT", price=price) for price in (1.09, 1.08)]
    for directive in waiting:
        rig.emitted(directive, *PLACED)
    refused(rig, "AMBIGUOUS_TARGET", "2 pending orders", "target_directive_id", action="MODIFY", price=1.07)
    assert len(rig.broker.sends()) == 2
    rig.emitted(rig.issue("CANCEL"), *CANCELLED, EventType.ORDER_CANCELLED)
    for directive in waiting:
        rig.emitted(directive, *PLACED, EventType.ORDER_CANCELLED)


@case("A09", "A CLOSE waits for an earlier opening in its symbol, and closes that position too")
def waits_its_turn(rig: ConformanceRig) -> None:
    rig.start()
    rig.director.behave(endpoint="poll", fault="status")
    opening, close = rig.issue("OPEN_LONG", quantity=0.02), rig.issue("CLOSE")
    later = rig.issue("OPEN_LONG", quantity=0.03)
    rig.director.behave()
    rig.emitted(opening, *OPENED)
    *_, closed = rig.emitted(close, *CLOSED)
    assert closed.body["opening_directive_id"] == opening
    rig.emitted(later, *OPENED)
    assert volumes(rig) == [Decimal("0.03")]
