"""The journal's file: created by `setup`, opened by `run`, owned by one process, checked before it is read.

WAL with synchronous=FULL: a committed step survives a power cut. One connection writes and checkpoints (SQLite
before 3.51.3 can corrupt a WAL database where two do); any number may read.
"""

import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path, PurePath
from typing import Final

from sqlite_utils import Database

from bridge.journal.database import audit, consistency, header, operator_marks, schema_check
from bridge.journal.database.errors import (
    JournalAlteredError,
    JournalDamagedError,
    JournalError,
    JournalMissingError,
    JournalNewerError,
    JournalReadOnlyError,
    JournalRemoteError,
    JournalUnknownWordError,
    JournalUnopenedError,
    JournalUnreadableError,
    JournalWalError,
)
from bridge.journal.database.lock_wait import SLICE_MS, LockWait
from bridge.journal.database.schema import APPLICATION_ID, known_migrations, migrations
from bridge.journal.database.words import UnknownWordError

OPEN_S: Final = 5.0
"""Seconds for which the opening waits for a lock of another program."""
READ_S: Final = 3.0
"""Seconds for which a reading connection waits for a lock of another program."""
WAL_BYTES: Final = 64 * 1024 * 1024
"""Size to which the write-ahead log is cut once it is empty again, in bytes."""

_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
    }
)
"""SQLite's codes for errors with another cause than the file."""


def create(path: Path) -> None:
    """Create a new, empty journal. Raises FileExistsError where the path exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Exclusive: of two concurrent set-ups one creates the journal.
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with closing(connect(path)) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            migrations.apply(Database(connection))
        sync_folder(path.parent)
    except BaseException:
        # An incomplete journal would pass for a damaged one.
        path.unlink(missing_ok=True)
        raise


def open_writer(path: Path, *, wait_s: float = OPEN_S) -> sqlite3.Connection:
    """Return the one writing connection, after `check`. The caller owns the journal (`lock.locked`).

    `wait_s` limits the wait for another program's lock; the connection itself waits for SLICE_MS (`lock_wait`).
    Raises the errors of `check`, and JournalReadOnlyError.
    """
    began = time.monotonic()
    check(path, wait_s=wait_s)
    try:
        connection = connect(path, wait_s=max(wait_s - (time.monotonic() - began), 0.0))
    except sqlite3.OperationalError as error:
        raise unusable(path, error, otherwise=JournalReadOnlyError) from error
    try:
        # A write that changes nothing fails where the file is read-only.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("ROLLBACK")
        if not os.access(path, os.W_OK):
            raise JournalReadOnlyError(path, "the file is read-only")
        migrations.apply(Database(connection))
        connection.execute(f"PRAGMA busy_timeout = {SLICE_MS}")
    except sqlite3.OperationalError as error:
        connection.close()
        raise unusable(path, error, otherwise=JournalReadOnlyError) from error
    except BaseException:
        connection.close()
        raise
    return connection


def check(path: Path, *, wait_s: float = READ_S) -> None:
    """Check the file without writing to it. Raises JournalMissingError, JournalDamagedError,
    JournalUnknownWordError, JournalNewerError, JournalUnopenedError.

    SQLite's own check accepts an empty file, and counts rows of a damaged page: so the header, the application id,
    every page, the audit's whole chain and each stored word are checked.
    """
    if not path.is_file():
        raise JournalMissingError(path)
    header.check(path, wait_s=wait_s)
    try:
        _check_database(path, wait_s=wait_s)
    except (JournalAlteredError, JournalUnknownWordError):
        # The log holds what was altered, and is the journal's own.
        raise
    except JournalDamagedError as error:
        if _is_whole_without_wal(path):
            raise JournalWalError(path) from error
        raise


def _check_database(path: Path, *, wait_s: float) -> None:
    try:
        with open_reader(path, wait_s=wait_s) as connection:
            _check_content(path, connection)
    except sqlite3.DatabaseError as error:
        raise unusable(path, error, otherwise=JournalDamagedError) from error


def _is_whole_without_wal(path: Path) -> bool:
    """Return True where a write-ahead log is beside the journal, and the journal is whole without it."""
    wal = path.with_name(path.name + "-wal")
    if not wal.is_file() or not wal.stat().st_size:
        return False
    # Immutable: SQLite reads the file alone.
    alone = sqlite3.connect(f"{uri(path.resolve())}?immutable=1", uri=True, isolation_level=None)
    try:
        alone.row_factory = sqlite3.Row
        _check_content(path, alone)
    except (sqlite3.DatabaseError, JournalError):
        return False
    finally:
        alone.close()
    return True


def unreadable(path: Path, error: sqlite3.Error) -> JournalError:
    """Return the error for an error of SQLite in a reading connection."""
    found = unusable(path, error, otherwise=JournalDamagedError)
    # A file in WAL mode needs the -wal and -shm files, which only a user who may write to the folder can make.
    return JournalUnreadableError(path, str(error)) if isinstance(found, JournalReadOnlyError) else found


def unusable(
    path: Path, error: sqlite3.Error, *, otherwise: type[JournalDamagedError | JournalReadOnlyError]
) -> JournalError:
    """Return the error for an error of SQLite. A full disk or a lock is no finding against the file itself."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return JournalDamagedError(path, f"SQLite says: {error}")
    permitted = os.access(path.parent, os.W_OK) and os.access(path, os.R_OK)
    if code in _PASSING or (code == sqlite3.SQLITE_CANTOPEN and permitted):
        return JournalUnopenedError(path, f"SQLite says: {error}")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return JournalReadOnlyError(path, f"SQLite says: {error}")
    return otherwise(path, f"SQLite says: {error}")


