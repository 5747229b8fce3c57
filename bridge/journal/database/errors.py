"""Errors for a journal that cannot be used. Each names the file, the finding and the remedy."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bridge import confinement
from bridge.journal.database.alteration import Altered

LOST_REMEDY: Final = (
    "nothing is stored, sent or acknowledged any more. Manage the positions in the terminal, stop the sidecar, "
    "put the journal back (or restore a backup), and start the sidecar again"
)
"""Remedy for a journal that was removed or replaced."""

DISK_REMEDY: Final = "free space on its disk, or end the program that locks it"
"""Remedy for a journal that cannot be written now."""


class JournalError(Exception):
    """The journal cannot be used."""


class JournalMissingError(JournalError):
    """There is no journal. `run` never makes one: a lost journal must not pass for a new one."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"there is no journal at {path}. If this is a new installation, run 'execution-officer setup'; "
            "if there was one, restore it first: it knows which orders were sent" + confinement.hint(path)
        )


class JournalDamagedError(JournalError):
    """The file is no journal, or not a whole one. It was not changed."""

    def __init__(self, path: Path, finding: str) -> None:
        super().__init__(
            f"the journal at {path} cannot be trusted: {finding}. It was left as it is; "
            "restore it from a backup, and keep this file for the audit"
        )
        self.finding = finding


class BackupDamagedError(JournalDamagedError):
    """The file that is to be restored is no journal, or not a whole one. Nothing was changed."""

    def __init__(self, path: Path, finding: str) -> None:
        JournalError.__init__(
            self,
            f"the backup {path} was not restored, since it cannot be trusted: {finding}. Nothing was changed; "
            "name another backup",
        )


class JournalAlteredError(JournalDamagedError):
    """A program that is not the bridge changed something that SQL statements undo. Nothing was done."""

    def __init__(self, path: Path, *found: Altered) -> None:
        what = "; ".join(each.what for each in found)
        JournalError.__init__(
            self,
            f"the journal at {path} was changed by another program: {what}. Nothing was done; "
            f"{_remedies(found)}",
        )


class JournalUnknownWordError(JournalDamagedError):
    """A row holds a word that this version does not know. Nothing was done with it."""

    def __init__(self, path: Path, finding: str) -> None:
        JournalError.__init__(
            self,
            f"the journal at {path} cannot be used: {finding}. It was left as it is; "
            "run the version that wrote it, or restore it from a backup",
        )


class JournalRemoteError(JournalError):
    """The journal is on a network drive."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"the journal at {path} is on a network drive, where SQLite's write-ahead log does not work: "
            "put it on a disk of this machine, and set [journal] path to it"
        )


class JournalNewerError(JournalError):
    """Another version of the bridge wrote the journal: a later one, or one before the first release."""

    def __init__(self, path: Path, unknown: list[str]) -> None:
        super().__init__(
            f"the journal at {path} was written by another version of the bridge: it has the migration "
            f"{', '.join(unknown)}, which this version lacks. Run the version that wrote it; a journal from "
            "before 0.2.0 cannot be continued"
        )


class JournalLockedError(JournalError):
    """Another process owns the journal."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"the journal at {path} is in use by another process; one sidecar owns a journal. "
            "Stop the other one first"
        )


class JournalForeignLockError(JournalLockedError):
    """The lock file belongs to a user who is neither this one nor the journal's owner."""

    def __init__(self, path: Path, lock: Path, owner: int) -> None:
        JournalError.__init__(
            self,
            f"the lock file {lock} belongs to user {owner}, and neither to this user nor to the journal's owner: "
            f"that user could hold the journal at {path} for ever. Remove the file, and give the journal's folder "
            "to the user that runs the sidecar alone",
        )


class JournalReadOnlyError(JournalError):
    """The journal cannot be written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"the journal at {path} cannot be written: {reason}. Check its owner and permissions"
            + (confinement.read_only_hint(path) or confinement.hint(path))
        )


class JournalUnreadableError(JournalReadOnlyError):
    """This user cannot read the journal now. The file may be whole."""

    def __init__(self, path: Path, reason: str) -> None:
        JournalError.__init__(
            self,
            f"the journal at {path} cannot be read by this user now: {reason}. It was left as it is, and "
            "nothing speaks against it: restore nothing. While no sidecar runs, reading needs the right to write "
            "to the journal's folder; start the sidecar, or read as the user that owns the journal"
            + confinement.hint(path),
        )


class JournalUnopenedError(JournalError):
    """The journal may be whole, and cannot be opened now: disk full, locked, no file descriptor. Not changed."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"the journal at {path} cannot be opened now: {reason}. It was left as it is: make room on its disk, "
            "or find the process that locks it, and start again"
        )


class JournalUnavailableError(JournalError):
    """A step failed as a whole: disk full, lock held for too long, input/output error. Nothing of it is stored."""

    def __init__(self, step: str, reason: str, remedy: str = DISK_REMEDY) -> None:
        super().__init__(f"the journal could not store the step '{step}': {reason}")
        self.step = step
        self.remedy = remedy


class JournalLostError(JournalUnavailableError):
    """The journal's file was removed or replaced under the running sidecar. No step is stored until a restart."""

    def __init__(self, step: str, finding: str) -> None:
        super().__init__(step, f"{finding}; {LOST_REMEDY}")
        self.finding = finding


class JournalWalError(JournalDamagedError):
    """The journal is whole, and the write-ahead log beside it is of another copy. Nothing was changed."""

    def __init__(self, path: Path) -> None:
        JournalError.__init__(
            self,
            f"the journal at {path} is whole by itself, but not with the write-ahead log {path.name}-wal beside "
            "it, which is of another copy or not whole. Nothing was changed; where the journal was restored from a "
            f"backup, move {path.name}-wal and {path.name}-shm away, else restore a backup",
        )


class JournalOfficersError(JournalError):
    """The journal is of other officers than the configuration. Nothing was changed."""

    def __init__(self, path: Path, known: list[str], configured: list[str]) -> None:
        super().__init__(
            f"the journal at {path} is of officer {', '.join(known)}, and the configuration has "
            f"{', '.join(configured)}. Nothing was changed; set [journal] path to this officer's journal, or make "
            "a new one with 'execution-officer setup'"
        )


def _remedies(found: Iterable[Altered]) -> str:
    """Return the remedies in one sentence; the statements of one kind behind each other."""
    statements: dict[str, list[str]] = {}
    for each in found:
        words, mark, statement = each.remedy.partition(": ")
        statements.setdefault(words + mark, []).append(statement)
    return "; then ".join(words + "; ".join(each) for words, each in statements.items())
