"""Table `dismissed_orders`: lost orders that an operator took over."""

import sqlite3
from datetime import datetime
from typing import Final

from bridge.core.director.contract import utc_text
from bridge.journal.database.sql import insert

TABLE: Final = "dismissed_orders"
COLUMNS: Final = ("officer", "client_order_id", "dismissed_at", "note")


def add(connection: sqlite3.Connection, officer: str, client_order_id: int, note: str, at: datetime) -> None:
    """Insert a lost order that an operator took over, unless it is there."""
    connection.execute(
        f"{insert(TABLE, COLUMNS)} ON CONFLICT DO NOTHING",
        {
            "officer": officer,
            "client_order_id": client_order_id,
            "dismissed_at": utc_text(at),
            "note": note,
        },
    )


def all_ids(connection: sqlite3.Connection, officer: str) -> set[int]:
    """Return the client order ids that an operator took over."""
    rows = connection.execute(
        "SELECT client_order_id FROM dismissed_orders WHERE officer = :officer", {"officer": officer}
    )
    return {row["client_order_id"] for row in rows}
