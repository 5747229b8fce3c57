"""Names of the journal's own files: another file of such a name would be replaced, or be taken for one of them."""

from pathlib import Path
from typing import Final

SUFFIXES: Final = ("", "-journal", "-shm", "-wal", ".backup", ".control", ".lock")
"""Ends of the names: SQLite's files, the note of the last backup, the control file, the lock."""


def is_own(target: Path, journal: Path) -> bool:
    """Return True where the target is the journal, or has the name of a file that belongs to it.

    Upper and lower case count as the same, as they do to the file systems of Windows and macOS.
    """
    found, real = target.resolve(), journal.resolve()
    names = {(real.name + suffix).casefold() for suffix in SUFFIXES}
    return found.parent == real.parent and found.name.casefold() in names
