"""Exit statuses. Scripts and service managers rely on the numbers: none is reused."""

from enum import IntEnum, StrEnum
from typing import Final, Self


class Restart(StrEnum):
    """Effect of starting `run` again after it ended with a status."""

    HELPS = "yes"
    """The cause passes by itself, or may pass."""
    CANNOT_HELP = "no"
    """An operator ended it, or must act first. A service manager must leave it stopped."""
    NOT_OF_RUN = "-"
    """Only other commands end with it."""


class ExitCode(IntEnum):
    """Exit status of an `execution-officer` command. `meaning` is the line that --help shows."""

    meaning: str
    restart: Restart

    def __new__(cls, value: int, meaning: str, restart: Restart) -> Self:
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = member.__doc__ = meaning
        member.restart = restart
        return member

    OK = 0, "done", Restart.CANNOT_HELP
    FAILED = 1, "an internal error, or an error without a status of its own", Restart.HELPS
    USAGE = 2, "the command line is wrong", Restart.CANNOT_HELP
    CONFIG = 3, "the configuration or a scenario is not valid", Restart.CANNOT_HELP
    API_KEY = 4, "the Director's API key is missing or unusable", Restart.CANNOT_HELP
    LINK_KEY = 5, "a link key file is missing, unusable, or readable by others", Restart.CANNOT_HELP
    JOURNAL_MISSING = 6, "the journal does not exist", Restart.CANNOT_HELP
    JOURNAL_DAMAGED = (
        7,
        "the journal is damaged or was changed by another program, or the file is not a journal",
        Restart.CANNOT_HELP,
    )
    JOURNAL_NEWER = 8, "another version of the bridge wrote the journal", Restart.CANNOT_HELP
    JOURNAL_LOCKED = 9, "the journal is owned by another process", Restart.HELPS
    JOURNAL_READ_ONLY = 10, "the journal cannot be written", Restart.CANNOT_HELP
    ENDPOINT = 11, "an address is in use or not allowed", Restart.HELPS
    CHAIN_BROKEN = (
        12,
        "journal verify: the audit's hash chain is broken, or a table differs from the audit",
        Restart.NOT_OF_RUN,
    )
    ATTENTION = 13, "status, doctor: an action is required", Restart.NOT_OF_RUN
    NOT_RUNNING = 14, "status, doctor: no sidecar runs, and no other action is required", Restart.NOT_OF_RUN
    JOURNAL_UNOPENED = (
        15,
        "the journal cannot be opened now: its disk is full, or another tool locks it",
        Restart.HELPS,
    )
    UNADOPTED = (
        16,
        "recover: the journal lacks orders of ours that the broker or the ledger has",
        Restart.NOT_OF_RUN,
    )
    LEDGER_FOREIGN = 17, "recover: the terminal's ledger is of another officer or account", Restart.NOT_OF_RUN
    NO_TERMINAL = 18, "recover, writeoff: no terminal has reported the account", Restart.NOT_OF_RUN
    WRONG_LOGIN = 19, "rebind: the login is not that of the officer's account", Restart.NOT_OF_RUN
    OTHER_OFFICER = 20, "the journal is of other officers than the configuration", Restart.CANNOT_HELP
    WAL_FOREIGN = (
        21,
        "the write-ahead log beside the journal is not its own, or not whole",
        Restart.CANNOT_HELP,
    )
    CONTROL_FILE = (
        22,
        "run: the control file cannot be written, so that no command could reach the sidecar",
        Restart.HELPS,
    )
    FLATTEN_UNFINISHED = 23, "flatten --wait: it had not ended in time, and goes on", Restart.NOT_OF_RUN
    FLATTEN_ABORTED = 24, "flatten --wait: it ended early, and something may be left", Restart.NOT_OF_RUN
    CONFINED = (
        25,
        "run: the service manager's limits withhold something that the bridge needs",
        Restart.CANNOT_HELP,
    )
    HALT_LOST = 26, "run: it was stopped before the journal could store a halt", Restart.CANNOT_HELP
    SERVICE = 27, "service: the service cannot be defined, or its manager refused", Restart.NOT_OF_RUN
    NOT_WRITTEN = (
        28,
        "journal: the file exists, or it cannot be written; nothing is left of it",
        Restart.NOT_OF_RUN,
    )
    NOTHING_FOUND = 29, "journal export, report: nothing is as the options say", Restart.NOT_OF_RUN
    INTERRUPTED = 130, "ended by Ctrl-C", Restart.CANNOT_HELP


FINAL: Final = tuple(code for code in ExitCode if code.restart is Restart.CANNOT_HELP)
"""Statuses of `run` after which a service manager must not start it again."""
