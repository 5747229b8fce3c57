"""Lock of the journal: one process owns it.

The lock file beside the journal is readable by its owner alone: whoever can open it can hold it. On POSIX a
lock file of another user is refused, since that user could hold it for ever. A lock file can be removed while it is
held, by a person or by a program that cleans folders: on Linux the journal's own file is locked as well, by flock,
which SQLite's locks do not meet there. On macOS they do; Windows removes no file that is open.
"""

import errno
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from bridge import ownership
from bridge.journal.database.errors import (
    JournalForeignLockError,
    JournalLockedError,
    JournalMissingError,
    JournalReadOnlyError,
    JournalUnopenedError,
)
from bridge.journal.database.header import is_there

_MODE: Final = 0o600
_LAST_S: Final = 2.0
"""Seconds in which a process that ends, and has given up the lock file, gives up the journal's own lock."""
_TRY_AGAIN_S: Final = 0.05


@contextmanager
def locked(path: Path, *, wait_s: float = 0.0, missing_ok: bool = False) -> Iterator[None]:
    """Own the journal while the context lasts. `wait_s`: seconds to wait for another owner.

    `missing_ok`: own the name, too, where no file has it, as for a restore.

    Raises JournalMissingError, JournalLockedError, JournalReadOnlyError, JournalUnopenedError.
    """
    try:
        there = is_there(path)
        if not there and not missing_ok:
            raise JournalMissingError(path)
    except PermissionError as error:
        raise JournalReadOnlyError(path, str(error)) from error
    beside = _path(path)
    _check_owner(path, beside)
    lock = FileLock(beside, mode=_MODE)
    try:
        lock.acquire(timeout=wait_s)
        _restrict(path if there else path.resolve().parent, beside)
    except Timeout:
        raise JournalLockedError(path) from None
    except OSError as error:
        forbidden = isinstance(error, PermissionError) or error.errno == errno.EROFS
        raise (JournalReadOnlyError if forbidden else JournalUnopenedError)(path, str(error)) from error
    try:
        with _file_locked(path):
            yield
    finally:
        lock.release()


@contextmanager
def _file_locked(path: Path) -> Iterator[None]:
    """Hold the journal's own file while the context lasts, where it is there. Raises JournalLockedError.

    The file must be closed after every connection to it: on POSIX that ends the locks which SQLite has there.
    """
    if sys.platform != "linux":
        yield
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        # None is there; or opening it as a journal says why it cannot be.
        yield
        return
    try:
        _lock_file(path, descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock_file(path: Path, descriptor: int) -> None:
    if sys.platform != "linux":
        return
    import fcntl

    end = time.monotonic() + _LAST_S
    # A file system without these locks, or of a network, has the lock file alone.
    with suppress(OSError):
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > end:
                    raise JournalLockedError(path) from None
            time.sleep(_TRY_AGAIN_S)


def is_held(path: Path) -> bool | None:
    """Return True where a process owns the journal; None where that cannot be found out by this user.

    The lock is taken for a moment, which a process that starts waits for.
    """
    beside = _path(path)
    try:
        if not beside.exists():
            return False
        # The mode is left as it is: a look changes nothing.
        lock = FileLock(beside, mode=stat.S_IMODE(beside.stat().st_mode))
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return None
    lock.release()
    return False


def _path(journal: Path) -> Path:
    """Return the lock file's path: beside the journal's own file, also when `journal` is a link to it."""
    real = journal.resolve()
    return real.with_name(real.name + ".lock")


def _check_owner(journal: Path, lock: Path) -> None:
    if sys.platform == "win32":
        return
    try:
        owner = lock.lstat().st_uid
        if owner not in (0, os.geteuid(), journal.stat().st_uid):
            raise JournalForeignLockError(journal, lock, owner)
    except OSError:
        # It does not exist yet; or taking it will say why it cannot be looked at.
        return


def _restrict(journal: Path, lock: Path) -> None:
    """Let nobody but the journal's owner open the lock file, also where root made it, or an earlier version."""
    if sys.platform == "win32":
        return
    # O_NOFOLLOW, and no change by path: in a folder of another user the path may lead to any file by now.
    descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
    try:
        ownership.give(descriptor, journal)
        found = os.fstat(descriptor)
        if os.geteuid() in (0, found.st_uid) and found.st_nlink == 1 and stat.S_IMODE(found.st_mode) != _MODE:
            os.fchmod(descriptor, _MODE)
    finally:
        os.close(descriptor)
