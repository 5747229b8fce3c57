"""Tables, views and indexes of other tools in the journal's file: named and left alone."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bridge.journal.database import file
from bridge.journal.database.errors import (
    JournalAlteredError,
    JournalDamagedError,
    JournalUnavailableError,
)
from bridge.journal.journal import opened
from bridge.journal.views import lists

from .bench import NOW, OFFICER, JournalBench, directive, settings
from .reports import deal, result, submitted

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


def mended(path: Path, *words: str) -> None:
    """Assert that the file is refused with these words, and accepted after the statements of the refusal."""
    with pytest.raises(JournalAlteredError) as refused:
        file.check(path)
    said = str(refused.value)
    assert all(word in said for word in words), said
    assert "restore" not in said
    statements = re.split(r"; then [^;]*SQL statement: ", said.partition("SQL statement: ")[2])
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("; ".join(statements))
    file.check(path)
    with opened(path, settings()):
        pass


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (["DROP TABLE symbols"], "symbols"),
        (["ALTER TABLE officers RENAME COLUMN currency TO money"], "officer_status, officers|officers"),
        (["ALTER TABLE symbols RENAME TO mine"], "symbols"),
    ],
    ids=["dropped", "renamed column", "renamed"],
)
def test_table_of_the_bridge_that_is_missing_or_differs_is_refused(
    path: Path, statements: list[str], named: str
) -> None:
    run(path, *statements)
    with pytest.raises(JournalDamagedError, match=f"its schema was changed: ({named})"):
        file.check(path)


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["DROP INDEX deals_by_position"], ["index deals_by_position is missing"]),
        (["DROP VIEW undelivered_events"], ["view undelivered_events is missing"]),
        (
            ["DROP VIEW timeline", "CREATE VIEW timeline AS SELECT seq FROM audit"],
            ["view timeline is another one", "DROP VIEW timeline; CREATE VIEW timeline"],
        ),
        (
            ["DROP TRIGGER audit_is_only_appended", "DROP TRIGGER audit_is_never_deleted"],
            ["audit_is_only_appended is missing", "audit_is_never_deleted is missing"],
        ),
        (
            ["ALTER TABLE deals ADD COLUMN mine TEXT", "ALTER TABLE deals ADD COLUMN 'my note' REAL"],
            ["table deals has the column mine, my note, which is not the bridge's"],
        ),
        (
            ["ALTER TABLE deals ADD COLUMN mine REAL AS (CAST(profit AS REAL)) CHECK (mine < 1000000)"],
            ["table deals has the column mine"],
        ),
        (
            [
                "ALTER TABLE deals ADD COLUMN mine TEXT",
                "DROP VIEW timeline",
                "CREATE UNIQUE INDEX m ON halts (why)",
            ],
            ["column mine", "view timeline is missing", "index m on halts"],
        ),
    ],
    ids=["index", "view", "other view", "triggers", "columns", "formula", "several"],
)
def test_change_that_statements_undo_is_refused_with_them(
    path: Path, statements: list[str], words: list[str]
) -> None:
    run(path, *statements)
    mended(path, *words)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("CREATE TRIGGER mine AFTER INSERT ON halts BEGIN DELETE FROM halts; END", "changes what it writes"),
        ("CREATE UNIQUE INDEX mine ON deals (symbol)", "limits what it can write"),
        ("CREATE INDEX mine ON audit_rows (json_extract(body, '$.x'))", "may fail for a value"),
        ("CREATE INDEX mine ON directives (raw ->> '$.symbol')", "may fail for a value"),
        ("CREATE INDEX mine ON deals (symbol) WHERE json_valid(comment)", "may fail for a value"),
        ("CREATE TABLE mine (x TEXT REFERENCES Deals (symbol))", "foreign key to Deals limits"),
        ("CREATE TABLE mine (x TEXT REFERENCES officers)", "foreign key to officers limits"),
    ],
)
def test_foreign_object_that_changes_or_limits_what_the_bridge_writes_is_refused_with_its_remedy(
    path: Path, statement: str, words: str
) -> None:
    run(path, statement)
    mended(path, "mine", "is not the bridge's", words)


def test_rows_of_a_table_with_a_foreign_key_outlive_the_remedy(path: Path) -> None:
    run(path, "CREATE TABLE notes (x TEXT REFERENCES deals (symbol))", "INSERT INTO notes VALUES ('EURUSD')")
    mended(path, "foreign key to deals")
    with file.open_reader(path) as connection:
        assert [tuple(row) for row in connection.execute("SELECT x FROM notes_copy")] == [("EURUSD",)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX mine ON deals (CAST(profit AS REAL))",
        "CREATE INDEX mine ON deals (date(done_at)) WHERE symbol IN ('EURUSD', 'USDJPY')",
        "CREATE INDEX mine ON deals (symbol COLLATE NOCASE)",
        "CREATE TABLE tags (id INTEGER PRIMARY KEY, other INTEGER REFERENCES tags)",
    ],
)
def test_foreign_object_that_never_fails_is_left_alone(path: Path, statement: str) -> None:
    run(path, statement)
    file.check(path)


# Objects that only their maker can read


def edit_schema(path: Path, statement: str) -> None:
    """Run a statement on the schema itself, and let every connection read the schema anew."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        (version,) = connection.execute("PRAGMA schema_version").fetchone()
        with connection:
            connection.execute(statement)
            connection.execute(f"PRAGMA schema_version = {version + 1}")


