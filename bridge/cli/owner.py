"""Requests to the journal's owner: the running sidecar, or else the command line itself.

A sidecar that was killed leaves its control file behind. Nothing answers there then, and the journal is not locked.
"""

import http.client
import time
from typing import Final, TypeVar

import click
import msgspec

from bridge.cli import control_client
from bridge.cli.control_client import NoAnswerError, NobodyThereError, NotAskedError
from bridge.cli.failure import Failure
from bridge.cli.this_user import this_user
from bridge.clock import SystemClock
from bridge.config import Config
from bridge.exits import ExitCode
from bridge.journal.database.errors import (
    JournalForeignLockError,
    JournalLockedError,
    JournalUnavailableError,
)
from bridge.journal.journal import opened
from bridge.sidecar import control_file
from bridge.sidecar.control import STATUS_PATH, ControlError
from bridge.sidecar.control_file import ControlFile, ControlFileError
from bridge.sidecar.live_status import LiveStatus
from bridge.sidecar.operator.request import A, RefusedError, Request, StopCommand, performing

ANSWER_S: Final = 30.0
"""Time-out of a request in seconds: the sidecar's journal may be busy."""
STOP_S: Final = 4.0
"""Time-out of a halt or flatten, which a sidecar lets count before it is stored, in seconds."""
LOOK_S: Final = 3.0
"""Time-out of a status request in seconds."""
LOCK_S: Final = 60.0
"""Seconds to wait for a journal whose owner cannot be asked: a sidecar that starts or stops, or another command.

Opening a journal of years takes seconds, and on a busy machine many."""
OWN_S: Final = 3.0
"""Seconds to wait for another program's lock on a journal that no sidecar owns."""
NOTICE_S: Final = 2.0
"""Seconds of waiting after which the operator is shown the reason."""
_TRY_AGAIN_S: Final = 0.1

S = TypeVar("S", bound=msgspec.Struct)


def carry_out(config: Config, request: Request[A]) -> tuple[A, bool]:
    """Have the request performed. Return the answer, and True where a running sidecar performed it.

    Raises Failure where it is refused or may not have been performed, and the JournalErrors of `opened`.
    """
    try:
        # The rules of the control endpoint hold for a request that is never sent, too.
        msgspec.json.decode(msgspec.json.encode(request), type=type(request))
    except msgspec.ValidationError as error:
        raise Failure(ExitCode.USAGE, str(error)) from error
    request = msgspec.structs.replace(request, by=this_user())
    began, noticed = time.monotonic(), False
    while True:
        try:
            return _ask(config, request), True
        except NobodyThereError as error:
            nobody, may_come = str(error), True
        except (ControlFileError, NotAskedError) as error:
            nobody, may_come = str(error), False
        except NoAnswerError as error:
            raise Failure(
                ExitCode.FAILED,
                f"the sidecar did not answer ({error}), and may have performed {request.name}; "
                "'execution-officer status' shows the state",
            ) from error
        try:
            with opened(config.journal, config.settings, wait_s=OWN_S, step_wait_s=OWN_S) as journal:
                return performing(request, config.settings, SystemClock().now())(journal), False
        except RefusedError as error:
            raise Failure(error.exit_status, str(error)) from error
        except JournalUnavailableError as error:
            raise Failure(
                ExitCode.JOURNAL_UNOPENED,
                f"{error}; nothing was done; make room on its disk, or end the program that locks it, "
                "and try again",
            ) from error
        except JournalLockedError as error:
            waited_s = time.monotonic() - began
            if waited_s > NOTICE_S and not noticed:
                noticed = True
                click.echo("waiting for a sidecar that starts or stops", err=True)
            if waited_s > LOCK_S or not may_come or isinstance(error, JournalForeignLockError):
                why = str(error) if isinstance(error, JournalForeignLockError) else nobody
                raise Failure(
                    ExitCode.JOURNAL_LOCKED,
                    f"{request.name} was not done: the journal {config.journal} is owned by another process that "
                    f"cannot be asked: {why}; nothing was done; end that process, or try again",
                ) from error
            # A sidecar that starts can be asked in a moment; one that stops releases the journal.
            time.sleep(_TRY_AGAIN_S)


def live(config: Config) -> LiveStatus:
    """Return the state of the running sidecar. Raises NobodyThereError, NoAnswerError, ControlFileError."""
    answer = control_client.ask(_file(config), "GET", STATUS_PATH, None, timeout_s=LOOK_S)
    if answer.status != http.client.OK:
        raise NoAnswerError(_error_of(answer.body).message)
    return _decode(answer.body, LiveStatus)


def _ask(config: Config, request: Request[A]) -> A:
    """Return the sidecar's answer. Raises NobodyThereError, NoAnswerError, and Failure where it refuses."""
    timeout_s = STOP_S if isinstance(request, StopCommand) else ANSWER_S
    answer = control_client.ask(_file(config), "POST", request.path(), request, timeout_s=timeout_s)
    if answer.status == http.client.OK:
        return _decode(answer.body, request.answer_type())
    refused = _error_of(answer.body)
    raise Failure(_exit_status(refused.exit_status), refused.message)


def _file(config: Config) -> ControlFile:
    path = control_file.control_path(config.journal)
    content = control_file.read(path)
    if content is None:
        raise NobodyThereError(f"there is no control file at {path}")
    return content


def _exit_status(status: int) -> ExitCode:
    """Return the exit status that a sidecar gives; FAILED for one that a newer sidecar has."""
    return next((each for each in ExitCode if each == status), ExitCode.FAILED)


def _error_of(raw: bytes) -> ControlError:
    try:
        return msgspec.json.decode(raw, type=ControlError)
    except msgspec.DecodeError:
        return ControlError(error="INTERNAL", message="the sidecar's answer cannot be read")


def _decode(raw: bytes, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise NoAnswerError(f"its answer cannot be read: {error}") from error
