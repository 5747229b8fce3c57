"""Rescue of a journal whose file was removed or replaced while it was open.

The open connection still has all of it, and its end would take that away. The copy is whole and checked, so that it
can take the journal's place.
"""

import os
import sqlite3
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from bridge import ownership
from bridge.journal.database.errors import JournalError
from bridge.journal.database.file import check, sync_folder

SUFFIX: Final = ".rescued-"


def rescue(connection: sqlite3.Connection, path: Path, at: datetime) -> Path | None:
    """Copy the open journal to a new file beside `path`, where it was; None where that is impossible."""
    target = path.with_name(f"{path.name}{SUFFIX}{at:%Y%m%dT%H%M%SZ}")
    try:
        # Exclusive, and readable by its owner alone, as the journal is.
        ownership.make_private(target, target.parent)
    except OSError:
        return None
    try:
        connection.execute("VACUUM INTO :target", {"target": str(target)})
        check(target)
        handle = os.open(target, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        sync_folder(target.parent)
    except (sqlite3.Error, JournalError, OSError):
        with suppress(OSError):
            target.unlink()
        return None
    return target
