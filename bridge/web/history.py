"""Figures that the journal has: times of the steps, events by type, sessions. Read where somebody looks."""

import sqlite3
from collections import Counter, defaultdict
from typing import Final

from bridge.core.units.distribution import Distribution
from bridge.journal.views import hops
from bridge.journal.views.hops import Connected, Emitted, Hop, Took
from bridge.sidecar.figures import HOP_BOUNDS_S

MOST_ROWS: Final = 20_000
"""Most rows of the audit in one reading; the next one goes on."""


class History:
    """Counts of what the audit has had since a row."""

    def __init__(self) -> None:
        self.hops_s: dict[tuple[Hop, str], Distribution] = defaultdict(lambda: Distribution(HOP_BOUNDS_S))
        """Durations by step and officer."""
        self.events: Counter[tuple[str, str, str]] = Counter()
        """Events by officer, type, and code of the error; '' for none."""
        self.sessions: Counter[str] = Counter()
        """Sessions of terminals that began, by officer."""
        self._seq: int | None = None
        """Number of the last row that was counted; None before the first reading."""

    def begin(self, connection: sqlite3.Connection) -> None:
        """Count from here on, as a process does that begins now."""
        if self._seq is None:
            self._seq = hops.last_seq(connection)

    def read(self, connection: sqlite3.Connection) -> None:
        """Count what has come since the last reading."""
        self.begin(connection)
        self._seq, found = hops.after(connection, self._seq or 0, limit=MOST_ROWS)
        for each in found:
            match each:
                case Took():
                    self.hops_s[each.hop, each.officer].observe(each.seconds)
                case Emitted():
                    self.events[each.officer, each.event_type, each.error_code] += 1
                case Connected():
                    self.sessions[each.officer] += 1
