"""A Director's own arithmetic: what is open and what it cost, from nothing but the events that it was told and what
it asked for.

The events are taken in the order in which they were made. Between directives they may arrive in another.
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
    """What one event says was filled of an order more than was known, or less: a deal may be annulled."""

    place: int
    """Of the event, among all."""
    directive_id: str
    opener: str | None
    """Whose position it closes; None where it opens."""
    quantity: Decimal


class Booked(NamedTuple):
    """What a broker books for a deal or a position, as it books it: negative is paid."""

    commission: Decimal
    fee: Decimal
    swap: Decimal
    profit: Decimal


def fills(events: Iterable[Event]) -> Iterator[Fill]:
    """What was filled of the directives' own orders. The event of the whole says what the sum is."""
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
    """What each opening directive has open, where every position is one directive's own; without those that have
    nothing open."""
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
            # Its quantity is all that was ever closed of the position.
            ends[opener].append((place, _amount(body, "fill_quantity")))
    left: dict[str, Decimal] = {}
    for directive_id, volume in opened.items():
        ended, total = max(ends[directive_id], default=(-1, _ZERO))
        since = (quantity for place, quantity in closings[directive_id] if place > ended)
        left[directive_id] = volume - total - sum(since, _ZERO)
    return {directive_id: volume for directive_id, volume in left.items() if volume}


def signed_by_symbol(events: Iterable[Event], sides: Mapping[str, int]) -> dict[str, Decimal]:
    """What the directives' own orders have bought less what they have sold, by symbol.

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
    """Commission and fee of the directives' own orders, by ticket: negative is paid.

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
            # It is the sum of what stands by then.
            counted = (booked for name, booked in deals[order].items() if name not in annulled)
            deals[order][""] = cost - sum(counted, _ZERO)
        elif order in deals and (body.get("action") == REVISION or body.get("error_code") == ANNULLED):
            if deal not in deals[order]:
                del deals[order][""]  # this is the one that was not named
            deals[order][deal] = cost
            if body.get("error_code") == ANNULLED:
                annulled.add(deal)
    return {int(order): sum(booked.values(), _ZERO) for order, booked in deals.items()}


def totals_by_position(events: Iterable[Event]) -> dict[int, Booked]:
    """What each position came to, by its identifier, where its close is the last that was told of it."""
    totals: dict[int, Booked] = {}
    for body in _bodies(events):
        if (position := body.get("position_id")) is None:
            continue
        totals.pop(int(position), None)
        if body["event_type"] == EventType.POSITION_CLOSED:
            totals[int(position)] = _booked(body)
    return totals


def revised_deals(events: Iterable[Event]) -> dict[int, Booked]:
    """What was told last of each deal that was booked anew, or annulled, by its ticket."""
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
