"""The audit: what happened, in order, each row chained to the one before by SHA-256.

Whoever changes, removes or inserts a row breaks the chain from there on. (Cutting off the end is not visible
in the chain alone; the terminal's ledger notices that one.)
"""

import hashlib
import sqlite3
from datetime import datetime
from typing import Final

import msgspec

from bridge.core.contract import utc_text

GENESIS: Final = "0" * 64
"""What the first row is chained to."""


def append(
    connection: sqlite3.Connection,
    *,
    at: datetime,
    kind: str,
    officer: str | None,
    directive_id: str | None = None,
    subject: str,
    body: str = "",
) -> None:
    """One more row, inside the caller's transaction."""
    last = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    seq, prev = (last["seq"] + 1, last["hash"]) if last else (1, GENESIS)
    row = (seq, utc_text(at), kind, officer, directive_id, subject, body)
    connection.execute(
        "INSERT INTO audit (seq, at, kind, officer, directive_id, subject, body, prev, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*row, prev, chain(prev, row)),
    )


def chain(prev: str, row: tuple[object, ...]) -> str:
    """The hash of a row: SHA-256, in hex, over the hash before it and its fields as JSON."""
    return hashlib.sha256(prev.encode() + msgspec.json.encode(row)).hexdigest()


def first_break(connection: sqlite3.Connection) -> str:
    """Where the chain breaks first, in words; empty where it holds from end to end."""
    prev = GENESIS
    expected = 1
    rows = connection.execute(
        "SELECT seq, at, kind, officer, directive_id, subject, body, prev, hash FROM audit ORDER BY seq"
    )
    for row in rows:
        fields = tuple(row)
        if fields[0] != expected:
            return f"row {expected} is missing"
        if fields[7] != prev or chain(prev, fields[:7]) != fields[8]:
            return f"row {expected} was changed"
        prev = fields[8]
        expected += 1
    return ""