def _check_content(path: Path, connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        raise JournalDamagedError(path, "it is an SQLite file, but not a journal of this bridge")
    verdicts = [row[0] for row in connection.execute("PRAGMA integrity_check(10)")]
    if verdicts != ["ok"]:
        raise JournalDamagedError(path, f"SQLite's integrity check says: {'; '.join(verdicts)}")
    applied = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id", [migrations.name]
        )
    ]
    if unknown := [name for name in applied if name not in known_migrations()]:
        raise JournalNewerError(path, unknown)
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
    try:
        consistency.check_words(connection)
    except UnknownWordError as error:
        raise JournalUnknownWordError(path, str(error)) from None
    if broken := consistency.first_difference(connection):
        raise JournalDamagedError(path, f"its audit does not hold: {broken}")
    if altered := operator_marks.first_difference(connection):
        raise JournalAlteredError(path, altered.what, altered.remedy)


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


def uri(path: PurePath) -> str:
    """Return the absolute path as a URI for SQLite. Raises JournalRemoteError for a network drive."""
    text = path.as_uri()
    if not text.startswith("file:///"):
        raise JournalRemoteError(Path(path))
    return text


@contextmanager
def open_reader(path: Path, *, wait_s: float = READ_S) -> Iterator[sqlite3.Connection]:
    """Open a connection that cannot write, for reading beside a running sidecar."""
    connection = sqlite3.connect(
        f"{uri(path.resolve())}?mode=ro", uri=True, isolation_level=None, timeout=wait_s
    )
    try:
        connection.row_factory = sqlite3.Row
        yield connection
    finally:
        connection.close()


def connect(path: Path, *, wait_s: float = OPEN_S) -> sqlite3.Connection:
    """Return a connection whose commits are durable. Unchecked and unlocked: `open_writer` is for journals.

    Raises sqlite3.OperationalError where the file is missing or cannot be WAL with synchronous=FULL.
    """
    connection = sqlite3.connect(
        f"{uri(path.resolve())}?mode=rw",
        uri=True,
        isolation_level=None,
        timeout=wait_s,
        # The journal's thread is not the one that opens the connection, and the only one that uses it.
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # A long read lets the WAL grow; without this limit it would keep that size.
    connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
    if sys.platform == "darwin":
        # There fsync does not reach the disk itself; F_FULLFSYNC does.
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
    if (mode, synchronous) != ("wal", 2):
        connection.close()
        raise sqlite3.OperationalError(
            f"it should be in WAL mode with synchronous=FULL, and is in {mode} with {synchronous}"
        )
    return connection


def transaction(connection: sqlite3.Connection, step: Callable[[], object], wait: LockWait) -> None:
    """Run the step inside one BEGIN IMMEDIATE; commit, or roll back and raise what it raised."""
    wait.attempt(lambda: connection.execute("BEGIN IMMEDIATE"))
    try:
        step()
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has rolled back by itself where the disk was full.
        with suppress(sqlite3.OperationalError):
            connection.execute("ROLLBACK")
        raise


@contextmanager
def savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """Undo the body's writes where it raises, and nothing else of the transaction. The error goes on."""
    connection.execute("SAVEPOINT contained")
    try:
        yield
    except BaseException:
        # SQLite has rolled back by itself where the disk was full.
        with suppress(sqlite3.OperationalError):
            connection.execute("ROLLBACK TO contained")
            connection.execute("RELEASE contained")
        raise
    connection.execute("RELEASE contained")


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Let every read of the body see the journal as of one moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def is_file_error(error: Exception) -> bool:
    """Return True for an error of the disk or the database, False for one of the row that was written."""
    return isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError)


def sync_folder(folder: Path) -> None:
    """Make the new file's name durable too. Windows has no such call."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
