"""Time between two moments, each a time of the journal in ISO 8601 or a datetime."""

from datetime import datetime


def seconds_between(since: str | datetime, until: str | datetime) -> float:
    """Return the seconds from one moment to another; negative where the second one is the earlier."""
    return (_moment(until) - _moment(since)).total_seconds()


def _moment(value: str | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
