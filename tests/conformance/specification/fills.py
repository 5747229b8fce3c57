"""F: partial fills, and deals that are revised. Every sum is exact."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.core.director.contract import EventType
from bridge.simulator.broker.fault_rules import Fills, Pace, SendKind
from bridge.simulator.broker.scenario import Quirks, Scenario, SymbolTerms
from bridge.simulator.mt5.types import Deal, DealEntry, DealType, OrderFilling, OrderState
from tests.conformance.reports import reported
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import case
from tests.conformance.specification.expectations import CANCELLED, PLACED, until
from tests.rig.director import Event
from tests.rig.rig import CLOSED, OPENED, REFUSED

PART = EventType.ORDER_PARTIAL_FILL
ODD = Decimal("3.37")
"""A commission per lot that does not come out even."""
PRICES = (Decimal("1.09510"), Decimal("1.09523"), Decimal("1.09547"))
PORTIONS = (Decimal("0.01"), Decimal("0.02"), Decimal("0.04"))
IN_THREE = Fills(volumes=PORTIONS, prices=PRICES)
FILLED_IN_THREE = (*PLACED, PART, EventType.POSITION_OPENED, PART, EventType.ORDER_FILLED)


def number(value: object) -> Decimal:
    """A number of an event's, as it is written there."""
    return Decimal(str(value))


def start(rig: ConformanceRig, terms: SymbolTerms | None = None) -> None:
    """Start everything with commissions that do not come out even."""
    rig.start_with(Scenario(symbols=(terms or SymbolTerms(name="EURUSD", commission=ODD),)))


def exchange() -> SymbolTerms:
    """A symbol under exchange execution, which takes RETURN."""
    return SymbolTerms(name="EURUSD", commission=ODD, execution="EXCHANGE", filling=())


def deals(rig: ConformanceRig) -> list[Deal]:
    """The broker's deals, without the deposit."""
    return [deal for deal in rig.broker.history_deals(0, 2**52) if deal.order]


def position(rig: ConformanceRig, directive_id: str) -> dict[str, Any]:
    """Return the journal's row of the position that the directive opened."""
    (row,) = rig.journal.rows("SELECT * FROM positions WHERE directive_id = ?", directive_id)
    return row


def weighed(made: Iterable[Deal]) -> Decimal:
    """The price of these deals together."""
    made = list(made)
    whole = sum((deal.volume for deal in made), Decimal(0))
    return sum((deal.price * deal.volume for deal in made), Decimal(0)) / whole


def agrees(event: Event, made: Iterable[Deal]) -> None:
    """Quantity, price and commission of a fill are those of the broker's deals."""
    made = list(made)
    assert number(event.body["fill_quantity"]) == sum(deal.volume for deal in made)
    assert abs(number(event.body["fill_price"]) - weighed(made)) < Decimal("1E-8")
    assert number(event.body["commission"]) == -sum(deal.commission for deal in made)


def sums_up(rig: ConformanceRig, closed: Event, opening: str) -> None:
    """Assert that the event of a closed position and its row in the journal have the sums of the broker's deals."""
    row = position(rig, opening)
    made = [deal for deal in deals(rig) if deal.position_id == row["identifier"]]
    out = [deal for deal in made if deal.entry is not DealEntry.IN]
    body = closed.body
    assert number(body["fill_quantity"]) == sum(deal.volume for deal in out)
    assert abs(number(body["fill_price"]) - weighed(out)) < Decimal("1E-8")
    emitted = tuple(number(body[name]) for name in ("profit", "swap"))
    assert emitted == (sum(deal.profit for deal in made), sum(deal.swap for deal in made))
    assert number(body["commission"]) == -sum(deal.commission for deal in made)
    booked_as(rig, opening, made)


