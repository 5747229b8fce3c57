"""Time and chance as things that come in from outside."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

Uniform = Callable[[], float]
"""Draws a float from [0, 1). `random.SystemRandom().random` in the field, a seeded one in a test."""


def has_passed(pause: timedelta, since: datetime, now: datetime) -> bool:
    """Whether so much time has passed since a moment. One that lies in the future was stamped by a clock that was
    wrong, and nobody waits for it."""
    return not timedelta(0) <= now - since < pause


class Clock(Protocol):
    """The two times that there are. Durations and time-outs use `monotonic`; what people and the Director
    read uses `now`."""

    def now(self) -> datetime:
        """The wall clock, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never goes back, whatever is done to the wall clock."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once that many seconds have passed on `monotonic`."""
        ...
