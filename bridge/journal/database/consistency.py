"""Checks of the whole content when a journal is opened: unknown words, and differences from the audit.

They read every table, and write nothing.
"""

import sqlite3

from bridge.core.trade.command_states import CommandState
from bridge.journal.database import words
from bridge.journal.database.words import AuditKind, UnknownWordError


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
    """Return a description of the first command or event that differs from the audit; empty where none does.

    The chain covers the content of directives, commands, reports and events (`audit.first_break`).
    """
    return _command_difference(connection) or _event_difference(connection)


def _command_difference(connection: sqlite3.Connection) -> str:
    """Return the first command that is in another state than its last audit row says; empty where none is."""
    noted: dict[int, str] = {}
    implied = {AuditKind.PLANNED: CommandState.PLANNED, AuditKind.DISPATCH: CommandState.DISPATCHED}
    kinds = (AuditKind.PLANNED, AuditKind.DISPATCH, AuditKind.COMMAND)
    for kind, client_order_id, state in connection.execute(
        "SELECT kind, content, subject FROM audit_rows WHERE kind IN (:planned, :dispatch, :command) ORDER BY seq",
        {kind.value: kind for kind in kinds},
    ):
        noted[client_order_id] = implied.get(kind, state)
    for client_order_id, state in connection.execute("SELECT client_order_id, state FROM commands"):
        before = noted.get(client_order_id)
        if before != state:
            return f"command {client_order_id} is {state}, and its last audit row says {before}"
    return ""


def _event_difference(connection: sqlite3.Connection) -> str:
    """Return a difference of the numbers of events. The rows of both tables are made in pairs."""
    kind = {"kind": AuditKind.EVENT}
    audited, stored = connection.execute(
        "SELECT (SELECT count(*) FROM audit_rows WHERE kind = :kind), (SELECT count(*) FROM events)", kind
    ).fetchone()
    return "" if audited == stored else f"it has {audited} events, their table {stored}"
