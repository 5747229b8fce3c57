"""Holders of a directive, one after the other: Director, sidecar, terminal with its broker, until its outcome."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from bridge.core.director.contract import utc_text
from bridge.core.units.elapsed import seconds_between
from bridge.journal.views.executions import Execution
from bridge.status.overview import Table
from bridge.status.texts import clock_time, seconds_text

HOLDERS: Final = ("Director", "sidecar", "terminal and broker", "sidecar", "Director")
"""Holder from each moment of an execution on."""
TITLE: Final = "Who had it when, until the Director had its outcome"
BAR: Final = 24
"""Characters of a bar."""


class Held(NamedTuple):
    """Time for which one of them had a directive."""

    holder: str
    since: str
    """Its begin, as the journal writes times."""
    seconds: float
    """Never below 0, although the Director's clock may be ahead of ours."""
    begin: float
    """Part of the whole way that was over by then, 0 to 1."""
    part: float
    """Part of the whole way that it took."""


def held(received_at: str, done: Execution) -> list[Held]:
    """Return who had a directive in which order. A moment that is not known ends nothing."""
    known = [
        (holder, at if isinstance(at, str) else utc_text(at))
        for holder, at in zip(HOLDERS, done.moments(received_at), strict=True)
        if at is not None
    ]
    took_s = [max(seconds_between(since, until), 0.0) for (_, since), (_, until) in pairwise(known)]
    whole_s, made = sum(took_s) or 1.0, list[Held]()
    for (holder, since), each in zip(known, took_s, strict=False):
        begin = made[-1].begin + made[-1].part if made else 0.0
        made.append(Held(holder, since, each, begin, each / whole_s))
    return made


def holders_table(rows: Sequence[Held]) -> Table:
    """Return them in words, each with a bar at its place on the whole way."""
    return Table(
        TITLE,
        ("who", "since (UTC)", "for", "of the whole"),
        [
            (each.holder, clock_time(each.since), seconds_text(each.seconds), _bar(each.begin, each.part))
            for each in rows
        ],
    )


def _bar(begin: float, part: float) -> str:
    """Return a bar of one character at least."""
    first = min(int(begin * BAR), BAR - 1)
    last = max(min(round((begin + part) * BAR), BAR), first + 1)
    return "." * first + "#" * (last - first) + "." * (BAR - last)
