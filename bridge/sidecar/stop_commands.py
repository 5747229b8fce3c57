"""Halt and flatten at the control endpoint: in force at once, and stored as soon as the journal can be written."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

import msgspec

from bridge.journal.database.errors import JournalUnavailableError
from bridge.log_codes import LogCode
from bridge.sidecar.operator.request import A, RefusedError, StopCommand
from bridge.sidecar.runtime import Runtime

PROMPT_S: Final = 1.5
"""Seconds that an answer waits for the journal. A command is answered within five in all."""


class StopCommands:
    """Performs the operator commands that stop trading."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._tasks: set[asyncio.Task[None]] = set()
        """Steps that go on after their answer was given."""

    async def perform(self, asked: StopCommand[A]) -> A:
        """Let the command count, and try to store it. Raises RefusedError, and then nothing was changed."""
        runtime = self._runtime
        runtime.look_at_journal()
        if runtime.journal_lost and (reason := asked.needs_journal()):
            raise RefusedError(
                f"{asked.name} was not done, and nothing is opened either: {reason}; {runtime.journal_lost}"
            )
        stops = asked.stop_requests(runtime.settings, runtime.now())
        unchecked = runtime.journal_lost
        if asked.needs_check() and not unchecked:
            unchecked = await self._try(runtime.step(lambda journal: asked.check(journal, runtime.settings)))
        runtime.accept_stops(stops)
        runtime.dispatch_wake_up.set()
        # No step is stored in a journal whose file is gone, and one that waits for its rescue is not waited for.
        not_stored = runtime.journal_lost or await self._try(runtime.store_stops())
        if not not_stored and any(stop.stored is None for stop in stops):
            not_stored = "the bridge itself failed to store it; the sidecar's log has the error"
        runtime.log.warning(
            LogCode.OPERATOR_COMMAND,
            command=asked.name,
            arguments=msgspec.to_builtins(asked),
            not_stored=not_stored,
        )
        runtime.delivery_wake_up.set()
        return asked.stopped(stops, not_stored, unchecked=bool(unchecked))

    async def _try(self, step: Coroutine[Any, Any, None]) -> str:
        """Return the reason for which the step is not done yet; empty where it is. It goes on in any case.

        Raises RefusedError where the step does.
        """
        task = asyncio.create_task(step)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        pause = asyncio.create_task(self._runtime.clock.sleep(PROMPT_S))
        try:
            await asyncio.wait((task, pause), return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
            await asyncio.gather(pause, return_exceptions=True)
        if not task.done():
            return "another program locks the journal, or its disk does not answer"
        try:
            task.result()
        except JournalUnavailableError as error:
            return str(error)
        return ""

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Asked for here, so that an error after the answer is no unhandled one. The dispatcher tries again.
            task.exception()
