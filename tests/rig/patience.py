"""How long anything may take before a test fails. Nothing waits this long on a good day."""

import time
from typing import Final

PATIENCE_S: Final = 60.0


class Deadline:
    """A moment on the monotonic clock by which something must have happened."""

    def __init__(self, seconds: float = PATIENCE_S) -> None:
        self._at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until then; 0 where it is over."""
        return max(0.0, self._at - time.monotonic())

    @property
    def over(self) -> bool:
        return not self.left
