"""The broker's positions as it shows them, kept beside the journal's own, and what of them may be closed.

A report of a position replaces it. A later deal changes its volume until the broker shows it again. A scan that
lists everything deletes what it does not name.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.link.reports import DealReport, OrderReport, PositionReport, ScanReport
from bridge.core.trade.comparison import Field, Thing, closable
from bridge.core.trade.records import CommandRecord, OrderRecord, PositionRecord
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import DealEntry
from bridge.journal.steps.resting_orders import resting_orders
from bridge.journal.steps.sessions import margin_mode
from bridge.journal.steps.step import Step
from bridge.journal.tables import (
    broker_positions,
    commands,
    deals,
    officers,
    position_mismatches,
    positions,
    reports,
    sessions,
)
from bridge.journal.tables.broker_positions import Shown
from bridge.journal.tables.position_mismatches import Mismatch

MOST_POSITIONS: Final = 2048
"""Largest number of positions that a scan can name."""


def note_position(step: Step, report: PositionReport) -> None:
    """Store the position as it is shown now."""
    broker_positions.save(step.connection, step.account, Shown(report))


def note_deal(step: Step, report: DealReport) -> None:
    """Change the position's volume by a deal that the broker has not shown it with yet."""
    if report.side is None and not report.annulled:
        # Money alone changes no volume.
        return
    shown = broker_positions.load(step.connection, step.account, report.position_id)
    # An annulled deal has the time at which it was made: the position may have been shown before it was annulled.
    if shown is None or (report.time_server_ms <= shown.report.updated_server_ms and not report.annulled):
        return
    volume = shown.report.volume + _change(report)
    if volume <= 0:
        broker_positions.delete(step.connection, step.account, report.position_id)
        return
    changed = msgspec.structs.replace(shown.report, volume=volume)
    broker_positions.save(
        step.connection, step.account, Shown(changed, max(report.time_server_ms, shown.changed_server_ms))
    )


def _change(deal: DealReport) -> Decimal:
    if deal.side is None or deal.entry is DealEntry.INOUT:
        # It reversed the position, or was annulled: the broker has to show what is left.
        return ZERO
    return deal.volume if deal.entry is DealEntry.IN else -deal.volume


def note_scan(step: Step, scan: ScanReport, epoch: int) -> tuple[dict[int, PositionReport], dict[int, int]]:
    """Store what a scan says is open.

    Return the positions that stand as they were shown, and the identifiers of those of which the scan says nothing,
    each with the milliseconds by which it changed later than the scan; 0 where nothing is known of the present one.
    """
    complete = is_complete(scan)
    officers.set_scan_epoch(
        step.connection, step.officer, epoch if complete and scan.live_orders is not None else 0
    )
    known = broker_positions.load_all(step.connection, step.account)
    named = set(scan.positions)
    standing: dict[int, PositionReport] = {}
    changing: dict[int, int] = {}
    for identifier, shown in known.items():
        changed_ms = max(shown.changed_server_ms, shown.report.updated_server_ms)
        later_ms = max(changed_ms - scan.to_server_ms, 0)
        if identifier not in named:
            if later_ms or not complete:
                changing[identifier] = later_ms
            else:
                broker_positions.delete(step.connection, step.account, identifier)
        elif later_ms:
            changing[identifier] = later_ms
        elif not shown.changed_server_ms:
            standing[identifier] = shown.report
    for identifier in named - standing.keys() - changing.keys():
        last = None if identifier in known else deals.last_in(step.connection, step.account, identifier)
        if last is not None and last.time_server_ms > scan.to_server_ms:
            # It was closed while the scan was read.
            changing[identifier] = last.time_server_ms - scan.to_server_ms
            continue
        report = reports.latest_position(step.connection, step.account, identifier)
        if report is None:
            # It is there, and its report could not be read.
            changing[identifier] = 0
            continue
        broker_positions.save(step.connection, step.account, Shown(report))
        standing[identifier] = report
    return standing, changing


def is_complete(scan: ScanReport) -> bool:
    """Return True where the scan names every open position."""
    return len(scan.positions) < MOST_POSITIONS


def is_listed(step: Step) -> bool:
    """Return True where a scan of the present session has listed everything that is open."""
    officer = officers.load_or_add(step.connection, step.officer)
    return bool(officer.scan_epoch) and officer.scan_epoch == sessions.last_epoch(
        step.connection, step.officer
    )


