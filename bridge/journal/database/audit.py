"""The audit: every occurrence, in order, each row chained to the one before by SHA-256.

A changed, removed or inserted row breaks the chain from there on. A cut-off end is not visible in the chain alone;
the terminal's ledger shows that one.
"""

import hashlib
import sqlite3
from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from bridge.core.director.contract import utc_text
from bridge.journal.database.sql import column_list, insert, words
from bridge.journal.database.words import AuditKind

GENESIS: Final = "0" * 64
"""`prev` of the first row."""

TABLE: Final = "audit"
HASHED: Final = ("seq", "at", "kind", "officer", "directive_id", "subject", "body")
"""Columns that a row's hash covers, in this order."""
COLUMNS: Final = (*HASHED, "prev", "hash")


class AuditRow(NamedTuple):
    """One row, without its hashes."""

    seq: int
    at: str
    kind: str
    officer: str | None
    directive_id: str | None
    subject: str
    body: str


def append(
    connection: sqlite3.Connection,
    *,
    at: datetime,
    kind: AuditKind,
    officer: str | None,
    directive_id: str | None = None,
    subject: str,
    body: str = "",
) -> str:
    """Append one row inside the caller's transaction. Return its hash."""
    last = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    seq, prev = (last["seq"] + 1, last["hash"]) if last else (1, GENESIS)
    row = (seq, utc_text(at), kind, officer, directive_id, subject, body)
    hashed = chain(prev, row)
    values = dict(zip(COLUMNS, (*row, prev, hashed), strict=True))
    connection.execute(insert(TABLE, COLUMNS), values)
    return hashed


def has_kind(connection: sqlite3.Connection, officer: str, kind: AuditKind) -> bool:
    """Return True where the officer has a row of the kind."""
    found = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM audit WHERE officer = :officer AND kind = :kind)",
        {"officer": officer, "kind": kind},
    )
    return bool(found.fetchone()[0])


def chain(prev: str, row: tuple[object, ...]) -> str:
    """Return the hash of a row: SHA-256, in hex, over the hash before it and its columns as a JSON array."""
    return hashlib.sha256(prev.encode() + msgspec.json.encode(row)).hexdigest()


def count(connection: sqlite3.Connection) -> int:
    """Return the number of rows."""
    return int(connection.execute("SELECT count(*) FROM audit").fetchone()[0])


def first_at(connection: sqlite3.Connection) -> str | None:
    """Return the time of the first row, UTC in the contract's form; None where there is none."""
    row = connection.execute("SELECT at FROM audit ORDER BY seq LIMIT 1").fetchone()
    return row[0] if row is not None else None


def last_at(connection: sqlite3.Connection) -> str | None:
    """Return the time of the last row, as `first_at`."""
    row = connection.execute("SELECT at FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return row[0] if row is not None else None


def last_seq(connection: sqlite3.Connection) -> int:
    """Return the number of the last row; 0 where there is none."""
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM audit").fetchone()[0])


def after(
    connection: sqlite3.Connection, seq: int, kinds: Collection[AuditKind], *, limit: int
) -> tuple[int, list[AuditRow]]:
    """Return the rows of these kinds among the next `limit` after a row, and the number of the last of those."""
    last = min(seq + limit, last_seq(connection))
    found = connection.execute(
        "SELECT seq, at, kind, officer, directive_id, subject, body FROM audit"
        f" WHERE seq > :seq AND seq <= :last AND kind IN ({words(kinds)}) ORDER BY seq",
        {"seq": seq, "last": last},
    )
    return last, [AuditRow(*row) for row in found]


def result_at(
    connection: sqlite3.Connection, officer: str, directive_id: str, client_order_id: int, before: int
) -> str | None:
    """Return the time of the last report of a command's result before a row; None where there is none."""
    row = connection.execute(
        "SELECT at FROM audit WHERE officer = :officer AND directive_id = :directive_id AND seq < :before"
        " AND subject GLOB :subject ORDER BY seq DESC LIMIT 1",
        {
            "officer": officer,
            "directive_id": directive_id,
            "before": before,
            "subject": f"command:{client_order_id}:*:result",
        },
    ).fetchone()
    return None if row is None else row[0]


def first_break(connection: sqlite3.Connection) -> str:
    """Return a description of the first break in the chain; empty where it holds from end to end."""
    prev = GENESIS
    expected = 1
    for row in connection.execute(f"SELECT {column_list(COLUMNS)} FROM audit ORDER BY seq"):
        fields = tuple(row)
        if fields[0] != expected:
            return f"row {expected} is missing"
        if fields[7] != prev or chain(prev, fields[:7]) != fields[8]:
            return f"row {expected} was changed"
        prev = fields[8]
        expected += 1
    return ""
