"""Trading hours: the weekly sessions of a symbol, in server time.

Source: MQL5 reference, SymbolInfoSessionTrade.
"""

import re
from typing import Final

from bridge.simulator.mt5.types import SymbolInfo, TradeSession

DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
"""Names in the order of ENUM_DAY_OF_WEEK."""
DAY_S: Final = 86_400
_FIRST_WEEKDAY: Final = 4
"""1 January 1970 was a Thursday."""
_CLOCK: Final = r"(\d\d):([0-5]\d)(?::([0-5]\d))?"
_SESSION: Final = re.compile(rf"([A-Z]{{3}}) {_CLOCK}-{_CLOCK}\Z")


def read_session(text: str) -> TradeSession:
    """Return the session of a text such as 'MON 00:05-24:00', or 'MON 22:00-30:00' past midnight; seconds may
    follow.

    Raises ValueError.
    """
    found = _SESSION.match(text)
    if found is None or found[1] not in DAYS:
        raise ValueError("is not like 'MON 00:05-23:55'")
    begin, end = (_second(*found.group(*groups)) for groups in ((2, 3, 4), (5, 6, 7)))
    if not begin < DAY_S or not begin < end <= 2 * DAY_S:
        raise ValueError("does not begin before 24:00 and end after its begin, by 48:00")
    return TradeSession(day=DAYS.index(found[1]), from_s=begin, to_s=end)


def is_open(symbol: SymbolInfo, server_ms: int) -> bool:
    """Return whether the symbol is traded at this server time."""
    day, second = _weekly(server_ms)
    return symbol.session_open and (
        not symbol.sessions
        or any(
            each.from_s <= second + (day - each.day) % len(DAYS) * DAY_S < each.to_s
            for each in symbol.sessions
        )
    )


def opens_at(symbol: SymbolInfo, server_ms: int) -> int | None:
    """Return the server time (ms) at which a closed symbol is traded next; None where no session says."""
    if not symbol.session_open or not symbol.sessions:
        return None
    day, second = _weekly(server_ms)
    # A session that began today is over or still to come; after the end it returns in a week.
    waits = [
        (each.day - day) % len(DAYS) * DAY_S
        + each.from_s
        - second
        + (len(DAYS) * DAY_S if each.day == day and each.from_s <= second else 0)
        for each in symbol.sessions
    ]
    return (server_ms // 1000 + min(waits)) * 1000


def weekday(server_ms: int) -> int:
    """Return the day of the week of a server time; 0 is Sunday."""
    return _weekly(server_ms)[0]


def _weekly(server_ms: int) -> tuple[int, int]:
    """Return the day of the week (0: Sunday) and the second of the day."""
    days, second = divmod(server_ms // 1000, DAY_S)
    return (days + _FIRST_WEEKDAY) % len(DAYS), second


def _second(hours: str, minutes: str, seconds: str | None) -> int:
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)
