"""The simulated broker: a trade server and its market, stepped from outside.

Pure and deterministic: no clock, no socket, no thread. Time is `advance`d by the caller; the same scenario
and the same calls give the same book. It satisfies BrokerApi and BrokerControl, where its methods are
described.
"""

from decimal import Decimal

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import BrokerTimeout, ControlError, SendRecord
from bridge.simulator.broker.book.trade_state import Desk
from bridge.simulator.broker.execution.orders import Execution
from bridge.simulator.broker.fault_rules import Fills, Rule, rule_fault
from bridge.simulator.broker.faults import ActiveRule
from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.broker.services.back_office import BackOffice
from bridge.simulator.broker.services.manual_trades import ManualTrades, pending_request
from bridge.simulator.broker.services.market import Market
from bridge.simulator.broker.services.trade_server import Answer, TradeServer
from bridge.simulator.broker.state import State, new_state
from bridge.simulator.mt5.types import (
    AccountInfo,
    CheckResult,
    Deal,
    Order,
    OrderTime,
    OrderType,
    Position,
    SymbolInfo,
    SymbolTradeMode,
    Tick,
    TradeAction,
    TradeRequest,
    TradeResult,
    Transaction,
)


class Broker:
    """One account at one broker. `state` is all there is to it."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._desk = state.desk
        execution = Execution(state.desk, state.tape, state.scenario.quirks)
        self._market = Market(state, execution)
        self._server = TradeServer(state, execution, self._market)
        self._manual_trades = ManualTrades(state, execution)
        self._runtime = BackOffice(state, execution)

    @classmethod
    def start(cls, scenario: Scenario, now_ms: int) -> "Broker":
        """A fresh broker at this server time."""
        return cls(new_state(scenario, now_ms))

    def advance(self, to_ms: int) -> None:
        """Live until this server time: quotes come in, stops are hit, nights are charged, in order of time.
        An earlier time than the broker's own changes nothing."""
        self._market.advance(to_ms)

    # The terminal's view

    @property
    def _seen(self) -> Desk:
        """What the terminal sees: the desk, or the picture that it kept when the connection went."""
        return self.state.seen or self._desk

    def connected(self) -> bool:
        return self.state.seen is None

    def server_time(self) -> int:
        return self._desk.now_ms

    def account(self) -> AccountInfo:
        return self._seen.account(connected=self.connected())

    def symbols(self) -> list[str]:
        return sorted(self._seen.symbols)

    def symbol(self, name: str) -> SymbolInfo | None:
        return self._seen.symbol(name)

    def tick(self, name: str) -> Tick | None:
        return self._seen.quotes.get(name)

    def positions(self) -> list[Position]:
        return self._seen.positions()

    def orders(self) -> list[Order]:
        return self._seen.orders()

    def history_orders(self, from_ms: int, to_ms: int) -> list[Order]:
        return self._seen.book.shown_orders(self._seen.now_ms, from_ms, to_ms)

    def history_deals(self, from_ms: int, to_ms: int) -> list[Deal]:
        return self._seen.book.shown_deals(self._seen.now_ms, from_ms, to_ms)

    def order_by_ticket(self, ticket: int) -> Order | None:
        return self._seen.order(ticket)

    def history_order(self, ticket: int) -> Order | None:
        return self._seen.book.shown_order(ticket, self._seen.now_ms)

    def history_deal(self, ticket: int) -> Deal | None:
        return self._seen.book.shown_deal(ticket, self._seen.now_ms)

    def deals_by_position(self, identifier: int) -> list[Deal]:
        return self._seen.book.shown_of_position(identifier, self._seen.now_ms) if identifier else []

    def transactions(self, after: int) -> list[tuple[int, Transaction]]:
        return self.state.tape.after(after)

    # Trading

    def order_check(self, request: TradeRequest) -> CheckResult:
        return self._server.check(request)

    def order_send(self, request: TradeRequest) -> TradeResult:
        answer = self.submit(request)
        if answer.result is None:
            raise BrokerTimeout("the trade server's answer was lost")
        return answer.result

    def submit(self, request: TradeRequest) -> Answer:
        """order_send, with the answer's delay told apart, for who can wait without stopping others."""
        return self._server.submit(request)

    # Control

    def set_quote(self, symbol: str, bid: Decimal, ask: Decimal) -> None:
        self._market.set_quote(symbol, bid, ask)

    def set_trade_mode(self, symbol: str, mode: SymbolTradeMode) -> None:
        self._market.set_trade_mode(symbol, mode)

    def set_symbol(self, symbol: SymbolInfo) -> None:
        self._market.set_symbol(symbol)

    def set_session(self, symbol: str, is_open: bool) -> None:
        self._market.set_session(symbol, is_open)

    def manual_open(
        self,
        symbol: str,
        type: OrderType,
        volume: Decimal,
        sl: Decimal = ZERO,
        tp: Decimal = ZERO,
        comment: str = "",
    ) -> int:
        self._market.known(symbol)
        request = TradeRequest(
            action=TradeAction.DEAL, symbol=symbol, type=type, volume=volume, sl=sl, tp=tp, comment=comment
        )
        return self._manual_trades.open(request)

    def manual_close(self, position: int, volume: Decimal | None = None) -> int:
        return self._manual_trades.close(position, volume)

    def manual_pending(
        self,
        symbol: str,
        type: OrderType,
        volume: Decimal,
        price: Decimal,
        stoplimit: Decimal = ZERO,
        sl: Decimal = ZERO,
        tp: Decimal = ZERO,
        type_time: OrderTime = OrderTime.GTC,
        expiration: int = 0,
        comment: str = "",
    ) -> int:
        self._market.known(symbol)
        request = pending_request(
            symbol, type, volume, price, stoplimit, sl, tp, type_time, expiration, comment
        )
        return self._manual_trades.pending(request)

    def manual_modify(
        self,
        position: int = 0,
        order: int = 0,
        sl: Decimal | None = None,
        tp: Decimal | None = None,
        price: Decimal | None = None,
    ) -> None:
        self._manual_trades.modify(position, order, sl, tp, price)

    def manual_cancel(self, order: int) -> None:
        self._manual_trades.cancel(order)

    def manual_close_by(self, position: int, by: int) -> list[int]:
        return self._manual_trades.close_by(position, by)

    def set_expiry(self, order: int, expiration: int, type_time: OrderTime = OrderTime.SPECIFIED) -> None:
        self._manual_trades.set_expiry(order, expiration, type_time)

    def fill(self, order: int, volume: Decimal | None = None, price: Decimal = ZERO) -> int:
        return self._runtime.fill(order, volume, price)

    def plan_fills(self, order: int, fills: Fills) -> None:
        self._runtime.plan(order, fills)

    def stop_out(self, position: int | None = None) -> int:
        return self._runtime.stop_out(position)

    def cancel_deal(self, ticket: int) -> None:
        self._runtime.annul(ticket)

    def revise_deal(
        self, ticket: int, commission: Decimal, swap: Decimal | None = None, fee: Decimal | None = None
    ) -> None:
        self._runtime.revise(ticket, commission, swap, fee)

    def deposit(self, amount: Decimal, comment: str = "") -> int:
        return self._runtime.deposit(amount, comment)

    def seed_history(self, count: int) -> None:
        self._runtime.seed_history(count)

    def connect(self) -> None:
        self.state.seen = None
        self.state.tape.muted = False

    def disconnect(self) -> None:
        if self.connected():
            self.state.seen = self._desk.copy()
            self.state.tape.muted = True

    def add_rule(self, rule: Rule) -> None:
        fault = rule_fault(rule)
        if fault is not None:
            raise ControlError(f"rule: {fault}")
        self.state.rules.append(ActiveRule(rule=rule))

    def clear_rules(self) -> None:
        self.state.rules.clear()

    def sends(self) -> list[SendRecord]:
        return list(self.state.sends)
