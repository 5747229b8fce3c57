"""Recent activity in words: events, fills against the price, times of the steps, directives and their steps."""

import statistics
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from bridge.core.units.decimals import plain
from bridge.journal.views.activity import EventLine, FillLine
from bridge.journal.views.hops import Hop
from bridge.journal.views.lists import DirectiveRow, TimelineRow
from bridge.status.overview import Table
from bridge.status.texts import clock_time, seconds_text
from bridge.status.timeline import content, what


def events_table(rows: Iterable[EventLine]) -> Table:
    """Return the last events."""
    return Table(
        "Last events",
        ("time (UTC)", "officer", "directive", "event", "class", "what", "delivery", "error"),
        [
            (
                clock_time(row.created_at, fraction=False),
                row.officer,
                row.directive_id or "",
                row.event_type,
                row.event_class,
                " ".join(
                    part
                    for part in (_number(row.quantity), row.symbol or "", f"at {_number(row.price)}")
                    if part and (row.price is not None or not part.startswith("at "))
                ),
                row.state,
                row.error or "",
            )
            for row in rows
        ],
    )


def fills_table(rows: Iterable[FillLine]) -> Table:
    """Return the last fills of opens, with the difference from the directive's price."""
    return Table(
        "Fills against the price asked for",
        ("time (UTC)", "officer", "directive", "what", "asked", "filled", "slippage"),
        [
            (
                clock_time(row.created_at, fraction=False),
                row.officer,
                row.directive_id,
                " ".join(part for part in (row.action, _number(row.quantity), row.symbol) if part),
                _number(row.asked),
                _number(row.filled),
                _slippage(row),
            )
            for row in rows
        ],
    )


def _slippage(row: FillLine) -> str:
    """Return the difference in the price, and for whom it is better."""
    difference = Decimal(_number(row.filled)) - Decimal(_number(row.asked))
    against = difference if row.action == "OPEN_LONG" else -difference
    if not against:
        return "none"
    return f"{plain(abs(against))} {'worse' if against > 0 else 'better'}"


def hops_table(recent_s: Mapping[Hop, Collection[float]]) -> Table:
    """Return the times of the steps, of the last that were measured."""
    return Table(
        "Time of each step",
        ("step", "measured", "median", "95 %", "longest", "meaning"),
        [
            (
                str(hop),
                str(len(found)),
                seconds_text(statistics.median(found)),
                seconds_text(sorted(found)[min(int(len(found) * 0.95), len(found) - 1)]),
                seconds_text(max(found)),
                hop.meaning,
            )
            for hop in Hop
            if (found := recent_s.get(hop))
        ],
    )


def directives_table(title: str, rows: Iterable[DirectiveRow]) -> Table:
    """Return directives in the order of the rows."""
    return Table(
        title,
        ("received (UTC)", "officer", "directive", "what", "state", "undelivered", "error"),
        [
            (
                clock_time(row.received_at, fraction=False),
                row.officer,
                row.directive_id,
                what(row),
                row.state,
                str(row.undelivered or ""),
                row.error_message,
            )
            for row in rows
        ],
    )


def steps_table(directive_id: str, rows: Iterable[TimelineRow]) -> Table:
    """Return every step of a directive, as `journal show` has it."""
    return Table(
        f"Directive {directive_id}",
        ("seq", "time (UTC)", "step", "what", "content"),
        [(str(row.seq), clock_time(row.at), row.kind, row.subject, content(row.body)) for row in rows],
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.15g}"
