"""Conversion between broker time and UTC.

A broker's clock is not UTC, its offset changes with its daylight saving time, and no call of MQL5 returns it.
Each heartbeat carries the server's time; its distance from the sidecar's, rounded to a quarter of an hour, is
the offset in force. A deal is converted with the offset that was in force when it was made. Where the bridge did
not see the clock change, the time of the change follows from the rules of daylight saving (`place_switches`).
"""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from bridge.core.units.clock import utc_of_ms
from bridge.core.units.daylight_saving import Rule, Switch, switches

QUARTER_S: Final = 900
MAX_OFFSET_S: Final = 15 * 3600
"""No time zone is further from UTC; a larger distance is a wrong clock."""

CONFIRMATIONS: Final = 3


WEEKEND: Final = timedelta(days=2)
"""Time for which a terminal may compute the old offset after a switch: its server time follows the quotes."""
FORESEEN: Final = timedelta(days=5 * 366)
"""Time in which changes of a clock are foreseen. Rules of daylight saving time change themselves."""
CERTAIN: Final = timedelta(minutes=10)
"""Gap between two measurements in which the time of a change does not matter."""


class Offset(msgspec.Struct, frozen=True):
    """Broker time minus UTC, from `since` on."""

    since: datetime
    """Time of the measurement; after `place_switches`: time of the change."""
    seconds: int
    confirmed: datetime | None = None
    """Time of the last measurement that found the same; None: only that at `since`."""


class Unplaced(msgspec.Struct, frozen=True):
    """Change of a broker's clock whose time is not known."""

    earliest: datetime
    latest: datetime
    before_s: int
    """Offset from UTC before the change, in seconds."""
    after_s: int
    """Offset after it; as before, where the clock may have changed and changed back."""


class Placement(msgspec.Struct, frozen=True):
    """Offsets of a broker's clock from the times at which it changed."""

    offsets: list[Offset]
    unplaced: list[Unplaced]


def measure(server_ms: int, now: datetime) -> int | None:
    """Return the broker's offset from UTC in seconds, to the quarter hour; None where it cannot be one.

    `server_ms` of 0 means that the terminal does not know the broker's time yet.
    """
    if server_ms <= 0:
        return None
    distance = server_ms / 1000 - now.timestamp()
    offset = round(distance / QUARTER_S) * QUARTER_S
    return offset if abs(offset) <= MAX_OFFSET_S else None


def contradicts(seconds: int, now: datetime, measured: Sequence[Offset]) -> bool:
    """Return True where a measurement shows that the last of the measured offsets was wrong.

    That was a single one, and this one finds the offset before it, or another one so soon after it that the clock
    has hardly changed in between.
    """
    if not measured or measured[-1].confirmed is not None or measured[-1].seconds == seconds:
        return False
    returned = len(measured) > 1 and measured[-2].seconds == seconds
    return returned or abs(now - measured[-1].since) <= CERTAIN


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


def place_switches(measured: Sequence[Offset]) -> Placement:
    """Return the measured offsets (ascending by `since`), each from the time at which the clock changed to it.

    Between the last measurement of one offset and the first of the next, the bridge was off, or did not see the
    broker. The clock changed by a rule of daylight saving time that explains the difference: the one that the
    broker's other changes followed, else the one that has a change there. Without such a rule the change stands
    where it was measured.
    """
    known = _known_rule(measured)
    offsets = list(measured[:1])
    unplaced: list[Unplaced] = []
    for before, after in itertools.pairwise(measured):
        start, end = before.confirmed or before.since, after.since
        fitting = _fitting(before, after)
        changes = before.seconds != after.seconds
        rule = known if known in fitting else next(iter(fitting)) if len(fitting) == 1 and changes else None
        if rule is not None:
            placed = _applied(before, fitting[rule], start)
        elif fitting and changes:
            # Most servers end their day at 17:00 in New York, and so follow its clock.
            placed = _applied(before, fitting[Rule.US], start)
            firsts = [moves[0].at for moves in fitting.values()]
            unplaced.append(Unplaced(min(firsts), max(firsts), before.seconds, after.seconds))
        elif fitting:
            placed = []
            if known is None:
                firsts = [moves[0].at for moves in fitting.values()]
                lasts = [moves[-1].at for moves in fitting.values()]
                unplaced.append(Unplaced(min(firsts), max(lasts), before.seconds, after.seconds))
        else:
            placed = [Offset(end, after.seconds)] if changes else []
            if changes and end - start > CERTAIN:
                unplaced.append(Unplaced(start, end, before.seconds, after.seconds))
        offsets += placed
    return Placement(offsets, unplaced)