def booked_as(rig: ConformanceRig, opening: str, made: Iterable[Deal]) -> None:
    """The journal's sums of the position are those of these deals."""
    made, row = list(made), position(rig, opening)
    for name in ("commission", "swap", "fee", "profit"):
        assert Decimal(row[name]) == sum(getattr(deal, name) for deal in made), name


@case(
    "F01",
    "Each partial fill of a market order has its own price, the whole the weighted one, to the cent",
)
def in_parts(rig: ConformanceRig) -> None:
    start(rig)
    rig.fault(IN_THREE)
    opening = rig.issue("OPEN_LONG", quantity=0.07)
    events = rig.emitted(opening, *FILLED_IN_THREE)
    made = deals(rig)
    parts = [event for event in events if event.type == PART]
    for event, deal, left in zip(parts, made, (0.06, 0.04), strict=False):
        agrees(event, [deal])
        assert event.body["remaining_quantity"] == left
    agrees(events[-1], made)
    prices = (Decimal("1.09400"), Decimal("1.09433"), Decimal("1.09490"))
    rig.fault(Fills(volumes=PORTIONS, prices=prices), SendKind.CLOSE)
    close = rig.issue("CLOSE", target_directive_id=opening)
    *_, filled, closed = rig.emitted(close, *PLACED, PART, PART, EventType.ORDER_FILLED, CLOSED[-1])
    agrees(filled, deals(rig)[3:])
    sums_up(rig, closed, opening)


@case("F02", "A position closed by directives, manually and by its stop has the sums of the broker's deals")
def closed_in_many_ways(rig: ConformanceRig) -> None:
    start(rig)
    rig.fault(IN_THREE)
    opening = rig.issue("OPEN_LONG", quantity=0.07, stop_loss=1.09)
    rig.emitted(opening, *FILLED_IN_THREE)
    rig.quote("1.09611")
    rig.emitted(rig.issue("CLOSE", quantity=0.01), *CLOSED[:-1])
    rig.quote("1.09333")
    (held,) = rig.broker.positions()
    rig.broker.manual_close(held.ticket, Decimal("0.03"))
    rig.emitted(opening, *FILLED_IN_THREE, PART)
    first = deals(rig)[0]
    rig.broker.revise_deal(first.ticket, first.commission, swap=Decimal("-0.13"), fee=Decimal("-0.07"))
    rig.emitted(opening, *FILLED_IN_THREE, PART, EventType.ORDER_FILLED)
    rig.quote("1.08877")
    *_, closed = rig.emitted(
        opening,
        *FILLED_IN_THREE,
        PART,
        EventType.ORDER_FILLED,
        EventType.SL_TRIGGERED,
        EventType.POSITION_CLOSED,
    )
    assert (closed.body["swap"], closed.body["fee"]) == (-0.13, 0.07)
    sums_up(rig, closed, opening)


@case(
    "F03",
    "An IOC order keeps its fills; the rest is reported as cancelled, and the fills can be closed exactly",
)
def immediate_or_cancel(rig: ConformanceRig) -> None:
    symbol = SymbolTerms(name="EURUSD", commission=ODD, filling=("IOC",))
    rig.start_with(Scenario(symbols=(symbol,), quirks=Quirks(ioc_remainder="PARTIAL")))
    rig.fault(Fills(volumes=PORTIONS[:2], prices=PRICES[:2]))
    opening = rig.issue("OPEN_LONG", quantity=0.07)
    *_, second, cancelled = rig.emitted(
        opening, *PLACED, PART, EventType.POSITION_OPENED, PART, EventType.ORDER_CANCELLED
    )
    agrees(second, deals(rig)[1:])
    assert cancelled.body["remaining_quantity"] == 0.04
    *_, closed = rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert rig.broker.sends()[-1].request.volume == Decimal("0.03")
    sums_up(rig, closed, opening)


