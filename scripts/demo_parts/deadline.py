"""The end of the demo by time or by a signal."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

LOOK_S: Final = 0.5
"""Longest wait in seconds without a look at the deadline."""


class TimeUpError(Exception):
    """The demo took longer than its deadline."""


class InterruptedDemoError(Exception):
    """A signal requested the end."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.status: Final = 128 + number
        """Exit status that a shell gives to such an end."""


class Deadline:
    """Deadline that a signal brings forward."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._signal: int | None = None

    def left(self) -> float:
        """Return the seconds that are left. Raises TimeUpError or InterruptedDemoError if there are none."""
        if self._signal is not None:
            raise InterruptedDemoError(self._signal)
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeUpError(f"not done within {self._seconds:g} s")
        return left

    def moment(self) -> float:
        """Return the seconds to wait before the next look at the deadline. Raises as `left` does."""
        return min(LOOK_S, self.left())

    @contextmanager
    def noting_signals(self) -> Iterator[None]:
        """Note signals instead of raising an exception at any place.

        No signal can then come between the start of a process and its entry in the list of those to be ended, and
        none can stop the clean-up.
        """
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        # A signal that is ignored from the start, as nohup does it, stays ignored.
        noted = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._note) for number in noted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        self._signal = number
