"""Table `dispatches`: one row per send of a command, committed before the send."""

import sqlite3
from datetime import datetime
from typing import Final

import msgspec

from bridge.core.units.clock import ms_of
from bridge.journal.database.sql import column_list

TABLE: Final = "dispatches"
COLUMNS: Final = (
    "client_order_id",
    "attempt",
    "epoch",
    "dispatched_ms",
    "deadline_ms",
    "deadline_after_ms",
)


class Dispatched(msgspec.Struct, frozen=True, kw_only=True):
    """One dispatch: the instance and ledger that have the command."""

    client_order_id: int
    instance_id: str
    ledger_id: str
    deadline_after_ms: int


def add(
    connection: sqlite3.Connection,
    client_order_id: int,
    *,
    attempt: int,
    epoch: int,
    deadline_ms: int,
    deadline_after_ms: int,
    at: datetime,
) -> None:
    """Insert the send of a command in the session with that epoch. Raises RuntimeError where there is none."""
    inserted = connection.execute(
        f"INSERT INTO dispatches ({column_list(COLUMNS)})"
        " SELECT :client_order_id, :attempt, s.epoch, :dispatched_ms, :deadline_ms,"
        " :deadline_after_ms FROM sessions s WHERE s.epoch = :epoch",
        {
            "client_order_id": client_order_id,
            "attempt": attempt,
            "epoch": epoch,
            "dispatched_ms": ms_of(at),
            "deadline_ms": deadline_ms,
            "deadline_after_ms": deadline_after_ms,
        },
    )
    if inserted.rowcount != 1:
        raise RuntimeError(f"epoch {epoch} has no session: nothing may be dispatched in it")


def dispatched_at(connection: sqlite3.Connection, client_order_id: int, attempt: int) -> str | None:
    """Return the time of that dispatch; None where there is none."""
    row = connection.execute(
        "SELECT dispatched_at FROM dispatches WHERE client_order_id = :client_order_id AND attempt = :attempt",
        {"client_order_id": client_order_id, "attempt": attempt},
    ).fetchone()
    return None if row is None else row[0]


def last(connection: sqlite3.Connection, client_order_id: int) -> Dispatched | None:
    """Return the last dispatch of the command; None where it never was dispatched."""
    row = connection.execute(
        "SELECT d.client_order_id, s.instance_id, s.ledger_id, d.deadline_after_ms FROM dispatches d"
        " JOIN sessions s USING (epoch)"
        " WHERE d.client_order_id = :client_order_id ORDER BY d.attempt DESC LIMIT 1",
        {"client_order_id": client_order_id},
    ).fetchone()
    return None if row is None else Dispatched(**row)


def first_at(connection: sqlite3.Connection, client_order_id: int) -> str | None:
    """Return the time of the command's first dispatch; None where it never was dispatched."""
    row = connection.execute(
        "SELECT min(dispatched_at) AS at FROM dispatches WHERE client_order_id = :client_order_id",
        {"client_order_id": client_order_id},
    ).fetchone()
    return row[0] if row else None
