"""Status of all officers, by the journal: accounts, halts, positions, orders, unresolved and waiting commands."""

from pathlib import Path

import msgspec
from sqlite_utils import Database

from bridge.journal.database import content
from bridge.journal.database.alteration import Altered
from bridge.journal.database.content import snapshot
from bridge.journal.database.errors import JournalError, JournalNewerError
from bridge.journal.database.schema import known_migrations, migrations
from bridge.journal.tables import views
from bridge.journal.tables.halts import Halt


class JournalOlderError(JournalError):
    """An earlier version wrote the journal, and no sidecar of this one has opened it yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"the journal at {path} was written by an earlier version; 'execution-officer run' brings it up to date"
        )


class OfficerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the view officer_status: account, quarantine, last session, and numbers of waiting work."""

    officer: str
    login: int = 0
    """0: never bound to an account."""
    server: str = ""
    trade_mode: str | None = None
    margin_mode: str | None = None
    currency: str | None = None
    bound_at: str | None = None
    quarantine: str = ""
    """Reason why nothing is dispatched; empty while dispatch is allowed."""
    program: str | None = None
    """Program of the terminal in its last session. None, as below: there was none."""
    session_opened_at: str | None = None
    session_ended_at: str | None = None
    session_end_reason: str | None = None
    directives_waiting: int = 0
    """RECEIVED: not planned yet."""
    directives_working: int = 0
    commands_planned: int = 0
    commands_in_flight: int = 0
    oldest_in_flight_at: str | None = None
    """Dispatch of the one of them that has been without a result for longest."""
    events_queued: int = 0
    oldest_queued_at: str | None = None
    events_refused: int = 0
    """Refused for good, and not dismissed."""
    last_refusal: str = ""


class OpenPosition(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the view open_positions: a directive's lot. Amounts are text, which keeps their digits."""

    officer: str
    identifier: int
    directive_id: str
    symbol: str
    side: str
    volume_in: str
    volume_out: str
    price_open: str | None
    stop_loss: str | None
    take_profit: str | None
    opened_at: str | None
    volume_reopened: str = "0"
    volume_corrected: str = "0"
    """Lots that the broker shows beyond the deals that are known."""


class PendingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the view pending_orders: an order of ours on the broker's book."""

    officer: str
    ticket: int
    directive_id: str
    symbol: str
    type: str
    volume_initial: str
    volume_current: str
    price: str
    stop_loss: str | None
    take_profit: str | None
    state: str
    seen_at: str


class UnresolvedCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the view unresolved_commands: a command whose outcome is open."""

    officer: str
    directive_id: str
    number: int
    client_order_id: int
    """The order's magic number at the broker."""
    symbol: str
    side: str
    volume: str
    state: str
    """UNRESOLVED: status requests go to the terminal. UNKNOWN: an operator, or a late report, can end it."""
    dispatched_at: str | None
    message: str


class WaitingCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the view commands_waiting_for_market: a command whose market is closed."""

    officer: str
    directive_id: str
    kind: str
    symbol: str
    side: str
    volume: str
    not_before: str
    """Time of the next try."""
    expires_at: str
    message: str


class RaisedMismatch(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the view raised_mismatches: a difference from the broker that has lasted."""

    officer: str
    thing: str
    """position or order."""
    number: int
    """Position identifier, or order ticket."""
    field: str
    """Property that differs."""
    code: str
    """POSITION_MISMATCH or ORPHAN."""
    ours: str
    theirs: str
    shown: int
    """1: the broker shows the position or order; 0: it does not."""
    directive_id: str
    symbol: str
    since: str


class UnclosablePosition(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the view unclosable_positions: the last close failed for a reason that only the broker can end."""

    officer: str
    identifier: int
    directive_id: str
    symbol: str
    message: str


class JournalStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Status of all officers as of one moment."""

    officers: list[OfficerStatus]
    halts: list[Halt]
    positions: list[OpenPosition]
    orders: list[PendingOrder]
    unresolved: list[UnresolvedCommand]
    waiting_for_market: list[WaitingCommand]
    mismatches: list[RaisedMismatch]
    """Differences from the broker that have lasted."""
    unclosable: list[UnclosablePosition]
    altered: Altered | None = None
    """Change by another program for which the next start will refuse the journal; None where there is none. The
    audit, and halts and quarantines, are compared at the start and by `journal verify` alone."""


def status(db: Database, path: Path) -> JournalStatus:
    """Return the status now. Raises JournalOlderError, JournalNewerError, sqlite3.DatabaseError.

    The database is one of `lists.reading`; `path` names it in errors.
    """
    _check_version(db, path)
    # One snapshot: else a position could be closed between two reads, and its order not yet filled.
    with snapshot(db.conn):
        return JournalStatus(
            officers=views.rows(db, "officer_status", OfficerStatus),
            halts=views.rows(db, "halts", Halt),
            positions=views.rows(db, "open_positions", OpenPosition),
            orders=views.rows(db, "pending_orders", PendingOrder),
            unresolved=views.rows(db, "unresolved_commands", UnresolvedCommand),
            waiting_for_market=views.rows(db, "commands_waiting_for_market", WaitingCommand),
            mismatches=views.rows(db, "raised_mismatches", RaisedMismatch),
            unclosable=views.rows(db, "unclosable_positions", UnclosablePosition),
            altered=content.first_alteration(db.conn),
        )


def _check_version(db: Database, path: Path) -> None:
    """Raise for a schema of another version: a view that it lacks would look like damage."""
    applied = views.applied_migrations(db, migrations.name)
    if unknown := sorted(applied - set(known_migrations())):
        raise JournalNewerError(path, unknown)
    if set(known_migrations()) - applied:
        raise JournalOlderError(path)
