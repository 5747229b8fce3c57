"""Simulated time: a queue of events, and the lives of the processes to which they belong."""

import heapq
from collections.abc import Callable
from typing import Final

US: Final = 1_000_000
"""Units of simulated time in a second: time is counted in whole microseconds, so that no rounding differs."""
AT_ONE_INSTANT: Final = 200_000
"""Most events at one instant; more are a program that waits for itself."""


class Livelock(Exception):
    """Events follow one another without end, and no time passes."""


class Life:
    """One life of a process, from its start to its end or kill. Nothing of it happens after that."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.stopped_until = 0
        """Time up to which the process is stopped, as by SIGSTOP: what is due waits."""


class Schedule:
    """Events in the order of their time, and of their creation at one time."""

    def __init__(self) -> None:
        self.now = 0
        """Microseconds since the beginning."""
        self._events: list[tuple[int, int, Life | None, Callable[[], None]]] = []
        self._number = 0
        self._instant = 0

    def at(self, when: int, life: Life | None, action: Callable[[], None]) -> None:
        """Let `action` happen at a time, or now where that has passed. `life` None: of no process."""
        self._number += 1
        heapq.heappush(self._events, (max(when, self.now), self._number, life, action))

    def after(self, us: int, life: Life | None, action: Callable[[], None]) -> None:
        """Let `action` happen so many microseconds from now."""
        self.at(self.now + us, life, action)

    def run(self, until: int) -> None:
        """Let everything happen that is due by then."""
        events = self._events
        while events and events[0][0] <= until:
            when, _, life, action = heapq.heappop(events)
            if life is not None:
                if not life.alive:
                    continue
                if life.stopped_until > when:
                    self.at(life.stopped_until, life, action)
                    continue
            self._instant = self._instant + 1 if when == self.now else 0
            if self._instant > AT_ONE_INSTANT:
                raise Livelock(f"{self._instant} events at {when / US:.6f} s")
            self.now = when
            action()
        self.now = max(self.now, until)
