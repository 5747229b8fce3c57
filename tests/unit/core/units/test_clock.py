"""Time passed since a moment."""

from datetime import timedelta

import pytest

from bridge.core.units.clock import has_passed
from tests.unit.core.samples import NOW


@pytest.mark.parametrize(
    ("ago_s", "passed"),
    [(0, False), (9.999, False), (10, True), (1e8, True), (-0.001, True), (-5, True), (-1e8, True)],
)
def test_a_pause_is_over_in_its_time_and_for_a_moment_of_the_future_at_once(
    ago_s: float, passed: bool
) -> None:
    assert has_passed(timedelta(seconds=10), NOW - timedelta(seconds=ago_s), NOW) is passed
