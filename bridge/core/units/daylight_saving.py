"""Times at which daylight saving time begins and ends in the European Union and in the United States.

The clocks of most trade servers follow one of them. The rules are computed, since a computer need not have a
database of time zones: Windows has none that Python reads.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import assert_never

import msgspec

HOUR_S = 3600


class Rule(StrEnum):
    """Rule by which a clock changes twice a year."""

    EU = "EU"
    """Last Sunday of March and of October, at 01:00 UTC."""
    US = "US"
    """Second Sunday of March and first of November, at 02:00 in New York."""


class Switch(msgspec.Struct, frozen=True):
    """Change of a clock."""

    at: datetime
    """Time in UTC."""
    change_s: int
    """Seconds by which the clock is put forward; below 0: back."""


def switches(rule: Rule, after: datetime, until: datetime) -> list[Switch]:
    """Return the rule's changes after one time of UTC and up to another, in their order."""
    found = [each for year in range(after.year, until.year + 1) for each in _of_year(rule, year)]
    return [each for each in found if after < each.at <= until]


def _of_year(rule: Rule, year: int) -> tuple[Switch, Switch]:
    match rule:
        case Rule.EU:
            return (
                Switch(_last_sunday(year, 3) + timedelta(hours=1), HOUR_S),
                Switch(_last_sunday(year, 10) + timedelta(hours=1), -HOUR_S),
            )
        case Rule.US:
            # 02:00 is 07:00 UTC before the change in spring, and 06:00 UTC before that in autumn.
            return (
                Switch(_sunday(year, 3, 2) + timedelta(hours=7), HOUR_S),
                Switch(_sunday(year, 11, 1) + timedelta(hours=6), -HOUR_S),
            )
        case _:
            assert_never(rule)


def _sunday(year: int, month: int, number: int) -> datetime:
    """Return midnight of the month's first Sunday, second Sunday, ..."""
    first = datetime(year, month, 1, tzinfo=UTC)
    return first + timedelta(days=(7 - first.isoweekday()) % 7, weeks=number - 1)


def _last_sunday(year: int, month: int) -> datetime:
    """Return midnight of the last Sunday of a month with 31 days."""
    last = datetime(year, month, 31, tzinfo=UTC)
    return last - timedelta(days=last.isoweekday() % 7)
