"""Journal access for commands that only read."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from bridge.journal.database.errors import JournalUnreadableError
from bridge.journal.database.file import check, open_reader, unreadable
from bridge.journal.database.header import is_there
from bridge.journal.views.lists import reading


@contextmanager
def journal_at(path: Path) -> Iterator[Database]:
    """Yield the journal, read-only. Raises the JournalErrors of `file.check` and of `file.unreadable`."""
    with _translated(path), reading(path) as db:
        yield db


@contextmanager
def connection_at(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection to the journal for the functions of its tables. Raises as `journal_at`."""
    with _translated(path):
        if not is_there(path):
            # Raises the error of a missing journal.
            check(path)
        with open_reader(path) as connection:
            yield connection


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise unreadable(path, error) from error
    except PermissionError as error:
        raise JournalUnreadableError(path, str(error)) from error
