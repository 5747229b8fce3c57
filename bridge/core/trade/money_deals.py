"""Deals that are money alone: a separate commission, charge, tax, interest, correction or dividend.

Such a deal counts for the position that it names, in the total that its type belongs to (`DealType.treatment`).
Where it comes before the close, POSITION_CLOSED has it; after it, it is reported as a revision. One that names no
position is an operation of the account.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from bridge.core.link.reports import DealReport
from bridge.core.trade import position_events
from bridge.core.trade.allocation import allocate_money
from bridge.core.trade.apply_reports import Scene
from bridge.core.trade.position_book import PositionBook, summed
from bridge.core.trade.records import Allocation, Disposition, NewEvent, Outcome, PositionRecord


def apply_money(report: DealReport, book: PositionBook, scene: Scene) -> Outcome:
    """Apply a deal of money. `book` is the state of the position that it names."""
    if not report.names_position:
        return Outcome(disposition=Disposition.FOREIGN)
    if not book.lots:
        # Its position may turn out to be ours.
        return Outcome(disposition=Disposition.PARKED)
    return _count(report, _weights(book), book, scene)


def revise_money(
    report: DealReport, allocations: Sequence[Allocation], book: PositionBook, scene: Scene, *, again: int
) -> Outcome:
    """Apply a revision of a deal of money that counts already, divided as it was. `again`: see `revise_deal`."""
    weights = [(each.client_order_id, _amount(each)) for each in allocations]
    if not any(weight for _, weight in weights):
        weights = [(each.client_order_id, Decimal(1)) for each in allocations]
    return _count(report, weights, book, scene, again=again)


def _weights(book: PositionBook) -> list[tuple[int, Decimal]]:
    """Return the open volumes by client order id; of a closed position the volumes that were opened."""
    foreign = book.foreign_volume()
    held = [(lot.client_order_id, lot.volume) for lot in book.lots if lot.volume > 0]
    if held:
        return [*held, (0, foreign)] if foreign else held
    return [(lot.client_order_id, lot.volume_in) for lot in book.lots]


def _amount(allocation: Allocation) -> Decimal:
    return abs(allocation.commission + allocation.swap + allocation.profit + allocation.fee)


def _count(
    report: DealReport,
    weights: Sequence[tuple[int, Decimal]],
    book: PositionBook,
    scene: Scene,
    *,
    again: int = 0,
) -> Outcome:
    allocations = allocate_money(report, weights)
    after: list[PositionRecord] = []
    new_events: list[NewEvent] = []
    for allocation in allocations:
        lot = book.lot(allocation.client_order_id)
        if lot is None:
            continue
        counted = summed(lot, [*book.allocations.get(lot.client_order_id, ()), allocation])
        after.append(counted)
        if not counted.volume:
            part = msgspec.structs.replace(
                report,
                commission=allocation.commission,
                swap=allocation.swap,
                profit=allocation.profit,
                fee=allocation.fee,
            )
            new_events.append(
                position_events.deal_revised(
                    scene.officer, lot.directive_id, part, scene.to_utc(report.time_server_ms), again=again
                )
            )
    return Outcome(
        disposition=Disposition.APPLIED,
        positions=tuple(after),
        allocations=allocations,
        events=tuple(new_events),
    )
