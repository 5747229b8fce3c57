"""Table `clock_offsets`: measured distances of broker clocks from UTC."""

import sqlite3
from datetime import datetime
from typing import Final

from bridge.core.director.contract import utc_text
from bridge.core.units.broker_time import Offset
from bridge.journal.database.sql import column_list, replace
from bridge.journal.tables.values import moment

TABLE: Final = "clock_offsets"
COLUMNS: Final = ("officer", "server", "since", "seconds", "confirmed_at")


def load(connection: sqlite3.Connection, officer: str, server: str) -> list[Offset]:
    """Return the offsets of the officer's broker, oldest first."""
    found = connection.execute(
        f"SELECT {column_list(COLUMNS)} FROM clock_offsets"
        " WHERE officer = :officer AND server = :server ORDER BY since",
        {"officer": officer, "server": server},
    )
    return [
        Offset(
            datetime.fromisoformat(row["since"]),
            row["seconds"],
            moment(row["confirmed_at"]),
        )
        for row in found
    ]


def add(
    connection: sqlite3.Connection,
    officer: str,
    server: str,
    seconds: int,
    since: datetime,
    *,
    confirmed: bool,
) -> None:
    """Store an offset that counts from that time on. `confirmed`: more than one measurement has found it."""
    connection.execute(
        replace(TABLE, COLUMNS),
        {
            "officer": officer,
            "server": server,
            "since": utc_text(since),
            "seconds": seconds,
            "confirmed_at": utc_text(since) if confirmed else None,
        },
    )


def confirm(connection: sqlite3.Connection, officer: str, server: str, at: datetime) -> None:
    """Store that the last offset was measured again at that time."""
    connection.execute(
        "UPDATE clock_offsets SET confirmed_at = :at WHERE officer = :officer AND server = :server AND since ="
        " (SELECT max(since) FROM clock_offsets WHERE officer = :officer AND server = :server)",
        {"officer": officer, "server": server, "at": utc_text(at)},
    )


def delete_last(connection: sqlite3.Connection, officer: str, server: str) -> None:
    """Delete the last offset: a single measurement found it, and the next one did not."""
    connection.execute(
        "DELETE FROM clock_offsets WHERE officer = :officer AND server = :server AND since ="
        " (SELECT max(since) FROM clock_offsets WHERE officer = :officer AND server = :server)",
        {"officer": officer, "server": server},
    )


def delete_after(connection: sqlite3.Connection, officer: str, server: str, at: datetime) -> bool:
    """Delete the offsets, and the confirmations, that were measured after that time. Return True where there were
    offsets."""
    values = {"officer": officer, "server": server, "at": utc_text(at)}
    deleted = connection.execute(
        "DELETE FROM clock_offsets WHERE officer = :officer AND server = :server AND since > :at", values
    )
    connection.execute(
        "UPDATE clock_offsets SET confirmed_at = :at"
        " WHERE officer = :officer AND server = :server AND confirmed_at > :at",
        values,
    )
    return deleted.rowcount > 0
