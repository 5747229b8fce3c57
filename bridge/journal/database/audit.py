"""The audit: every occurrence, in order, each row chained to the one before by SHA-256.

A changed, removed or inserted row breaks the chain from there on. A cut-off end is not visible in the chain alone;
the terminal's ledger shows that one.

The table `audit_rows` repeats nothing that another table has: a row about a directive, command, report or event has
its id, and the view `audit` shows its text. The hash covers what the view shows, so a change there breaks the chain
as well.
"""

import hashlib
import sqlite3
from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.units.clock import ms_of
from bridge.journal.database.schema import AUDIT_CODES
from bridge.journal.database.sql import Parameters, column_list, insert, words
from bridge.journal.database.words import AuditKind

GENESIS: Final = "0" * 64
"""Hash before the first row."""

TABLE: Final = "audit_rows"
COLUMNS: Final = ("seq", "at_ms", "code", "officer", "directive", "content", "subject", "body", "hash")
HASHED: Final = ("seq", "at", "kind", "officer", "directive_id", "content", "subject", "body")
"""Columns of the view `audit` that a row's hash covers, in this order."""

_SAME: Final = frozenset({AuditKind.DIRECTIVE, AuditKind.PLANNED, AuditKind.REPORT, AuditKind.EVENT})
"""Kinds whose subject and body are those of the row that they are about."""
_NAMED: Final = frozenset({AuditKind.DELIVERED, AuditKind.REFUSED})
"""Kinds whose subject is that of the row that they are about."""
_NUMBERED: Final = frozenset({AuditKind.DISPATCH, AuditKind.COMMAND})
"""Kinds whose subject begins with the id of the row that they are about."""
_TABLES: Final = {
    AuditKind.PLANNED: "commands",
    AuditKind.REPORT: "reports",
    AuditKind.EVENT: "events",
    AuditKind.DELIVERED: "events",
    AuditKind.REFUSED: "events",
}
"""Tables of what the rows are about, by kind."""
_VIEWED: Final = column_list(HASHED)


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
    content: int | None = None,
    subject: str,
    body: str = "",
) -> str:
    """Append one row inside the caller's transaction. Return its hash, in hex.

    `content` is the id of the report, event or command that the row is about, where there is one: it must have the
    subject and the body already. Raises RuntimeError for a directive that the inbox does not hold.
    """
    last = connection.execute("SELECT seq, hash FROM audit_rows ORDER BY seq DESC LIMIT 1").fetchone()
    seq, prev = (last["seq"] + 1, last["hash"].hex()) if last else (1, GENESIS)
    directive = None if directive_id is None else _place(connection, officer, directive_id)
    hashed = chain(prev, (seq, utc_text(at), kind, officer, directive_id, content, subject, body))
    stored: str | None = subject
    shown = content is not None or kind is AuditKind.DIRECTIVE
    if shown and (kind in _SAME or kind in _NAMED):
        stored = None
    elif shown and kind in _NUMBERED:
        stored = subject.removeprefix(f"{content} ")
    values: Parameters = {
        "seq": seq,
        "at_ms": ms_of(at),
        "code": AUDIT_CODES.get(kind, kind),
        "officer": officer if directive is None else None,
        "directive": directive,
        "content": content,
        "subject": stored,
        "body": None if shown and kind in _SAME else body,
        "hash": bytes.fromhex(hashed),
    }
    connection.execute(insert(TABLE, COLUMNS), values)
    return hashed


def _place(connection: sqlite3.Connection, officer: str | None, directive_id: str) -> int:
    row = connection.execute(
        "SELECT id FROM directives WHERE officer = :officer AND directive_id = :directive_id",
        {"officer": officer, "directive_id": directive_id},
    ).fetchone()
    if row is None:
        raise RuntimeError(f"the inbox of officer {officer} does not hold directive {directive_id}")
    return int(row["id"])


def has_kind(connection: sqlite3.Connection, officer: str, kind: AuditKind) -> bool:
    """Return True where the officer has a row of the kind."""
    found = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM audit_rows WHERE officer = :officer AND kind = :kind)",
        {"officer": officer, "kind": kind},
    )
    return bool(found.fetchone()[0])


def chain(prev: str, row: tuple[object, ...]) -> str:
    """Return the hash of a row: SHA-256, in hex, over the hash before it and its columns as a JSON array."""
    return hashlib.sha256(prev.encode() + msgspec.json.encode(row)).hexdigest()


def count(connection: sqlite3.Connection) -> int:
    """Return the number of rows."""
    return int(connection.execute("SELECT count(*) FROM audit_rows").fetchone()[0])


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
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM audit_rows").fetchone()[0])


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
        "SELECT at FROM timeline WHERE officer = :officer AND directive_id = :directive_id AND seq < :before"
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
    for row in connection.execute(f"SELECT {_VIEWED}, hash FROM audit ORDER BY seq"):
        *fields, hashed = tuple(row)
        if fields[0] != expected:
            return f"row {expected} is missing"
        if chain(prev, tuple(fields)) != hashed:
            return f"row {expected} was changed{_in_its_table(connection, expected)}"
        prev = hashed
        expected += 1
    return ""


def _in_its_table(connection: sqlite3.Connection, seq: int) -> str:
    """Return the other place of a change, where the row shows a text of another table."""
    row = connection.execute(
        "SELECT a.kind, a.content, d.directive_id FROM audit_rows a LEFT JOIN directives d ON d.id = a.directive"
        " WHERE a.seq = :seq AND (a.subject IS NULL OR a.body IS NULL)",
        {"seq": seq},
    ).fetchone()
    if row is None:
        return ""
    table = _TABLES.get(row["kind"], "directives")
    return f", or differs from its table: {table} {row['content'] or row['directive_id']}"