def _known_rule(measured: Sequence[Offset]) -> Rule | None:
    """Return the rule that alone explains changes of the clock; None where no rule does, or each of them."""
    found: set[Rule] = set()
    for before, after in itertools.pairwise(measured):
        fitting = _fitting(before, after)
        if before.seconds != after.seconds and len(fitting) == 1:
            found.update(fitting)
    return found.pop() if len(found) == 1 else None


def _fitting(before: Offset, after: Offset) -> dict[Rule, list[Switch]]:
    """Return the changes of each rule that explains the difference between two measurements."""
    start, difference = before.confirmed or before.since, after.seconds - before.seconds
    # The terminal may have computed the old offset until the market opened.
    for begin in (start, start - WEEKEND) if difference else (start,):
        moves = {rule: switches(rule, begin, after.since) for rule in Rule}
        fitting = {
            rule: found
            for rule, found in moves.items()
            if found and sum(each.change_s for each in found) == difference
        }
        if fitting:
            return fitting
    return {}


def _applied(before: Offset, moves: Sequence[Switch], start: datetime) -> list[Offset]:
    """Return the offsets after each change. None is before `start`, when the old offset was measured."""
    placed: list[Offset] = []
    seconds = before.seconds
    for move in moves:
        seconds += move.change_s
        placed.append(Offset(max(move.at, start), seconds))
    return placed


def to_utc(
    server_ms: int, offsets: Sequence[Offset], fallback: datetime, *, latest: datetime | None = None
) -> datetime:
    """Return the UTC of a broker's time, by the offset then in force (`offsets` ascending by `since`).

    A time before the first measurement is converted with the first. Without any measurement, or for a time of
    0, the result is `fallback` (the time of receipt). An offset by which it would lie after `latest`, by default
    `fallback`, was not the one in force, where another one explains the time.
    """
    if server_ms <= 0 or not offsets:
        return fallback
    latest = fallback if latest is None else latest
    try:
        naive = utc_of_ms(server_ms)
        times = [naive - timedelta(seconds=offset.seconds) for offset in offsets]
    except OverflowError:
        # Beyond the calendar: no time of a deal.
        return fallback
    last = len(offsets) - 1
    begun = [number for number in range(last + 1) if not number or times[number] >= offsets[number].since]
    # An hour that a clock had twice is the second, unless that is still to come.
    within = [
        number for number in reversed(begun) if number == last or times[number] < offsets[number + 1].since
    ]
    likely = [*within, *range(begun[-1], last + 1)]
    return next((times[number] for number in likely if times[number] <= latest), times[begun[-1]])


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


def expiry_server_ms(moment: datetime, measured: Sequence[Offset], now: datetime) -> int:
    """Return the broker's time of an expiry in the future, in milliseconds: the earliest that it may be.

    The broker's clock may change before. By which rule it does follows from its other changes; until one was seen,
    an order rather leaves an hour early than an hour late.
    """
    offset = measured[-1].seconds if measured else 0
    known = _known_rule(measured)
    if moment - now > FORESEEN:
        changes = {0}
    elif known is not None:
        changes = {_sum_of(known, now, moment)}
    else:
        changes = {0, *(_sum_of(rule, now, moment) for rule in Rule if not _ignores(rule, measured))}
    return int((moment.timestamp() + offset + min(changes)) * 1000)


def _sum_of(rule: Rule, after: datetime, until: datetime) -> int:
    return sum(each.change_s for each in switches(rule, after, until))


def _ignores(rule: Rule, measured: Sequence[Offset]) -> bool:
    """Return True where the broker's clock kept an offset through a change of the rule."""
    return any(
        switches(rule, offset.since, offset.confirmed - WEEKEND)
        for offset in measured
        if offset.confirmed is not None and offset.confirmed - WEEKEND > offset.since
    )
