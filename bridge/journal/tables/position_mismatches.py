"""Table `position_mismatches`: positions that differed from the broker's at the last scan."""

import sqlite3
from datetime import datetime
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.journal.database.sql import column_list, insert
from bridge.journal.tables.values import ACCOUNT_COLUMNS, OF_ACCOUNT, Account

TABLE: Final = "position_mismatches"
COLUMNS: Final = (*ACCOUNT_COLUMNS, "identifier", "since", "scan_key")


class FirstSeen(msgspec.Struct, frozen=True):
    """Scan that showed a mismatch first."""

    since: datetime
    scan_key: str


def load(connection: sqlite3.Connection, account: Account) -> dict[int, FirstSeen]:
    """Return the mismatches by position identifier."""
    rows = connection.execute(
        f"SELECT {column_list(COLUMNS)} FROM position_mismatches WHERE {OF_ACCOUNT}", account.parameters
    )
    return {
        row["identifier"]: FirstSeen(datetime.fromisoformat(row["since"]), row["scan_key"]) for row in rows
    }


def add(
    connection: sqlite3.Connection, account: Account, identifier: int, scan_key: str, at: datetime
) -> None:
    """Insert a mismatch that a scan showed for the first time."""
    connection.execute(
        insert(TABLE, COLUMNS),
        {**account.parameters, "identifier": identifier, "since": utc_text(at), "scan_key": scan_key},
    )


def delete(connection: sqlite3.Connection, account: Account, identifier: int) -> None:
    """Delete a mismatch that is gone."""
    connection.execute(
        f"DELETE FROM position_mismatches WHERE {OF_ACCOUNT} AND identifier = :identifier",
        {**account.parameters, "identifier": identifier},
    )
