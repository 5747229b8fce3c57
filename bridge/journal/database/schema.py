"""The journal's tables and views, as numbered migrations.

Times are text, ISO 8601 in UTC; decimals are text with their digits kept; JSON is text. A migration is never
changed after it was released: a further one follows it.
"""

import sqlite3
from typing import Final

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from bridge.journal.database.schema_first import TABLES, VIEWS
from bridge.journal.database.schema_whole_life import WHOLE_LIFE

APPLICATION_ID: Final = 0x4D543542
"""'MT5B' in the file's header: tells a journal from any other SQLite file."""

migrations = Migrations("bridge")


@migrations(name="0001_tables")
def _tables(db: Database) -> None:
    _run(db, TABLES)


@migrations(name="0002_views")
def _views(db: Database) -> None:
    _run(db, VIEWS)


@migrations(name="0003_whole_life")
def _whole_life(db: Database) -> None:
    _run(db, WHOLE_LIFE)


def known_migrations() -> list[str]:
    """The names of all migrations of this version, in order."""
    return ["0001_tables", "0002_views", "0003_whole_life"]


def _run(db: Database, script: str) -> None:
    """Statement by statement: executescript would commit the migration's own transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if statement.strip() and sqlite3.complete_statement(statement):
            db.conn.execute(statement)
            statement = ""
