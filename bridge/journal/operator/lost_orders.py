"""Lost orders, as the journal's reports show them: each with its directive where that can be proven. Reads only."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.link.messages import CommandKind
from bridge.core.link.reports import (
    CommandStage,
)
from bridge.core.settings import OfficerSettings
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.lost_orders import LostOrder, find_directive, kind_of, order_of
from bridge.core.trade.retcodes import describe
from bridge.core.units import broker_time
from bridge.core.units.decimals import plain
from bridge.core.units.order_ids import HASH_BITS, id_range
from bridge.journal.steps import lost_records
from bridge.journal.tables import (
    broker_positions,
    clock_offsets,
    commands,
    directives,
    officers,
    orders,
    positions,
    reports,
    sessions,
)
from bridge.journal.tables.directives import Waiting
from bridge.journal.tables.officers import Officer
from bridge.journal.tables.values import Account


class FoundBy(StrEnum):
    """Source of the directive id of a lost order. Each was proven by hashing."""

    LEDGER = "ledger"
    """The terminal's ledger holds it."""
    INBOX = "inbox"
    """The Director lists it, or has listed it, and the journal has no command of it."""
    COMMENT = "comment"
    """The order's comment is the whole id."""
    JOURNAL = "journal"
    """The journal has the command, and not its position."""
    NOTHING = ""
    """It is not known."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One lost order, for an operator."""

    client_order_id: int
    """The order's magic at the broker."""
    directive_id: str
    """Its directive; empty where it is not known."""
    found_by: FoundBy
    kind: str
    """CommandKind, or empty where nothing shows it."""
    state: str
    """Present state at the broker, in words."""
    symbol: str
    side: str
    volume: str
    """Lots of the order."""
    order_ticket: int
    position_id: int
    comment: str
    at: str
    """Time of its first record at the broker; empty without any."""


class WaitingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A directive, or a command of one, that waits to be sent."""

    directive_id: str
    what: str
    """Action or order, in words."""
    since: str


class LostOrders(msgspec.Struct, frozen=True, kw_only=True):
    """Lost orders of one officer."""

    officer: str
    scanned_at: str
    """Time of the scan that showed them; empty where none was completed."""
    orders: list[Listed]
    open_here: list[str]
    """Positions and pending orders that the journal has open at the account, in words."""
    waiting: list[WaitingOrder]
    """Directives and commands that wait to be sent."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A lost order, with its directive where that is known."""

    lost: LostOrder
    directive_id: str
    found_by: FoundBy
    open: bool
    """A position that it opened was open at the last scan."""


def find(connection: sqlite3.Connection, account: Account, settings: OfficerSettings) -> list[Found]:
    """Return the officer's lost orders, by client order id; those that an operator took over are left out."""
    first, last = id_range(settings.prefix)
    collected = lost_records.collect(connection, account, first, last)
    inbox = directives.without_commands(connection, account.officer) if collected else []
    open_now = set(broker_positions.load_all(connection, account))
    found = []
    for lost in collected:
        known = commands.load(connection, account.officer, lost.client_order_id)
        if known is not None:
            directive_id, found_by = known.directive_id, FoundBy.JOURNAL
        else:
            directive_id, found_by = _directive_of(connection, account, settings, lost, inbox, collected)
        opened = kind_of(lost) is not CommandKind.CLOSE and bool(lost.position_ids & open_now)
        found.append(Found(lost=lost, directive_id=directive_id, found_by=found_by, open=opened))
    return found


def _directive_of(
    connection: sqlite3.Connection,
    account: Account,
    settings: OfficerSettings,
    lost: LostOrder,
    inbox: Sequence[str],
    collected: Sequence[LostOrder],
) -> tuple[str, FoundBy]:
    openers = lost_records.openers(connection, account, lost, collected)
    request = lost.request
    sources = (
        ([request.directive_id] if request is not None and request.directive_id else [], FoundBy.LEDGER),
        (inbox, FoundBy.INBOX),
        (sorted(lost.comments), FoundBy.COMMENT),
    )
    for candidates, source in sources:
        found = find_directive(
            lost, candidates, officer=account.officer, prefix=settings.prefix, openers=openers
        )
        if found is not None:
            return found, source
    return "", FoundBy.NOTHING


