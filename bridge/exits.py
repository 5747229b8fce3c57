"""Exit statuses. Scripts and service managers rely on the numbers: none is reused."""

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """Exit status of an `execution-officer` command. `meaning` is the line that --help shows."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = member.__doc__ = meaning
        return member

    OK = 0, "done"
    FAILED = 1, "an internal error, or an error without a status of its own"
    USAGE = 2, "the command line is wrong"
    CONFIG = 3, "the configuration or a scenario is not valid"
    API_KEY = 4, "the Director's API key is missing or unusable"
    LINK_KEY = 5, "a link key file is missing, unusable, or readable by others"
    JOURNAL_MISSING = 6, "the journal does not exist"
    JOURNAL_DAMAGED = (
        7,
        "the journal is damaged or was changed by another program, or the file is not a journal",
    )
    JOURNAL_NEWER = 8, "another version of the bridge wrote the journal"
    JOURNAL_LOCKED = 9, "the journal is owned by another process"
    JOURNAL_READ_ONLY = 10, "the journal cannot be written"
    ENDPOINT = 11, "an address is in use or not allowed"
    CHAIN_BROKEN = 12, "journal verify: the audit's hash chain is broken, or a table differs from the audit"
    ATTENTION = 13, "status: an action is required"
    NOT_RUNNING = 14, "status: no sidecar runs, and no other action is required"
    JOURNAL_UNOPENED = 15, "the journal cannot be opened now: its disk is full, or another tool locks it"
    UNADOPTED = 16, "recover: the journal lacks orders of ours that the broker or the ledger has"
    LEDGER_FOREIGN = 17, "recover: the terminal's ledger is of another officer or account"
    NO_TERMINAL = 18, "recover, writeoff: no terminal has reported the account"
    WRONG_LOGIN = 19, "rebind: the login is not that of the officer's account"
    OTHER_OFFICER = 20, "the journal is of other officers than the configuration"
    WAL_FOREIGN = 21, "the write-ahead log beside the journal is not its own, or not whole"
    CONTROL_FILE = 22, "run: the control file cannot be written, so that no command could reach the sidecar"
    FLATTEN_UNFINISHED = 23, "flatten --wait: it had not ended in time, and goes on"
    FLATTEN_ABORTED = 24, "flatten --wait: it ended early, and something may be left"
    INTERRUPTED = 130, "ended by Ctrl-C"
