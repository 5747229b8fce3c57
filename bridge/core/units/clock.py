"""Interfaces to time and randomness, which the core gets from outside."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

Uniform = Callable[[], float]
"""Draws a float from [0, 1). `random.SystemRandom().random` in production, a seeded one in a test."""

Entropy = Callable[[int], bytes]
"""Returns so many random bytes. `secrets.token_bytes` in production, a seeded source in a test."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def ms_of(moment: datetime) -> int:
    """Return an aware time as whole milliseconds since 1970-01-01 UTC."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def us_of(moment: datetime) -> int:
    """Return an aware time as microseconds since 1970-01-01 UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def utc_of_ms(epoch_ms: int) -> datetime:
    """Return the aware UTC of milliseconds since 1970, to the last digit. Raises OverflowError beyond year 9999.

    `datetime.fromtimestamp` rounds to a float, and ends at the year 3000 on Windows.
    """
    return EPOCH + timedelta(milliseconds=epoch_ms)


def has_passed(pause: timedelta, since: datetime, now: datetime) -> bool:
    """Return True where the pause has passed since a moment.

    A moment in the future was stamped by a wrong clock and is not waited for.
    """
    return not timedelta(0) <= now - since < pause


class Clock(Protocol):
    """Wall clock and monotonic clock.

    Durations and time-outs use `monotonic`; times that the operator and the Director read use `now`.
    """

    def now(self) -> datetime:
        """Return the time of the wall clock, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Return the seconds since an arbitrary start; never goes back, whatever happens to the wall clock."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once that many seconds have passed on `monotonic`."""
        ...
