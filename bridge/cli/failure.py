"""Error messages for people, and exit statuses for scripts."""

import traceback
from pathlib import Path
from typing import Final

import click

from bridge.alerts.addresses import AlertsError
from bridge.config import ConfigError
from bridge.confinement import ConfinedError
from bridge.exits import ExitCode
from bridge.journal.database.errors import (
    JournalDamagedError,
    JournalError,
    JournalLockedError,
    JournalMissingError,
    JournalNewerError,
    JournalOfficersError,
    JournalReadOnlyError,
    JournalRemoteError,
    JournalUnopenedError,
    JournalWalError,
)
from bridge.keys import ApiKeyError, LinkKeyFileError, PageKeyError
from bridge.status.texts import printable

_CODES: Final[dict[type[Exception], ExitCode]] = {
    AlertsError: ExitCode.CONFIG,
    ConfigError: ExitCode.CONFIG,
    ConfinedError: ExitCode.CONFINED,
    ApiKeyError: ExitCode.API_KEY,
    LinkKeyFileError: ExitCode.LINK_KEY,
    PageKeyError: ExitCode.CONFIG,
    JournalMissingError: ExitCode.JOURNAL_MISSING,
    JournalWalError: ExitCode.WAL_FOREIGN,
    JournalDamagedError: ExitCode.JOURNAL_DAMAGED,
    JournalOfficersError: ExitCode.OTHER_OFFICER,
    JournalNewerError: ExitCode.JOURNAL_NEWER,
    JournalLockedError: ExitCode.JOURNAL_LOCKED,
    JournalReadOnlyError: ExitCode.JOURNAL_READ_ONLY,
    JournalRemoteError: ExitCode.CONFIG,
    JournalUnopenedError: ExitCode.JOURNAL_UNOPENED,
    JournalError: ExitCode.FAILED,
}
"""Exit statuses of errors whose message is complete. The first class that fits counts."""


class Failure(Exception):
    """End of a command with this message and exit status, where no error class has one."""

    def __init__(self, code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def exit_status(error: Exception) -> int:
    """Return the exit status of an error; FAILED for one without a status of its own."""
    error = _unwrapped(error)
    if isinstance(error, click.ClickException):
        return error.exit_code
    if isinstance(error, Failure):
        return error.code
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), ExitCode.FAILED)


def report(error: Exception, *, debug: bool) -> int:
    """Print the error on stderr and return the exit status. With `debug` the traceback comes first."""
    error = _unwrapped(error)
    if debug:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    if isinstance(error, click.ClickException):
        error.show()
    elif isinstance(error, (Failure, *_CODES)):
        _print(str(error))
    else:
        where = "the traceback is above" if debug else "run again with --debug to see the traceback"
        _print(f"internal error: {_one_line(error)}{_place(error)}; {where}")
    return exit_status(error)


def _unwrapped(error: Exception) -> Exception:
    """Return the one error that ended a task group; the wrapper itself has no information."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _print(message: str) -> None:
    # It may hold what another program wrote into the journal.
    click.echo("\n".join(printable(line) for line in f"Error: {message}".split("\n")), err=True)


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _place(error: Exception) -> str:
    """Return file and line where it was raised: without them one line is too little to find the error."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
