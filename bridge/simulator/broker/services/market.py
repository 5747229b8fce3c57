"""The market: quotes that arrive as time passes, the orders and stops that they reach, nights and expiry."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.units.decimals import ZERO
from bridge.log_codes import LogCode
from bridge.logs import EventLog
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.execution.swaps import charge_swaps
from bridge.simulator.broker.execution.symbol_checks import hedges
from bridge.simulator.broker.execution.triggers import (
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
from bridge.simulator.broker.rpc.calls import METHODS
from bridge.simulator.broker.scenario import ScheduledCall
from bridge.simulator.broker.services.service import Service
from bridge.simulator.broker.state import BrokerState
from bridge.simulator.mt5.types import Order, OrderFilling, OrderState, SymbolInfo, SymbolTradeMode, Tick

_log = EventLog.named(__name__)

_NIGHT, _EXPIRY, _CALL, _QUOTE = range(4)
"""Kinds of steps, in the order in which those of one moment are taken."""

_SIZES: Final = ("point", "trade_tick_size", "trade_contract_size", "volume_min", "volume_max", "volume_step")
"""Properties of a symbol that are above 0."""


class MarketControl(Service):
    """Passing of time, and the market's controls of BrokerControl."""

    def __init__(self, state: BrokerState) -> None:
        super().__init__(state)
        self._sources = _sources(state)

    def advance(self, to_ms: int) -> None:
        """Advance to this server time: take quotes, carry out scheduled calls, execute orders and stops, charge
        swaps, expire orders, in order of time. A time before the broker's own changes nothing."""
        self.advance_steady(to_ms - self.state.clock_shift_ms)

    def steady_time(self) -> int:
        """Return the server time (ms) as it would be if the broker's clock had never been set."""
        return self._trade.now_ms - self.state.clock_shift_ms

    def advance_steady(self, to_ms: int) -> None:
        """Advance to this steady time. Scripted quotes and scheduled calls keep to it whatever the clock shows."""
        after = self.steady_time()
        for at, kind, key in sorted(self._steps(after, to_ms)):
            self._reopen_due(at)
            self._trade.now_ms = at + self.state.clock_shift_ms
            if kind == _NIGHT:
                self._pass_midnight()
            elif kind == _EXPIRY:
                self._expire_orders()
            elif kind == _CALL:
                self._call(self.state.scenario.calls[int(key)])
            else:
                self._quote_of_source(key, at)
        self._reopen_due(max(after, to_ms))
        self._trade.now_ms = max(after, to_ms) + self.state.clock_shift_ms

    def _reopen_due(self, steady_ms: int) -> None:
        """Open the positions again that are due by a steady time. On a netting account the symbol's other position
        stays the only one."""
        book = self._trade.book
        for each in sorted(book.reopenings, key=lambda pending: pending.due_ms):
            if each.due_ms > steady_ms:
                return
            book.reopenings.remove(each)
            self._trade.now_ms = each.due_ms + self.state.clock_shift_ms
            taken = book.identified(each.held.identifier) or self._trade.netted(each.held.symbol)
            if taken is None:
                self._execution.roll_in(each.held, each.terms)

    def _steps(self, after: int, to_ms: int) -> Iterator[tuple[int, int, str]]:
        """Yield what happens within (after, to_ms] of steady time: its time, kind, and source or number of the
        call."""
        shift = self.state.clock_shift_ms
        server = after + shift, to_ms + shift
        for at in (*midnights(*server),):
            if at > self.state.last_night_ms:  # a clock set back passes it twice
                yield at - shift, _NIGHT, ""
        for at in expiry_times(self._trade, *server):
            yield at - shift, _EXPIRY, ""
        for number, call in enumerate(self.state.scenario.calls):
            at = self.state.start_ms + call.at_ms
            if after < at <= to_ms:
                yield at, _CALL, str(number)
        for name, source in self._sources.items():
            symbol = self._trade.symbols.get(self._present_name(name))
            if symbol is not None and symbol.name not in self.state.pinned:
                for at in source.times(after, to_ms):
                    if is_open(symbol, at + shift):
                        yield at, _QUOTE, name

    def _present_name(self, original: str) -> str:
        """Return the present name of a symbol of the scenario."""
        renamed = {first: present for present, first in self.state.original_names.items()}
        return renamed.get(original, original)

    def _quote_of_source(self, source: str, at: int) -> None:
        """Take the quote that a source has at a steady time."""
        name = self._present_name(source)
        if name in self.state.pinned:  # a scheduled call has quoted it meanwhile
            return
        tick = self._sources[source].quote(at, self._trade.symbols[name], self._trade.quotes[name])
        self._take_quote(name, msgspec.structs.replace(tick, time_msc=self._trade.now_ms))

    def _call(self, call: ScheduledCall) -> None:
        """Carry out a scheduled call; a refusal is kept for `refused_calls`, and the market goes on."""
        arguments = METHODS[call.call].decode_arguments(call.arguments)
        try:
            getattr(self, call.call)(**arguments)
        except ControlError as error:
            self.state.refused_calls.append(f"{call.at_ms} ms: {call.call}: {error}")
            _log.warning(LogCode.BROKER_CALL_REFUSED, method=call.call, at_ms=call.at_ms, reason=str(error))

    def refused_calls(self) -> list[str]:
        return list(self.state.refused_calls)

    def set_quote(self, symbol: str, bid: Decimal, ask: Decimal) -> None:
        self._known_symbol(symbol)
        fault = quote_fault(bid, ask, negative=symbol in self._trade.negative)
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
        if not self._trade.rates().convertible(symbol):
            raise ControlError(
                f"currencies {symbol.currency_profit} and {symbol.currency_margin} of {symbol.name} cannot be"
                f" converted to {self._trade.terms.currency}; write others, or quote a symbol that converts them"
            )
        self._trade.symbols[symbol.name] = symbol

    def set_depth(self, symbol: str, volume: Decimal | None) -> None:
        self._known_symbol(symbol)
        if volume is None:
            self._trade.depths.pop(symbol, None)
        elif self._amount("volume", volume) == 0:
            raise ControlError("volume 0 is not above 0; write lots, or null for any volume")
        else:
            self._trade.depths[symbol] = volume

    def _pass_midnight(self) -> None:
        self.state.last_night_ms = self._trade.now_ms
        charge_swaps(self._trade, self._execution, self.steady_time())
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
        if order.type_filling is OrderFilling.FOK and not plan.triggered:
            portions = sum((portion.volume for portion in plan.portions), ZERO)
            if (portions or self._trade.fillable(order)) < order.volume_current:
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
    """The quote source of each symbol, by its name in the scenario: its scripted quotes, else the random walk, else
    none (the quote stands). A symbol without a first quote does not walk."""
    scenario = state.scenario
    sources: dict[str, QuoteSource] = {}
    for name in state.trade.symbols:
        original = state.original_names.get(name, name)
        scripted = [quote for quote in scenario.quotes if quote.symbol == original]
        if scripted:
            sources[original] = ScriptedQuotes(state.start_ms, scripted)
        elif scenario.random_walk is not None and state.trade.quotes[name].time_msc:
            sources[original] = RandomWalkQuotes(scenario.seed, scenario.random_walk)
    return sources
