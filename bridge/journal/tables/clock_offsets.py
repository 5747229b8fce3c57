"""Table `clock_offsets`: measured distances of broker clocks from UTC."""

import sqlite3
from datetime import datetime
from typing import Final

from bridge.core.director.contract import utc_text
from bridge.core.units.broker_time import Offset
from bridge.journal.database.sql import column_list, replace

TABLE: Final = "clock_offsets"
COLUMNS: Final = ("officer", "server", "since", "seconds")


def load(connection: sqlite3.Connection, officer: str, server: str) -> list[Offset]:
    """Return the offsets of the officer's broker, oldest first."""
    found = connection.execute(
        f"SELECT {column_list(COLUMNS)} FROM clock_offsets"
        " WHERE officer = :officer AND server = :server ORDER BY since",
        {"officer": officer, "server": server},
    )
    return [Offset(datetime.fromisoformat(row["since"]), row["seconds"]) for row in found]


def add(connection: sqlite3.Connection, officer: str, server: str, seconds: int, since: datetime) -> None:
    """Store an offset that counts from that time on."""
    connection.execute(
        replace(TABLE, COLUMNS),
        {"officer": officer, "server": server, "since": utc_text(since), "seconds": seconds},
    )


def delete_after(connection: sqlite3.Connection, officer: str, server: str, at: datetime) -> bool:
    """Delete the offsets that were measured after that time. Return True where there were any."""
    deleted = connection.execute(
        "DELETE FROM clock_offsets WHERE officer = :officer AND server = :server AND since > :at",
        {"officer": officer, "server": server, "at": utc_text(at)},
    )
    return deleted.rowcount > 0
