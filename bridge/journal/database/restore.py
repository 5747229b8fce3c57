"""Restore of the journal from a backup, while no process owns it. The file that is replaced stays beside.

The write-ahead log of the replaced journal goes with it: beside the restored file it would be taken for that one's.
The journal's own file is moved first. Where the machine stops in between, there is no journal, and `run` refuses;
moved last, the old journal would be there without its log, which cannot be distinguished from an old copy.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from bridge.journal.database.backup import Backup, back_up
from bridge.journal.database.errors import BackupDamagedError, JournalDamagedError, JournalError
from bridge.journal.database.file import check, sync_folder
from bridge.journal.database.lock import locked
from bridge.replacement import replace

_BESIDE: Final = ("", "-wal", "-shm")


class RestoreError(JournalError):
    """The backup was not restored. The journal is as it was."""

    def __init__(self, source: Path, finding: str, remedy: str) -> None:
        super().__init__(f"the backup {source} was not restored: {finding}. {remedy}")


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """Finished restore."""

    file: str
    bytes: int
    audit_rows: int
    kept: list[str]
    """Files of the journal that was replaced, under their new names; empty where there was none."""


def restore(
    source: Path,
    path: Path,
    now: datetime,
    *,
    agreed: Callable[[Path], bool],
    rename: Callable[[Path, Path], object] = replace,
) -> Restored | None:
    """Put a checked copy of the backup in the journal's place; None where that was not agreed to.

    `agreed` is called with the checked copy, before anything is replaced. Raises RestoreError, JournalLockedError,
    and the errors of `check` for a backup that is not whole.
    """
    if not source.is_file():
        raise RestoreError(source, "there is no such file", "Name a backup.")
    if path.exists() and source.samefile(path):
        raise RestoreError(source, "it is the journal itself", "Name a backup.")
    _check(source)
    staged = path.with_name(f"{path.name}.{secrets.token_hex(4)}.restored")
    with locked(path, missing_ok=True):
        try:
            made = back_up(source, staged)
            if not agreed(staged):
                return None
            kept = _exchange(source, staged, path, now, rename)
        finally:
            for end in _BESIDE:
                with suppress(OSError):
                    staged.with_name(staged.name + end).unlink(missing_ok=True)
    return _restored(made, path, kept)


def _check(source: Path) -> None:
    try:
        check(source)
    except JournalDamagedError as error:
        if type(error) is JournalDamagedError:
            raise BackupDamagedError(source, error.finding) from error
        # The others have a remedy of their own, such as an SQL statement.
        raise


def _exchange(
    source: Path, staged: Path, path: Path, now: datetime, rename: Callable[[Path, Path], object]
) -> list[Path]:
    """Move the journal's files away and the checked copy to its name. Undo all of it where a move fails."""
    aside = f"{path.name}.replaced-{now.astimezone(UTC).strftime('%Y%m%dT%H%M%SZ')}"
    if (there := path.with_name(aside)).exists():
        raise RestoreError(source, f"{there} exists", "Try again in a second.")
    moves = [(path.with_name(path.name + end), path.with_name(aside + end)) for end in _BESIDE]
    done: list[tuple[Path, Path]] = []
    try:
        for old, new in [*((old, new) for old, new in moves if old.exists()), (staged, path)]:
            rename(old, new)
            done.append((old, new))
        sync_folder(path.parent)
    except OSError as error:
        for old, new in reversed(done):
            with suppress(OSError):
                rename(new, old)
        raise RestoreError(
            source,
            f"{error.filename or path}: {error.strerror or error}",
            "The journal is as it was: end the programs that have it open, and try again.",
        ) from error
    return [new for _, new in done if new != path]


def _restored(made: Backup, path: Path, kept: list[Path]) -> Restored:
    return Restored(
        file=str(path), bytes=made.bytes, audit_rows=made.audit_rows, kept=[str(each) for each in kept]
    )
