"""Allocation of a netted position's deals anew, once an earlier deal becomes known or is annulled.

A deal is allocated by what is known when it comes. History may be late: a deal before it changes which volume was
there to close. So all deals of the position are replayed in the order in which the broker made them.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from bridge.core.link.report_identity import content_hash
from bridge.core.link.reports import DealReport
from bridge.core.trade import position_events
from bridge.core.trade.allocation import Lot, allocate, reopen
from bridge.core.trade.apply_reports import Scene
from bridge.core.trade.position_book import summed
from bridge.core.trade.position_states import PositionInput, PositionState, step_position
from bridge.core.trade.records import Allocation, CommandRecord, NewEvent, PositionRecord
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import REOPENING_REASONS, DealEntry


class Counted(msgspec.Struct, frozen=True):
    """Deal that is allocated, and the command of ours that made it."""

    report: DealReport
    maker: CommandRecord | None
    allocations: tuple[Allocation, ...]


class Reallocated(msgspec.Struct, frozen=True):
    """Result of a replay: what it changes."""

    allocations: dict[int, tuple[Allocation, ...]] = {}
    """By deal ticket: allocations that differ from before."""
    positions: tuple[PositionRecord, ...] = ()
    events: tuple[NewEvent, ...] = ()


def reallocate(
    counted: Sequence[Counted], lots: Sequence[PositionRecord], by: DealReport, scene: Scene
) -> Reallocated:
    """Return what changes where the position's deals are allocated in their order.

    `counted` are all of its allocated deals, `lots` those of our commands in it, `by` is the deal that became known
    or was annulled.
    """
    changed = _replayed(counted)
    if not changed:
        return Reallocated()
    present = {each.report.ticket: changed.get(each.report.ticket, each.allocations) for each in counted}
    after: list[PositionRecord] = []
    new_events: list[NewEvent] = []
    for lot in lots:
        own = [
            allocation
            for ticket in sorted(present)
            for allocation in present[ticket]
            if allocation.client_order_id == lot.client_order_id
        ]
        moved = _moved(summed(lot, own), scene.at)
        affected = [each for each in counted if _concerns(each, changed, lot.client_order_id)]
        if not affected:
            continue
        after.append(moved)
        for each in affected:
            new_events.append(
                position_events.reallocated(
                    moved,
                    each.report,
                    [
                        one
                        for one in changed[each.report.ticket]
                        if one.client_order_id == lot.client_order_id
                    ],
                    scene.at,
                    subject=f"after:{by.ticket}:{content_hash(by)[:16]}",
                )
            )
        if moved.state is PositionState.CLOSED and lot.state is PositionState.OPEN:
            new_events.append(position_events.closed(moved, affected[-1].report, scene.at))
        elif moved.state is PositionState.OPEN and lot.state is PositionState.CLOSED:
            new_events.append(position_events.open_again(moved, by, scene.at))
    return Reallocated(changed, tuple(after), tuple(new_events))


def _concerns(each: Counted, changed: dict[int, tuple[Allocation, ...]], client_order_id: int) -> bool:
    if each.report.ticket not in changed:
        return False

    def own(allocations: tuple[Allocation, ...]) -> list[Allocation]:
        return [one for one in allocations if one.client_order_id == client_order_id]

    return own(each.allocations) != own(changed[each.report.ticket])


def _moved(lot: PositionRecord, at: datetime) -> PositionRecord:
    """Return the lot, already summed up, in the state that its volume leaves it in."""
    open_left = lot.volume > 0
    what = PositionInput.REVISED_SOME_OPEN if open_left else PositionInput.REVISED_NONE_OPEN
    stepped = step_position(lot.state, what)
    if stepped is None or stepped[0] is lot.state:
        return lot
    if open_left:
        return msgspec.structs.replace(lot, state=stepped[0], closed_at=None, close_reason="")
    return msgspec.structs.replace(lot, state=stepped[0], closed_at=at, close_reason="REALLOCATED")


def _replayed(counted: Sequence[Counted]) -> dict[int, tuple[Allocation, ...]]:
    """Return the allocations that differ from before, by deal ticket."""
    volumes: dict[int, Decimal] = {}
    began: dict[int, int] = {}
    outstanding: dict[int, Decimal] = {}
    changed: dict[int, tuple[Allocation, ...]] = {}
    for each in sorted(counted, key=lambda one: one.report.ticket):
        found = _anew(each, volumes, began, outstanding)
        if found != each.allocations:
            changed[each.report.ticket] = found
        for allocation in found:
            owner, entering = allocation.client_order_id, allocation.entry is DealEntry.IN
            signed = allocation.volume if entering else -allocation.volume
            volumes[owner] = volumes.get(owner, ZERO) + signed
            if allocation.volume:
                began.setdefault(owner, each.report.ticket)
            if allocation.reopens:
                outstanding[owner] = outstanding.get(owner, ZERO) - signed
    return changed


def _anew(
    each: Counted, volumes: dict[int, Decimal], began: dict[int, int], outstanding: dict[int, Decimal]
) -> tuple[Allocation, ...]:
    report, foreign = each.report, max(volumes.get(0, ZERO), ZERO)
    if report.side is None:
        # Annulled, or money alone: it has no volume to divide.
        return each.allocations
    if report.reason in REOPENING_REASONS:
        ours = {owner: volume for owner, volume in volumes.items() if owner}
        return reopen(report, {**ours, 0: foreign}, outstanding)
    lots = [
        Lot(owner, volume, began[owner])
        for owner, volume in sorted(volumes.items(), key=lambda item: began.get(item[0], 0))
        if owner and volume > 0
    ]
    found = allocate(report, each.maker, lots, foreign, complete=True)
    known = {owner for owner in volumes if owner} | {
        one.client_order_id for one in each.allocations if one.client_order_id
    }
    if found is None or any(one.client_order_id not in {0, *known} for one in found):
        # A reversal of nothing that is known: as it was divided before.
        return each.allocations
    return found
