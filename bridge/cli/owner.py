"""Requests to the journal's owner: the running sidecar, or else the command line itself.

A sidecar that was killed leaves its control file behind. Nothing answers there then, and the journal is not locked.
"""

import http.client
import time
from typing import Any, Final

import click
import msgspec

from bridge.cli import asking, control_client
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
from bridge.sidecar.control_file import ControlFileError
from bridge.sidecar.operator.request import A, RefusedError, Request, StopCommand, performing

ANSWER_S: Final = 30.0
"""Time-out of a request in seconds: the sidecar's journal may be busy."""
STOP_S: Final = 4.0
"""Time-out of a halt or flatten, which a sidecar lets count before it is stored, in seconds."""
LOCK_S: Final = 60.0
"""Seconds to wait for a journal whose owner cannot be asked: a sidecar that starts or stops, or another command.

Opening a journal of years takes seconds, and on a busy machine many."""
OWN_S: Final = 3.0
"""Seconds to wait for another program's lock on a journal that no sidecar owns."""
WITHIN_S: Final = 4.75
"""Seconds within which a halt or flatten is answered, where a sidecar did not hear and the journal is locked."""
_SHORTEST_S: Final = 0.5
NOTICE_S: Final = 2.0
"""Seconds of waiting after which the operator is shown the reason."""
_TRY_AGAIN_S: Final = 0.1


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
            wait_s = own_wait_s(request, time.monotonic() - began)
            with opened(config.journal, config.settings, wait_s=wait_s, step_wait_s=wait_s) as journal:
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


def own_wait_s(request: Request[Any], waited_s: float) -> float:
    """Return the seconds to wait for another program's lock, after so many seconds of asking the sidecar."""
    if not isinstance(request, StopCommand):
        return OWN_S
    return min(OWN_S, max(WITHIN_S - waited_s, _SHORTEST_S))


def _ask(config: Config, request: Request[A]) -> A:
    """Return the sidecar's answer. Raises NobodyThereError, NoAnswerError, and Failure where it refuses."""
    timeout_s = STOP_S if isinstance(request, StopCommand) else ANSWER_S
    answer = control_client.ask(
        asking.control_file_of(config), "POST", request.path(), request, timeout_s=timeout_s
    )
    if answer.status == http.client.OK:
        return asking.decoded(answer.body, request.answer_type())
    refused = asking.error_of(answer.body)
    raise Failure(_exit_status(refused.exit_status), refused.message)


def _exit_status(status: int) -> ExitCode:
    """Return the exit status that a sidecar gives; FAILED for one that a newer sidecar has."""
    return next((each for each in ExitCode if each == status), ExitCode.FAILED)
