"""Table `sessions`: one row per authenticated session of a terminal. Its epoch numbers it."""

import sqlite3
from datetime import datetime
from typing import Final

from bridge.core.director.contract import utc_text
from bridge.journal.database.sql import insert
from bridge.journal.tables.values import moment

TABLE: Final = "sessions"
OPENED: Final = ("officer", "instance_id", "ledger_id", "program", "opened_at")
ENDED: Final = ("ended_at", "end_reason")
COLUMNS: Final = ("epoch", *OPENED, "first_scan_at", "stored_seq", *ENDED)


def add(
    connection: sqlite3.Connection,
    officer: str,
    *,
    instance_id: str,
    ledger_id: str,
    program: str,
    at: datetime,
) -> int:
    """Insert a session that begins now. Return its epoch."""
    row = connection.execute(
        f"{insert(TABLE, OPENED)} RETURNING epoch",
        {
            "officer": officer,
            "instance_id": instance_id,
            "ledger_id": ledger_id,
            "program": program,
            "opened_at": utc_text(at),
        },
    ).fetchone()
    return int(row["epoch"])


def identity(connection: sqlite3.Connection, epoch: int) -> tuple[str, str]:
    """Return instance id and ledger id of the session. Raises RuntimeError where there is none."""
    row = connection.execute(
        "SELECT instance_id, ledger_id FROM sessions WHERE epoch = :epoch", {"epoch": epoch}
    ).fetchone()
    if row is None:
        raise RuntimeError(f"epoch {epoch} has no session")
    return row["instance_id"], row["ledger_id"]


def note_scan(connection: sqlite3.Connection, epoch: int, at: datetime) -> None:
    """Store the time of the session's first completed scan."""
    connection.execute(
        "UPDATE sessions SET first_scan_at = :at WHERE epoch = :epoch AND first_scan_at IS NULL",
        {"epoch": epoch, "at": utc_text(at)},
    )


def first_scan_at(connection: sqlite3.Connection, epoch: int) -> datetime | None:
    """Return the time of the session's first completed scan; None where it has completed none."""
    row = connection.execute(
        "SELECT first_scan_at FROM sessions WHERE epoch = :epoch", {"epoch": epoch}
    ).fetchone()
    return moment(row["first_scan_at"]) if row else None


def note_stored(connection: sqlite3.Connection, epoch: int, seq: int) -> None:
    """Store that the journal has all reports of the session up to that number."""
    connection.execute(
        "UPDATE sessions SET stored_seq = :seq WHERE epoch = :epoch AND stored_seq < :seq",
        {"epoch": epoch, "seq": seq},
    )


def last_stored(connection: sqlite3.Connection, officer: str, instance_id: str) -> tuple[int, int]:
    """Return the instance's last session of which the journal has reports, and their highest number; 0, 0 for none.

    An instance is one load of the program: what it sent in earlier sessions than its last ones is no question.
    """
    row = connection.execute(
        "SELECT epoch, stored_seq FROM sessions WHERE officer = :officer AND instance_id = :instance_id"
        " AND stored_seq > 0 ORDER BY epoch DESC LIMIT 1",
        {"officer": officer, "instance_id": instance_id},
    ).fetchone()
    return (row["epoch"], row["stored_seq"]) if row else (0, 0)


def successor(connection: sqlite3.Connection, officer: str, instance_id: str) -> str | None:
    """Return the instance of the officer's last session, where an earlier one was this other instance's."""
    row = connection.execute(
        "SELECT instance_id FROM sessions WHERE officer = :officer AND epoch ="
        " (SELECT max(epoch) FROM sessions WHERE officer = :officer) AND instance_id <> :instance_id"
        " AND EXISTS (SELECT 1 FROM sessions WHERE officer = :officer AND instance_id = :instance_id)",
        {"officer": officer, "instance_id": instance_id},
    ).fetchone()
    return None if row is None else str(row["instance_id"])


def end(connection: sqlite3.Connection, epoch: int, reason: str, at: datetime) -> None:
    """End the session, unless it has ended."""
    connection.execute(
        "UPDATE sessions SET ended_at = :ended_at, end_reason = :end_reason"
        " WHERE epoch = :epoch AND ended_at IS NULL",
        {"epoch": epoch, "ended_at": utc_text(at), "end_reason": reason},
    )


def end_all(connection: sqlite3.Connection, officer: str, reason: str, at: datetime) -> None:
    """End every session of the officer that has not ended: a killed sidecar could not do it."""
    connection.execute(
        "UPDATE sessions SET ended_at = :ended_at, end_reason = :end_reason"
        " WHERE officer = :officer AND ended_at IS NULL",
        {"officer": officer, "ended_at": utc_text(at), "end_reason": reason},
    )


def last_epoch(connection: sqlite3.Connection, officer: str) -> int:
    """Return the epoch of the officer's last session; 0 without any."""
    row = connection.execute(
        "SELECT max(epoch) FROM sessions WHERE officer = :officer", {"officer": officer}
    ).fetchone()
    return int(row[0] or 0)


def last_ledger(connection: sqlite3.Connection, officer: str) -> str:
    """Return the ledger of the officer's last session; empty without any."""
    row = connection.execute(
        "SELECT ledger_id FROM sessions WHERE officer = :officer ORDER BY epoch DESC LIMIT 1",
        {"officer": officer},
    ).fetchone()
    return row["ledger_id"] if row else ""
