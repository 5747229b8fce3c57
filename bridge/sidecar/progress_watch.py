"""Watch of the workers' progress: which are overdue, for a service manager and for the health of `[web]`."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from bridge.log_codes import LogCode
from bridge.sidecar.runtime import Runtime

LOOK_S: Final = 5.0
"""Longest time between two looks at the workers, in seconds."""
JOURNAL: Final = "journal"


class ProgressWatch:
    """Looks at the workers until cancelled."""

    def __init__(
        self,
        runtime: Runtime,
        listeners: Sequence[Callable[[list[str]], None]] = (),
        *,
        look_s: float = LOOK_S,
    ) -> None:
        """`listeners` are called with the overdue workers after each look."""
        self._runtime = runtime
        self._listeners = listeners
        self._look_s = look_s
        self._probe: asyncio.Task[None] | None = None
        """Empty step that waits for its turn in the journal's thread."""
        self.overdue: list[str] = []
        """Workers that were overdue at the last look."""

    async def run(self) -> None:
        """Look until cancelled."""
        clock = self._runtime.clock
        before = clock.monotonic()
        try:
            while True:
                self._probe_journal()
                now = clock.monotonic()
                if self._runtime.journal_occupied:
                    self._runtime.progress.excuse(now - before)
                before = now
                self._look(self._runtime.progress.overdue(now))
                await clock.sleep(self._look_s)
        finally:
            if self._probe is not None:
                self._probe.cancel()

    def _look(self, overdue: list[str]) -> None:
        if overdue and overdue != self.overdue:
            self._runtime.log.critical(LogCode.WATCHDOG_NOT_FED, workers=overdue)
        elif self.overdue and not overdue:
            self._runtime.log.warning(LogCode.WATCHDOG_FED, workers=self.overdue)
        self.overdue = overdue
        for listener in self._listeners:
            listener(overdue)

    def _probe_journal(self) -> None:
        """Have the journal's thread run an empty step, unless the last one still waits there."""
        if self._probe is not None and not self._probe.done():
            return
        self._runtime.progress.expect(JOURNAL, self._runtime.clock.monotonic())
        self._probe = asyncio.create_task(self._runtime.reach_journal(), name="journal probe")
