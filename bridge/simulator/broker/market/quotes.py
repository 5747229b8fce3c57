"""Quote sources: a seeded random walk, and scripted quotes.

A source is a pure function of time without state, so a restarted broker continues with the same quotes.
"""

from hashlib import blake2b
from typing import Final, Protocol

from bridge.simulator.broker.scenario import RandomWalk, ScriptedQuote
from bridge.simulator.mt5.types import SymbolInfo, Tick

MAX_WALK: Final = 600
"""Largest number of quotes that one advance of time adds. A broker that was not called for a day need not compute
every second of it."""


class QuoteSource(Protocol):
    """Quotes of one symbol."""

    def times(self, after_ms: int, to_ms: int) -> list[int]:
        """Return the server times (ms) within (after_ms, to_ms] that have a quote, ascending."""
        ...

    def quote(self, at_ms: int, symbol: SymbolInfo, last: Tick) -> Tick:
        """Return the quote of such a time, given the last one."""
        ...


class RandomWalkQuotes:
    """Random walk: bid and ask move together by up to `step_points` at every multiple of `interval_ms`."""

    def __init__(self, seed: int, walk: RandomWalk) -> None:
        self._seed = seed
        self._walk = walk

    def times(self, after_ms: int, to_ms: int) -> list[int]:
        interval = self._walk.interval_ms
        first, last = after_ms // interval + 1, to_ms // interval
        return [n * interval for n in range(max(first, last - MAX_WALK + 1), last + 1)]

    def quote(self, at_ms: int, symbol: SymbolInfo, last: Tick) -> Tick:
        reach = self._walk.step_points
        # A hash and no generator: the step depends on the time alone, not on the number of calls.
        digest = blake2b(f"{self._seed}/{symbol.name}/{at_ms}".encode(), digest_size=8).digest()
        move = (int.from_bytes(digest) % (2 * reach + 1) - reach) * symbol.point
        if 0 < last.bid + move < symbol.point * 1000 and move < 0:  # a price above 0 stays there
            move = -move
        return Tick(time_msc=at_ms, bid=last.bid + move, ask=last.ask + move)


class ScriptedQuotes:
    """Quotes of a scenario. Of several at one time, the last counts."""

    def __init__(self, start_ms: int, quotes: list[ScriptedQuote]) -> None:
        self._quotes = {start_ms + quote.at_ms: quote for quote in quotes}

    def times(self, after_ms: int, to_ms: int) -> list[int]:
        return sorted(at for at in self._quotes if after_ms < at <= to_ms)

    def quote(self, at_ms: int, symbol: SymbolInfo, last: Tick) -> Tick:
        scripted = self._quotes[at_ms]
        return Tick(time_msc=at_ms, bid=scripted.bid, ask=scripted.ask)
