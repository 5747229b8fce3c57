"""How things stand by the journal, for people and for monitoring. Reads only, beside a sidecar or without one."""

from pathlib import Path
from typing import TypeVar

import msgspec
from sqlite_utils import Database

from bridge.journal.database.errors import JournalError, JournalNewerError
from bridge.journal.database.schema import known_migrations, migrations
from bridge.journal.operator.halt import Halt

S = TypeVar("S", bound=msgspec.Struct)


class JournalOlderError(JournalError):
    """An earlier version wrote the journal, and no sidecar of this one has opened it yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"the journal at {path} was written by an earlier version; 'execution-officer run' brings it up to date"
        )


class OfficerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """An officer: its account, what stops it, its terminal's last session, and what waits."""

    officer: str
    login: int = 0
    """0: no terminal was ever bound."""
    server: str = ""
    trade_mode: str | None = None
    margin_mode: str | None = None
    currency: str | None = None
    bound_at: str | None = None
    quarantine: str = ""
    """Why nothing is dispatched until a person has looked; empty where something may be."""
    program: str | None = None
    """The terminal's program in its last session. None, as below: there was none."""
    session_opened_at: str | None = None
    session_ended_at: str | None = None
    session_end_reason: str | None = None
    directives_waiting: int = 0
    """RECEIVED: not planned yet."""
    directives_working: int = 0
    commands_planned: int = 0
    commands_in_flight: int = 0
    events_queued: int = 0
    oldest_queued_at: str | None = None
    events_refused: int = 0
    """Refused for good, and not dismissed."""
    last_refusal: str = ""


class OpenPosition(msgspec.Struct, frozen=True, kw_only=True):
    """What a directive has in an open position (view open_positions). Amounts are text with their digits kept."""

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


class PendingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order of ours on the broker's book (view pending_orders)."""

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
    """A command whose fate is open (view unresolved_commands)."""

    officer: str
    directive_id: str
    number: int
    client_order_id: int
    """The order's magic number at the broker."""
    symbol: str
    side: str
    volume: str
    state: str
    """UNRESOLVED: the terminal is being asked. UNKNOWN: only a person, or late evidence, can tell."""
    dispatched_at: str | None
    message: str


class JournalStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, as of one moment."""

    officers: list[OfficerStatus]
    halts: list[Halt]
    positions: list[OpenPosition]
    orders: list[PendingOrder]
    unresolved: list[UnresolvedCommand]


def status(db: Database, path: Path) -> JournalStatus:
    """How things stand now. Raises JournalOlderError, JournalNewerError, sqlite3.DatabaseError.

    The database is one of `reading.reading`; `path` names it in errors.
    """
    _check_version(db, path)
    # One picture: else a position could be closed between two looks, and its order not yet filled.
    db.conn.execute("BEGIN")
    try:
        return JournalStatus(
            officers=_rows(db, "officer_status", OfficerStatus, "officer"),
            halts=_rows(db, "halts", Halt, "officer, symbol, since"),
            positions=_rows(db, "open_positions", OpenPosition, "officer, opened_at, identifier"),
            orders=_rows(db, "pending_orders", PendingOrder, "officer, ticket"),
            unresolved=_rows(db, "unresolved_commands", UnresolvedCommand, "officer, dispatched_at, number"),
        )
    finally:
        db.conn.execute("ROLLBACK")


def _rows(db: Database, view: str, kind: type[S], order_by: str) -> list[S]:
    select = ", ".join(kind.__struct_fields__)
    return [msgspec.convert(row, kind) for row in db[view].rows_where(select=select, order_by=order_by)]


def _check_version(db: Database, path: Path) -> None:
    """A view that a migration has yet to make would look like damage."""
    found = db["_sqlite_migrations"].rows_where("migration_set = ?", [migrations.name], select="name")
    applied = {row["name"] for row in found}
    if unknown := sorted(applied - set(known_migrations())):
        raise JournalNewerError(path, unknown)
    if set(known_migrations()) - applied:
        raise JournalOlderError(path)
