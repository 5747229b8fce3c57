"""Challenges that no terminal answers: one with another link key goes away at the sidecar's proof."""

from typing import Final

import msgspec

LATELY_S: Final = 120.0
"""Seconds after the last hello in which they count. A terminal says hello again at least once a minute."""
LEAST: Final = 2
"""Least number that counts: one may be a terminal that was ended meanwhile."""


class _Row(msgspec.Struct):
    count: int = 0
    last: float = 0.0


class Unanswered:
    """Counts challenges in a row, by officer. Times are on the monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}

    def challenged(self, officer: str, now: float) -> None:
        """Count a challenge."""
        row = self._rows.setdefault(officer, _Row())
        row.count, row.last = row.count + 1, now

    def answered(self, officer: str) -> None:
        """Forget the officer's: its terminal accepted the sidecar's proof."""
        self._rows.pop(officer, None)

    def count(self, officer: str, now: float) -> int:
        """Return the number of the officer's in a row; 0 where they are too few, or too long ago."""
        row = self._rows.get(officer)
        return row.count if row is not None and row.count >= LEAST and now - row.last <= LATELY_S else 0
