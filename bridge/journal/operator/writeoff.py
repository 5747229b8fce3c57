"""Write-off: an operator ends a position that the broker no longer has and whose close no deal shows."""

import sqlite3
from decimal import Decimal

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.trade import position_events
from bridge.core.trade.comparison import Field, Thing
from bridge.core.trade.position_states import PositionInput, PositionState, step_position
from bridge.core.trade.records import PositionRecord
from bridge.core.units.decimals import plain
from bridge.journal.database.words import AuditKind
from bridge.journal.steps import broker_positions as listing
from bridge.journal.steps.step import Step, json_text
from bridge.journal.tables import broker_positions, officers, position_mismatches, positions
from bridge.journal.tables.position_mismatches import Mismatch


class CannotWriteOffError(Exception):
    """The position cannot be ended in the journal now. Nothing was changed."""


class UnscannedError(CannotWriteOffError):
    """No scan of the present session has listed what the broker has."""


class WrittenOffLot(msgspec.Struct, frozen=True, kw_only=True):
    """One directive's lot in the position."""

    directive_id: str
    side: str
    volume: Decimal
    """Lots that the journal has open."""


class WrittenOff(msgspec.Struct, frozen=True, kw_only=True):
    """Position that is to be ended, or was ended, and what the broker has."""

    officer: str
    position: int
    symbol: str
    lots: list[WrittenOffLot]
    scanned_at: str
    """Time of the last complete scan, in UTC."""
    shown: list[str]
    """Positions that the broker shows in the symbol."""


def officers_with(connection: sqlite3.Connection, names: list[str], position: int) -> list[str]:
    """Return those of the officers that have, or had, a lot in the position. Reads only."""
    found: list[str] = []
    for name in names:
        officer = officers.load(connection, name)
        if officer is not None and positions.lots_in(connection, officer.account, position):
            found.append(name)
    return found


def look_at(step: Step, position: int) -> WrittenOff:
    """Return the position and what the broker has. Raises CannotWriteOffError where it cannot be written off."""
    lots, _ = _check(step, position)
    return _answer(step, lots)


def write_off(step: Step, *, position: int, note: str) -> WrittenOff:
    """End the position in the journal, and emit POSITION_CLOSED for each lot of it. Raises CannotWriteOffError.

    Deals of it that become known later still count.
    """
    lots, mismatch = _check(step, position)
    answer = _answer(step, lots)
    for lot in lots:
        _end(step, lot, note, mismatch)
    position_mismatches.delete_of(step.connection, step.account, Thing.POSITION, position)
    step.audit(
        AuditKind.OPERATOR, "writeoff", json_text({"note": note, "ended": answer}), lots[0].directive_id
    )
    return answer


def _end(step: Step, lot: PositionRecord, note: str, mismatch: Mismatch) -> None:
    if lot.state is PositionState.SHOWN:
        # Nothing was reported of it. Should its deal become known, it is a new position.
        positions.delete(step.connection, step.account, lot)
        return
    stepped = step_position(lot.state, PositionInput.WRITTEN_OFF)
    if stepped is None:
        return
    # Its volume stays, so that a deal that becomes known later closes it as any other.
    ended = msgspec.structs.replace(
        lot,
        state=stepped[0],
        closed_at=step.now,
        close_reason=position_events.WRITTEN_OFF,
    )
    positions.save(step.connection, step.account, ended)
    step.emit([position_events.written_off(lot, note, step.now, scan_key=mismatch.scan_key)])


def _check(step: Step, position: int) -> tuple[list[PositionRecord], Mismatch]:
    """Return the open lots, and the difference that was raised."""
    lots = positions.lots_in(step.connection, step.account, position)
    standing = [lot for lot in lots if lot.state is not PositionState.CLOSED]
    if not standing:
        closed = "is closed in the journal already" if lots else "is not in the journal"
        raise CannotWriteOffError(
            f"position {position} {closed}; 'execution-officer status' lists the open positions"
        )
    if not listing.is_listed(step):
        raise UnscannedError(
            f"position {position} may be at the broker: no scan of the present session has listed what is there; "
            "run the sidecar, connect the terminal, and try again"
        )
    shown = broker_positions.load(step.connection, step.account, position)
    if shown is not None:
        report = shown.report
        raise CannotWriteOffError(
            f"position {position} is at the broker ({report.side} {plain(report.volume)} lots in {report.symbol}); "
            "close it with a CLOSE or 'execution-officer flatten'"
        )
    found = position_mismatches.load(step.connection, step.account)
    mismatch = found.get((Thing.POSITION, position, Field.EXISTENCE))
    if mismatch is None or mismatch.raised_at is None:
        raise CannotWriteOffError(
            f"position {position} has not been missing at the broker for long enough: its deals may be late; try "
            "again once 'execution-officer status' shows POSITION_MISMATCH for it"
        )
    return standing, mismatch


def _answer(step: Step, lots: list[PositionRecord]) -> WrittenOff:
    first = lots[0]
    scanned_at = officers.load_or_add(step.connection, step.officer).scanned_at
    shown = broker_positions.load_all(step.connection, step.account)
    return WrittenOff(
        officer=step.officer,
        position=first.identifier,
        symbol=first.symbol,
        lots=[WrittenOffLot(directive_id=lot.directive_id, side=lot.side, volume=lot.volume) for lot in lots],
        scanned_at="" if scanned_at is None else utc_text(scanned_at),
        shown=[
            f"{identifier} {each.report.side} {plain(each.report.volume)}"
            for identifier, each in shown.items()
            if each.report.symbol == first.symbol
        ],
    )