@case(
    "F04",
    "A market order with RETURN rests with its remainder, and is reported as filled when that is filled",
)
def rests(rig: ConformanceRig) -> None:
    start(rig, exchange())
    rig.fault(Fills(volumes=PORTIONS[:1], prices=PRICES[:1]))
    opening = rig.issue("OPEN_LONG", quantity=0.07)
    rig.emitted(opening, *PLACED, PART, EventType.POSITION_OPENED)
    (order,) = rig.broker.orders()
    assert (order.type_filling, order.volume_current) == (OrderFilling.RETURN, Decimal("0.06"))
    for volume, price in zip(PORTIONS[1:], PRICES[1:], strict=True):
        rig.broker.fill(order.ticket, volume, price)
    events = rig.emitted(opening, *FILLED_IN_THREE)
    agrees(events[-1], deals(rig))
    *_, closed = rig.emitted(rig.issue("CLOSE"), *CLOSED)
    sums_up(rig, closed, opening)


@case(
    "F05",
    "The remainder of a market order with RETURN is reported as cancelled when it is cancelled manually",
)
def remainder_cancelled_manually(rig: ConformanceRig) -> None:
    start(rig, exchange())
    rig.fault(Fills(volumes=PORTIONS[:2], prices=PRICES[:2]))
    opening = rig.issue("OPEN_LONG", quantity=0.07)
    in_part = (*PLACED, PART, EventType.POSITION_OPENED, PART)
    rig.emitted(opening, *in_part)
    (order,) = rig.broker.orders()
    rig.broker.manual_cancel(order.ticket)
    *_, cancelled = rig.emitted(opening, *in_part, EventType.ORDER_CANCELLED)
    assert cancelled.body["remaining_quantity"] == 0.04
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert rig.broker.sends()[-1].request.volume == Decimal("0.03")


@case("F06", "A pending order is filled quote by quote, and keeps its remainder on the book in between")
def quote_by_quote(rig: ConformanceRig) -> None:
    start(rig, exchange())
    opening = rig.issue("OPEN_LONG", quantity=0.07, order_type="LIMIT", price=1.09)
    rig.emitted(opening, *PLACED)
    (order,) = rig.broker.orders()
    rig.broker.plan_fills(order.ticket, Fills(volumes=PORTIONS, pace=Pace.PER_QUOTE))
    rig.quote("1.08977")
    rig.emitted(opening, *PLACED, PART, EventType.POSITION_OPENED)
    assert rig.broker.orders()[0].volume_current == Decimal("0.06")
    rig.quote("1.08955")
    rig.emitted(opening, *PLACED, PART, EventType.POSITION_OPENED, PART)
    rig.quote("1.08911")
    events = rig.emitted(opening, *FILLED_IN_THREE)
    agrees(events[-1], deals(rig))
    assert number(events[-1].body["fill_price"]) == Decimal("1.08943")
    *_, closed = rig.emitted(rig.issue("CLOSE"), *CLOSED)
    sums_up(rig, closed, opening)


@case("F07", "A CANCEL removes the remainder of a partly filled pending order, and leaves its fills")
def remainder_cancelled(rig: ConformanceRig) -> None:
    start(rig, exchange())
    opening = rig.issue("OPEN_LONG", quantity=0.07, order_type="LIMIT", price=1.09)
    rig.emitted(opening, *PLACED)
    (order,) = rig.broker.orders()
    rig.broker.fill(order.ticket, Decimal("0.02"), Decimal("1.09"))
    rig.emitted(opening, *PLACED, PART, EventType.POSITION_OPENED)
    rig.emitted(rig.issue("CANCEL", target_directive_id=opening), *CANCELLED)
    *_, cancelled = rig.emitted(opening, *PLACED, PART, EventType.POSITION_OPENED, EventType.ORDER_CANCELLED)
    assert cancelled.body["remaining_quantity"] == 0.05
    *_, closed = rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    sums_up(rig, closed, opening)