def makers(path: Path) -> None:
    """Add a view in a later SQLite's words, as a program with that one does."""
    sql = "CREATE VIEW mine AS SELECT symbol FROM deals SORTED BY A LATER SQLITE"
    edit_schema(path, f"INSERT INTO sqlite_master VALUES ('view', 'mine', 'mine', 0, '{sql}')")  # noqa: S608 - our own words


def remove(path: Path) -> None:
    """Remove the view as its maker does."""
    edit_schema(path, "DELETE FROM sqlite_master WHERE name = 'mine'")


def test_view_that_this_sqlite_cannot_read_is_named_with_its_remedy(path: Path) -> None:
    makers(path)
    with pytest.raises(
        JournalAlteredError, match="cannot read mine, which is not the bridge's: near"
    ) as refused:
        file.check(path)
    assert "remove mine with the program that made it" in str(refused.value)
    assert "restore" not in str(refused.value)
    remove(path)
    file.check(path)


def test_running_journal_names_such_a_view_and_goes_on_once_it_is_removed(path: Path) -> None:
    with opened(path, settings()) as journal:
        makers(path)
        with pytest.raises(
            JournalUnavailableError, match="cannot read mine, which is not the bridge's"
        ) as failed:
            journal.halt(OFFICER, NOW, symbol="", why="news")
        assert "remove mine with the program that made it" in failed.value.remedy
        remove(path)
        assert journal.halt(OFFICER, NOW, symbol="", why="news").why == "news"
    file.check(path)


def test_unreadable_object_of_the_bridge_is_damage(path: Path) -> None:
    run(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = 'CREATE VIEW timeline AS SELECT' WHERE name = 'timeline'",
    )
    with pytest.raises(JournalDamagedError, match="cannot be trusted") as refused:
        file.check(path)
    assert not isinstance(refused.value, JournalAlteredError)


@pytest.mark.parametrize(
    ("statement", "needed"),
    [
        ("CREATE INDEX mine ON deals (makers_own(symbol))", "the function makers_own"),
        ("CREATE INDEX mine ON deals (symbol COLLATE makers_own)", "the collation sequence makers_own"),
    ],
)
def test_index_that_needs_its_makers_function_is_named(path: Path, statement: str, needed: str) -> None:
    with closing(sqlite3.connect(path)) as maker, maker:
        maker.create_function("makers_own", 1, str, deterministic=True)
        maker.create_collation("makers_own", lambda one, other: (one > other) - (one < other))
        maker.execute(statement)
    with pytest.raises(JournalAlteredError, match=f"needs {needed} of the program that made it") as refused:
        file.check(path)
    with closing(sqlite3.connect(path)) as connection:
        query = str(refused.value).partition("SQL statement: ")[2]
        assert connection.execute(query).fetchall() == [("index", "mine")]


# Copies as SQL text


def copied(path: Path) -> Path:
    """Copy the journal as SQL text, as .dump does."""
    copy = path.with_name("copy.db")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        target.executescript("\n".join(source.iterdump()))
    return copy


@pytest.fixture
def lived(joined: JournalBench) -> Path:
    """The path of a closed journal with a filled directive."""
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), result(command.order), deal(command.order))
    joined.close()
    return joined.path


