"""Distribution of observed durations over fixed buckets: its size does not depend on how many there were."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate


class Distribution:
    """Counts of observations at most each bound, and their sum."""

    __slots__ = ("_counts", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        """`bounds`: upper bounds of the buckets, ascending. What is above the last one has a bucket of its own."""
        self.bounds = tuple(bounds)
        self._counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0
        """Sum of the observations."""

    def observe(self, value: float) -> None:
        """Count one observation. A negative one, which a corrected clock can cause, counts as 0."""
        value = max(value, 0.0)
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        """Number of the observations."""
        return sum(self._counts)

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """Yield each bound with the number of observations at most that; infinity last."""
        return zip((*self.bounds, float("inf")), accumulate(self._counts), strict=True)
