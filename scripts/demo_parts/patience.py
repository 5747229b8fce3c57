"""How long the demo goes on: until its time is over, or somebody interrupts it."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

LOOK_S: Final = 0.5
"""The longest that anything waits without asking whether to go on."""


class TimeUpError(Exception):
    """The demo took longer than it may."""


class InterruptedDemoError(Exception):
    """A signal asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.status: Final = 128 + number
        """The exit status that a shell gives to such an end."""


class Patience:
    """A deadline that a signal brings forward."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._signal: int | None = None

    def left(self) -> float:
        """The seconds that are left. Raises TimeUpError or InterruptedDemoError where there are none."""
        if self._signal is not None:
            raise InterruptedDemoError(self._signal)
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeUpError(f"not done within {self._seconds:g} s")
        return left

    def moment(self) -> float:
        """How long to wait for something before `left` is asked again. Raises as `left` does."""
        return min(LOOK_S, self.left())

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Note signals instead of raising where they strike.

        So none falls between the start of a process and its entry in the list of those to be ended, and none
        stops the clean-up.
        """
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        # Whoever started this with a signal ignored, as nohup does, means it.
        heeded = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._note) for number in heeded}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        self._signal = number
