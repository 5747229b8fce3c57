"""Worker that reports to the service manager, and feeds its watchdog while the other workers make progress."""

import asyncio
from collections.abc import Callable
from typing import Final

from bridge.log_codes import LogCode
from bridge.sidecar.link_worker import LinkWorker
from bridge.sidecar.runtime import Runtime
from bridge.sidecar.service_manager import ServiceManager

LOOK_S: Final = 5.0
"""Longest time between two looks at the workers, in seconds."""
LOOKS: Final = 4
"""Looks within the watchdog's time: one may come late, and one message may be lost."""
JOURNAL: Final = "journal"


class ServiceReporter:
    """Reports readiness and state, and feeds the watchdog while no worker is overdue."""

    def __init__(self, runtime: Runtime, links: LinkWorker, manager: ServiceManager) -> None:
        self._runtime = runtime
        self._links = links
        self._manager = manager
        self._look_s = min(LOOK_S, (manager.watchdog_s or LOOK_S * LOOKS) / LOOKS)
        self._probe: asyncio.Task[None] | None = None
        """Empty step that waits for its turn in the journal's thread."""
        self._hungry: list[str] = []
        """Workers that were overdue at the last look."""
        self._shown = ""

    async def run(self) -> None:
        """Report until cancelled. The journal is open and the link bound."""
        clock = self._runtime.clock
        self._manager.ready()
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

    def stopping(self) -> None:
        """Report that the stop has begun."""
        self._manager.stopping()

    def _look(self, overdue: list[str]) -> None:
        if overdue and overdue != self._hungry:
            self._runtime.log.critical(LogCode.WATCHDOG_NOT_FED, workers=overdue)
        elif self._hungry and not overdue:
            self._runtime.log.warning(LogCode.WATCHDOG_FED, workers=self._hungry)
        self._hungry = overdue
        if not overdue and self._manager.watchdog_s is not None:
            self._manager.feed()
        text = state_in_words(
            officers=[officer.id for officer in self._runtime.settings.officers],
            connected=lambda officer: self._links.gate(officer) is not None,
            troubles=[
                *([f"no progress: {', '.join(overdue)}"] if overdue else []),
                *(text for text in (self._runtime.journal_lost, self._runtime.journal_trouble) if text),
                *(
                    f"polls of {officer} fail"
                    for officer, poll in self._runtime.polls.items()
                    if poll.failure
                ),
            ],
        )
        if text != self._shown:
            self._shown = text
            self._manager.status(text)

    def _probe_journal(self) -> None:
        """Have the journal's thread run an empty step, unless the last one still waits there."""
        if self._probe is not None and not self._probe.done():
            return
        self._runtime.progress.expect(JOURNAL, self._runtime.clock.monotonic())
        self._probe = asyncio.create_task(self._runtime.reach_journal(), name="journal probe")


def state_in_words(*, officers: list[str], connected: Callable[[str], bool], troubles: list[str]) -> str:
    """Return the sidecar's state in one line for an operator."""
    present = sum(connected(officer) for officer in officers)
    terminals = f"{present} of {len(officers)} terminals connected"
    return "; ".join([terminals, *troubles])
