"""Requests for the symbols that the configuration names: each session asks for them before a directive does."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Final

import msgspec

from bridge.core.link.messages import Inquire
from bridge.core.link.reports import SymbolReport
from bridge.core.trade.symbol_choice import choose

ANSWER_S: Final = 5.0
"""Seconds for which an answer is awaited before anything else is asked."""
UNKNOWN_S: Final = 30.0
"""Seconds before a name that the broker does not know is asked for again: a terminal that has just started may not
have its list of symbols yet. Doubled each time."""
UNKNOWN_MAX_S: Final = 3_600.0


class _Asked(msgspec.Struct):
    exact: bool
    due: float
    """Time from which it may be asked for."""
    wait_s: float = UNKNOWN_S
    """Time to its next request, where the broker does not know it."""


class _Session(msgspec.Struct):
    epoch: int
    open: dict[str, _Asked]
    """By name; the first that is due is the next one."""
    free: float
    """Time from which something may be asked."""


class SymbolRequests:
    """Symbols without an answer in the present session, by officer. Times are seconds of the monotonic clock.

    A terminal is asked for one at a time: the inquiry of a directive waits behind one of these at most.
    """

    def __init__(self) -> None:
        self._sessions: dict[str, _Session] = {}

    def begin(self, officer: str, epoch: int, symbols: Mapping[str, bool], now: float) -> None:
        """Begin a session. `symbols`: names to ask for, each True where only that exact name counts."""
        asked = {name: _Asked(exact=exact, due=now) for name, exact in symbols.items()}
        self._sessions[officer] = _Session(epoch=epoch, open=asked, free=now)

    def note_answer(self, officer: str, epoch: int, report: SymbolReport, now: float) -> None:
        """Note that an answer is in the journal, whoever asked for it."""
        session = self._sessions.get(officer)
        asked = session.open.pop(report.asked, None) if session and session.epoch == epoch else None
        if session is None or asked is None:
            return
        session.free = now
        if report.name:
            return
        if chosen := choose(report):
            # Its own terms, which the answer about the other name does not have.
            session.open.setdefault(chosen, _Asked(exact=True, due=now))
            return
        asked.due, asked.wait_s = now + asked.wait_s, min(2 * asked.wait_s, UNKNOWN_MAX_S)
        session.open[report.asked] = asked

    def next_after(self, now: float) -> float:
        """Return the time at which the next request becomes due; infinity where none will."""
        times = (
            max(asked.due, session.free)
            for session in self._sessions.values()
            for asked in session.open.values()
        )
        return min((time for time in times if time > now), default=inf)

    def take(self, now: float, may_ask: Callable[[str, int], bool]) -> list[tuple[str, Inquire]]:
        """Return officer and inquiry for each terminal to ask now. One that cannot answer now is asked once it can.

        `may_ask` takes officer and epoch.
        """
        taken: list[tuple[str, Inquire]] = []
        for officer, session in self._sessions.items():
            name = next((name for name, asked in session.open.items() if asked.due <= now), "")
            if not name or now < session.free or not may_ask(officer, session.epoch):
                continue
            # Behind the others: one that is never answered must not keep them waiting.
            asked = session.open[name] = session.open.pop(name)
            asked.due = session.free = now + ANSWER_S
            taken.append((officer, Inquire(epoch=session.epoch, symbol=name, exact=asked.exact)))
        return taken
