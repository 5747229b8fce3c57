"""Whether our wall clock can be trusted, what the time is, and how wrong that may be.

Directives expire on the Director's clock; we judge them by ours. A clock that is wrong would send what is long
stale, or refuse what is fresh. Two things are compared: our clock with the Director's `Date` header, and the
wall clock's pace with the monotonic clock's. While they disagree nothing new is opened.

Which of them is wrong is not known at once: behind one address there may be a Director's machine whose clock is an
hour off. So one answer decides nothing that is final. What several say, one after the other and over a while, is
the Director's time; until then something is over where every clock that may be right says so, and may be sent
where none says that it is over.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

CONFIRMATIONS: Final = 3
CONFIRMED_AFTER_S: Final = 30.0
"""So many answers that agree with each other, and over so long, make a disagreement known."""

_MOST: Final = timedelta(days=36_500)
"""A clock that is further off than that is as wrong as it can be, and the calendar has an end."""


class ClockUncertainty(msgspec.Struct, frozen=True):
    """What the time may be as well while the clock is not trusted: so much earlier, and so much later. Both are 0
    where the Director's time is known."""

    earlier: timedelta = timedelta(0)
    later: timedelta = timedelta(0)


class ClockWatch:
    """Judges the wall clock. `tolerance` is the skew that is no concern: a header has whole seconds, and an
    answer takes its time."""

    def __init__(self, *, tolerance: timedelta) -> None:
        self._tolerance = tolerance
        self._base: tuple[datetime, float] | None = None
        """A wall time and the monotonic time that belongs to it."""
        # Each of these is a distance from the wall clock.
        self._correction = timedelta(0)
        """To the Director's time, where it is known to be another."""
        self._emitted: timedelta | None = None
        """To what the Director's last answer said; None where that was the same."""
        self._carried: timedelta | None = None
        """To the time as it was before the wall clock jumped; None where it did not."""
        self._answers = 0
        """How many in a row said the same."""
        self._since = 0.0
        """When the first of them came, monotonic."""

    @property
    def trusted(self) -> bool:
        """True while nothing speaks against the wall clock."""
        return self._emitted is None and self._carried is None

    @property
    def uncertainty(self) -> ClockUncertainty | None:
        """How far from `now` the time may be; None while the wall clock is trusted."""
        if self.trusted:
            return None
        others = [each for each in (self._emitted, self._carried) if each is not None]
        distances = [each - self._correction for each in others]
        return ClockUncertainty(max(timedelta(0), -min(distances)), max(timedelta(0), *distances))

    @property
    def trouble(self) -> str:
        """What is wrong with the clock, and the remedy; empty while it is trusted."""
        if self._emitted is not None:
            seconds = -self._emitted.total_seconds()
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
        """The time: the wall clock's, corrected where the Director's is known to be another."""
        return wall + self._correction

    def observe(self, wall: datetime, monotonic: float) -> None:
        """Compare the two clocks of this machine. Called often; only a sudden step is a jump."""
        if self._base is not None:
            base_wall, base_monotonic = self._base
            step = (wall - base_wall) - timedelta(seconds=monotonic - base_monotonic)
            if abs(step) > self._tolerance:
                self._jump(step)
        self._base = (wall, monotonic)

    def _jump(self, step: timedelta) -> None:
        """The wall clock alone has moved: everything else lies as far from it as it did, and the step back."""
        before = self._correction if self._carried is None else self._carried
        self._carried = _bounded(before - step)
        if self._emitted is not None:
            self._emitted = _bounded(self._emitted - step)
        self._correction = timedelta(0)

    def confirm(self, director: datetime, wall: datetime, monotonic: float) -> None:
        """Compare the wall clock with the Director's, as an answer has just told it."""
        # A jump that nobody has looked at yet came before the answer.
        self.observe(wall, monotonic)
        skew = _bounded(director - wall)
        if abs(skew) <= self._tolerance:
            self._emitted = self._carried = None
            self._correction = timedelta(0)
            return
        if self._emitted is None or abs(skew - self._emitted) > self._tolerance:
            self._answers, self._since = 0, monotonic
        self._emitted = skew
        self._answers += 1
        if self._answers >= CONFIRMATIONS and monotonic - self._since >= CONFIRMED_AFTER_S:
            self._correction = skew
            self._carried = None


def _bounded(distance: timedelta) -> timedelta:
    return max(-_MOST, min(distance, _MOST))
