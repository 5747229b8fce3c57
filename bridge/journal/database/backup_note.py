"""Note of the last backup: a small file beside the journal, which a backup itself leaves as it is."""

import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from bridge import ownership
from bridge.replacement import replace

SUFFIX: Final = ".backup"
_MAX_BYTES: Final = 65_536


class BackupNote(msgspec.Struct, frozen=True, kw_only=True):
    """Backup that was finished and checked."""

    file: str
    """Its path at that time."""
    bytes: int
    at: datetime
    """Time at which it was begun: its content is not newer."""


def note_path(journal: Path) -> Path:
    """Return the note's path: beside the journal's own file, also when `journal` is a link to it."""
    real = journal.resolve()
    return real.with_name(real.name + SUFFIX)


def write(journal: Path, note: BackupNote) -> None:
    """Write the note in the place of the one before. Raises OSError, and leaves that one then."""
    path = note_path(journal)
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        ownership.make_private(partial, journal)
        partial.write_bytes(msgspec.json.encode(note) + b"\n")
        replace(partial, path)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def read(journal: Path) -> BackupNote | None:
    """Return the note; None where there is none, or none that can be read."""
    try:
        with note_path(journal).open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_BYTES), type=BackupNote)
    except (OSError, msgspec.DecodeError):
        return None
