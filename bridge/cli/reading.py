"""Journal access for commands that only read."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from bridge.journal.database.errors import JournalDamagedError
from bridge.journal.views.lists import reading


@contextmanager
def journal_at(path: Path) -> Iterator[Database]:
    """Yield the journal, read-only. Raises JournalMissingError, JournalDamagedError."""
    try:
        with reading(path) as db:
            yield db
    except sqlite3.DatabaseError as error:
        raise JournalDamagedError(path, f"SQLite reports: {error}") from error
