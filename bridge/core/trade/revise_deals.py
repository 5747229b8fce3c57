"""Revision of deals that count already: money booked anew, or the whole deal annulled by the broker."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from bridge.core.link.reports import DealReport
from bridge.core.trade import events, position_events
from bridge.core.trade.allocation import revise
from bridge.core.trade.apply_reports import Scene
from bridge.core.trade.money_deals import revise_money
from bridge.core.trade.position_book import PositionBook, summed, targets_lot
from bridge.core.trade.position_states import PositionInput, step_position
from bridge.core.trade.records import (
    Allocation,
    CommandRecord,
    Disposition,
    NewEvent,
    Outcome,
    PositionRecord,
)
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import DealEntry


def rewritten(report: DealReport, before: DealReport) -> str:
    """Return the fields by which a deal that counts already became another deal; empty where none did.

    Price and money may change, and an annulled deal keeps what it was. No broker is known to do anything else.
    """
    if report.side is None:
        return ""
    # A symbol may get another name, in the history too.
    fields = ("volume", "type", "entry", "position_id")
    found = [
        f"its {field} was {getattr(before, field)} and is {getattr(report, field)}"
        for field in fields
        if getattr(before, field) != getattr(report, field)
    ]
    return ", ".join(found)


def revise_deal(
    report: DealReport,
    before: DealReport,
    *,
    allocations: Sequence[Allocation],
    book: PositionBook,
    maker: CommandRecord | None,
    scene: Scene,
    again: int = 0,
) -> Outcome:
    """Apply a revision of a deal that counts already: a late commission, a swap, or the whole deal annulled.

    `allocations` are the deal's own as they were, `book` its position's with every other deal. Sums follow; the
    command's state does not: a fill that was reported stays reported. A position is open while it has volume.
    `again` counts how often the deal was booked just like this before.
    """
    if report.books_money and before.books_money:
        return revise_money(report, allocations, book, scene, again=again)
    # A deal that was annulled before may be revised as well: its volume is gone already.
    annulled = report.side is None and before.side is not None
    now = revise(report, allocations)
    after: list[PositionRecord] = []
    for client_order_id in dict.fromkeys(
        allocation.client_order_id for allocation in allocations if allocation.client_order_id
    ):
        lot = book.lot(client_order_id)
        if lot is None:
            continue
        counted = summed(
            lot,
            [
                *book.allocations.get(client_order_id, ()),
                *(each for each in now if each.client_order_id == client_order_id),
            ],
        )
        if annulled:
            counted = _after_annulment(_explained(lot, counted), scene.at)
        after.append(counted)
    if annulled:
        new_events = _annulled(report, before, maker=maker, allocations=allocations, book=book, scene=scene)
    else:
        owners = [maker.directive_id] if maker is not None else [lot.directive_id for lot in after]
        new_events = [
            position_events.deal_revised(scene.officer, owner, report, scene.at, again=again)
            for owner in dict.fromkeys(owners)
        ]
    return Outcome(
        disposition=Disposition.APPLIED, positions=tuple(after), allocations=now, events=tuple(new_events)
    )


def _explained(before: PositionRecord, after: PositionRecord) -> PositionRecord:
    """Return the lot after an annulment with the part of its correction that this does not explain: the broker may
    have shown the volume that the annulment left before it was reported."""
    correction, change = before.volume_corrected, after.volume_by_deals - before.volume_by_deals
    if correction > 0 and change > 0:
        return msgspec.structs.replace(after, volume_corrected=max(correction - change, ZERO))
    if correction < 0 and change < 0:
        return msgspec.structs.replace(after, volume_corrected=min(correction - change, ZERO))
    return after


def _after_annulment(lot: PositionRecord, at: datetime) -> PositionRecord:
    """Return the lot, already summed up without the annulled deal, in the state that its volume leaves it in."""
    open_left = lot.volume > 0
    what = PositionInput.REVISED_SOME_OPEN if open_left else PositionInput.REVISED_NONE_OPEN
    stepped = step_position(lot.state, what)
    if stepped is None or stepped[0] is lot.state:
        return lot
    if open_left:
        # A closed lot is open again, and must be closed anew.
        return msgspec.structs.replace(lot, state=stepped[0], closed_at=None, close_reason="")
    return msgspec.structs.replace(lot, state=stepped[0], closed_at=at, close_reason="CANCELLED")


def _annulled(
    report: DealReport,
    before: DealReport,
    *,
    maker: CommandRecord | None,
    allocations: Sequence[Allocation],
    book: PositionBook,
    scene: Scene,
) -> list[NewEvent]:
    """Return the events of an annulment: to the directive of the order, and to those whose lots the deal closed."""
    new_events: list[NewEvent] = []
    closed = [
        lot
        for allocation in allocations
        if allocation.entry is DealEntry.OUT and (lot := book.lot(allocation.client_order_id))
    ]
    if maker is not None:
        # A close that came too late closed no lot: its opener is then the directive that it was to close.
        opener = closed[0].directive_id if closed else maker.opening_directive_id
        new_events.append(
            position_events.deal_annulled(
                scene.officer,
                maker.directive_id,
                report,
                before,
                scene.at,
                opening_directive_id=events.other(opener, maker.directive_id),
            )
        )
    for allocation in allocations:
        lot = book.lot(allocation.client_order_id)
        if lot is not None and allocation.entry is DealEntry.OUT and not targets_lot(maker, allocation):
            new_events.append(
                position_events.deal_annulled(
                    scene.officer, lot.directive_id, report, before, scene.at, allocation=allocation
                )
            )
    return new_events
