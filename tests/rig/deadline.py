"""Time-outs of the tests. Without a defect nothing takes this long."""

import time
from typing import Final

TIMEOUT_S: Final = 180.0
"""A disk of a shared machine can stall every sync for a minute. On Windows each process is a new interpreter, whose
start takes seconds, and more under Wine."""


class Deadline:
    """A moment on the monotonic clock by which something must have happened."""

    def __init__(self, seconds: float = TIMEOUT_S) -> None:
        self._at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then; 0 where it has passed."""
        return max(0.0, self._at - time.monotonic())

    @property
    def over(self) -> bool:
        """True once the moment has passed."""
        return not self.left
