"""Windows of the day in UTC, like '21:55-22:10'; one may pass midnight."""

import re
from datetime import UTC, datetime, time
from typing import Final

_TIME: Final = re.compile(r"[0-9]{2}:[0-9]{2}")
_WINDOW: Final = re.compile(r"[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}")


def parse_time(text: str) -> time:
    """Return the time of a text like '21:55'. Raises ValueError."""
    # fromisoformat accepts further forms, such as 21.55, with another meaning.
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text!r} is not like '21:55'")
    return time.fromisoformat(text)


def parse_window(text: str) -> tuple[time, time]:
    """Return the two times of a window like '21:55-22:10'. Raises ValueError."""
    if not _WINDOW.fullmatch(text):
        raise ValueError(f"{text!r} is not like '21:55-22:10'")
    begin, end = text.split("-")
    return parse_time(begin), parse_time(end)


def contains(window: str, now: datetime) -> bool:
    """Return True while it is a time within the window. Raises ValueError."""
    begin, end = parse_window(window)
    at = now.astimezone(UTC).time()
    return begin <= at < end if begin <= end else at >= begin or at < end
