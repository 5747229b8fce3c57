"""Reports of readiness and state to the service manager, whose watchdog is fed while the workers make progress."""

from collections.abc import Callable
from typing import Final

from bridge.sidecar.link_worker import LinkWorker
from bridge.sidecar.progress_watch import LOOK_S
from bridge.sidecar.runtime import Runtime
from bridge.sidecar.service_manager import ServiceManager

LOOKS: Final = 4
"""Looks within the watchdog's time: one may come late, and one message may be lost."""


class ServiceReporter:
    """Reports what the watch of the workers' progress has seen, and feeds the watchdog while none is overdue."""

    def __init__(self, runtime: Runtime, links: LinkWorker, manager: ServiceManager) -> None:
        self._runtime = runtime
        self._links = links
        self._manager = manager
        self.look_s = min(LOOK_S, (manager.watchdog_s or LOOK_S * LOOKS) / LOOKS)
        """Seconds between two looks that the watchdog needs."""
        self._shown = ""

    def ready(self) -> None:
        """State that the journal is open and the link bound."""
        self._manager.ready()

    def stopping(self) -> None:
        """Report that the stop has begun."""
        self._manager.stopping()

    def looked(self, overdue: list[str]) -> None:
        """Report the state, and feed the watchdog where no worker is overdue."""
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


def state_in_words(*, officers: list[str], connected: Callable[[str], bool], troubles: list[str]) -> str:
    """Return the sidecar's state in one line for an operator."""
    present = sum(connected(officer) for officer in officers)
    terminals = f"{present} of {len(officers)} terminals connected"
    return "; ".join([terminals, *troubles])
