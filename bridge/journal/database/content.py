"""Check of a journal's content: what every start checks, and what reads the whole file."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils import Database

from bridge.journal.database import audit, consistency, operator_marks, schema_check
from bridge.journal.database.errors import (
    JournalAlteredError,
    JournalDamagedError,
    JournalNewerError,
    JournalUnknownWordError,
)
from bridge.journal.database.schema import APPLICATION_ID, known_migrations, migrations
from bridge.journal.database.words import UnknownWordError

Progress = Callable[[str], None]
"""Called with the name of each part of the check that reads the whole file, when it begins."""


def no_progress(part: str) -> None:
    """Show no progress."""


def check(
    path: Path,
    connection: sqlite3.Connection,
    *,
    whole: bool = True,
    progress: Progress = no_progress,
) -> None:
    """Check the content. Raises JournalDamagedError, JournalAlteredError, JournalUnknownWordError,
    JournalNewerError.

    `whole` False: no check whose time grows with the file.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        raise JournalDamagedError(path, "it is an SQLite file, but not a journal of this bridge")
    if whole:
        _check_pages(path, connection, progress)
    applied = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id", [migrations.name]
        )
    ]
    if unknown := [name for name in applied if name not in known_migrations()]:
        raise JournalNewerError(path, unknown)
    if whole:
        progress("audit")
        if broken := audit.first_break(connection):
            raise JournalDamagedError(path, f"its audit does not hold: {broken}")
    with closing(_expected(applied)) as expected:
        found = schema_check.compare(connection, expected)
    if found.changed:
        raise JournalDamagedError(path, f"its schema was changed: {', '.join(found.changed)}")
    for each in found.harmful:
        finding = f"{each.kind} {each.name} on {each.table} is not the bridge's, and changes what it writes"
        raise JournalAlteredError(
            path, finding, f"remove it with the SQL statement: DROP {each.kind} {each.name}"
        )
    if whole:
        _check_rows(path, connection, progress)
    if altered := operator_marks.first_difference(connection):
        raise JournalAlteredError(path, altered.what, altered.remedy)


def _check_pages(path: Path, connection: sqlite3.Connection, progress: Progress) -> None:
    progress("pages")
    verdicts = [row[0] for row in connection.execute("PRAGMA integrity_check(10)")]
    if verdicts != ["ok"]:
        raise JournalDamagedError(path, f"SQLite's integrity check says: {'; '.join(verdicts)}")


def _check_rows(path: Path, connection: sqlite3.Connection, progress: Progress) -> None:
    progress("words")
    try:
        consistency.check_words(connection)
    except UnknownWordError as error:
        raise JournalUnknownWordError(path, str(error)) from None
    progress("tables")
    # Several statements that must see one state: the owner may write meanwhile.
    with snapshot(connection):
        if broken := consistency.first_difference(connection):
            raise JournalDamagedError(path, f"its audit does not hold: {broken}")


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Let every read of the body see the journal as of one moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def _expected(applied: list[str]) -> sqlite3.Connection:
    """Return an empty database with the schema that these migrations make."""
    made = sqlite3.connect(":memory:")
    stop = next((name for name in known_migrations() if name not in applied), None)
    migrations.apply(Database(made), stop_before=stop)
    return made


def foreign_objects(connection: sqlite3.Connection) -> list[str]:
    """Return the tables, views and indexes of other tools and people in the file, such as 'view mine'."""
    with closing(_expected(known_migrations())) as expected:
        return schema_check.foreign_objects(connection, expected)
