"""The sums of a Director: open volume and costs, from its directives and the events that it received alone.

Events are read in the order in which the journal made them. Between directives they may arrive in another order.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from bridge.core.director.contract import EventType
from bridge.core.trade.events import REVISION
from tests.rig.director import Event

ANNULLED: Final = "DEAL_CANCELLED"
_ZERO: Final = Decimal(0)


class Fill(NamedTuple):
    """Filled volume that one event adds to an order, or removes: a deal may be annulled."""

    place: int
    """Index of the event among all."""
    directive_id: str
    opener: str | None
    """Opening directive of the position that it closes; None where it opens."""
    quantity: Decimal


class Booked(NamedTuple):
    """Amounts that a broker books for a deal or a position; negative is paid."""

    commission: Decimal
    fee: Decimal
    swap: Decimal
    profit: Decimal


def fills(events: Iterable[Event]) -> Iterator[Fill]:
    """Yield the fills of the directives' own orders. The event of the whole has the sum."""
    known: defaultdict[str, Decimal] = defaultdict(Decimal)
    for place, body in enumerate(_bodies(events)):
        order = body.get("broker_order_id")
        if body.get("action") == REVISION or body.get("entry") == "OUT" or order is None:
            continue
        match body["event_type"]:
            case EventType.ORDER_FILLED:
                more = _amount(body, "fill_quantity") - known[order]
            case EventType.ORDER_PARTIAL_FILL:
                more = _amount(body, "fill_quantity")
            case EventType.BROKER_ERROR if body.get("error_code") == ANNULLED:
                more = -_amount(body, "fill_quantity")
            case _:
                continue
        known[order] += more
        yield Fill(place, body["directive_id"], body.get("opening_directive_id"), more)


def open_by_directive(events: Iterable[Event], opens: Iterable[str]) -> dict[str, Decimal]:
    """Return the open volume by opening directive, where each position belongs to one directive; without zeros."""
    events = list(events)
    opened: defaultdict[str, Decimal] = defaultdict(Decimal)
    closings: defaultdict[str, list[tuple[int, Decimal]]] = defaultdict(list)
    ends: defaultdict[str, list[tuple[int, Decimal]]] = defaultdict(list)
    openings = set(opens)
    for fill in fills(events):
        if fill.directive_id in openings:
            opened[fill.directive_id] += fill.quantity
        else:
            closings[fill.opener or ""].append((fill.place, fill.quantity))
    for place, body in enumerate(_bodies(events)):
        opener = body.get("opening_directive_id") or body["directive_id"]
        if body.get("entry") == "OUT":
            back = -1 if body.get("error_code") == ANNULLED else 1
            closings[opener].append((place, back * _amount(body, "fill_quantity")))
        elif body["event_type"] == EventType.POSITION_CLOSED:
            # Its quantity is the sum of all closes of the position.
            ends[opener].append((place, _amount(body, "fill_quantity")))
    left: dict[str, Decimal] = {}
    for directive_id, volume in opened.items():
        ended, total = max(ends[directive_id], default=(-1, _ZERO))
        since = (quantity for place, quantity in closings[directive_id] if place > ended)
        left[directive_id] = volume - total - sum(since, _ZERO)
    return {directive_id: volume for directive_id, volume in left.items() if volume}


def signed_by_symbol(events: Iterable[Event], sides: Mapping[str, int]) -> dict[str, Decimal]:
    """Return the bought less the sold volume of the directives' own orders, by symbol.

    `sides` are the opening directives: 1 for a long, -1 for a short.
    """
    events = list(events)
    symbols = {body["directive_id"]: body["symbol"] for body in _bodies(events) if body.get("symbol")}
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in fills(events):
        side = sides.get(fill.directive_id) or -sides[fill.opener or ""]
        total[symbols[fill.directive_id]] += side * fill.quantity
    return {symbol: volume for symbol, volume in total.items() if volume}


def costs_by_order(events: Iterable[Event]) -> dict[int, Decimal]:
    """Return commission and fee of the directives' own orders, by ticket; negative is paid.

    Each deal of an order is named but for the one that completes it.
    """
    deals: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    annulled: set[str] = set()
    for body in _bodies(events):
        order, deal = body.get("broker_order_id"), body.get("deal_id", "")
        if order is None or body.get("entry") == "OUT":
            continue
        cost = -_amount(body, "commission") - _amount(body, "fee")
        if body["event_type"] == EventType.ORDER_PARTIAL_FILL:
            deals[order][deal] = cost
        elif body["event_type"] == EventType.ORDER_FILLED and body.get("action") != REVISION:
            # It is the sum of the deals that are valid by then.
            counted = (booked for name, booked in deals[order].items() if name not in annulled)
            deals[order][""] = cost - sum(counted, _ZERO)
        elif order in deals and (body.get("action") == REVISION or body.get("error_code") == ANNULLED):
            if deal not in deals[order]:
                del deals[order][""]  # this is the deal without an event of its own
            deals[order][deal] = cost
            if body.get("error_code") == ANNULLED:
                annulled.add(deal)
    return {int(order): sum(booked.values(), _ZERO) for order, booked in deals.items()}


def totals_by_position(events: Iterable[Event]) -> dict[int, Booked]:
    """Return each closed position's totals by identifier, where its close is its last event."""
    totals: dict[int, Booked] = {}
    for body in _bodies(events):
        if (position := body.get("position_id")) is None:
            continue
        totals.pop(int(position), None)
        if body["event_type"] == EventType.POSITION_CLOSED:
            totals[int(position)] = _booked(body)
    return totals


def revised_deals(events: Iterable[Event]) -> dict[int, Booked]:
    """Return the last reported amounts of each revised or annulled deal, by ticket."""
    return {
        int(body["deal_id"]): _booked(body)
        for body in _bodies(events)
        if body.get("action") == REVISION or body.get("error_code") == ANNULLED
    }


def _bodies(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    return (event.body for event in events if event.directive_id is not None)


def _booked(body: Mapping[str, Any]) -> Booked:
    return Booked(
        commission=-_amount(body, "commission"),
        fee=-_amount(body, "fee"),
        swap=_amount(body, "swap"),
        profit=_amount(body, "profit"),
    )


def _amount(body: Mapping[str, Any], name: str) -> Decimal:
    return Decimal(str(body.get(name, 0)))
