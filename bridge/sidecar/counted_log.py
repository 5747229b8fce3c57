"""Counted log: one record a minute for each kind of what may happen without end, with the number since."""

from collections.abc import Callable, Hashable
from typing import Final

EVERY_S: Final = 60.0
"""Seconds between two records of one kind."""


class CountedLog:
    """Decides when a kind is logged. The first occurrence is at once."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._kinds: dict[Hashable, tuple[float, int]] = {}
        """By kind, the time of its last record and the number of occurrences since."""

    def note(self, kind: Hashable, count: int = 1) -> int:
        """Count occurrences. Return the number to log now; 0 where its minute is not over."""
        now = self._monotonic()
        since, before = self._kinds.get(kind, (now - EVERY_S, 0))
        if now - since < EVERY_S:
            self._kinds[kind] = since, before + count
            return 0
        self._kinds[kind] = now, 0
        return before + count

    def due(self) -> list[tuple[Hashable, int]]:
        """Return what was counted and not logged, of the kinds whose minute is over. They are logged by that."""
        now = self._monotonic()
        found = []
        for kind, (since, count) in list(self._kinds.items()):
            if now - since < EVERY_S:
                continue
            if count:
                found.append((kind, count))
                self._kinds[kind] = now, 0
            else:
                del self._kinds[kind]
        return found
