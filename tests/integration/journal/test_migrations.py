"""Migrations: a journal that grew step by step is the same as a new one."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from bridge.journal.database import file
from bridge.journal.database.schema import APPLICATION_ID, known_migrations, migrations
from bridge.journal.journal import opened

from .desk import settings

Schema = list[tuple[str, ...]]


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a file that no migration has seen."""
    path = tmp_path / "grown.db"
    path.touch()
    connection = file.connect(path)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    yield connection
    connection.close()


def schema(connection: sqlite3.Connection) -> Schema:
    found = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
    return [tuple(row) for row in found]


def test_the_names_that_are_known_are_those_of_the_migrations_in_order(empty: sqlite3.Connection) -> None:
    assert [step.name for step in migrations.pending(Database(empty))] == known_migrations()


def test_a_journal_that_grew_step_by_step_has_the_schema_of_a_new_one(
    empty: sqlite3.Connection, tmp_path: Path
) -> None:
    sizes = []
    for name in known_migrations()[1:]:
        migrations.apply(Database(empty), stop_before=name)
        sizes.append(len(schema(empty)))
    migrations.apply(Database(empty))
    file.create(tmp_path / "new.db")
    with file.open_reader(tmp_path / "new.db") as new:
        assert schema(empty) == schema(new)
    assert sizes == sorted(set(sizes))


def test_an_older_journal_is_brought_up_to_date_when_it_is_opened(
    empty: sqlite3.Connection, tmp_path: Path
) -> None:
    migrations.apply(Database(empty), stop_before=known_migrations()[-1])
    with opened(tmp_path / "grown.db", settings()):
        assert migrations.pending(Database(empty)) == []


def test_opening_again_migrates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    file.create(path)
    before = path.read_bytes()
    for _ in range(2):
        with opened(path, settings()):
            pass
    assert path.read_bytes() == before


def test_a_migration_that_fails_leaves_the_schema_as_it_was(empty: sqlite3.Connection) -> None:
    migrations.apply(Database(empty), stop_before=known_migrations()[-1])
    before = schema(empty)
    # The last name that the last one takes is taken.
    empty.execute("CREATE TABLE pending_orders (x)")
    with pytest.raises(sqlite3.OperationalError, match="pending_orders"):
        migrations.apply(Database(empty))
    empty.execute("DROP TABLE pending_orders")
    assert schema(empty) == before
