"""Estimate of the sidecar's link clock."""

from typing import Final

SLACK_PPM: Final = 500
"""The estimate runs slower than the terminal's own clock by this much. A quartz clock is off by 100 ppm at most, so
heartbeats always correct the estimate upwards. Without it a fast clock would run ahead without limit (50 ppm are
four seconds a day), and every command would be late."""


class LinkClock:
    """Estimate of the sidecar's link clock, in milliseconds since the welcome.

    The estimate is the larger of the last estimate, advanced by the terminal's monotonic clock, and the time in a
    heartbeat. A heartbeat that was buffered during a stall therefore never sets it back, and a command that was
    buffered with it is recognised as late.
    """

    __slots__ = ("_estimate_ms", "_mono_ms")

    def __init__(self, mono_ms: int) -> None:
        """Start at 0 when the welcome arrives, at `mono_ms` on the terminal's monotonic clock."""
        self._estimate_ms = 0
        self._mono_ms = mono_ms

    def heartbeat(self, clock_ms: int, mono_ms: int) -> None:
        """Take in a heartbeat's `clock_ms`, read at `mono_ms`."""
        if clock_ms > self.now(mono_ms):
            self._estimate_ms = clock_ms
            self._mono_ms = mono_ms

    def now(self, mono_ms: int) -> int:
        """Return the estimate at `mono_ms`, never less than an earlier one."""
        passed = max(0, mono_ms - self._mono_ms)
        return self._estimate_ms + passed - passed * SLACK_PPM // 1_000_000
