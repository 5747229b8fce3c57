"""Conversion between broker time and UTC.

A broker's clock is not UTC, its offset changes with its daylight saving time, and no call of MQL5 returns it.
Each heartbeat carries the server's time; its distance from the sidecar's, rounded to a quarter of an hour, is
the offset in force. A deal is converted with the offset that was in force when it was made.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

QUARTER_S: Final = 900
MAX_OFFSET_S: Final = 15 * 3600
"""No time zone is further from UTC; a larger distance is a wrong clock."""

CONFIRMATIONS: Final = 3


class Offset(msgspec.Struct, frozen=True):
    """Broker time minus UTC, from `since` on."""

    since: datetime
    seconds: int


def measure(server_ms: int, now: datetime) -> int | None:
    """Return the broker's offset from UTC in seconds, to the quarter hour; None where it cannot be one.

    `server_ms` of 0 means that the terminal does not know the broker's time yet.
    """
    if server_ms <= 0:
        return None
    distance = server_ms / 1000 - now.timestamp()
    offset = round(distance / QUARTER_S) * QUARTER_S
    return offset if abs(offset) <= MAX_OFFSET_S else None


class OffsetWatch:
    """Offset in force, from measurements of which single ones may be stale.

    A heartbeat that waited in a buffer measures too little. A new offset counts once it was measured
    `CONFIRMATIONS` times in a row.
    """

    def __init__(self, seconds: int | None) -> None:
        """`seconds`: the offset in force; None where none was measured yet."""
        self._seconds = seconds
        self._other = seconds
        self._times = 0

    def observe(self, server_ms: int, now: datetime) -> int | None:
        """Take one measurement. Return the new offset in seconds where it changed the one in force, else None."""
        measured = measure(server_ms, now)
        if measured is None or measured == self._seconds:
            self._times = 0
            return None
        self._times = self._times + 1 if measured == self._other else 1
        self._other = measured
        if self._times < CONFIRMATIONS:
            return None
        self._seconds = measured
        self._times = 0
        return measured


def to_utc(server_ms: int, offsets: Sequence[Offset], fallback: datetime) -> datetime:
    """Return the UTC of a broker's time, by the offset then in force (`offsets` ascending by `since`).

    A time before the first measurement is converted with the first. Without any measurement, or for a time of
    0, the result is `fallback` (the time of receipt).
    """
    if server_ms <= 0 or not offsets:
        return fallback
    try:
        naive = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=server_ms)
        chosen = offsets[0]
        for offset in offsets:
            if naive - timedelta(seconds=offset.seconds) >= offset.since:
                chosen = offset
        return naive - timedelta(seconds=chosen.seconds)
    except OverflowError:
        # Beyond the calendar: no time of a deal.
        return fallback


def in_force(offsets: Sequence[Offset], moment: datetime) -> int | None:
    """Return the offset at a moment of UTC, in seconds: the first before any measurement, None without one."""
    seconds = None
    for offset in offsets:
        if offset.since <= moment or offset is offsets[0]:
            seconds = offset.seconds
    return seconds


def to_server_ms(moment: datetime, offsets: Sequence[Offset]) -> int:
    """Return the broker's time at a moment of UTC, in milliseconds; UTC itself without a measurement."""
    return int((moment.timestamp() + (in_force(offsets, moment) or 0)) * 1000)
