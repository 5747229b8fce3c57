"""Checks of the journal: whole, writable, its size and disk, and the last backup."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from bridge.cli.doctor.finding import Finding, of_message, ok, unseen, warning, wrong
from bridge.cli.doctor.observed import JournalSeen, Observed

LEAST_FREE_BYTES: Final = 256 * 1024 * 1024
"""Free space below which the journal and its write-ahead log soon fill the disk."""
LEAST_DAYS: Final = 30
"""Days for which the free space should last."""
BACKUP_AFTER: Final = timedelta(days=7)
_MIB: Final = 1024 * 1024


def content(seen: Observed) -> Iterator[Finding]:
    """Check that the journal is whole, as far as a look that reads no page shows it."""
    found = seen.journal
    if found.problem:
        yield wrong("journal", *of_message(found.problem))
    else:
        verify = f"'{seen.lines.named('journal verify')}' reads all of it"
        yield ok("journal", f"{seen.config.journal}, schema and marks are whole; {verify}")


def writable(seen: Observed) -> Iterator[Finding]:
    """Check that this user may write the journal and its folder."""
    if seen.journal.unwritable:
        yield wrong(
            "journal rights",
            f"{seen.journal.unwritable} cannot be written by this user",
            "run doctor as the user of the sidecar; if it is that user, correct owner and permissions",
        )
    elif not seen.journal.bytes:
        yield unseen("journal rights", "there is no journal", "see 'journal'")
    else:
        yield ok("journal rights", "this user may write the file and its folder")


def disk(seen: Observed) -> Iterator[Finding]:
    """Check the free space of the journal's disk: for its growth, and for a backup beside it."""
    found = seen.journal
    if found.free_bytes is None:
        yield unseen("disk", f"{seen.config.journal.parent} cannot be looked at", "see 'journal'")
        return
    value = f"{_size(found.free_bytes)} free, the journal has {_size(found.bytes)}"
    daily = _daily_growth(found, seen.now)
    if daily:
        value += f" and grows by {_size(daily)} a day"
    remedy = (
        "free space on its disk, or move the journal's folder to a larger one while the sidecar is stopped"
    )
    if found.free_bytes < LEAST_FREE_BYTES:
        yield wrong("disk", value, remedy)
    elif daily and found.free_bytes / daily < LEAST_DAYS:
        yield warning("disk", f"{value}: enough for {found.free_bytes / daily:.0f} days", remedy)
    elif found.free_bytes < found.bytes + LEAST_FREE_BYTES:
        yield warning(
            "disk", f"{value}: no room for a backup beside it", "name a file on another disk for backups"
        )
    else:
        yield ok("disk", f"{value}; room for a backup")


def backup(seen: Observed) -> Iterator[Finding]:
    """Check the age of the last backup that `journal backup` made. Backups of other tools are not known."""
    found = seen.journal
    remedy = f"{seen.lines.named('journal backup')} FILE, on another disk, once a day"
    if found.backup is not None:
        age = seen.now - found.backup.at
        value = f"{found.backup.at:%Y-%m-%d %H:%M} UTC, {found.backup.file}"
        if age > BACKUP_AFTER:
            yield warning("backup", f"{value}, {age.days} days old", remedy)
        else:
            yield ok("backup", value)
    elif found.begun_at is not None and seen.now - found.begun_at > BACKUP_AFTER:
        since = (seen.now - found.begun_at).days
        yield warning("backup", f"'journal backup' never made one; the journal is {since} days old", remedy)
    elif found.problem:
        yield unseen("backup", "no note of one, and the journal cannot be read", "see 'journal'")
    else:
        yield ok("backup", f"none yet; the journal is younger than {BACKUP_AFTER.days} days")


def _daily_growth(found: JournalSeen, now: datetime) -> float:
    """Return the mean growth in bytes a day; 0 where it is not known yet."""
    if found.begun_at is None or (days := (now - found.begun_at) / timedelta(days=1)) < 1:
        return 0.0
    return found.bytes / days


def _size(count: float) -> str:
    """Return a number of bytes in the unit that leaves it short."""
    if count >= 1024 * _MIB:
        return f"{count / (1024 * _MIB):.1f} GiB"
    return f"{count / _MIB:.1f} MiB"
