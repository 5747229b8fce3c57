"""The journal's schema and the migrations that make it."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database, hookimpl
from sqlite_utils.migrations import Migrations
from sqlite_utils.plugins import pm

from bridge.journal.database import content, file, schema
from bridge.journal.database.schema import APPLICATION_ID, known_migrations, migrations
from bridge.journal.journal import opened
from bridge.journal.views.lists import reading

from .bench import settings

TABLES = {
    "allocations",
    "audit_rows",
    "broker_positions",
    "clock_offsets",
    "commands",
    "deals",
    "directives",
    "dispatches",
    "equity_days",
    "events",
    "dismissed_orders",
    "halts",
    "officers",
    "orders",
    "position_mismatches",
    "positions",
    "reports",
    "sessions",
    "symbols",
    "unreadable_directives",
}
VIEWS = {
    "audit",
    "commands_waiting_for_market",
    "directive_overview",
    "event_overview",
    "officer_status",
    "open_positions",
    "pending_orders",
    "raised_mismatches",
    "timeline",
    "unclosable_positions",
    "undelivered_events",
    "unresolved_commands",
}


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a file without a schema."""
    path = tmp_path / "grown.db"
    path.touch()
    connection = file.connect(path)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    yield connection
    connection.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A new journal, read-only."""
    file.create(tmp_path / "new.db")
    with file.open_reader(tmp_path / "new.db") as connection:
        yield connection


def objects(connection: sqlite3.Connection, kind: str) -> dict[str, str]:
    """Return the name and the SQL of each object of the kind that the bridge made."""
    found = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = ? AND sql IS NOT NULL", (kind,)
    )
    return {name: sql for name, sql in found if not name.startswith(("sqlite_", "_sqlite_"))}


def definition(connection: sqlite3.Connection) -> list[tuple[str, ...]]:
    """Return everything that the file's schema holds."""
    found = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
    return [tuple(row) for row in found]


@pytest.fixture
def one_more(monkeypatch: pytest.MonkeyPatch) -> Migrations:
    """A later version of the bridge with a second migration."""
    later = Migrations(migrations.name)
    later(name="0001_first")(schema._first)

    @later(name="0002_more")
    def _more(db: Database) -> None:
        db.conn.execute("ALTER TABLE officers ADD COLUMN more TEXT")
        db.conn.execute("CREATE TABLE more (x TEXT) STRICT")

    monkeypatch.setattr(file, "migrations", later)
    monkeypatch.setattr(content, "migrations", later)
    monkeypatch.setattr(content, "known_migrations", lambda: ["0001_first", "0002_more"])
    return later


def test_known_names_are_those_of_the_migrations_in_order(empty: sqlite3.Connection) -> None:
    assert [step.name for step in migrations.pending(Database(empty))] == known_migrations()


def test_new_journal_has_exactly_the_expected_tables_and_views(fresh: sqlite3.Connection) -> None:
    assert objects(fresh, "table").keys() == TABLES
    assert objects(fresh, "view").keys() == VIEWS


def test_each_table_is_strict(fresh: sqlite3.Connection) -> None:
    for name, sql in objects(fresh, "table").items():
        assert sql.endswith((") STRICT", ") WITHOUT ROWID, STRICT")), name


def test_each_column_has_a_comment_of_its_own_on_its_line(fresh: sqlite3.Connection) -> None:
    for table, sql in objects(fresh, "table").items():
        comments = dict(re.findall(r"^    (\w+) [A-Z][^\n]*? -- (\S[^\n]+)$", sql, re.MULTILINE))
        columns = [row["name"] for row in fresh.execute(f"PRAGMA table_xinfo({table})")]
        assert list(comments) == columns, table


def test_opening_again_migrates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    file.create(path)
    before = path.read_bytes()
    for _ in range(2):
        with opened(path, settings()):
            pass
    assert path.read_bytes() == before


class Plugin:
    """A plugin of sqlite-utils, as another package of the environment may bring it."""

    def __init__(self) -> None:
        self.prepared = 0

    @hookimpl
    def prepare_connection(self, conn: sqlite3.Connection) -> None:
        self.prepared += 1


@pytest.fixture
def plugin() -> Iterator[Plugin]:
    made = Plugin()
    pm.register(made)
    yield made
    pm.unregister(made)


def test_plugin_of_sqlite_utils_gets_no_connection_to_the_journal(tmp_path: Path, plugin: Plugin) -> None:
    path = tmp_path / "journal.db"
    file.create(path)
    with opened(path, settings()), reading(path):
        pass
    assert plugin.prepared == 0
    Database(memory=True)
    assert plugin.prepared == 1


def test_older_journal_is_migrated_when_it_is_opened(tmp_path: Path, one_more: Migrations) -> None:
    path = tmp_path / "older.db"
    path.touch()
    older = file.connect(path)
    older.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    migrations.apply(Database(older))
    with opened(path, settings()):
        assert one_more.pending(Database(older)) == []
        assert older.execute("SELECT count(*) FROM more").fetchone()[0] == 0
    older.close()
    file.check(path)


def test_migrated_journal_has_the_schema_of_a_new_one(
    empty: sqlite3.Connection, tmp_path: Path, one_more: Migrations
) -> None:
    for stop in ("0002_more", None):
        one_more.apply(Database(empty), stop_before=stop)
    file.create(tmp_path / "new.db")
    with file.open_reader(tmp_path / "new.db") as new:
        assert definition(empty) == definition(new)


def test_failed_migration_leaves_the_schema_unchanged(
    empty: sqlite3.Connection, one_more: Migrations
) -> None:
    migrations.apply(Database(empty))
    before = definition(empty)
    # The second statement of the second migration fails.
    empty.execute("CREATE TABLE more (x)")
    with pytest.raises(sqlite3.OperationalError, match="more"):
        one_more.apply(Database(empty))
    empty.execute("DROP TABLE more")
    assert definition(empty) == before
