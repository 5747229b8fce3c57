"""Distribution: every observation is in one bucket, and the buckets add up."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.core.units.distribution import Distribution

BOUNDS = (0.1, 1.0, 10.0)


def test_observation_counts_in_each_bucket_whose_bound_it_does_not_exceed() -> None:
    found = Distribution(BOUNDS)
    for value in (0.05, 0.1, 0.5, 10.0, 11.0):
        found.observe(value)
    assert list(found.cumulative()) == [(0.1, 2), (1.0, 3), (10.0, 4), (float("inf"), 5)]
    assert found.count == 5


def test_negative_observation_counts_as_zero() -> None:
    found = Distribution(BOUNDS)
    found.observe(-3.0)
    assert (found.count, found.total) == (1, 0.0)


@given(st.lists(st.floats(-10, 1_000)))
def test_last_bucket_has_every_observation_and_no_bucket_has_more_than_the_next(values: list[float]) -> None:
    found = Distribution(BOUNDS)
    for value in values:
        found.observe(value)
    counts = [count for _, count in found.cumulative()]
    assert counts == sorted(counts)
    assert counts[-1] == found.count == len(values)
    assert all(
        count == sum(max(value, 0.0) <= bound for value in values) for bound, count in found.cumulative()
    )
