"""P: orders that wait on the broker's book."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bridge.core.contract import EventType
from bridge.paper.mt5 import OrderTime, OrderType, TradeAction
from tests.conformance.rig import StoryRig
from tests.conformance.specification.case import case
from tests.rig.rig import OPENED

PLACED = (EventType.DIRECTIVE_RECEIVED, EventType.ORDER_PLACED)
CANCELLED = (EventType.DIRECTIVE_RECEIVED, EventType.ORDER_CANCELLED)


@case("P01", "A LIMIT order rests on the book, and is filled when its price is met")
def limit(rig: StoryRig) -> None:
    rig.start()
    directive = rig.issue(
        "OPEN_LONG", order_type="LIMIT", price=1.0900, stop_loss=1.08, take_profit=1.11, time_in_force="GTC"
    )
    _, placed = rig.told(directive, *PLACED)
    assert (placed.body["order_type"], placed.body["price"]) == ("LIMIT", 1.09)
    (order,) = rig.broker.orders()
    assert (order.type, order.price_open, order.type_time) == (
        OrderType.BUY_LIMIT,
        Decimal("1.0900"),
        OrderTime.GTC,
    )
    rig.quote("1.08980")
    rig.told(directive, *OPENED)
    (position,) = rig.broker.positions()
    assert (position.magic, position.sl, position.tp) == (order.magic, Decimal("1.08"), Decimal("1.11"))


@case("P02", "A STOP order is filled when the market breaks through its price")
def stop(rig: StoryRig) -> None:
    rig.start()
    directive = rig.issue("OPEN_SHORT", order_type="STOP", price=1.0900)
    rig.told(directive, *PLACED)
    assert [order.type for order in rig.broker.orders()] == [OrderType.SELL_STOP]
    rig.quote("1.08990")
    rig.told(directive, *OPENED)


@case("P03", "A STOP_LIMIT order becomes a limit order at its trigger, and is filled there")
def stop_limit(rig: StoryRig) -> None:
    rig.start()
    directive = rig.issue("OPEN_LONG", order_type="STOP_LIMIT", price=1.1000, limit_price=1.0990)
    rig.told(directive, *PLACED)
    assert [order.type for order in rig.broker.orders()] == [OrderType.BUY_STOP_LIMIT]
    rig.quote("1.10000")
    rig.told(directive, *PLACED)
    rig.quote("1.09880")
    rig.told(directive, *OPENED)


@case("P10", "A CANCEL by target takes the order off the book, and is told under both directives")
def cancel(rig: StoryRig) -> None:
    rig.start()
    directive = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.0900)
    rig.told(directive, *PLACED)
    cancelling = rig.issue("CANCEL", target_directive_id=directive)
    _, cancelled = rig.told(cancelling, *CANCELLED)
    assert cancelled.body["opening_directive_id"] == directive
    rig.told(directive, *PLACED, EventType.ORDER_CANCELLED)
    assert rig.broker.orders() == []


@case("P20", "A MODIFY changes price and levels of a pending order, and carries its magic on")
def modify(rig: StoryRig) -> None:
    rig.start()
    directive = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.0900, stop_loss=1.08)
    rig.told(directive, *PLACED)
    change = rig.issue(
        "MODIFY", target_directive_id=directive, price=1.0910, stop_loss=1.085, take_profit=1.1
    )
    _, told = rig.told(change, *PLACED)
    assert (told.body["action"], told.body["stop_loss"], told.body["take_profit"]) == ("MODIFY", 1.085, 1.1)
    (order,) = rig.broker.orders()
    assert (order.price_open, order.sl, order.tp) == (Decimal("1.0910"), Decimal("1.085"), Decimal("1.1"))
    request = rig.broker.sends()[-1].request
    assert (request.action, request.magic) == (TradeAction.MODIFY, order.magic)
    rig.told(directive, *PLACED)


@case("P30", "A GTD order leaves the book by itself, and that is told as cancelled")
def expires(rig: StoryRig) -> None:
    rig.start()
    until = datetime.now(UTC) + timedelta(seconds=4)
    directive = rig.issue(
        "OPEN_LONG", order_type="LIMIT", price=1.0900, order_expires_at=until.isoformat(timespec="seconds")
    )
    rig.told(directive, *PLACED)
    rig.told(directive, *PLACED, EventType.ORDER_CANCELLED)
