"""Requests for scans: the sidecar sends one when a further scan can decide what the last one could not."""

from collections.abc import Callable
from datetime import timedelta
from math import inf
from typing import Final

ASK_AGAIN_S: Final = 5.0
"""Seconds before a terminal is asked again. Every scan replaces what is due."""


class ScanRequests:
    """Scans that are due, by officer. Times are seconds of the monotonic clock."""

    def __init__(self) -> None:
        self._due: dict[str, tuple[int, float]] = {}
        """By officer, the epoch and the time of the next request."""

    def note_scan(self, officer: str, epoch: int, further_after: timedelta | None, now: float) -> None:
        """Note that a scan is in the journal, and after which time a further one can decide more."""
        self._due.pop(officer, None)
        if further_after is not None:
            self._due[officer] = epoch, now + further_after.total_seconds()

    def next_after(self, now: float) -> float:
        """Return the time at which the next scan becomes due; infinity where none will."""
        return min((due for _, due in self._due.values() if due > now), default=inf)

    def take(self, now: float, may_scan: Callable[[str, int], bool]) -> list[tuple[str, int]]:
        """Return officer and epoch of each terminal to ask now. One that cannot scan now is asked once it can.

        `may_scan` takes officer and epoch.
        """
        asked = [
            (officer, epoch)
            for officer, (epoch, due) in self._due.items()
            if now >= due and may_scan(officer, epoch)
        ]
        self._due |= {officer: (epoch, now + ASK_AGAIN_S) for officer, epoch in asked}
        return asked