def list_all(connection: sqlite3.Connection, settings: OfficerSettings, now: datetime) -> LostOrders:
    """Return all lost orders of the officer for an operator, as of the last completed scan."""
    officer = officers.load(connection, settings.id)
    if officer is None:
        return LostOrders(officer=settings.id, scanned_at="", orders=[], open_here=[], waiting=[])
    return LostOrders(
        officer=settings.id,
        scanned_at=utc_text(officer.scanned_at) if officer.scanned_at is not None else "",
        orders=[
            listed(connection, officer.account, found, now)
            for found in find(connection, officer.account, settings)
        ],
        open_here=_open_here(connection, officer.account, now),
        waiting=_waiting(connection, settings.id),
    )


def _open_here(connection: sqlite3.Connection, account: Account, now: datetime) -> list[str]:
    lots = positions.open_lots(connection, account)
    resting = orders.resting(connection, account, now)
    return [
        *(f"position {lot.identifier} of {lot.directive_id}" for lot in lots),
        *(f"order {order.ticket} of {order.directive_id}" for order in resting),
    ]


def _waiting(connection: sqlite3.Connection, officer: str) -> list[WaitingOrder]:
    inbox = [
        WaitingOrder(directive_id=item.directive_id, what=_asked(item), since=utc_text(item.received_at))
        for item in directives.waiting(connection, officer)
    ]
    planned = [
        WaitingOrder(
            directive_id=command.directive_id,
            what=f"{command.order.kind} {command.order.side} {plain(command.order.volume)} {command.order.symbol}",
            since="",
        )
        for command in commands.in_states(connection, officer, [CommandState.PLANNED])
    ]
    return inbox + planned


def _asked(item: Waiting) -> str:
    if item.own:
        return str(item.own_directive.action)
    directive = item.directive
    volume = "" if directive.quantity is None else f" {plain(directive.quantity)}"
    return f"{directive.action}{volume} {directive.symbol}"


def foreign_ledger(connection: sqlite3.Connection, officer: Officer, settings: OfficerSettings) -> str:
    """Return the reason why the terminal's present ledger cannot be that of this officer and account; empty where
    it can be."""
    if officer.refused_ledger:
        return officer.refused_ledger
    account = officer.account
    ledger = sessions.last_ledger(connection, account.officer)
    if (other := officers.with_ledger(connection, ledger, account.officer)) is not None:
        return f"the terminal has the ledger {ledger[:8]}, which is that of officer {other}"
    first, last = id_range(settings.prefix)
    strange = reports.strange_intent(connection, account, ledger, first, last)
    if strange is None:
        return ""
    return (
        f"the terminal's ledger {ledger[:8]} has the order {strange} with prefix {strange >> HASH_BITS}, and "
        f"officer {account.officer} has prefix {settings.prefix}: it is the ledger of another officer"
    )


def listed(connection: sqlite3.Connection, account: Account, found: Found, now: datetime) -> Listed:
    """Return the lost order as an operator sees it."""
    lost = found.lost
    offsets = clock_offsets.load(connection, account.officer, account.server)
    first_ms = min(
        [
            *(deal.time_server_ms for deal in lost.deals),
            *(order.time_setup_server_ms for order in lost.orders if order.time_setup_server_ms),
            *(position.time_server_ms for position in lost.positions if position.time_server_ms),
        ],
        default=0,
    )
    order = order_of(lost, kind=None, opener=0, to_utc=lambda ms: broker_time.to_utc(ms, offsets, now))
    return Listed(
        client_order_id=lost.client_order_id,
        directive_id=found.directive_id,
        found_by=found.found_by,
        kind="" if order is None else order.kind,
        state=_state(found),
        symbol="" if order is None else order.symbol,
        side="" if order is None else order.side,
        volume="" if order is None else plain(order.volume),
        order_ticket=next(iter(_tickets(lost)), 0),
        position_id=next(iter(sorted(lost.position_ids)), 0),
        comment=next(iter(sorted(lost.comments)), ""),
        at=utc_text(broker_time.to_utc(first_ms, offsets, now)) if first_ms else "",
    )


def _tickets(lost: LostOrder) -> list[int]:
    """Return the tickets of its order; one order has one."""
    tickets = {*(order.ticket for order in lost.orders), *(deal.order for deal in lost.deals)}
    return sorted((tickets or {stage.order for stage in lost.stages}) - {0})


def _state(found: Found) -> str:
    lost = found.lost
    if found.open:
        return "position open"
    if any(not order.off_the_book for order in lost.orders):
        return "order on the book"
    if lost.deals:
        return "closing order filled" if kind_of(lost) is CommandKind.CLOSE else "position closed"
    if lost.orders:
        return f"order {lost.orders[-1].state.lower()}"
    results = [stage for stage in lost.stages if stage.stage is CommandStage.RESULT]
    return (
        f"in the ledger: {describe(results[-1].retcode)}" if results else "in the ledger, without an outcome"
    )
