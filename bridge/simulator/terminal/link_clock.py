"""What the sidecar's link clock shows now, as far as the terminal can know."""

from typing import Final

SLACK_PPM: Final = 500
"""The estimate runs slower than the own clock by this much. A quartz is off by 100 ppm at the very most, so
heartbeats always correct the estimate upwards. Without it a fast own clock would run ahead for ever (50 ppm
are four seconds a day), and every command would be late."""


class LinkClock:
    """Estimate of the sidecar's link clock, in milliseconds since the welcome.

    The estimate is the larger of the last estimate, advanced by the own monotonic clock, and what a heartbeat
    says. A heartbeat that was buffered across a stall so never sets it back, and the command that was
    buffered with it is recognised as late.
    """

    __slots__ = ("_estimate_ms", "_mono_ms")

    def __init__(self, mono_ms: int) -> None:
        """Starts at 0: make one when the welcome comes, at `mono_ms` on the own monotonic clock."""
        self._estimate_ms = 0
        self._mono_ms = mono_ms

    def heard(self, clock_ms: int, mono_ms: int) -> None:
        """A heartbeat said `clock_ms`; it was read at `mono_ms`."""
        if clock_ms > self.now(mono_ms):
            self._estimate_ms = clock_ms
            self._mono_ms = mono_ms

    def now(self, mono_ms: int) -> int:
        """The estimate at `mono_ms` on the own clock, never less than an earlier one."""
        passed = max(0, mono_ms - self._mono_ms)
        return self._estimate_ms + passed - passed * SLACK_PPM // 1_000_000
