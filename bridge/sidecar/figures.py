"""Figures that only the workers can measure: durations of polls, answers of terminals, failed posts.

They are counted in memory, whether somebody looks or not. What the journal has is not counted here.
"""

from collections import Counter, defaultdict, deque
from typing import Final

from bridge.core.director.responses import FailureKind
from bridge.core.link.messages import TerminalHeartbeat
from bridge.core.units.distribution import Distribution

HOP_BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Buckets for the time that a step on the way takes, in seconds."""
PING_BOUNDS_S: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
TIMER_BOUNDS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
LAST: Final = 500
"""Number of the last durations that are kept one by one."""
_MICROSECONDS: Final = 1_000_000


class Figures:
    """Counts and distributions, by officer where they have one. They begin with the process."""

    def __init__(self) -> None:
        self.poll_s: dict[str, Distribution] = defaultdict(lambda: Distribution(HOP_BOUNDS_S))
        """From a poll's request until its answer was read, or the poll had failed."""
        self.intake_s: dict[str, Distribution] = defaultdict(lambda: Distribution(HOP_BOUNDS_S))
        """From an answer with directives until they are in the journal."""
        self.last_poll_s: deque[float] = deque(maxlen=LAST)
        self.last_intake_s: deque[float] = deque(maxlen=LAST)
        """The last durations of each, of all officers."""
        self.ping_s: dict[str, Distribution] = defaultdict(lambda: Distribution(PING_BOUNDS_S))
        """Round trip to the broker, by each heartbeat that has one."""
        self.timer_s: dict[str, Distribution] = defaultdict(lambda: Distribution(TIMER_BOUNDS_S))
        """Longest timer call of the terminal's program between two heartbeats."""
        self.failed_polls: Counter[tuple[str, FailureKind]] = Counter()
        """Failed polls by officer and kind."""
        self.failed_posts: Counter[FailureKind] = Counter()
        """Posts of events that the Director did not accept, by kind."""

    def polled(self, officer: str, seconds: float) -> None:
        """Count a poll."""
        self.poll_s[officer].observe(seconds)
        self.last_poll_s.append(seconds)

    def poll_failed(self, officer: str, kind: FailureKind) -> None:
        """Count a poll that failed, or whose directives could not be stored."""
        self.failed_polls[officer, kind] += 1

    def taken_in(self, officer: str, seconds: float) -> None:
        """Count an answer whose directives are in the journal."""
        self.intake_s[officer].observe(seconds)
        self.last_intake_s.append(seconds)

    def heartbeat(self, officer: str, beat: TerminalHeartbeat) -> None:
        """Count what a heartbeat has. A terminal that measures nothing says 0."""
        if beat.ping_us:
            self.ping_s[officer].observe(beat.ping_us / _MICROSECONDS)
        if beat.timer_max_us:
            self.timer_s[officer].observe(beat.timer_max_us / _MICROSECONDS)

    def post_failed(self, kind: FailureKind) -> None:
        """Count a post that failed."""
        self.failed_posts[kind] += 1
