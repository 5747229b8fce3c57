"""Check of a journal's content: what every start checks, and what reads the whole file. Reads only."""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from functools import cache, partial
from pathlib import Path

from bridge.journal.database import audit, consistency, foreign_limits, operator_marks, schema_check
from bridge.journal.database.alteration import Altered
from bridge.journal.database.errors import (
    JournalAlteredError,
    JournalDamagedError,
    JournalNewerError,
    JournalUnknownWordError,
)
from bridge.journal.database.schema import APPLICATION_ID, known_migrations, migrations, without_plugins
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
    unmarked = _unmarked(connection)
    if unmarked and not _is_ours(connection):
        raise JournalDamagedError(path, "it is an SQLite file, but not a journal of this bridge")
    # Only a file in which all else is the bridge's is named as its copy.
    whole = whole or unmarked is not None
    if whole:
        _check_pages(path, connection, progress)
    applied = _applied(connection)
    if unknown := [name for name in applied if name not in known_migrations()]:
        raise JournalNewerError(path, unknown)
    if whole:
        progress("audit")
        if broken := audit.first_break(connection):
            raise JournalDamagedError(path, f"its audit does not hold: {broken}")
    changed, altered = _schema_findings(connection, applied)
    if changed:
        raise JournalDamagedError(path, f"its schema was changed: {', '.join(changed)}")
    if altered:
        raise JournalAlteredError(path, *altered)
    if whole:
        _check_rows(path, connection, progress)
    if mark := operator_marks.first_difference(connection):
        raise JournalAlteredError(path, mark)
    if unmarked:
        raise JournalAlteredError(path, unmarked)


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


def first_alteration(connection: sqlite3.Connection) -> Altered | None:
    """Return the first finding for which the next opening would refuse the journal, of those that cost little.

    The mark and the schema are looked at, and no page or row. Raises sqlite3.DatabaseError.
    """
    changed, altered = _schema_findings(connection, _applied(connection))
    if changed:
        return Altered(f"its schema was changed: {', '.join(changed)}", "restore it from a backup")
    return altered[0] if altered else _unmarked(connection)


def foreign_objects(connection: sqlite3.Connection) -> list[str]:
    """Return the tables, views and indexes of other tools and people in the file, such as 'view mine'."""
    return schema_check.foreign_objects(connection, _own_objects(*known_migrations()))


@cache
def own_names() -> frozenset[str]:
    """Return the names of all objects of the bridge, by this version's migrations."""
    with closing(_expected(known_migrations())) as expected:
        names = [row[0] for row in expected.execute("SELECT name FROM sqlite_master")]
    return frozenset(names)


def _unmarked(connection: sqlite3.Connection) -> Altered | None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application == APPLICATION_ID:
        return None
    return Altered(
        f"its application_id is {application}, as in a copy that was made as SQL text (.dump, .clone), and a "
        f"journal's is {APPLICATION_ID}; all else in it is the bridge's",
        f"put it back with the SQL statement: PRAGMA application_id = {APPLICATION_ID}",
    )


def _is_ours(connection: sqlite3.Connection) -> bool:
    """Return True for a file that has the bridge's migrations and every table of the bridge."""
    there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "_sqlite_migrations" not in there or not (applied := _applied(connection)):
        return False
    return {each.name for each in _own_objects(*applied) if each.kind == "table"} <= there


def _applied(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM _sqlite_migrations WHERE migration_set = :name ORDER BY id",
        {"name": migrations.name},
    )
    return [row[0] for row in rows]


def _schema_findings(connection: sqlite3.Connection, applied: list[str]) -> tuple[list[str], list[Altered]]:
    """Return the tables that cannot be mended, and the other findings: own objects first, then foreign ones."""
    ours = _own_objects(*applied)
    changed, altered, foreign = schema_check.compare(connection, ours, partial(_expected, applied))
    return changed, [*altered, *foreign_limits.harmful(connection, foreign, {each.name for each in ours})]


@cache
def _own_objects(*applied: str) -> tuple[schema_check.Object, ...]:
    """Return the objects that these migrations make."""
    with closing(_expected(applied)) as expected:
        return tuple(schema_check.objects(expected))


def _expected(applied: Collection[str]) -> sqlite3.Connection:
    """Return an empty database with the schema that these migrations make."""
    made = sqlite3.connect(":memory:")
    stop = next((name for name in known_migrations() if name not in applied), None)
    migrations.apply(without_plugins(made), stop_before=stop)
    return made
