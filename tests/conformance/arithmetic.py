"""A Director's own arithmetic: what is open, from nothing but the events that it was told and what it asked for."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from bridge.core.contract import EventType
from bridge.core.reporting import REVISION
from tests.rig.director import Event


class Fill(NamedTuple):
    """What was filled of one order."""

    directive_id: str
    opener: str | None
    """Whose position it closes; None where it opens."""
    at: str
    quantity: Decimal


def fills(events: Iterable[Event]) -> list[Fill]:
    """By order: what the event of the whole says, else the sum of the parts."""
    parts: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    wholes: dict[str, dict[str, Any]] = {}
    for body in _bodies(events):
        if body.get("action") == REVISION or body.get("entry") == "OUT":
            continue
        if body["event_type"] == EventType.ORDER_FILLED:
            wholes[body["broker_order_id"]] = body
        elif body["event_type"] == EventType.ORDER_PARTIAL_FILL:
            parts[body["broker_order_id"]].append(body)
    found = [[whole] for whole in wholes.values()]
    found += [each for order, each in parts.items() if order not in wholes]
    return [
        Fill(
            directive_id=bodies[-1]["directive_id"],
            opener=bodies[-1].get("opening_directive_id"),
            at=max(body["occurred_at"] for body in bodies),
            quantity=sum((_quantity(body) for body in bodies), Decimal(0)),
        )
        for bodies in found
    ]


def open_by_directive(events: Iterable[Event], opens: Iterable[str]) -> dict[str, Decimal]:
    """What each opening directive has open, where every position is one directive's own; without those that have
    nothing open."""
    events = list(events)
    opened: defaultdict[str, Decimal] = defaultdict(Decimal)
    closings: defaultdict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    ends: defaultdict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    openings = set(opens)
    for fill in fills(events):
        if fill.directive_id in openings:
            opened[fill.directive_id] += fill.quantity
        else:
            closings[fill.opener or ""].append((fill.at, fill.quantity))
    for body in _bodies(events):
        opener = body.get("opening_directive_id") or body["directive_id"]
        if body.get("entry") == "OUT":
            closings[opener].append((body["occurred_at"], _quantity(body)))
        if body["event_type"] == EventType.POSITION_CLOSED:
            # Its quantity is all that was ever closed of the position.
            ends[opener].append((body["occurred_at"], _quantity(body)))
    left: dict[str, Decimal] = {}
    for directive_id, volume in opened.items():
        ended, total = max(ends[directive_id], default=("", Decimal(0)))
        since = (quantity for at, quantity in closings[directive_id] if at > ended)
        left[directive_id] = volume - total - sum(since, Decimal(0))
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


def _bodies(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    return (event.body for event in events if event.directive_id is not None)


def _quantity(body: Mapping[str, Any]) -> Decimal:
    return Decimal(str(body["fill_quantity"]))
