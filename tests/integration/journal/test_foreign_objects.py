"""Tables, views and indexes of other tools in the journal's file: named and left alone."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bridge.journal.database import file
from bridge.journal.database.errors import JournalAlteredError, JournalDamagedError
from bridge.journal.journal import opened
from bridge.journal.views import lists

from .bench import NOW, OFFICER, settings

LITESTREAM = (
    "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)",
    "CREATE TABLE _litestream_lock (id INTEGER)",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file.create(tmp_path / "journal.db")
    return tmp_path / "journal.db"


def run(path: Path, *statements: str) -> None:
    """Run the statements as another program does."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("statements", "foreign"),
    [
        (LITESTREAM, ["table _litestream_lock", "table _litestream_seq"]),
        (["CREATE VIEW mine AS SELECT officer FROM officers"], ["view mine"]),
        (["CREATE INDEX mine ON deals (symbol)"], ["index mine"]),
        (
            ["CREATE TABLE notes (x)", "CREATE TRIGGER noted AFTER INSERT ON notes BEGIN SELECT 1; END"],
            ["table notes", "trigger noted"],
        ),
        (["ANALYZE"], []),
    ],
    ids=["replication", "view", "index", "trigger", "statistics"],
)
def test_foreign_objects_are_named_and_left_alone(
    path: Path, statements: list[str], foreign: list[str]
) -> None:
    run(path, *statements)
    with opened(path, settings()) as journal:
        assert journal.halt(OFFICER, NOW, symbol="", why="news").why == "news"
    with lists.reading(path) as db:
        verdict = lists.verify(db)
    assert (verdict.broken, verdict.differs, verdict.foreign) == ("", "", foreign)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DROP INDEX deals_by_position", "deals_by_position"),
        ("DROP TRIGGER audit_is_only_appended", "audit_is_only_appended"),
        ("ALTER TABLE officers ADD COLUMN mine TEXT", "officers"),
        ("DROP TABLE symbols", "symbols"),
    ],
)
def test_object_of_the_bridge_that_is_missing_or_differs_is_refused(
    path: Path, statement: str, named: str
) -> None:
    run(path, statement)
    with pytest.raises(JournalDamagedError, match=f"its schema was changed: {named}"):
        file.check(path)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER mine AFTER INSERT ON halts BEGIN DELETE FROM halts; END",
        "CREATE UNIQUE INDEX mine ON deals (symbol)",
    ],
)
def test_foreign_object_that_changes_what_the_bridge_writes_is_refused_with_its_remedy(
    path: Path, statement: str
) -> None:
    run(path, statement)
    with pytest.raises(JournalAlteredError, match=r"mine on .* is not the bridge's") as refused:
        file.check(path)
    assert "backup" not in str(refused.value)
    run(path, str(refused.value).partition("SQL statement: ")[2])
    file.check(path)


def rewrite(path: Path, table: str, old: str, new: str) -> None:
    """Replace a part of the stored text of an object."""
    run(
        path,
        "PRAGMA writable_schema = ON",
        f"UPDATE sqlite_master SET sql = replace(sql, '{old}', '{new}') WHERE name = '{table}'",  # noqa: S608
    )


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("halts", "TABLE halts", 'TABLE "halts"'),
        ("halts", "-- the Director", "/* the Director"),
        ("deals_by_position", "officer, server", "officer ,  server"),
        ("open_positions", "SELECT officer", "select  officer"),
        ("_sqlite_migrations", "TEXT", "VARCHAR"),
    ],
    ids=["quotes", "comment", "spaces", "case", "table of sqlite-utils"],
)
def test_text_with_the_same_meaning_is_accepted(path: Path, name: str, old: str, new: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        [(before,)] = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,))
    assert old in before
    new = new if not new.startswith("/*") else "-- another comment about the Director"
    rewrite(path, name, old, new)
    file.check(path)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("halts", "why TEXT NOT NULL", "why TEXT"),
        ("halts", "why TEXT NOT NULL", "why TEXT NOT NULL CHECK (why <> 1)"),
        ("halts", ") STRICT", ")"),
        ("audit_is_never_changed", "BEFORE", "AFTER"),
        ("events_queued", "state = ", "state <> "),
        ("sessions", "AUTOINCREMENT", ""),
    ],
)
def test_text_with_another_meaning_is_refused(path: Path, name: str, old: str, new: str) -> None:
    rewrite(path, name, old, new)
    with pytest.raises(JournalDamagedError, match=f"its schema was changed: {name}"):
        file.check(path)
