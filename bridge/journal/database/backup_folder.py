"""Folder of backups: one file for each, named by its time, and the choice of those that are not needed any more."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

_TIME: Final = "%Y%m%dT%H%M%SZ"


class Retention(msgspec.Struct, frozen=True):
    """Backups that are kept: those that one of the rules keeps. Without a rule all are."""

    newest: int | None = None
    """So many of the newest."""
    days: int | None = None
    """Those that are not older."""


def file_in(folder: Path, journal: Path, at: datetime) -> Path:
    """Return the path of a backup that is made at that time."""
    return folder / f"{journal.stem}-{at.astimezone(UTC).strftime(_TIME)}{journal.suffix}"


def made_at(file: Path, journal: Path) -> datetime | None:
    """Return the time of a backup of this journal by its name; None for any other file."""
    pattern = f"{re.escape(journal.stem)}-(\\d{{8}}T\\d{{6}}Z){re.escape(journal.suffix)}"
    found = re.fullmatch(pattern, file.name, re.ASCII)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def superfluous(files: Iterable[Path], journal: Path, keep: Retention, now: datetime) -> Sequence[Path]:
    """Return the backups of this journal that no rule keeps, oldest first. No other file is among them.

    One of a time to come was made by a wrong clock: it is left alone, and is none of the newest, which would take
    the place of the one that was just made.
    """
    if keep == Retention():
        return []
    found = ((at, file) for file in files if (at := made_at(file, journal)) is not None)
    dated = sorted(((at, file) for at, file in found if at <= now), reverse=True)
    return [
        file
        for place, (at, file) in enumerate(dated)
        if (keep.newest is None or place >= keep.newest)
        and (keep.days is None or at < now - timedelta(days=keep.days))
    ][::-1]