@case(
    "F08", "A partly filled pending order that expires is reported as cancelled with its remaining quantity"
)
def remainder_expires(rig: ConformanceRig) -> None:
    start(rig, exchange())
    until = datetime.now(UTC) + timedelta(seconds=5)
    opening = rig.issue(
        "OPEN_SHORT",
        quantity=0.07,
        order_type="LIMIT",
        price=1.1,
        order_expires_at=until.isoformat(timespec="seconds"),
    )
    rig.emitted(opening, *PLACED)
    (order,) = rig.broker.orders()
    rig.broker.fill(order.ticket, Decimal("0.02"), Decimal("1.1"))
    *_, cancelled = rig.emitted(opening, *PLACED, PART, EventType.POSITION_OPENED, EventType.ORDER_CANCELLED)
    assert cancelled.body["remaining_quantity"] == 0.05
    done = rig.broker.history_order(order.ticket)
    assert done is not None
    assert done.state is OrderState.EXPIRED


@case("F09", "A late commission is reported as a revision, of a fill and of a close, and the sums include it")
def late_commission(rig: ConformanceRig) -> None:
    start(rig)
    opening = rig.open(quantity=0.03)
    (deal,) = deals(rig)
    rig.broker.revise_deal(deal.ticket, Decimal("-0.55"))
    *_, revised = rig.emitted(opening, *OPENED, EventType.ORDER_FILLED)
    body = revised.body
    assert (body["action"], body["commission"], body["deal_id"]) == ("REVISION", 0.55, str(deal.ticket))
    assert "fill_quantity" not in body
    booked_as(rig, opening, deals(rig))
    close = rig.issue("CLOSE")
    *_, closed = rig.emitted(close, *CLOSED)
    sums_up(rig, closed, opening)
    last = deals(rig)[-1]
    rig.broker.revise_deal(last.ticket, Decimal("-0.44"), swap=Decimal("-1.11"), fee=Decimal("-0.22"))
    *_, revised = rig.emitted(close, *CLOSED, EventType.ORDER_FILLED)
    emitted = tuple(revised.body[name] for name in ("commission", "swap", "fee"))
    assert emitted == (0.44, -1.11, 0.22)
    booked_as(rig, opening, deals(rig))


@case("F10", "An annulled fill is reported as an error, and its position is not closed any more")
def annulled(rig: ConformanceRig) -> None:
    start(rig)
    rig.fault(Fills(volumes=PORTIONS[:2]))
    opening = rig.issue("OPEN_LONG", quantity=0.03)
    in_two = (*PLACED, PART, EventType.POSITION_OPENED, EventType.ORDER_FILLED)
    rig.emitted(opening, *in_two)
    first, second = deals(rig)
    rig.broker.cancel_deal(second.ticket)
    *_, error = rig.emitted(opening, *in_two, EventType.BROKER_ERROR)
    assert (error.code, error.body["fill_quantity"]) == ("DEAL_CANCELLED", 0.02)
    assert error.body["deal_id"] == str(second.ticket)
    # The broker has taken its volume and profit back, and not its commission.
    assert number(error.body["commission"]) == -second.commission
    assert position(rig, opening)["volume_in"] == str(first.volume)
    booked_as(rig, opening, deals(rig))
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert rig.broker.sends()[-1].request.volume == Decimal("0.01")
    whole = rig.open()
    rig.broker.cancel_deal(deals(rig)[-1].ticket)
    rig.emitted(whole, *OPENED, EventType.BROKER_ERROR)
    _, refused = rig.emitted(rig.issue("CLOSE"), *REFUSED)
    assert refused.code == "NO_POSITION"


@case("F11", "An annulled close is reported as an error, and its quantity can be closed again")
def close_annulled(rig: ConformanceRig) -> None:
    start(rig)
    opening = rig.open(quantity=0.03)
    close = rig.issue("CLOSE")
    rig.emitted(close, *CLOSED)
    rig.broker.cancel_deal(deals(rig)[-1].ticket)
    *_, error = rig.emitted(close, *CLOSED, EventType.BROKER_ERROR)
    assert error.code == "DEAL_CANCELLED"
    *_, closed = rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    assert closed.body["fill_quantity"] == 0.03
    rig.emitted(opening, *OPENED)


