"""The time that the EA lives in: the machine's, or one that a test moves."""

import time
from typing import Protocol


class Clock(Protocol):
    """`now_us` never goes back; `utc_ms` is the wall's."""

    def now_us(self) -> int:
        """Microseconds since some moment."""
        ...

    def utc_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        ...

    def sleep(self, milliseconds: int) -> None:
        """Let time pass."""
        ...

    def spend(self, microseconds: int) -> None:
        """Let pass what a call takes, where time does not pass by itself."""
        ...


class RealClock:
    """The machine's clock."""

    def now_us(self) -> int:
        return time.monotonic_ns() // 1000

    def utc_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def sleep(self, milliseconds: int) -> None:
        time.sleep(milliseconds / 1000)

    def spend(self, microseconds: int) -> None:
        pass


class SimulatedClock:
    """A clock that stands until it is moved. Whoever sleeps moves it, and whoever spends time."""

    def __init__(self, utc_ms: int = 1_767_225_600_000) -> None:
        self._start_ms = utc_ms
        self._us = 0

    def now_us(self) -> int:
        return self._us

    def utc_ms(self) -> int:
        return self._start_ms + self._us // 1000

    def sleep(self, milliseconds: int) -> None:
        self._us += milliseconds * 1000

    def spend(self, microseconds: int) -> None:
        self._us += microseconds

    def advance_us(self, microseconds: int) -> None:
        """Let time pass."""
        self._us += microseconds
