"""The market: quotes that come in as time goes on, and what they trigger."""

from decimal import Decimal

import msgspec

from bridge.paper.api import ControlError
from bridge.paper.execution import Execution
from bridge.paper.matching import charge_swaps, midnights, stop_out, stops_hit
from bridge.paper.mt5 import SymbolInfo, SymbolTradeMode, Tick
from bridge.paper.quotes import QuoteSource, RandomWalk, ScriptedQuotes
from bridge.paper.state import State


class Market:
    """Quotes, sessions and nights of one broker."""

    def __init__(self, state: State, execution: Execution) -> None:
        self._state = state
        self._desk = state.desk
        self._execution = execution
        self._sources = _sources(state)

    def advance(self, to_ms: int) -> None:
        """Live until this server time (see Broker.advance)."""
        after = self._desk.now_ms
        steps: list[tuple[int, str]] = [(at, "") for at in midnights(after, to_ms)]
        for name, source in self._sources.items():
            if name not in self._state.pinned and self._desk.symbols[name].session_open:
                steps += [(at, name) for at in source.times(after, to_ms)]
        # At one moment the night goes before its quotes: "" sorts first.
        for at, name in sorted(steps):
            self._desk.now_ms = at
            if name:
                symbol, last = self._desk.symbols[name], self._desk.quotes[name]
                self._quote(name, self._sources[name].quote(at, symbol, last))
            else:
                charge_swaps(self._desk)
        self._desk.now_ms = max(after, to_ms)

    def set_quote(self, symbol: str, bid: Decimal, ask: Decimal) -> None:
        """Quote by hand (see BrokerControl)."""
        self.known(symbol)
        if not (bid.is_finite() and ask.is_finite() and 0 < bid <= ask):
            raise ControlError(f"quote {bid}/{ask}: bid must be above 0 and not above ask")
        self._state.pinned.add(symbol)
        self._quote(symbol, Tick(time_msc=self._desk.now_ms, bid=bid, ask=ask))

    def set_trade_mode(self, symbol: str, mode: SymbolTradeMode) -> None:
        """Restrict trading (see BrokerControl)."""
        self._desk.symbols[symbol] = msgspec.structs.replace(self.known(symbol), trade_mode=mode)

    def set_session(self, symbol: str, is_open: bool) -> None:
        """Open or close a market (see BrokerControl)."""
        self._desk.symbols[symbol] = msgspec.structs.replace(self.known(symbol), session_open=is_open)

    def known(self, symbol: str) -> SymbolInfo:
        """The symbol's properties. Raises ControlError where there is none."""
        if symbol not in self._desk.symbols:
            raise ControlError(f"symbol {symbol!r} is not among {', '.join(sorted(self._desk.symbols))}")
        return self._desk.symbols[symbol]

    def _quote(self, symbol: str, tick: Tick) -> None:
        """Take a quote and do what it triggers."""
        quirks = self._state.scenario.quirks
        self._desk.quotes[symbol] = tick
        for wanted in stops_hit(self._desk, symbol, quirks):
            self._execution.execute(wanted)
        while (worst := stop_out(self._desk, quirks)) is not None:
            self._execution.execute(worst)


def _sources(state: State) -> dict[str, QuoteSource]:
    """Each symbol's source: its script where it has one, else the walk, else none: its quote stands."""
    scenario = state.scenario
    sources: dict[str, QuoteSource] = {}
    for name in state.desk.symbols:
        scripted = [quote for quote in scenario.quotes if quote.symbol == name]
        if scripted:
            sources[name] = ScriptedQuotes(state.start_ms, scripted)
        elif scenario.walk is not None:
            sources[name] = RandomWalk(scenario.seed, scenario.walk)
    return sources
