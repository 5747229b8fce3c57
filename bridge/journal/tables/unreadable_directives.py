"""Table `unreadable_directives`: listed items without a usable directive_id."""

import sqlite3
from datetime import datetime
from typing import Final

from bridge.core.director.contract import utc_text
from bridge.core.director.poll import Item
from bridge.core.director.problem import Problem
from bridge.journal.database.sql import insert

TABLE: Final = "unreadable_directives"
COLUMNS: Final = ("officer", "fingerprint", "received_at", "raw", "error_code", "error_message")


def is_known(connection: sqlite3.Connection, officer: str, fingerprint: str) -> bool:
    """Return True where the item was stored before."""
    found = connection.execute(
        "SELECT 1 FROM unreadable_directives WHERE officer = :officer AND fingerprint = :fingerprint",
        {"officer": officer, "fingerprint": fingerprint},
    )
    return found.fetchone() is not None


def add(connection: sqlite3.Connection, officer: str, item: Item, problem: Problem, at: datetime) -> None:
    """Insert an item and the reason of its rejection."""
    connection.execute(
        insert(TABLE, COLUMNS),
        {
            "officer": officer,
            "fingerprint": item.fingerprint,
            "received_at": utc_text(at),
            "raw": item.raw,
            "error_code": problem.code,
            "error_message": problem.message,
        },
    )
