"""Times and durations that a person types."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from bridge.cli.moments import DURATION, MOMENT


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-30", datetime(2026, 11, 30, tzinfo=UTC)),
        ("2026-11-30T14:00", datetime(2026, 11, 30, 14, tzinfo=UTC)),
        ("2026-11-30 14:00:05Z", datetime(2026, 11, 30, 14, 0, 5, tzinfo=UTC)),
        ("2026-11-30T14:00+01:00", datetime(2026, 11, 30, 13, tzinfo=UTC)),
    ],
)
def test_time_without_a_zone_is_utc(typed: str, meant: datetime) -> None:
    assert MOMENT.convert(typed, None, None) == meant


@pytest.mark.parametrize("typed", ["", "yesterday", "30.11.2026", "2026-02-30", "0001-01-01T00:00+14:00"])
def test_text_that_is_no_time_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(click.BadParameter, match=r"is no time; write one such as 2026-11-30 "):
        MOMENT.convert(typed, None, None)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("45s", timedelta(seconds=45)),
        ("30min", timedelta(minutes=30)),
        ("2 h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_duration_has_a_number_and_a_unit(typed: str, meant: timedelta) -> None:
    assert DURATION.convert(typed, None, None) == meant


def test_longest_duration_reaches_back_to_a_time() -> None:
    assert (datetime(2026, 1, 1, tzinfo=UTC) - DURATION.convert("99999w", None, None)).year == 109


@pytest.mark.parametrize("typed", ["", "2", "h", "-2h", "2 months", "2m", "1.5h", "100000d"])
def test_text_that_is_no_duration_is_refused_with_the_units(typed: str) -> None:
    with pytest.raises(click.BadParameter, match="is no duration; write a whole number with s, min, h, d, w"):
        DURATION.convert(typed, None, None)
