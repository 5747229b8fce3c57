"""Times of the Director: ISO 8601 as the usual platforms write it.

    2026-01-04T10:00:00Z                 the contract
    2026-01-04T10:00:00.1234567Z         .NET: digits behind the sixth are cut, never rounded up
    2026-01-04 10:00:00+00               PostgreSQL
    2026-01-04 10:00:00 +0000            Ruby, SQL Server
    2026-01-04 10:00:00 UTC              Ruby
    2026-01-04T10:00Z                    Java, at a whole minute
    2026-01-04T11:00+01:00[Europe/Paris] Java, with the name of the zone (RFC 9557): the offset counts

A time without a zone is none. Some platforms have no absent time and send a first or last one in its place, often
without a zone: "not set" is 0001-01-01T00:00:00 (Go, .NET), "never" is any time from the year 3000 on, or
PostgreSQL's infinity.
"""

import re
from datetime import UTC, datetime
from typing import Final

NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""Expiry that is never reached."""

LAST_YEAR: Final = 2999
"""Last year that is read as such. MQL5's datetime ends in the year 3000 (MQL5 reference, Datetime type)."""

_TIME: Final = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<minute>\d\d:\d\d)(?P<second>:\d\d)?(?:[.,](?P<fraction>\d+))?"
    r"(?: (?=[+\-U]))?(?P<zone>[Zz]|UTC|[+-]\d\d(?::?\d\d)?)(?:\[[A-Za-z0-9_+\-./]{1,64}\])?",
    re.ASCII,
)
_NOT_SET: Final = re.compile(r"0001-01-01[T ]00:00(:00(\.0+)?)?(Z|\+00(:?00)?)?", re.ASCII)
_LONG_YEAR: Final = re.compile(r"\+\d{5,}-\d\d-\d\d[T ]", re.ASCII)
"""Year beyond 9999, as Java and JavaScript write their last times."""


def parse_time(text: str) -> datetime | None:
    """Return the aware UTC time of an ISO 8601 text; None where it is none, or has no zone."""
    found = _TIME.fullmatch(text)
    if found is None or (found["fraction"] and not found["second"]):
        return None
    fraction = (found["fraction"] or "0")[:6].ljust(6, "0")
    zone = "+00:00" if found["zone"] in ("Z", "z", "UTC") else found["zone"]
    try:
        moment = datetime.fromisoformat(
            f"{found['date']}T{found['minute']}{found['second'] or ':00'}.{fraction}{zone}"
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        # No such day or hour, or its time in UTC is before the first or behind the last of all times.
        return None


def is_not_set(text: str) -> bool:
    """Return True for the time that platforms without an absent time send for it."""
    return _NOT_SET.fullmatch(text) is not None


def parse_expiry(text: str) -> datetime | None:
    """Return the aware UTC time of an expiry, NEVER for one that is never reached; None where it is no time."""
    if text.lower() == "infinity" or _LONG_YEAR.match(text) or _starts_beyond(text):
        return NEVER
    moment = parse_time(text)
    return NEVER if moment is not None and moment.year > LAST_YEAR else moment


def _starts_beyond(text: str) -> bool:
    # Some of these are beyond the last time of Python once they are turned to UTC. .NET's DateTime.MaxValue and
    # Python's datetime.max have no zone, and are beyond in every one.
    found = _TIME.fullmatch(text) or _TIME.fullmatch(f"{text}Z")
    return found is not None and int(found["date"][:4]) > LAST_YEAR
