"""Clock of the EA: the machine's, or one that a test moves."""

import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic clock (`now_us`) and wall clock (`utc_ms`)."""

    def now_us(self) -> int:
        """Return microseconds since an arbitrary moment; never decreases."""
        ...

    def utc_ms(self) -> int:
        """Return milliseconds since 1970, UTC."""
        ...

    def sleep(self, milliseconds: int) -> None:
        """Wait."""
        ...

    def spend(self, microseconds: int) -> None:
        """Add the duration of a call, on a clock that does not run by itself."""
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
    """Clock that moves only by `sleep`, `spend` and `advance_us`."""

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
        """Move the clock."""
        self._us += microseconds
