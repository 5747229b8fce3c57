"""Checks of the whole content when a journal is opened: unknown words, and differences from the audit.

They read every table, and write nothing.
"""

import sqlite3
from typing import Final

from bridge.core.trade.command_states import CommandState
from bridge.journal.database import words
from bridge.journal.database.words import AuditKind, UnknownWordError

_COPIES: Final = {
    # The audit has a copy of these: kind of its row, and the same text in its own table.
    AuditKind.DIRECTIVE: (
        "SELECT d.raw FROM directives d WHERE d.officer = a.officer AND d.directive_id = a.subject"
    ),
    AuditKind.PLANNED: "SELECT c.body FROM commands c WHERE c.client_order_id = CAST(a.subject AS INTEGER)",
}


def check_words(connection: sqlite3.Connection) -> None:
    """Raise UnknownWordError for the first row with a word that is a member of no enum of its column."""
    for table, column in words.STORED:
        known = ", ".join(f"'{word}'" for word in sorted(words.allowed(table, column)))
        row = connection.execute(
            f"SELECT {column} FROM {table} WHERE {column} NOT IN ({known}) LIMIT 1"
        ).fetchone()
        if row is not None:
            raise UnknownWordError(table, column, row[0])


def first_difference(connection: sqlite3.Connection) -> str:
    """Return a description of the first directive, command or event that differs from the audit; empty where none
    does."""
    for kind, copy in _COPIES.items():
        row = connection.execute(
            f"SELECT a.seq, a.subject FROM audit a WHERE a.kind = :kind AND a.body IS NOT ({copy}) LIMIT 1",
            {"kind": kind},
        ).fetchone()
        if row is not None:
            return f"row {row[0]} ({kind} {row[1]}) differs from its table"
    return _command_difference(connection) or _event_difference(connection)


def _command_difference(connection: sqlite3.Connection) -> str:
    """Return the first command that is in another state than its last audit row says; empty where none is."""
    noted: dict[int, str] = {}
    implied = {AuditKind.PLANNED: CommandState.PLANNED, AuditKind.DISPATCH: CommandState.DISPATCHED}
    kinds = (AuditKind.PLANNED, AuditKind.DISPATCH, AuditKind.COMMAND)
    for kind, subject in connection.execute(
        "SELECT kind, subject FROM audit WHERE kind IN (:planned, :dispatch, :command) ORDER BY seq",
        {kind.value: kind for kind in kinds},
    ):
        client_order_id, _, state = subject.partition(" ")
        noted[int(client_order_id)] = implied.get(kind, state)
    for client_order_id, state in connection.execute("SELECT client_order_id, state FROM commands"):
        before = noted.get(client_order_id)
        if before != state:
            return f"command {client_order_id} is {state}, and its last audit row says {before}"
    return ""


def _event_difference(connection: sqlite3.Connection) -> str:
    """Return the first event that differs from its audit row. The rows of both tables are made in pairs."""
    kind = {"kind": AuditKind.EVENT}
    audited, stored = connection.execute(
        "SELECT (SELECT count(*) FROM audit WHERE kind = :kind), (SELECT count(*) FROM events)", kind
    ).fetchone()
    if audited != stored:
        return f"it has {audited} events, their table {stored}"
    row = connection.execute(
        "SELECT e.id FROM (SELECT body, row_number() OVER (ORDER BY seq) AS n FROM audit WHERE kind = :kind) a"
        " JOIN (SELECT id, body, row_number() OVER (ORDER BY id) AS n FROM events) e USING (n)"
        " WHERE a.body <> e.body LIMIT 1",
        kind,
    ).fetchone()
    return f"event {row[0]} differs from the one that was created" if row is not None else ""
