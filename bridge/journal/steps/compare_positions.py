"""Comparison with the broker after each scan, in both directions, and what the journal does about a difference.

The broker's history may be late, and scans may be a second apart, so a difference counts once a further scan still
shows it, and the grace time has passed. Then it is raised, stays an action required until a scan shows it no more,
and is raised again when it changes. What the broker shows is what a CLOSE closes; the lot's record takes the volume
that is shown.
"""

from datetime import timedelta
from typing import Final

import msgspec

from bridge.core.link.report_identity import report_key
from bridge.core.link.reports import PositionReport, ScanReport
from bridge.core.trade import position_events
from bridge.core.trade.apply_positions import corrected
from bridge.core.trade.apply_reports import Scene
from bridge.core.trade.comparison import Difference, Field, Thing, compare_orders, compare_positions
from bridge.core.trade.position_states import PositionInput, PositionState, step_position
from bridge.core.trade.records import PositionRecord
from bridge.core.units.decimals import ZERO
from bridge.journal.steps import broker_positions
from bridge.journal.steps.apply_positions import apply_position
from bridge.journal.steps.step import Step
from bridge.journal.tables import commands, deals, orders, position_mismatches, positions, reports
from bridge.journal.tables.position_mismatches import Mismatch, key_of

AFTER_A_CHANGE: Final = timedelta(seconds=1)
"""Time after a position's change from which a further scan shows it: the last one ended before the change."""
MOST_LATER_MS: Final = 5_000
"""Change later than a scan by more than this: the broker's clock was set back, and no scan is of use until then."""


def compare_with_broker(
    step: Step, scan: ScanReport, epoch: int, scene: Scene, *, netting: bool
) -> list[timedelta]:
    """Store what the scan lists, and each difference from it; raise those that have lasted.

    Return the times from now after which a further scan decides about the others.
    """
    standing, changing = broker_positions.note_scan(step, scan, epoch)
    owners = broker_positions.owners(step, standing)
    lots = positions.lots_known(step.connection, step.account, standing)
    waits = [
        timedelta(milliseconds=later_ms) + AFTER_A_CHANGE
        for identifier, later_ms in changing.items()
        if 0 < later_ms <= MOST_LATER_MS and any(lot.identifier == identifier for lot in lots)
    ]
    for identifier in {lot.identifier for lot in lots if lot.identifier in standing} | {
        report.identifier for report in standing.values() if report.magic in owners
    }:
        # A report that came before its position was known as ours had no effect yet.
        outcome, before = apply_position(step, scene, standing[identifier], netting=netting)
        step.apply_outcome(outcome, before)
    lots = [
        lot
        for lot in positions.lots_known(step.connection, step.account, standing)
        if lot.identifier not in changing
    ]
    complete = broker_positions.is_complete(scan)
    found = compare_positions(lots, standing, owners, netting=netting, complete=complete)
    if scan.live_orders is not None:
        found += _of_orders(step, scan.live_orders)
    known = position_mismatches.load(step.connection, step.account)
    lasting, unraised = _note(step, scan, found, known, scene)
    unknown = {(Thing.POSITION, identifier) for identifier in changing}
    for key in known.keys() - {key_of(difference) for difference in found}:
        if key[:2] not in unknown and (scan.live_orders is not None or key[0] is Thing.POSITION):
            position_mismatches.delete(step.connection, step.account, key)
    if not netting:
        _adopt(step, lots, standing, lasting)
    gone = _close_gone(step, lots, standing, known, scan, scene) if complete else []
    return [*waits, *unraised, *gone]


def _of_orders(step: Step, tickets: list[int]) -> list[Difference]:
    """Return the differences of orders. The scan names the tickets; their reports came before it."""
    ours = orders.on_book(step.connection, step.account)
    shown = {
        ticket: report
        for ticket in tickets
        if (report := reports.latest_order(step.connection, step.account, ticket)) is not None
    }
    magics = {report.magic for report in shown.values()} - {0}
    owners = {
        magic: command
        for magic in magics
        if (command := commands.load(step.connection, step.officer, magic)) is not None
    }
    return compare_orders(ours, shown, owners)


