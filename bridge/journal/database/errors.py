"""Why a journal cannot be used. Each names the file, what is wrong, and the remedy."""

from pathlib import Path


class JournalError(Exception):
    """The journal cannot be used."""


class JournalMissingError(JournalError):
    """There is no journal. `run` never makes one: a lost journal must not pass for a new one."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"there is no journal at {path}. If this is a new installation, run 'execution-officer setup'; "
            "if there was one, restore it first: it knows which orders were sent"
        )


class JournalDamagedError(JournalError):
    """The file is no journal, or not a whole one. It was not touched."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"the journal at {path} cannot be trusted: {what}. It was left as it is; "
            "restore it from a backup, and keep this file for the audit"
        )


class JournalRemoteError(JournalError):
    """It is on a network drive."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"the journal at {path} is on a network drive, where SQLite's write-ahead log does not work: "
            "put it on a disk of this machine, and set [journal] path to it"
        )


class JournalNewerError(JournalError):
    """A later version of the bridge wrote it."""

    def __init__(self, path: Path, unknown: list[str]) -> None:
        super().__init__(
            f"the journal at {path} was written by a later version (it has {', '.join(unknown)}); "
            "run that version"
        )


class JournalLockedError(JournalError):
    """Another process owns it."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"the journal at {path} is in use by another process; one sidecar owns a journal. "
            "Stop the other one first"
        )


class JournalReadOnlyError(JournalError):
    """It cannot be written."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the journal at {path} cannot be written: {why}. Check its owner and permissions")


class JournalUnopenedError(JournalError):
    """It may be whole, and cannot be opened just now: no room, a lock, no file descriptor. It was not touched."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the journal at {path} cannot be opened just now: {why}. It was left as it is: make room on its disk, "
            "or see who locks it, and start again"
        )


class JournalUnavailableError(JournalError):
    """A step failed as a whole: disk full, locked for too long, input/output error. Nothing of it is stored."""

    def __init__(self, step: str, why: str) -> None:
        super().__init__(f"the journal could not take the step '{step}': {why}")
        self.step = step
