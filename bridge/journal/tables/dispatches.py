"""Table `dispatches`: one row per send of a command, committed before the send."""

import sqlite3
from datetime import datetime
from typing import Final

from bridge.core.director.contract import utc_text
from bridge.journal.database.sql import column_list

TABLE: Final = "dispatches"
COLUMNS: Final = (
    "client_order_id",
    "attempt",
    "epoch",
    "instance_id",
    "ledger_id",
    "dispatched_at",
    "deadline_ms",
)


def add(
    connection: sqlite3.Connection,
    client_order_id: int,
    *,
    attempt: int,
    epoch: int,
    deadline_ms: int,
    at: datetime,
) -> None:
    """Insert the send of a command in the session with that epoch. Raises RuntimeError where there is none."""
    inserted = connection.execute(
        f"INSERT INTO dispatches ({column_list(COLUMNS)})"
        " SELECT :client_order_id, :attempt, s.epoch, s.instance_id, s.ledger_id, :dispatched_at, :deadline_ms"
        " FROM sessions s WHERE s.epoch = :epoch",
        {
            "client_order_id": client_order_id,
            "attempt": attempt,
            "epoch": epoch,
            "dispatched_at": utc_text(at),
            "deadline_ms": deadline_ms,
        },
    )
    if inserted.rowcount != 1:
        raise RuntimeError(f"epoch {epoch} has no session: nothing may be dispatched in it")


def last_ledger(connection: sqlite3.Connection, client_order_id: int) -> str | None:
    """Return the id of the ledger that the command was last dispatched to; None where it never was."""
    row = connection.execute(
        "SELECT ledger_id FROM dispatches WHERE client_order_id = :client_order_id ORDER BY attempt DESC LIMIT 1",
        {"client_order_id": client_order_id},
    ).fetchone()
    return row["ledger_id"] if row else None


def went_to_other_ledger(connection: sqlite3.Connection, client_order_id: int, epoch: int) -> bool:
    """Return True where the command was last dispatched to another ledger than that of the session."""
    row = connection.execute(
        "SELECT d.ledger_id <> s.ledger_id AS other FROM dispatches d JOIN sessions s ON s.epoch = :epoch"
        " WHERE d.client_order_id = :client_order_id ORDER BY d.attempt DESC LIMIT 1",
        {"client_order_id": client_order_id, "epoch": epoch},
    ).fetchone()
    return row is not None and bool(row["other"])
