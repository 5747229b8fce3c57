"""Periods of a report: a day, a week or a month of UTC, by one date in it."""

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

import click
import msgspec

_MONTH: Final = re.compile(r"\d{4}-\d{2}", re.ASCII)


class Period(msgspec.Struct, frozen=True):
    """Time from `since` until before `until`, aware UTC."""

    name: str
    since: datetime
    until: datetime


def period(unit: str, text: str | None, today: date) -> Period:
    """Return the day, week (Monday to Sunday) or month of a date; None: of today. Raises click.UsageError."""
    try:
        given = _date(text, today)
        match unit:
            case "month":
                first = given.replace(day=1)
                end = first + timedelta(days=calendar.monthrange(given.year, given.month)[1])
                name = f"month {first:%Y-%m}"
            case "week":
                first = given - timedelta(days=given.weekday())
                end = first + timedelta(days=7)
                name = f"week {first:%G-W%V}, {first} to {end - timedelta(days=1)}"
            case _:
                first, end = given, given + timedelta(days=1)
                name = f"day {first}"
        return Period(name, _begin(first), _begin(end))
    except (ValueError, OverflowError) as error:
        raise click.UsageError(
            f"{text!r} is no date; write one such as 2026-11-30, or 2026-11 for a month."
        ) from error


def _date(text: str | None, today: date) -> date:
    if text is None:
        return today
    return date.fromisoformat(f"{text}-01" if _MONTH.fullmatch(text) else text)


def _begin(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
