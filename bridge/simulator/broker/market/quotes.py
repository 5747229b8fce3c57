"""Where quotes come from: a seeded random walk, or a script.

A source is a pure function of time: it keeps nothing, so a restarted broker goes on with the same quotes.
"""

from hashlib import blake2b
from typing import Final, Protocol

from bridge.simulator.broker.scenario import ScriptedQuote, Walk
from bridge.simulator.mt5.types import SymbolInfo, Tick

MAX_WALK: Final = 600
"""The longest stretch of a walk, in quotes, that one step of time makes up for. A market that nobody
watched for a day need not be walked through second by second."""


class QuoteSource(Protocol):
    """One symbol's quotes."""

    def times(self, after_ms: int, to_ms: int) -> list[int]:
        """The moments within (after_ms, to_ms] that bring a quote, ascending, in server milliseconds."""
        ...

    def quote(self, at_ms: int, symbol: SymbolInfo, last: Tick) -> Tick:
        """The quote of such a moment, given the last one."""
        ...


class RandomWalk:
    """Moves bid and ask together by up to `step_points` either way, at every multiple of `interval_ms`."""

    def __init__(self, seed: int, walk: Walk) -> None:
        self._seed = seed
        self._walk = walk

    def times(self, after_ms: int, to_ms: int) -> list[int]:
        interval = self._walk.interval_ms
        first, last = after_ms // interval + 1, to_ms // interval
        return [n * interval for n in range(max(first, last - MAX_WALK + 1), last + 1)]

    def quote(self, at_ms: int, symbol: SymbolInfo, last: Tick) -> Tick:
        reach = self._walk.step_points
        # Hashed, not drawn: the step depends on the moment alone, never on how often anybody asked.
        digest = blake2b(f"{self._seed}/{symbol.name}/{at_ms}".encode(), digest_size=8).digest()
        move = (int.from_bytes(digest) % (2 * reach + 1) - reach) * symbol.point
        if last.bid + move < symbol.point * 1000:  # a price stays a price
            move = -move
        return Tick(time_msc=at_ms, bid=last.bid + move, ask=last.ask + move)


class ScriptedQuotes:
    """Quotes that a scenario wrote down. Of several at one moment, the last counts."""

    def __init__(self, start_ms: int, quotes: list[ScriptedQuote]) -> None:
        self._quotes = {start_ms + quote.at_ms: quote for quote in quotes}

    def times(self, after_ms: int, to_ms: int) -> list[int]:
        return sorted(at for at in self._quotes if after_ms < at <= to_ms)

    def quote(self, at_ms: int, symbol: SymbolInfo, last: Tick) -> Tick:
        scripted = self._quotes[at_ms]
        return Tick(time_msc=at_ms, bid=scripted.bid, ask=scripted.ask)
