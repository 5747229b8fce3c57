"""Trust in the wall clock: the time, and its uncertainty.

Directives expire on the Director's clock and are judged by the machine's own. A wrong clock would send a stale
directive, or refuse a fresh one. Two comparisons are made: the machine's clock with the Director's `Date`
header, and the wall clock's pace with the monotonic clock's. While they disagree nothing is opened.

Which clock is wrong is not known at once: behind one address there may be a Director's machine whose clock is
an hour off. So one answer decides nothing final. Several answers that agree, one after the other and over a
while, give the Director's time. Until then a time limit has passed where every clock that may be right says so,
and a command may be sent where none says that its limit has passed.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

CONFIRMATIONS: Final = 3
CONFIRMED_AFTER_S: Final = 30.0
"""Seconds. CONFIRMATIONS answers that agree over this time confirm a disagreement."""

_MOST: Final = timedelta(days=36_500)
"""Limit of a distance between clocks: the calendar has an end."""


class ClockUncertainty(msgspec.Struct, frozen=True):
    """Uncertainty of the time while the clock is not trusted: how much earlier, and how much later it may be.

    Both are 0 where the Director's time is known.
    """

    earlier: timedelta = timedelta(0)
    later: timedelta = timedelta(0)


class ClockWatch:
    """Judge of the wall clock.

    `tolerance` is the skew that is ignored: a header has whole seconds, and an answer takes some time.
    """

    def __init__(self, *, tolerance: timedelta) -> None:
        self._tolerance = tolerance
        self._base: tuple[datetime, float] | None = None
        """Wall time and monotonic time of one moment."""
        # Each of these is a distance from the wall clock.
        self._correction = timedelta(0)
        """Distance to the Director's time, once that is confirmed to be another."""
        self._director: timedelta | None = None
        """Distance to the time of the Director's last answer; None where that agreed."""
        self._carried: timedelta | None = None
        """Distance to the time before the wall clock jumped; None where it did not."""
        self._answers = 0
        """Number of answers in a row that agreed."""
        self._since = 0.0
        """Monotonic time of the first of them."""

    @property
    def trusted(self) -> bool:
        """True while no comparison contradicts the wall clock."""
        return self._director is None and self._carried is None

    @property
    def uncertainty(self) -> ClockUncertainty | None:
        """Possible distance of the time from `now`; None while the wall clock is trusted."""
        if self.trusted:
            return None
        others = [each for each in (self._director, self._carried) if each is not None]
        distances = [each - self._correction for each in others]
        return ClockUncertainty(max(timedelta(0), -min(distances)), max(timedelta(0), *distances))

    @property
    def trouble(self) -> str:
        """Trouble with the clock, and the remedy; empty while it is trusted."""
        if self._director is not None:
            seconds = -self._director.total_seconds()
            way = "ahead of" if seconds > 0 else "behind"
            return (
                f"this machine's clock is {abs(seconds):.0f} s {way} the Director's. Nothing is opened until "
                "they agree: set the one that is wrong, and let a time service keep it"
            )
        if self._carried is not None:
            return (
                "this machine's clock jumped. Nothing is opened until an answer of the Director confirms it, or "
                "the sidecar is started again"
            )
        return ""

    def now(self, wall: datetime) -> datetime:
        """Return the time: the wall clock's, corrected where the Director's is confirmed to be another."""
        return wall + self._correction

    def observe(self, wall: datetime, monotonic: float) -> None:
        """Compare the two clocks of this machine. It is called often; only a sudden step is a jump."""
        if self._base is not None:
            base_wall, base_monotonic = self._base
            step = (wall - base_wall) - timedelta(seconds=monotonic - base_monotonic)
            if abs(step) > self._tolerance:
                self._jump(step)
        self._base = (wall, monotonic)

    def _jump(self, step: timedelta) -> None:
        """Account for a step of the wall clock alone: all other distances change by the step."""
        before = self._correction if self._carried is None else self._carried
        self._carried = _bounded(before - step)
        if self._director is not None:
            self._director = _bounded(self._director - step)
        self._correction = timedelta(0)

    def confirm(self, director: datetime, wall: datetime, monotonic: float) -> None:
        """Compare the wall clock with the Director's in an answer that was just received."""
        # A jump that was not observed yet came before the answer.
        self.observe(wall, monotonic)
        skew = _bounded(director - wall)
        if abs(skew) <= self._tolerance:
            self._director = self._carried = None
            self._correction = timedelta(0)
            return
        if self._director is None or abs(skew - self._director) > self._tolerance:
            self._answers, self._since = 0, monotonic
        self._director = skew
        self._answers += 1
        if self._answers >= CONFIRMATIONS and monotonic - self._since >= CONFIRMED_AFTER_S:
            self._correction = skew
            self._carried = None


def _bounded(distance: timedelta) -> timedelta:
    return max(-_MOST, min(distance, _MOST))
