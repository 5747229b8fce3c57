"""Interface of the simulated broker: the calls of a terminal, and the controls of a test.

The two protocols are the only list of the calls. `Broker` implements them in this process; `BrokerClient` calls
the same methods of a broker in another process, and both ends of that connection read names, parameters, defaults
and result types from the annotations here (`rpc/calls.py`). To add a call, declare it here and implement it in
one of `services`.
"""

from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.fault_rules import Fills, Rule
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
    TradeRequest,
    TradeResult,
    Transaction,
)


class BrokerTimeout(Exception):
    """No answer arrived in time. An order that was sent may have been executed or not."""


class BrokerGone(Exception):
    """The broker's process cannot be reached. Nothing was sent."""


class ControlError(ValueError):
    """A control was refused: an unknown symbol, order, position or deal, a value that is not allowed, or a request
    that the trade server refuses (the message then holds the return code)."""


class SendRecord(Struct, frozen=True, kw_only=True):
    """One order_send that reached the trade server. `retcode` is the code that was answered, None where the
    answer was lost for good; `executed` is true where the request was carried out."""

    number: int
    time_msc: int
    request: TradeRequest
    retcode: int | None
    executed: bool


class Glance(Struct, frozen=True, kw_only=True):
    """Everything that a terminal asks for in each timer call, as of one moment."""

    connected: bool
    account: AccountInfo
    server_time: int
    """TimeTradeServer, in milliseconds of server time."""
    transaction: int
    """Number of the last trade transaction that was sent; 0 before the first one."""
    changes: int
    """Number that is another one whenever connection, account terms, live orders, positions or the recent history
    have changed."""
    shown: int
    """Number that is another one whenever anything that a terminal shows has changed, but for the passing of time:
    quotes, symbols and the older history too."""


class BrokerApi(Protocol):
    """Calls of a terminal: MQL5's account, symbol, order, deal and position functions.

    Every call may raise BrokerTimeout or BrokerGone. While the broker is disconnected, the calls answer from the
    state at the moment of the disconnection.
    """

    def glance(self, everything: bool = False) -> Glance:
        """Return connection, account and time, and whether anything has changed. No function of MQL5: it spares
        calls to a broker in another process, which notifies its caller of the next change: of `changes`, or with
        `everything` of `shown`."""
        ...

    def connected(self) -> bool:
        """Return TERMINAL_CONNECTED: true while the terminal reaches its trade server."""
        ...

    def server_time(self) -> int:
        """Return TimeTradeServer, in milliseconds of server time."""
        ...

    def account(self) -> AccountInfo:
        """Return the account's properties at the current quotes."""
        ...

    def symbols(self) -> list[str]:
        """Return the names of all symbols, sorted."""
        ...

    def symbol(self, name: str) -> SymbolInfo | None:
        """Return a symbol's properties; None for an unknown symbol."""
        ...

    def tick(self, name: str) -> Tick | None:
        """Return SymbolInfoTick, the last quote; None for an unknown symbol. Prices are 0 before the first
        quote."""
        ...

    def order_check(self, request: TradeRequest) -> CheckResult:
        """Return OrderCheck: the code that the send would be refused with, and the account after it. Changes
        nothing."""
        ...

    def order_send(self, request: TradeRequest) -> TradeResult:
        """Send a request and return the answer (OrderSend, synchronous). Raises BrokerTimeout where the answer
        never arrives; the request may have been executed."""
        ...

    def positions(self) -> list[Position]:
        """Return the open positions, oldest first."""
        ...

    def orders(self) -> list[Order]:
        """Return the live orders, oldest first."""
        ...

    def history_orders(self, from_ms: int, to_ms: int) -> list[Order]:
        """Return the orders done within [from_ms, to_ms], oldest first, as HistorySelect selects them."""
        ...

    def history_deals(self, from_ms: int, to_ms: int) -> list[Deal]:
        """Return the deals made within [from_ms, to_ms], oldest first."""
        ...

    def order_by_ticket(self, ticket: int) -> Order | None:
        """Return a live order (OrderSelect)."""
        ...

    def history_order(self, ticket: int) -> Order | None:
        """Return a done order (HistoryOrderSelect)."""
        ...

    def history_deal(self, ticket: int) -> Deal | None:
        """Return a deal (HistoryDealSelect)."""
        ...

    def deals_by_position(self, identifier: int) -> list[Deal]:
        """Return the deals with this DEAL_POSITION_ID, oldest first (HistorySelectByPosition)."""
        ...

    def transactions(self, after: int) -> list[tuple[int, Transaction]]:
        """Return the trade transactions with a sequence number above `after`, ascending. Numbers start at 1; a
        gap is a transaction that was dropped. Transactions of a disconnection are never sent later; history
        holds their orders and deals."""
        ...


