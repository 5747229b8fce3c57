"""The simulated broker: a trade server and its market, stepped from outside.

Pure and deterministic: no clock, no socket, no thread. Time is `advance`d by the caller; the same scenario
and the same calls give the same book. It satisfies BrokerApi and BrokerControl, where its methods are
described.
"""

from decimal import Decimal

from bridge.core.amounts import ZERO
from bridge.paper.api import BrokerTimeout, ControlError, SendRecord
from bridge.paper.desk import Desk, closing_type
from bridge.paper.execution import Execution
from bridge.paper.faults import ActiveRule
from bridge.paper.market import Market
from bridge.paper.mt5 import (
    AccountInfo,
    CheckResult,
    Deal,
    Order,
    OrderType,
    Position,
    SymbolInfo,
    SymbolTradeMode,
    Tick,
    TradeAction,
    TradeRequest,
    TradeResult,
    Transaction,
    TransactionType,
)
from bridge.paper.scenario import Scenario
from bridge.paper.script import Rule, rule_fault
from bridge.paper.state import State, new_state
from bridge.paper.tape import deal_told
from bridge.paper.tradeserver import Answer, TradeServer


class Broker:
    """One account at one broker. `state` is all there is to it."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._desk = state.desk
        execution = Execution(state.desk, state.tape, state.scenario.quirks)
        self._market = Market(state, execution)
        self._server = TradeServer(state, execution)

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
        return list(self._seen.book.orders.values())

    def history_orders(self, from_ms: int, to_ms: int) -> list[Order]:
        shown = self._seen.book.shown_orders(self._seen.now_ms)
        return [order for order in shown if from_ms <= order.time_done_msc <= to_ms]

    def history_deals(self, from_ms: int, to_ms: int) -> list[Deal]:
        shown = self._seen.book.shown_deals(self._seen.now_ms)
        return [deal for deal in shown if from_ms <= deal.time_msc <= to_ms]

    def order_by_ticket(self, ticket: int) -> Order | None:
        return self._seen.book.orders.get(ticket)

    def history_order(self, ticket: int) -> Order | None:
        return self._seen.book.shown_order(ticket, self._seen.now_ms)

    def history_deal(self, ticket: int) -> Deal | None:
        return self._seen.book.shown_deal(ticket, self._seen.now_ms)

    def deals_by_position(self, identifier: int) -> list[Deal]:
        shown = self._seen.book.shown_deals(self._seen.now_ms)
        return [deal for deal in shown if identifier and deal.position_id == identifier]

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

    def set_session(self, symbol: str, is_open: bool) -> None:
        self._market.set_session(symbol, is_open)

    def hand_open(
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
        return self._server.by_hand(request).order.position_id

    def hand_close(self, position: int, volume: Decimal | None = None) -> int:
        held = self._desk.book.positions.get(position)
        if held is None:
            raise ControlError(f"position {position} is not open")
        request = TradeRequest(
            action=TradeAction.DEAL,
            symbol=held.symbol,
            type=closing_type(held),
            volume=held.volume if volume is None else volume,
            position=position,
        )
        return self._server.by_hand(request).deals[-1].ticket

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

    def revise_deal(self, ticket: int, commission: Decimal) -> None:
        if ticket not in self._desk.book.deals:
            raise ControlError(f"deal {ticket} does not exist")
        deal = self._desk.book.revise_deal(ticket, commission)
        self.state.tape.tell(deal_told(TransactionType.DEAL_UPDATE, deal))

    def sends(self) -> list[SendRecord]:
        return list(self.state.sends)
