"""Median, 95th percentile and largest of a list of numbers."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

N = TypeVar("N", float, Decimal)


class Quantiles(msgspec.Struct, Generic[N], frozen=True):
    """Numbers in short. Each is one of them: the nearest rank, and no mean of two."""

    count: int
    median: N
    p95: N
    largest: N


def quantiles(numbers: Sequence[N]) -> Quantiles[N] | None:
    """Return the quantiles; None for no numbers."""
    if not numbers:
        return None
    ordered = sorted(numbers)

    def rank(part: float) -> N:
        return ordered[max(math.ceil(part * len(ordered)), 1) - 1]

    return Quantiles(len(ordered), rank(0.5), rank(0.95), ordered[-1])