@case("F13", "A stop and a take profit that are filled in parts are reported part by part, with exact sums")
def levels_in_parts(rig: ConformanceRig) -> None:
    rig.reports_compared = True
    start(rig, exchange())
    ways: tuple[tuple[dict[str, Any], tuple[str, str, str], EventType], ...] = (
        ({"stop_loss": 1.09}, ("1.08900", "1.08890", "1.08880"), EventType.SL_TRIGGERED),
        ({"take_profit": 1.10}, ("1.10010", "1.10020", "1.10030"), EventType.TP_TRIGGERED),
    )
    for level, quotes, reached in ways:
        reason = reached.partition("_")[0]
        rig.quote("1.09500")
        opening = rig.open(quantity=0.1, **level)
        rig.broker.set_depth("EURUSD", Decimal("0.04"))
        parts: list[EventType] = []
        for bid in quotes:
            rig.quote(bid)
            last = bid == quotes[-1]
            parts += [reached, EventType.POSITION_CLOSED] if last else [PART]
            *_, part = rig.emitted(opening, *OPENED, *parts)
            if not last:
                assert number(part.body["fill_quantity"]) == Decimal("0.04")
                left = "0.06" if bid == quotes[0] else "0.02"
                reported(rig, "order", reason=reason, state="PARTIAL", volume_current=left)
        assert [deal.volume for deal in deals(rig)[-3:]] == [
            Decimal("0.04"),
            Decimal("0.04"),
            Decimal("0.02"),
        ]
        reported(rig, "order", reason=reason, state="FILLED")
        sums_up(rig, part, opening)
        rig.broker.set_depth("EURUSD", None)


@case(
    "F12",
    "Money that is booked as a deal of its own counts for the position that it names, and is a revision afterwards",
)
def money_deals(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open(quantity=0.02)
    (held,) = rig.broker.positions()
    before = {"COMMISSION": "-1.25", "CHARGE": "-0.40", "INTEREST": "-0.15", "DEAL_DIVIDEND": "0.90"}
    for type, amount in before.items():
        rig.broker.book_deal(DealType[type], Decimal(amount), position=held.identifier)
    # Of no position: operations of the account, which concern nobody.
    for type in ("COMMISSION_DAILY", "CORRECTION", "BONUS", "CREDIT"):
        rig.broker.book_deal(DealType[type], Decimal("-0.01"))
    made = [deal for deal in deals(rig) if deal.position_id == held.identifier]
    until(rig, "the dividend counts", lambda: number(position(rig, opening)["profit"]) == Decimal("0.9"))
    *_, closed = rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    made = [deal for deal in deals(rig) if deal.position_id == held.identifier]
    trades = sum(deal.commission for deal in made)
    assert number(closed.body["commission"]) == Decimal("1.25") - trades
    assert (number(closed.body["fee"]), number(closed.body["swap"])) == (Decimal("0.40"), Decimal("-0.15"))
    assert number(closed.body["profit"]) == Decimal("0.90") + sum(deal.profit for deal in made)
    rig.broker.book_deal(DealType.COMMISSION, Decimal("-0.75"), position=held.identifier)
    *_, revised = rig.emitted(opening, *OPENED, EventType.ORDER_FILLED)
    assert (revised.body["action"], number(revised.body["commission"])) == ("REVISION", Decimal("0.75"))
    assert "fill_quantity" not in revised.body
    row = position(rig, opening)
    assert (number(row["commission"]), row["state"]) == (trades - Decimal("2.00"), "CLOSED")
    assert [each.code for each in rig.director.events() if each.type == EventType.SYSTEM_ERROR] == []
