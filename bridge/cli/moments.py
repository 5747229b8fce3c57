"""Periods that a person types: since a time, or the last so much time. Without a zone a time is UTC, as the journal
shows it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import click

_UNITS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
# Of so many digits, the longest duration does not reach back to the first of all times.
_DURATION: Final = re.compile(r"(\d{1,5})\s*([a-z]+)", re.ASCII)


class MomentType(click.ParamType[datetime]):
    """Date, or date and time: 2026-11-30, 2026-11-30T14:00, 2026-11-30 14:00:00+01:00. Aware."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(
                f"{str(value)!r} is no time; write one such as 2026-11-30 or 2026-11-30T14:00 (UTC).",
                param,
                ctx,
            )


class DurationType(click.ParamType[timedelta]):
    """Whole number with a unit: 30min, 2h, 7d."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = _DURATION.fullmatch(str(value).strip())
        if found is None or found[2] not in _UNITS:
            self.fail(
                f"{str(value)!r} is no duration; write a whole number with {', '.join(_UNITS)}, such as 2h.",
                param,
                ctx,
            )
        return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


MOMENT: Final = MomentType()
DURATION: Final = DurationType()
