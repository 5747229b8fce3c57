"""The journal's file: created by `setup`, opened by `run`, owned by one process, checked before it is read.

WAL with synchronous=FULL: a committed step survives a power cut. One connection writes and checkpoints (SQLite
before 3.51.3 can corrupt a WAL database where two do); any number may read.
"""

import os
import re
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path, PurePath
from typing import Final

from bridge import ownership
from bridge.journal.database import content, foreign_sql, header
from bridge.journal.database.content import Progress, no_progress
from bridge.journal.database.errors import (
    JournalAlteredError,
    JournalDamagedError,
    JournalError,
    JournalMissingError,
    JournalReadOnlyError,
    JournalRemoteError,
    JournalUnknownWordError,
    JournalUnopenedError,
    JournalUnreadableError,
    JournalWalError,
)
from bridge.journal.database.lock_wait import SLICE_MS
from bridge.journal.database.schema import APPLICATION_ID, migrations, without_plugins

OPEN_S: Final = 5.0
"""Seconds for which the opening waits for a lock of another program."""
READ_S: Final = 2.0
"""Seconds for which a reading connection waits for a lock of another program."""
LONG_BYTES: Final = 16 * 1024 * 1024
"""Size from which a journal's whole check goes on behind the start, in bytes. Below it takes half a second."""
WAL_BYTES: Final = 64 * 1024 * 1024
"""Size to which the write-ahead log is cut once it is empty again, in bytes."""
STATEMENTS: Final = 1024
"""Prepared statements that the journal's connection keeps. It has some hundreds; each is prepared once."""

_PREFIXED: Final = re.compile(r"\\\\\?\\[A-Za-z]:\\")
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
    ownership.make_folder(path.parent)
    # Exclusive: of two concurrent set-ups one creates the journal.
    ownership.make_private(path, path.parent)
    try:
        with closing(connect(path)) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            migrations.apply(without_plugins(connection))
        sync_folder(path.parent)
    except BaseException:
        # An incomplete journal would pass for a damaged one.
        path.unlink(missing_ok=True)
        raise


def is_long(path: Path) -> bool:
    """Return True where the check of the whole file takes too long for a start. Raises JournalMissingError."""
    wal = path.with_name(path.name + "-wal")
    try:
        return path.stat().st_size + (wal.stat().st_size if wal.exists() else 0) > LONG_BYTES
    except OSError:
        # `check` says what is wrong.
        return False


def open_writer(path: Path, *, wait_s: float = OPEN_S, whole: bool = True) -> sqlite3.Connection:
    """Return the one writing connection, after `check`. The caller owns the journal (`lock.locked`).

    `whole` is as for `check`. `wait_s` limits the wait for another program's lock; the connection itself waits for
    SLICE_MS (`lock_wait`). Raises the errors of `check`, and JournalReadOnlyError.
    """
    began = time.monotonic()
    check(path, wait_s=wait_s, whole=whole)
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
        migrations.apply(without_plugins(connection))
        connection.execute(f"PRAGMA busy_timeout = {SLICE_MS}")
    except sqlite3.OperationalError as error:
        connection.close()
        raise unusable(path, error, otherwise=JournalReadOnlyError) from error
    except BaseException:
        connection.close()
        raise
    return connection


def check(
    path: Path, *, wait_s: float = READ_S, whole: bool = True, progress: Progress = no_progress
) -> None:
    """Check the file without writing to it. Raises JournalMissingError, JournalDamagedError,
    JournalUnknownWordError, JournalNewerError, JournalUnopenedError.

    SQLite's own check accepts an empty file, and counts rows of a damaged page: so the header, the application id,
    every page, the audit's whole chain and each stored word are checked. `whole` False leaves out everything that
    reads the whole file (`content.check`).
    """
    if not header.is_there(path):
        raise JournalMissingError(path)
    header.check(path, wait_s=wait_s)
    try:
        check_beside(path, wait_s=wait_s, whole=whole, progress=progress)
    except (JournalAlteredError, JournalUnknownWordError):
        # The log holds what was altered, and is the journal's own.
        raise
    except JournalDamagedError as error:
        if _is_whole_without_wal(path):
            raise JournalWalError(path) from error
        raise


def check_beside(
    path: Path, *, wait_s: float = READ_S, whole: bool = True, progress: Progress = no_progress
) -> None:
    """Check the content as `check` does, of a journal that its owner may be writing to."""
    try:
        with open_reader(path, wait_s=wait_s) as connection:
            content.check(path, connection, whole=whole, progress=progress)
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
        content.check(path, alone)
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
    if altered := foreign_sql.explain(error, content.own_names()):
        return JournalAlteredError(path, altered)
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return JournalDamagedError(path, f"SQLite says: {error}")
    permitted = os.access(path.parent, os.W_OK) and os.access(path, os.R_OK)
    if code in _PASSING or (code == sqlite3.SQLITE_CANTOPEN and permitted):
        return JournalUnopenedError(path, f"SQLite says: {error}")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return JournalReadOnlyError(path, f"SQLite says: {error}")
    return otherwise(path, f"SQLite says: {error}")


def uri(path: PurePath) -> str:
    r"""Return the absolute path as a URI for SQLite. Raises JournalRemoteError for a network drive.

    `\\?\C:\...` is a path of this machine, with the prefix that programs give to long ones.
    """
    if _PREFIXED.match(str(path)):
        path = type(path)(str(path)[4:])
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
        cached_statements=STATEMENTS,
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # What a savepoint may have to take back is kept in memory; in files it would be one or two more a step.
    connection.execute("PRAGMA temp_store = MEMORY")
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


def begin(connection: sqlite3.Connection) -> None:
    """Begin a transaction that writes. Raises sqlite3.OperationalError while another program has the lock."""
    connection.execute("BEGIN IMMEDIATE")


def commit(connection: sqlite3.Connection) -> None:
    """Commit the present transaction: it is on the disk when this returns. Raises sqlite3.Error."""
    connection.execute("COMMIT")


def roll_back(connection: sqlite3.Connection) -> None:
    """Undo the present transaction, where there is one: SQLite has ended it by itself where the disk was full."""
    if connection.in_transaction:
        with suppress(sqlite3.OperationalError):
            connection.execute("ROLLBACK")


@contextmanager
def savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """Undo the body's writes where it raises, and nothing else of the transaction. The error goes on."""
    connection.execute("SAVEPOINT contained")
    try:
        yield
    except BaseException:
        # SQLite has rolled back by itself where the disk was full.
        if connection.in_transaction:
            try:
                connection.execute("ROLLBACK TO contained")
                connection.execute("RELEASE contained")
            except sqlite3.Error:
                # What cannot be undone alone must not be stored with the rest.
                roll_back(connection)
        raise
    connection.execute("RELEASE contained")


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
