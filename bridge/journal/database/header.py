"""The first bytes of the journal's file: an SQLite file or not, before SQLite opens it."""

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from bridge.journal.database.errors import JournalDamagedError, JournalReadOnlyError, JournalUnopenedError

_HEADER: Final = b"SQLite format 3\x00"
_SHARING: Final = frozenset({32, 33})
"""Windows: another program holds the file, or a part of it, without sharing: a scanner, a backup tool."""
PAUSE_S: Final = 0.1


def is_there(path: Path) -> bool:
    """Return True where a regular file is at the path. Raises PermissionError where this user may not look.

    Not `Path.is_file`, which says False then in later versions of Python: the journal would count as lost.
    """
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except PermissionError:
        raise
    except OSError:
        return False


def is_sharing_violation(error: OSError) -> bool:
    """Return True where another program holds the file, which passes by itself. Windows alone has such errors."""
    return getattr(error, "winerror", None) in _SHARING


def begins_as_database(path: Path) -> bool:
    """Return True where the file begins as an SQLite file does. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(_HEADER)) == _HEADER


def check(
    path: Path,
    *,
    wait_s: float,
    opened: Callable[[Path], BinaryIO] = lambda path: path.open("rb"),
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Check that the file begins as an SQLite file does. A program that holds it is waited for.

    Raises JournalDamagedError, JournalReadOnlyError, JournalUnopenedError.
    """
    header = _read(path, wait_s, opened, pause)
    if not header:
        raise JournalDamagedError(path, "it is empty (0 bytes)")
    if header != _HEADER:
        raise JournalDamagedError(path, "it is not an SQLite file")


def _read(
    path: Path, wait_s: float, opened: Callable[[Path], BinaryIO], pause: Callable[[float], None]
) -> bytes:
    tries = 1 + int(wait_s / PAUSE_S)
    while True:
        try:
            with opened(path) as file:
                return file.read(len(_HEADER))
        except OSError as error:
            tries -= 1
            if not is_sharing_violation(error):
                denied = isinstance(error, PermissionError)
                raise (JournalReadOnlyError if denied else JournalUnopenedError)(path, str(error)) from error
            if tries == 0:
                raise JournalUnopenedError(path, f"another program holds it: {error}") from error
        pause(PAUSE_S)
