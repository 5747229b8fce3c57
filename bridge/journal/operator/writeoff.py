"""Write-off: an operator ends what the broker no longer has and whose end no record shows."""

import sqlite3
from decimal import Decimal
from typing import assert_never

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.link.reports import OrderReport
from bridge.core.trade import position_events, transitions
from bridge.core.trade.comparison import Field, Thing
from bridge.core.trade.position_states import PositionInput, PositionState, step_position
from bridge.core.trade.records import CommandRecord, PositionRecord
from bridge.core.units.decimals import plain
from bridge.journal.database.words import AuditKind
from bridge.journal.steps import broker_positions as listing
from bridge.journal.steps.step import Step, json_text
from bridge.journal.tables import (
    broker_positions,
    commands,
    officers,
    orders,
    position_mismatches,
    positions,
)
from bridge.journal.tables.position_mismatches import Mismatch


class CannotWriteOffError(Exception):
    """The position or order cannot be ended in the journal now. Nothing was changed."""


class UnscannedError(CannotWriteOffError):
    """No scan of the present session has listed what the broker has."""


class WrittenOffLot(msgspec.Struct, frozen=True, kw_only=True):
    """One directive's lot in the position, or its order."""

    directive_id: str
    side: str
    volume: Decimal
    """Lots that the journal has open; of an order those that are not filled."""


class WrittenOff(msgspec.Struct, frozen=True, kw_only=True):
    """Position or order that is to be ended, or was ended, and what the broker has."""

    officer: str
    thing: Thing
    number: int
    """Position identifier, or order ticket."""
    symbol: str
    lots: list[WrittenOffLot]
    scanned_at: str
    """Time of the last complete scan, in UTC."""
    shown: list[str]
    """Positions that the broker shows in the symbol; for an order the orders of ours that it shows there."""


def officers_with(connection: sqlite3.Connection, names: list[str], thing: Thing, number: int) -> list[str]:
    """Return those of the officers that have, or had, a lot in the position, or that order. Reads only."""
    found: list[str] = []
    for name in names:
        officer = officers.load(connection, name)
        if officer is None:
            continue
        if thing is Thing.POSITION:
            known = bool(positions.lots_in(connection, officer.account, number))
        else:
            known = orders.load(connection, officer.account, number) is not None
        if known:
            found.append(name)
    return found


def write_off(step: Step, *, thing: Thing, number: int, note: str, look: bool) -> WrittenOff:
    """End the position or order in the journal, and report that to the Director. Raises CannotWriteOffError.

    Records of it that become known later still count. With `look` only return what would be ended.
    """
    match thing:
        case Thing.POSITION:
            lots, mismatch = _check_position(step, number)
            answer = _of_position(step, lots)
            if look:
                return answer
            for lot in lots:
                _end(step, lot, note, mismatch)
        case Thing.ORDER:
            order, command = _check_order(step, number)
            answer = _of_order(step, order, command)
            if look:
                return answer
            outcome = transitions.write_off_order(command, step.now, ticket=number, note=note)
            step.apply_outcome(outcome, command)
            orders.set_off_book(step.connection, step.account, number)
        case _:
            assert_never(thing)
    position_mismatches.delete_of(step.connection, step.account, thing, number)
    body = json_text({"note": note, "ended": answer})
    step.audit(AuditKind.OPERATOR, "writeoff", body, answer.lots[0].directive_id)
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


def _check_position(step: Step, position: int) -> tuple[list[PositionRecord], Mismatch]:
    """Return the open lots, and the difference that was raised."""
    lots = positions.lots_in(step.connection, step.account, position)
    standing = [lot for lot in lots if lot.state is not PositionState.CLOSED]
    if not standing:
        closed = "is closed in the journal already" if lots else "is not in the journal"
        raise CannotWriteOffError(
            f"position {position} {closed}; 'execution-officer status' lists the open positions"
        )
    _check_listed(step, Thing.POSITION, position)
    shown = broker_positions.load(step.connection, step.account, position)
    if shown is not None:
        report = shown.report
        raise CannotWriteOffError(
            f"position {position} is at the broker ({report.side} {plain(report.volume)} lots in {report.symbol}); "
            "close it with a CLOSE or 'execution-officer flatten'"
        )
    return standing, _raised(step, Thing.POSITION, position)


def _check_order(step: Step, ticket: int) -> tuple[OrderReport, CommandRecord]:
    """Return the order as it was reported last, and its command."""
    own = orders.on_book(step.connection, step.account).get(ticket)
    command = commands.load(step.connection, step.officer, own.report.magic) if own is not None else None
    if own is None or command is None:
        raise CannotWriteOffError(
            f"order {ticket} is not on the book in the journal; 'execution-officer status' lists the pending orders"
        )
    _check_listed(step, Thing.ORDER, ticket)
    # What the last scan lists is not among the differences.
    _raised(step, Thing.ORDER, ticket)
    return own.report, command


def _check_listed(step: Step, thing: Thing, number: int) -> None:
    """Raise UnscannedError where no scan of the present session has listed everything."""
    if not listing.is_listed(step):
        raise UnscannedError(
            f"{thing} {number} may be at the broker: no scan of the present session has listed what is there; "
            "run the sidecar, connect the terminal, and try again"
        )


def _raised(step: Step, thing: Thing, number: int) -> Mismatch:
    """Return the difference that was raised."""
    found = position_mismatches.load(step.connection, step.account)
    mismatch = found.get((thing, number, Field.EXISTENCE))
    if mismatch is None or mismatch.raised_at is None:
        raise CannotWriteOffError(
            f"{thing} {number} has not been missing at the broker for long enough: its records may be late; try "
            "again once 'execution-officer status' shows POSITION_MISMATCH for it"
        )
    return mismatch


def _of_position(step: Step, lots: list[PositionRecord]) -> WrittenOff:
    shown = broker_positions.load_all(step.connection, step.account)
    symbol = lots[0].symbol
    return WrittenOff(
        officer=step.officer,
        thing=Thing.POSITION,
        number=lots[0].identifier,
        symbol=symbol,
        lots=[WrittenOffLot(directive_id=lot.directive_id, side=lot.side, volume=lot.volume) for lot in lots],
        scanned_at=_scanned_at(step),
        shown=[
            f"{identifier} {each.report.side} {plain(each.report.volume)}"
            for identifier, each in shown.items()
            if each.report.symbol == symbol
        ],
    )


def _of_order(step: Step, order: OrderReport, command: CommandRecord) -> WrittenOff:
    found = position_mismatches.load(step.connection, step.account)
    missing = {number for thing, number, field in found if thing is Thing.ORDER and field is Field.EXISTENCE}
    resting = orders.on_book(step.connection, step.account)
    return WrittenOff(
        officer=step.officer,
        thing=Thing.ORDER,
        number=order.ticket,
        symbol=order.symbol,
        lots=[WrittenOffLot(directive_id=command.directive_id, side=order.type, volume=order.volume_current)],
        scanned_at=_scanned_at(step),
        shown=[
            f"{ticket} {each.report.type} {plain(each.report.volume_current)}"
            for ticket, each in resting.items()
            if each.report.symbol == order.symbol and ticket not in missing
        ],
    )


def _scanned_at(step: Step) -> str:
    scanned_at = officers.load_or_add(step.connection, step.officer).scanned_at
    return "" if scanned_at is None else utc_text(scanned_at)