class BrokerControl(Protocol):
    """Controls of a test: market, trades at another terminal, back office, connection and faults.

    A manual trade has reason CLIENT. With a magic it is another program's, with reason EXPERT; a magic that program
    wrote above 2**63 is negative here, as ORDER_MAGIC shows it."""

    def set_quote(self, symbol: str, bid: Decimal, ask: Decimal) -> None:
        """Quote these prices now and until the next call; the symbol's own quote source stops. Orders and stops
        that the quote reaches are executed. Raises ControlError."""
        ...

    def set_trade_mode(self, symbol: str, mode: SymbolTradeMode) -> None:
        """Set SYMBOL_TRADE_MODE. Raises ControlError."""
        ...

    def set_symbol(self, symbol: SymbolInfo) -> None:
        """Replace a symbol's properties: take the result of `symbol` and change fields. The quote in it is
        ignored. Raises ControlError."""
        ...

    def set_session(self, symbol: str, is_open: bool) -> None:
        """Open or close a symbol's market. Raises ControlError."""
        ...

    def set_depth(self, symbol: str, volume: Decimal | None) -> None:
        """Set the volume that an order finds in the market with each quote, in lots; None for any volume. It counts
        for orders that are executed or quoted from now on. Raises ControlError."""
        ...

    def manual_open(
        self,
        symbol: str,
        type: OrderType,
        volume: Decimal,
        sl: Decimal = ZERO,
        tp: Decimal = ZERO,
        comment: str = "",
        magic: int = 0,
    ) -> int:
        """Send a market order and return the position's ticket: on a netting account
        that of the symbol's position after the deal, or the identifier of the position that the deal closed.
        Raises ControlError."""
        ...

    def manual_close(self, position: int, volume: Decimal | None = None, magic: int = 0) -> int:
        """Close a position, all of it without a volume, and return the deal's ticket. Raises ControlError."""
        ...

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
        magic: int = 0,
    ) -> int:
        """Place a pending order (filling RETURN) and return its ticket. `expiration` is in milliseconds of
        server time. Raises ControlError."""
        ...

    def manual_modify(
        self,
        position: int = 0,
        order: int = 0,
        sl: Decimal | None = None,
        tp: Decimal | None = None,
        price: Decimal | None = None,
    ) -> None:
        """Change the levels of a position, or the price and levels of a pending order. None keeps a value, 0
        removes a level. Raises ControlError."""
        ...

    def manual_cancel(self, order: int) -> None:
        """Cancel a live order. Raises ControlError."""
        ...

    def manual_close_by(self, position: int, by: int) -> list[int]:
        """Close two opposite positions by each other and return the tickets of both deals, the one with the
        profit first. Raises ControlError."""
        ...

    def set_expiry(self, order: int, expiration: int, type_time: OrderTime = OrderTime.SPECIFIED) -> None:
        """Change a pending order's lifetime; `expiration` is in milliseconds of server time. Raises
        ControlError."""
        ...

    def fill(self, order: int, volume: Decimal | None = None, price: Decimal = ZERO) -> int:
        """Fill a live order now, all of it without a volume, whatever its fill plan says, and return the deal's
        ticket. Price 0 is the market's, or a limit order's own where the scenario says so. Raises
        ControlError."""
        ...

    def plan_fills(self, order: int, fills: Fills) -> None:
        """Set the portions in which a live order will be filled once its price is met. Raises ControlError."""
        ...

    def stop_out(self, position: int | None = None) -> int:
        """Close a position, or the one with the largest loss, with reason SO, and return the deal's ticket.
        Raises ControlError."""
        ...

    def connect(self) -> None:
        """Connect the terminal to the broker again."""
        ...

    def disconnect(self) -> None:
        """Disconnect the terminal. The broker goes on: stops are executed, manual trades are accepted."""
        ...

    def add_rule(self, rule: Rule) -> None:
        """Append a fault rule. It counts the sends from now on. Raises ControlError."""
        ...

    def clear_rules(self) -> None:
        """Remove every fault rule."""
        ...

    def revise_deal(
        self, ticket: int, commission: Decimal, swap: Decimal | None = None, fee: Decimal | None = None
    ) -> None:
        """Book costs that arrive late, as a broker does with DEAL_UPDATE; None keeps a sum. Raises
        ControlError."""
        ...

    def cancel_deal(self, ticket: int) -> None:
        """Annul a deal: its type becomes BUY_CANCELED or SELL_CANCELED, its profit 0, and its effect on the
        position is undone (DEAL_UPDATE). Raises ControlError, also where later deals make that impossible."""
        ...

    def deposit(self, amount: Decimal, comment: str = "") -> int:
        """Pay in, or out with a negative amount, and return the ticket of the BALANCE deal. Raises
        ControlError."""
        ...

    def seed_history(self, count: int) -> None:
        """Give the account `count` old deals (an even number) of another program and of manual trades, each with
        its order, spread over the year before the account's first deal. Raises ControlError."""
        ...

    def refused_calls(self) -> list[str]:
        """Return the refusals of the scenario's scheduled calls, in order: time, call and reason."""
        ...

    def sends(self) -> list[SendRecord]:
        """Return every order_send that arrived, in order."""
        ...
