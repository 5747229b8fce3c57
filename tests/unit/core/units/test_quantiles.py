"""Median, 95th percentile and largest."""

import pytest

from bridge.core.units.quantiles import Quantiles, quantiles


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ([], None),
        ([3.0], Quantiles(1, 3.0, 3.0, 3.0)),
        ([2.0, 1.0], Quantiles(2, 1.0, 2.0, 2.0)),
        ([float(each) for each in range(1, 101)], Quantiles(100, 50.0, 95.0, 100.0)),
    ],
)
def test_quantiles_are_of_the_nearest_rank(numbers: list[float], found: Quantiles[float] | None) -> None:
    assert quantiles(numbers) == found
