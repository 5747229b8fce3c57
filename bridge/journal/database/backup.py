"""Backup of the journal into one file, beside a running sidecar.

`VACUUM INTO` reads one state of the database, however many commits come meanwhile; SQLite's online backup starts
over after each commit of another process. The copy has no write-ahead log: it is complete as a single file.
Source: https://www.sqlite.org/lang_vacuum.html#vacuuminto
"""

import os
import secrets
import sqlite3
from contextlib import suppress
from pathlib import Path

import msgspec

from bridge import ownership
from bridge.journal.database.errors import JournalDamagedError, JournalError, JournalMissingError
from bridge.journal.database.file import check, open_reader, sync_folder, unusable
from bridge.journal.database.header import is_there
from bridge.journal.database.own_names import is_own
from bridge.replacement import replace


class BackupError(JournalError):
    """The backup could not be written. The journal itself is as it was."""

    def __init__(self, target: Path, finding: str, remedy: str) -> None:
        super().__init__(f"the backup {target} was not made: {finding}. {remedy}")


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """Finished backup."""

    file: str
    bytes: int
    audit_rows: int
    """Number of rows of the audit, whose chain was verified in the copy."""


def back_up(path: Path, target: Path) -> Backup:
    """Write a checked copy of the journal to a new file.

    The file appears under its name once it is complete, checked and on the disk. Raises BackupError, and the errors
    of `check` for a journal that is not whole: a copy of it would hide the damage.
    """
    if not is_there(path):
        raise JournalMissingError(path)
    if is_own(target, path):
        # The note of this backup would replace it, or SQLite would take it for a log, and remove it.
        raise BackupError(target, "the name belongs to a file of the journal itself", "Name another file.")
    if target.exists():
        raise BackupError(target, "the file exists, and a backup overwrites nothing", "Name a new file.")
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    try:
        _copy(path, target, partial)
        _check_copy(path, target, partial)
        with open_reader(partial) as copy:
            (rows,) = copy.execute("SELECT count(*) FROM audit_rows").fetchone()
        _publish(partial, target)
    finally:
        with suppress(OSError):  # a scanner of Windows may have it open
            partial.unlink(missing_ok=True)
    return Backup(file=str(target), bytes=target.stat().st_size, audit_rows=rows)


def _publish(partial: Path, target: Path) -> None:
    try:
        replace(partial, target)
        sync_folder(target.parent)
    except OSError as error:
        finding = f"its name cannot be given to it, or not be stored: {error.strerror}"
        raise BackupError(
            target, finding, "End the program that has it open, or name another folder."
        ) from error


def _check_copy(path: Path, target: Path, partial: Path) -> None:
    try:
        check(partial)
    except JournalError as error:
        # Of the journal itself, where it is the same there: its path and exit status say what to do.
        check(path)
        raise BackupError(
            target, f"the copy is not whole: {error}", "Name a folder on another disk."
        ) from error


def _copy(path: Path, target: Path, partial: Path) -> None:
    try:
        # Readable by its owner alone, as the journal is.
        ownership.make_private(partial, target.parent)
    except OSError as error:
        finding = f"{target.parent}: {error.strerror}"
        raise BackupError(target, finding, "Name a folder that exists and can be written.") from error
    try:
        with open_reader(path) as source:
            source.execute("VACUUM INTO ?", [str(partial)])
        handle = os.open(partial, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
            raise BackupError(
                target, "its disk is full", "Free space there, or name another folder."
            ) from error
        raise unusable(path, error, otherwise=JournalDamagedError) from error
    except OSError as error:
        raise BackupError(target, str(error.strerror), "Name a folder on another disk.") from error
