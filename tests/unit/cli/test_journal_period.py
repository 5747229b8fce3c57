"""Days, weeks and months of a report."""

from datetime import UTC, date, datetime

import click
import pytest

from bridge.cli.journal.period import period

TODAY = date(2026, 12, 1)


def at(*numbers: int) -> datetime:
    return datetime(numbers[0], numbers[1], numbers[2], tzinfo=UTC)


@pytest.mark.parametrize(
    ("unit", "text", "since", "until", "name"),
    [
        ("day", None, at(2026, 12, 1), at(2026, 12, 2), "day 2026-12-01"),
        ("day", "2026-02-28", at(2026, 2, 28), at(2026, 3, 1), "day 2026-02-28"),
        ("week", None, at(2026, 11, 30), at(2026, 12, 7), "week 2026-W49, 2026-11-30 to 2026-12-06"),
        ("week", "2027-01-03", at(2026, 12, 28), at(2027, 1, 4), "week 2026-W53, 2026-12-28 to 2027-01-03"),
        ("month", "2026-12", at(2026, 12, 1), at(2027, 1, 1), "month 2026-12"),
        ("month", "2028-02-29", at(2028, 2, 1), at(2028, 3, 1), "month 2028-02"),
    ],
)
def test_period_of_a_date(unit: str, text: str | None, since: datetime, until: datetime, name: str) -> None:
    found = period(unit, text, TODAY)
    assert (found.since, found.until, found.name) == (since, until, name)


@pytest.mark.parametrize("text", ["yesterday", "2026-13", "2026-02-30", "", "9999-12-31"])
def test_text_that_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match="write one such as 2026-11-30"):
        period("day", text, TODAY)
