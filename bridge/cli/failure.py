"""From an error to what the person reads and the exit status that a script reads."""

import traceback
from pathlib import Path
from typing import Final

import click

from bridge.config import ConfigError
from bridge.exits import ExitCode
from bridge.journal.database.errors import (
    JournalDamagedError,
    JournalError,
    JournalLockedError,
    JournalMissingError,
    JournalNewerError,
    JournalReadOnlyError,
    JournalRemoteError,
    JournalUnopenedError,
)
from bridge.keys import ApiKeyError, LinkKeyFileError

_CODES: Final[dict[type[Exception], ExitCode]] = {
    ConfigError: ExitCode.CONFIG,
    ApiKeyError: ExitCode.API_KEY,
    LinkKeyFileError: ExitCode.LINK_KEY,
    JournalMissingError: ExitCode.JOURNAL_MISSING,
    JournalDamagedError: ExitCode.JOURNAL_DAMAGED,
    JournalNewerError: ExitCode.JOURNAL_NEWER,
    JournalLockedError: ExitCode.JOURNAL_LOCKED,
    JournalReadOnlyError: ExitCode.JOURNAL_READ_ONLY,
    JournalRemoteError: ExitCode.CONFIG,
    JournalUnopenedError: ExitCode.JOURNAL_UNOPENED,
    JournalError: ExitCode.FAILED,
}
"""Errors that explain themselves. The first class that fits counts."""


class Failure(Exception):
    """A command ends with this message and this exit status. For what no error of its own says."""

    def __init__(self, code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def report(error: Exception, *, debug: bool) -> int:
    """Say on stderr what went wrong, and return the exit status. With `debug`, the traceback comes first."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        # What a task group makes of the one error that ended it says nothing itself.
        error = error.exceptions[0]
    if debug:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, Failure):
        _say(str(error))
        return error.code
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            _say(str(error))
            return code
    where = "The traceback is above" if debug else "Run again with --debug to see the traceback"
    _say(f"internal error: {_one_line(error)}{_place(error)}. {where}")
    return ExitCode.FAILED


def _say(message: str) -> None:
    click.echo(f"Error: {message}", err=True)


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _place(error: Exception) -> str:
    """Where it was raised: without it, one line says too little to find it by."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