def test_copy_as_sql_text_is_named_as_such_with_the_statement_that_mends_it(lived: Path) -> None:
    copy = copied(lived)
    mended(copy, "application_id is 0", ".dump, .clone", "PRAGMA application_id = 1297364290")
    with closing(sqlite3.connect(copy)) as one, closing(sqlite3.connect(lived)) as other:
        assert list(one.iterdump()) == list(other.iterdump())


def test_mark_of_another_program_is_named(path: Path) -> None:
    run(path, "PRAGMA application_id = 5", "PRAGMA user_version = 7")
    mended(path, "application_id is 5")


def test_copy_as_sql_text_of_a_damaged_journal_is_damaged(lived: Path) -> None:
    copy = copied(lived)
    run(copy, "DROP TRIGGER audit_is_never_changed", "UPDATE audit_rows SET body = 'other' WHERE seq = 3")
    with pytest.raises(JournalDamagedError, match="row 3 was changed"):
        file.check(copy)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE deals",
        "DROP TABLE _sqlite_migrations",
        "DELETE FROM _sqlite_migrations",
        "UPDATE _sqlite_migrations SET migration_set = 'other'",
    ],
)
def test_unmarked_file_that_lacks_something_of_a_journal_is_none(path: Path, statement: str) -> None:
    run(path, "PRAGMA application_id = 0", statement)
    with pytest.raises(JournalDamagedError, match="not a journal of this bridge"):
        file.check(path)


# What tools do to the file as a whole


@pytest.mark.parametrize(
    "statements",
    [
        ["PRAGMA journal_mode = DELETE"],
        ["PRAGMA journal_mode = DELETE", "PRAGMA page_size = 8192", "VACUUM"],
        ["PRAGMA journal_mode = DELETE", "PRAGMA page_size = 512", "VACUUM"],
        ["PRAGMA auto_vacuum = FULL", "VACUUM"],
        ["PRAGMA auto_vacuum = INCREMENTAL", "VACUUM", "PRAGMA incremental_vacuum"],
        ["REINDEX", "ANALYZE", "PRAGMA optimize"],
        ["PRAGMA user_version = 7"],
        ["CREATE VIRTUAL TABLE found USING fts5 (body, content='events')"],
        ["ALTER TABLE deals ADD COLUMN mine TEXT", "ALTER TABLE deals DROP COLUMN mine"],
        ["ALTER TABLE deals RENAME TO mine", "ALTER TABLE mine RENAME TO deals"],
    ],
    ids=" ".join,
)
def test_journal_is_used_after_what_a_tool_did_to_the_file(lived: Path, statements: list[str]) -> None:
    with closing(sqlite3.connect(lived, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    with opened(lived, settings()) as journal:
        assert journal.halt(OFFICER, NOW, symbol="", why="news").why == "news"
    with file.open_reader(lived) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_table_that_a_tool_made_anew_with_the_same_meaning_is_accepted(path: Path) -> None:
    """sqlite-utils transform: a new table with quoted names and explicit references takes the old one's place."""
    with closing(sqlite3.connect(path)) as connection:
        [(text,)] = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'halts'")
    anew = text.replace("TABLE halts", 'TABLE "halts_new"').replace(
        "officer TEXT NOT NULL REFERENCES officers",
        '"officer" TEXT NOT NULL REFERENCES "officers"("officer")',
    )
    run(path, anew, "DROP TABLE halts", "ALTER TABLE halts_new RENAME TO halts")
    file.check(path)


def rewrite(path: Path, table: str, old: str, new: str) -> None:
    """Replace a part of the stored text of an object."""
    run(
        path,
        "PRAGMA writable_schema = ON",
        f"UPDATE sqlite_master SET sql = replace(sql, '{old}', '{new}') WHERE name = '{table}'",  # noqa: S608 - our own words
    )


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("halts", "TABLE halts", 'TABLE "halts"'),
        ("halts", "-- the Director", "/* the Director"),
        ("directives_by_state", "officer, state", "officer ,  state"),
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
        ("sessions", "AUTOINCREMENT", ""),
    ],
)
def test_text_with_another_meaning_is_refused(path: Path, name: str, old: str, new: str) -> None:
    rewrite(path, name, old, new)
    with pytest.raises(JournalDamagedError, match=f"its schema was changed: {name}"):
        file.check(path)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("audit_is_never_changed", "BEFORE", "AFTER"), ("events_queued", "state = ", "state <> ")],
)
def test_trigger_or_index_with_another_meaning_is_refused(path: Path, name: str, old: str, new: str) -> None:
    rewrite(path, name, old, new)
    mended(path, f"{name} is another one")
