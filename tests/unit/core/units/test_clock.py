"""Time passed since a moment, and milliseconds as a time."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.core.units.clock import has_passed, utc_of_ms
from tests.unit.core.samples import NOW


@pytest.mark.parametrize(
    ("ago_s", "passed"),
    [(0, False), (9.999, False), (10, True), (1e8, True), (-0.001, True), (-5, True), (-1e8, True)],
)
def test_a_pause_is_over_in_its_time_and_for_a_moment_of_the_future_at_once(
    ago_s: float, passed: bool
) -> None:
    assert has_passed(timedelta(seconds=10), NOW - timedelta(seconds=ago_s), NOW) is passed


@pytest.mark.parametrize(
    ("epoch_ms", "moment"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        (1_767_607_200_001, datetime(2026, 1, 5, 10, 0, 0, 1_000, tzinfo=UTC)),
        (32_535_244_800_000, datetime(3001, 1, 1, 8, 0, tzinfo=UTC)),  # beyond the C library of Windows
        (253_402_300_799_999, datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
    ],
)
def test_milliseconds_are_converted_to_the_last_digit(epoch_ms: int, moment: datetime) -> None:
    assert utc_of_ms(epoch_ms) == moment


def test_time_beyond_the_calendar_is_an_overflow() -> None:
    with pytest.raises(OverflowError):
        utc_of_ms(253_402_300_800_000)
