"""Journal access for commands that only read."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from bridge.journal.database.errors import JournalUnreadableError
from bridge.journal.database.file import unreadable
from bridge.journal.views.lists import reading


@contextmanager
def journal_at(path: Path) -> Iterator[Database]:
    """Yield the journal, read-only. Raises the JournalErrors of `file.check` and of `file.unreadable`."""
    try:
        with reading(path) as db:
            yield db
    except sqlite3.DatabaseError as error:
        raise unreadable(path, error) from error
    except PermissionError as error:
        raise JournalUnreadableError(path, str(error)) from error
