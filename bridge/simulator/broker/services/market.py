"""The market: quotes that arrive as time passes, the orders and stops that they reach, nights and expiry."""

from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.execution.symbol_checks import hedges
from bridge.simulator.broker.execution.triggers import (
    charge_swaps,
    expired_orders,
    expiry_times,
    midnights,
    orders_dropped_overnight,
    orders_reached,
    stop_out,
    stops_hit,
    stops_removed_overnight,
    waits_for_stop,
)
from bridge.simulator.broker.fault_rules import quote_fault
from bridge.simulator.broker.market.hours import is_open
from bridge.simulator.broker.market.quotes import QuoteSource, RandomWalkQuotes, ScriptedQuotes
from bridge.simulator.broker.services.service import Service
from bridge.simulator.broker.state import BrokerState
from bridge.simulator.mt5.types import Order, OrderFilling, OrderState, SymbolInfo, SymbolTradeMode, Tick

_NIGHT, _EXPIRY, _QUOTE = range(3)
"""Kinds of steps, in the order in which those of one moment are taken."""

_SIZES: Final = ("point", "trade_tick_size", "trade_contract_size", "volume_min", "volume_max", "volume_step")
"""Properties of a symbol that are above 0."""


class MarketControl(Service):
    """Passing of time, and the market's controls of BrokerControl."""

    def __init__(self, state: BrokerState) -> None:
        super().__init__(state)
        self._sources = _sources(state)

    def advance(self, to_ms: int) -> None:
        """Advance to this server time: take quotes, execute orders and stops, charge swaps, expire orders, in
        order of time. A time before the broker's own changes nothing."""
        after = self._trade.now_ms
        steps = [(at, _NIGHT, "") for at in midnights(after, to_ms)]
        steps += [(at, _EXPIRY, "") for at in expiry_times(self._trade, after, to_ms)]
        for name, source in self._sources.items():
            if name not in self.state.pinned:
                symbol = self._trade.symbols[name]
                steps += [(at, _QUOTE, name) for at in source.times(after, to_ms) if is_open(symbol, at)]
        for at, kind, name in sorted(steps):
            self._trade.now_ms = at
            if kind == _NIGHT:
                self._pass_midnight()
            elif kind == _EXPIRY:
                self._expire_orders()
            else:
                symbol, last = self._trade.symbols[name], self._trade.quotes[name]
                self._take_quote(name, self._sources[name].quote(at, symbol, last))
        self._trade.now_ms = max(after, to_ms)

    def set_quote(self, symbol: str, bid: Decimal, ask: Decimal) -> None:
        self._known_symbol(symbol)
        fault = quote_fault(bid, ask)
        if fault is not None:
            raise ControlError(fault)
        self.state.pinned.add(symbol)
        self._take_quote(symbol, Tick(time_msc=self._trade.now_ms, bid=bid, ask=ask))

    def set_trade_mode(self, symbol: str, mode: SymbolTradeMode) -> None:
        self._trade.symbols[symbol] = msgspec.structs.replace(self._known_symbol(symbol), trade_mode=mode)

    def set_session(self, symbol: str, is_open: bool) -> None:
        self._trade.symbols[symbol] = msgspec.structs.replace(
            self._known_symbol(symbol), session_open=is_open
        )

    def set_symbol(self, symbol: SymbolInfo) -> None:
        self._known_symbol(symbol.name)
        for field in _SIZES:
            if self._amount(field, getattr(symbol, field)) == 0:
                raise ControlError(f"{field} 0 of {symbol.name} is not above 0; write its size")
        self._trade.symbols[symbol.name] = symbol

    def _pass_midnight(self) -> None:
        charge_swaps(self._trade)
        for ticket in orders_dropped_overnight(self._trade):
            self._execution.end(ticket, OrderState.EXPIRED)
        for ticket in stops_removed_overnight(self._trade):
            self._execution.change_stops(ticket, ZERO, ZERO)

    def _expire_orders(self) -> None:
        for ticket in expired_orders(self._trade):
            self._execution.end(ticket, OrderState.EXPIRED)

    def _take_quote(self, symbol: str, tick: Tick) -> None:
        """Store a quote, then execute the orders, the stops and the stop-outs that it triggers."""
        self._trade.quotes[symbol] = tick
        for ticket in orders_reached(self._trade, symbol):
            # The execution of an earlier one may have ended it.
            if ticket in self._trade.book.orders:
                self._reach_order(self._trade.book.orders[ticket])
        for new_order in stops_hit(self._trade, symbol, self._quirks):
            self._execution.execute(new_order)
        while (worst := stop_out(self._trade, self._quirks)) is not None:
            self._execution.execute(worst)

    def _reach_order(self, order: Order) -> None:
        """Activate, fill, reject or cancel an order whose price the market has reached."""
        if waits_for_stop(self._trade, order):
            self._execution.activate(order.ticket)
            return
        plan = self._trade.book.plan(order.ticket)
        if order.type_filling is OrderFilling.FOK and plan.portions and not plan.triggered:
            if sum((portion.volume for portion in plan.portions), ZERO) < order.volume_current:
                self._execution.end(order.ticket, OrderState.CANCELED)
                return
        if plan.refused or not self._may_open(order):
            self._execution.end(order.ticket, OrderState[self._quirks.trigger_no_money])
            return
        self._trade.book.plans[order.ticket] = msgspec.structs.replace(plan, triggered=True)
        self._execution.work(order.ticket)

    def _may_open(self, order: Order) -> bool:
        """Return whether the account can take the position that the order opens."""
        if order.position_id not in (0, order.ticket):
            return True
        affordable = self._trade.affordable(order.symbol, order.type, order.volume_current)
        return affordable and not hedges(self._trade, order.symbol, order.type)


def _sources(state: BrokerState) -> dict[str, QuoteSource]:
    """The quote source of each symbol: its scripted quotes, else the random walk, else none (the quote stands).
    A symbol without a first quote does not walk."""
    scenario = state.scenario
    sources: dict[str, QuoteSource] = {}
    for name in state.trade.symbols:
        original = state.original_names.get(name, name)
        scripted = [quote for quote in scenario.quotes if quote.symbol == original]
        if scripted:
            sources[name] = ScriptedQuotes(state.start_ms, scripted)
        elif scenario.random_walk is not None and state.trade.quotes[name].bid:
            sources[name] = RandomWalkQuotes(scenario.seed, scenario.random_walk)
    return sources
