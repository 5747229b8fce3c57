"""The market: quotes that come in as time goes on, and what they trigger."""

from decimal import Decimal

import msgspec

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.execution.orders import Execution
from bridge.simulator.broker.execution.symbol_checks import hedges
from bridge.simulator.broker.execution.triggers import (
    bared_overnight,
    charge_swaps,
    dropped_overnight,
    expired,
    expiry_times,
    midnights,
    orders_reached,
    stop_out,
    stops_hit,
    waits_for_stop,
)
from bridge.simulator.broker.market.hours import is_open
from bridge.simulator.broker.market.quotes import QuoteSource, RandomWalk, ScriptedQuotes
from bridge.simulator.broker.state import State
from bridge.simulator.mt5.types import Order, OrderFilling, OrderState, SymbolInfo, SymbolTradeMode, Tick

_NIGHT, _EXPIRY, _QUOTE = range(3)
"""What a moment can bring, in the order in which it does."""


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
        steps = [(at, _NIGHT, "") for at in midnights(after, to_ms)]
        steps += [(at, _EXPIRY, "") for at in expiry_times(self._desk, after, to_ms)]
        for name, source in self._sources.items():
            if name not in self._state.pinned:
                symbol = self._desk.symbols[name]
                steps += [(at, _QUOTE, name) for at in source.times(after, to_ms) if is_open(symbol, at)]
        # At one moment the night goes before expiry, and expiry before the quotes.
        for at, kind, name in sorted(steps):
            self._desk.now_ms = at
            if kind == _NIGHT:
                self._night()
            elif kind == _EXPIRY:
                self._expire()
            else:
                symbol, last = self._desk.symbols[name], self._desk.quotes[name]
                self._quote(name, self._sources[name].quote(at, symbol, last))
        self._desk.now_ms = max(after, to_ms)

    def _night(self) -> None:
        charge_swaps(self._desk)
        for ticket in dropped_overnight(self._desk):
            self._execution.end(ticket, OrderState.EXPIRED)
        for ticket in bared_overnight(self._desk):
            self._execution.change_stops(ticket, ZERO, ZERO)

    def _expire(self) -> None:
        for ticket in expired(self._desk):
            self._execution.end(ticket, OrderState.EXPIRED)

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

    def set_symbol(self, symbol: SymbolInfo) -> None:
        """Change a symbol's terms (see BrokerControl)."""
        self.known(symbol.name)
        self._desk.symbols[symbol.name] = symbol

    def known(self, symbol: str) -> SymbolInfo:
        """The symbol's properties. Raises ControlError where there is none."""
        if symbol not in self._desk.symbols:
            raise ControlError(f"symbol {symbol!r} is not among {', '.join(sorted(self._desk.symbols))}")
        return self._desk.symbols[symbol]

    def _quote(self, symbol: str, tick: Tick) -> None:
        """Take a quote and do what it triggers."""
        quirks = self._state.scenario.quirks
        self._desk.quotes[symbol] = tick
        for ticket in orders_reached(self._desk, symbol):
            # One that was reached before may have ended it.
            if ticket in self._desk.book.orders:
                self._reached(self._desk.book.orders[ticket])
        for wanted in stops_hit(self._desk, symbol, quirks):
            self._execution.execute(wanted)
        while (worst := stop_out(self._desk, quirks)) is not None:
            self._execution.execute(worst)

    def _reached(self, order: Order) -> None:
        """The market has come to an order's price."""
        if waits_for_stop(self._desk, order):
            self._execution.activate(order.ticket)
            return
        plan = self._desk.book.plan(order.ticket)
        if order.type_filling is OrderFilling.FOK and plan.portions and not plan.triggered:
            if sum((portion.volume for portion in plan.portions), ZERO) < order.volume_current:
                self._execution.end(order.ticket, OrderState.CANCELED)
                return
        if plan.refused or self._unfit(order):
            state = OrderState[self._state.scenario.quirks.trigger_no_money]
            self._execution.end(order.ticket, state)
            return
        self._desk.book.plans[order.ticket] = msgspec.structs.replace(plan, triggered=True)
        self._execution.work(order.ticket)

    def _unfit(self, order: Order) -> bool:
        """Whether the account cannot take what the order would open."""
        if order.position_id not in (0, order.ticket):
            return False
        affordable = self._desk.affordable(order.symbol, order.type, order.volume_current)
        return not affordable or hedges(self._desk, order.symbol, order.type)


def _sources(state: State) -> dict[str, QuoteSource]:
    """Each symbol's source: its script where it has one, else the walk, else none: its quote stands. What has no
    quote to walk from does not walk."""
    scenario = state.scenario
    sources: dict[str, QuoteSource] = {}
    for name in state.desk.symbols:
        scripted = [quote for quote in scenario.quotes if quote.symbol == name]
        if scripted:
            sources[name] = ScriptedQuotes(state.start_ms, scripted)
        elif scenario.walk is not None and state.desk.quotes[name].bid:
            sources[name] = RandomWalk(scenario.seed, scenario.walk)
    return sources