def is_shown(step: Step, client_order_id: int) -> bool:
    """Return True where the broker shows a position with the client order id, or has shown one."""
    if positions.with_lot_of(step.connection, step.account, client_order_id):
        return True
    shown = broker_positions.load_all(step.connection, step.account)
    return any(each.report.magic == client_order_id for each in shown.values())


def owners(step: Step, shown: dict[int, PositionReport]) -> dict[int, CommandRecord]:
    """Return the commands whose client order ids the positions bear, by client order id."""
    found: dict[int, CommandRecord] = {}
    for magic in {report.magic for report in shown.values()} - {0}:
        command = commands.load(step.connection, step.officer, magic)
        if command is not None and not command.order.kind.changes:
            found[magic] = command
    return found


def to_close(step: Step) -> list[PositionRecord]:
    """Return the lots that a CLOSE or a flatten may close, as the broker shows them; oldest first."""
    shown = broker_positions.load_all(step.connection, step.account)
    standing = {identifier: each.report for identifier, each in shown.items() if not each.changed_server_ms}
    lots = positions.lots_known(step.connection, step.account, standing)
    mismatches = position_mismatches.load(step.connection, step.account)
    missing = _numbers(mismatches, Thing.POSITION, Field.EXISTENCE)
    return closable(lots, standing, missing, netting=margin_mode(step).netting)


def orders_to_cancel(step: Step) -> list[OrderRecord]:
    """Return the orders on the broker's book that bear an id of ours, oldest first.

    One whose absence there has lasted is left out; one that only the broker has there is among them.
    """
    found = position_mismatches.load(step.connection, step.account)
    missing = _numbers(found, Thing.ORDER, Field.EXISTENCE)
    resting = [order for order in resting_orders(step) if order.ticket not in missing]
    known = {order.ticket for order in resting}
    orphans = [order for order, certain in _orphans(step, found) if certain and order.ticket not in known]
    return sorted([*resting, *orphans], key=lambda order: order.ticket)


def _orphans(
    step: Step, found: Mapping[position_mismatches.Key, Mismatch]
) -> Iterator[tuple[OrderRecord, bool]]:
    """Yield the orders that only the broker has on its book, and whether that is certain: an order whose end is
    reported may have ended while the scan that names it was read, until a further scan names it."""
    for (thing, ticket, field), mismatch in sorted(found.items()):
        if thing is Thing.ORDER and field is Field.OWNER and mismatch.difference.shown:
            report = reports.latest_order(step.connection, step.account, ticket)
            command = (
                commands.load(step.connection, step.officer, report.magic) if report is not None else None
            )
            if report is not None and command is not None:
                certain = mismatch.raised_at is not None or not report.off_the_book
                yield _orphan(report, command), certain


def _orphan(report: OrderReport, command: CommandRecord) -> OrderRecord:
    return OrderRecord(
        ticket=report.ticket,
        client_order_id=report.magic,
        directive_id=command.directive_id,
        symbol=report.symbol,
        side=command.order.side,
        order_type=command.order.order_type,
        volume=report.volume_current,
        former_symbol="" if command.order.symbol == report.symbol else command.order.symbol,
    )


def _numbers(mismatches: Mapping[position_mismatches.Key, Mismatch], thing: Thing, field: Field) -> set[int]:
    """Return the numbers of the things that are missing at the broker by that field. Each counts once it is raised:
    a terminal that has just started may not have its list yet."""
    return {
        number
        for (each, number, differs), mismatch in mismatches.items()
        if each is thing
        and differs is field
        and not mismatch.difference.shown
        and mismatch.raised_at is not None
    }


def is_known(step: Step, meant: Callable[[PositionRecord | OrderRecord], bool]) -> bool:
    """Return True where the broker's whole list of this session is known, and nothing of ours that is meant is
    changing just now."""
    if not is_listed(step):
        return False
    found = position_mismatches.load(step.connection, step.account)
    if any(meant(order) for order, certain in _orphans(step, found) if not certain):
        return False
    shown = broker_positions.load_all(step.connection, step.account)
    return not any(
        each.changed_server_ms
        and any(map(meant, positions.lots_in(step.connection, step.account, identifier)))
        for identifier, each in shown.items()
    )
