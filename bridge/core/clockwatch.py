"""Whether our wall clock can be trusted, and what the time is where it cannot.

Directives expire on the Director's clock; we judge them by ours. A clock that is wrong would send what is long
stale, or refuse what is fresh. Two things are compared: our clock with the Director's `Date` header, and the
wall clock's pace with the monotonic clock's. While they disagree nothing new is opened. Where the Director's
time is known, it is the one that counts.
"""

from datetime import datetime, timedelta


class ClockWatch:
    """Judges the wall clock. `tolerance` is the skew that is no concern: a header has whole seconds, and an
    answer takes its time."""

    def __init__(self, *, tolerance: timedelta) -> None:
        self._tolerance = tolerance
        self._base: tuple[datetime, float] | None = None
        """A wall time and the monotonic time that belongs to it."""
        self._correction = timedelta(0)
        self._jumped = False

    @property
    def trusted(self) -> bool:
        """True while nothing speaks against the wall clock."""
        return not self._jumped and not self._correction

    @property
    def trouble(self) -> str:
        """What is wrong with the clock, and the remedy; empty while it is trusted."""
        if self._correction:
            seconds = -self._correction.total_seconds()
            way = "ahead of" if seconds > 0 else "behind"
            return (
                f"this machine's clock is {abs(seconds):.0f} s {way} the Director's. Nothing is opened until "
                "they agree: set the clock, and let a time service keep it"
            )
        if self._jumped:
            return (
                "this machine's clock jumped. Nothing is opened until an answer of the Director confirms it, or "
                "the sidecar is started again"
            )
        return ""

    def now(self, wall: datetime) -> datetime:
        """The time to judge by: the wall clock, corrected where the Director's is known to differ."""
        return wall + self._correction

    def observe(self, wall: datetime, monotonic: float) -> None:
        """Compare the two clocks of this machine. Called often; only a sudden step is a jump."""
        if self._base is not None:
            base_wall, base_monotonic = self._base
            step = (wall - base_wall) - timedelta(seconds=monotonic - base_monotonic)
            if abs(step) > self._tolerance:
                self._jumped = True
        self._base = (wall, monotonic)

    def confirm(self, director: datetime, wall: datetime) -> None:
        """Compare the wall clock with the Director's, as an answer has just told it."""
        skew = director - wall
        self._correction = skew if abs(skew) > self._tolerance else timedelta(0)
        self._jumped = False
