"""What the process's exit status says. Scripts and service managers rely on the numbers: none is reused."""

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """The exit status of every `execution-officer` command. `meaning` is the line that --help shows."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = member.__doc__ = meaning
        return member

    OK = 0, "done"
    FAILED = 1, "an internal error, or one that no other code names"
    USAGE = 2, "the command line is wrong"
    CONFIG = 3, "the configuration or a scenario is invalid"
    API_KEY = 4, "the Director's API key is missing or unusable"
    LINK_KEY = 5, "a link key file is missing, unusable, or open to others"
    JOURNAL_MISSING = 6, "there is no journal, and one was expected"
    JOURNAL_DAMAGED = 7, "the journal is damaged, or no journal"
    JOURNAL_NEWER = 8, "a later version wrote the journal"
    JOURNAL_LOCKED = 9, "another process owns the journal"
    JOURNAL_READ_ONLY = 10, "the journal cannot be written"
    ENDPOINT = 11, "an address is in use, or not allowed"
    CHAIN_BROKEN = 12, "journal verify found a break in the audit"
    ATTENTION = 13, "status: something needs a person"
    NOT_RUNNING = 14, "status: no sidecar runs, and nothing else needs a person"
    JOURNAL_UNOPENED = 15, "the journal cannot be opened just now: no room, or locked by another tool"
    INTERRUPTED = 130, "ended by Ctrl-C"