def _note(
    step: Step,
    scan: ScanReport,
    found: list[Difference],
    known: dict[position_mismatches.Key, Mismatch],
    scene: Scene,
) -> tuple[list[Difference], list[timedelta]]:
    """Store the differences, and raise those that have lasted or changed.

    Return all that are raised, and the times after which the others have lasted.
    """
    raised: list[Difference] = []
    waits: list[timedelta] = []
    for difference in found:
        before = known.get(key_of(difference))
        if before is None:
            first = Mismatch(difference=difference, since=step.now, scan_key=report_key(scan))
            position_mismatches.save(step.connection, step.account, first)
            waits.append(scene.mismatch_grace)
            continue
        now = before
        if before.difference != difference:
            now = msgspec.structs.replace(before, difference=difference, scan_key=report_key(scan))
        if before.raised_at is None and before.since > step.now:
            # The clock was set back: it counts from now.
            now = msgspec.structs.replace(now, since=step.now)
        elif before.raised_at is None and step.now - before.since >= scene.mismatch_grace:
            now = msgspec.structs.replace(now, raised_at=step.now)
        if now.raised_at is not None:
            raised.append(difference)
            step.emit([position_events.mismatch(step.officer, difference, now.scan_key, step.now)])
        else:
            waits.append(scene.mismatch_grace - (step.now - now.since))
        if now != before:
            position_mismatches.save(step.connection, step.account, now)
    return raised, waits


def _adopt(
    step: Step,
    lots: list[PositionRecord],
    standing: dict[int, PositionReport],
    raised: list[Difference],
) -> None:
    """Take the volume that the broker shows for each lot whose difference is raised; drop what is explained since.

    A lot that its deals have closed, and that the broker shows, is open again.
    """
    differing = {
        difference.number
        for difference in raised
        if difference.thing is Thing.POSITION and difference.field in (Field.VOLUME, Field.EXISTENCE)
    }
    for lot in lots:
        there = standing.get(lot.identifier)
        if there is None or lot.state is PositionState.SHOWN:
            continue
        after = lot
        if lot.identifier in differing:
            after = corrected(_open_again(lot), there)
        elif lot.volume_by_deals == there.volume and lot.state is not PositionState.CLOSED:
            after = msgspec.structs.replace(lot, volume_corrected=ZERO)
        if after.volume != lot.volume or after.state is not lot.state:
            positions.save(step.connection, step.account, after)


def _open_again(lot: PositionRecord) -> PositionRecord:
    stepped = step_position(lot.state, PositionInput.SEEN)
    if stepped is None or stepped[0] is lot.state:
        return lot
    return msgspec.structs.replace(lot, state=stepped[0], closed_at=None, close_reason="")


def _close_gone(
    step: Step,
    lots: list[PositionRecord],
    standing: dict[int, PositionReport],
    before: dict[position_mismatches.Key, Mismatch],
    scan: ScanReport,
    scene: Scene,
) -> list[timedelta]:
    """Close each lot whose deals leave no volume once the broker does not show its position any more.

    `before` are the differences before this scan. Return the times after which those can be closed for which it is
    too early.
    """
    missing = {
        mismatch.difference.number
        for (thing, _, field), mismatch in before.items()
        if thing is Thing.POSITION
        and field is Field.EXISTENCE
        and not mismatch.difference.shown
        and mismatch.raised_at is not None
    }
    waits: list[timedelta] = []
    for lot in lots:
        if lot.state is not PositionState.OPEN or lot.identifier in standing:
            continue
        if lot.volume and (lot.volume_by_deals or lot.identifier not in missing):
            # Volume that no deal explains was the broker's to show, until its absence has lasted.
            continue
        last = deals.last_in(step.connection, step.account, lot.identifier)
        if last is None:
            continue
        early = scene.mismatch_grace - timedelta(milliseconds=scan.to_server_ms - last.time_server_ms)
        if early > timedelta(0):
            # What opens it anew may still be reported.
            waits.append(early)
            continue
        stepped = step_position(lot.state, PositionInput.GONE)
        if stepped is None:
            continue
        at = scene.to_utc(last.time_server_ms)
        closed = msgspec.structs.replace(
            lot,
            state=stepped[0],
            closed_at=at,
            close_reason=last.reason,
            volume_corrected=lot.volume_corrected - lot.volume,
        )
        positions.save(step.connection, step.account, closed)
        step.emit([position_events.closed(closed, last, at)])
    return waits
