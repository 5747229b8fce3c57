"""What a terminal asks of a broker, and what a test may do to one.

`Broker` answers in the same process, `BrokerClient` from another one; both satisfy both protocols. A terminal
that holds a `BrokerApi` cannot tell them apart.
"""

from decimal import Decimal
from typing import Protocol

from msgspec import Struct

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
    """No answer came. An order that was sent may have been executed or not."""


class BrokerGone(Exception):
    """The broker's process cannot be reached. Nothing was sent."""


class ControlError(ValueError):
    """What a test asked for cannot be: no such symbol, position or deal, or the broker's rules forbid it."""


class SendRecord(Struct, frozen=True, kw_only=True):
    """One order_send that arrived, as the broker remembers it. `retcode` is what was answered, None where the
    answer was lost for good; `executed` says that the book changed."""

    number: int
    time_msc: int
    request: TradeRequest
    retcode: int | None
    executed: bool


class BrokerApi(Protocol):
    """The terminal's view of the broker: MQL5's account, symbol, order, deal and position functions.

    Every call may raise BrokerTimeout or BrokerGone. While the broker is disconnected, the terminal sees
    what it saw last: the state of the moment at which the connection went.
    """

    def connected(self) -> bool:
        """TERMINAL_CONNECTED: the terminal reaches its trade server."""
        ...

    def server_time(self) -> int:
        """TimeTradeServer, in server milliseconds."""
        ...

    def account(self) -> AccountInfo:
        """The account's properties, at this moment's quotes."""
        ...

    def symbols(self) -> list[str]:
        """The names of all symbols, sorted."""
        ...

    def symbol(self, name: str) -> SymbolInfo | None:
        """A symbol's properties; None where there is no such symbol."""
        ...

    def tick(self, name: str) -> Tick | None:
        """SymbolInfoTick: the last quote; None where there is no such symbol, or no quote yet."""
        ...

    def order_check(self, request: TradeRequest) -> CheckResult:
        """OrderCheck: what the send would answer, and the account after it. Changes nothing."""
        ...

    def order_send(self, request: TradeRequest) -> TradeResult:
        """OrderSend, synchronous. Raises BrokerTimeout where the answer never comes, executed or not."""
        ...

    def positions(self) -> list[Position]:
        """The open positions, oldest first."""
        ...

    def orders(self) -> list[Order]:
        """The live orders, oldest first."""
        ...

    def history_orders(self, from_ms: int, to_ms: int) -> list[Order]:
        """Orders done within [from_ms, to_ms], oldest first, as HistorySelect picks them."""
        ...

    def history_deals(self, from_ms: int, to_ms: int) -> list[Deal]:
        """Deals made within [from_ms, to_ms], oldest first."""
        ...

    def order_by_ticket(self, ticket: int) -> Order | None:
        """OrderSelect: a live order."""
        ...

    def history_order(self, ticket: int) -> Order | None:
        """HistoryOrderSelect: a done order."""
        ...

    def history_deal(self, ticket: int) -> Deal | None:
        """HistoryDealSelect: a deal."""
        ...

    def deals_by_position(self, identifier: int) -> list[Deal]:
        """HistorySelectByPosition: the deals with this DEAL_POSITION_ID, oldest first."""
        ...

    def transactions(self, after: int) -> list[tuple[int, Transaction]]:
        """Trade transactions with a sequence number above `after`, ascending. Numbers start at 1; a gap is a
        transaction that was dropped. What happened while disconnected is never told: history has it."""
        ...


class BrokerControl(Protocol):
    """The hand of a test, of a person at another terminal, or of fate."""

    def set_quote(self, symbol: str, bid: Decimal, ask: Decimal) -> None:
        """Quote these prices now, and from now on: the symbol's own quote source falls silent. Stops that
        they reach are hit. Raises ControlError."""
        ...

    def set_trade_mode(self, symbol: str, mode: SymbolTradeMode) -> None:
        """Restrict or free a symbol's trading. Raises ControlError."""
        ...

    def set_symbol(self, symbol: SymbolInfo) -> None:
        """Change any of a symbol's properties: take what `symbol` answers and replace what should differ. A
        quote in it does not count. Raises ControlError."""
        ...

    def set_session(self, symbol: str, is_open: bool) -> None:
        """Open or close a symbol's market. Raises ControlError."""
        ...

    def manual_open(
        self,
        symbol: str,
        type: OrderType,
        volume: Decimal,
        sl: Decimal = ...,
        tp: Decimal = ...,
        comment: str = ...,
    ) -> int:
        """Open by hand (reason CLIENT, magic 0); the position's ticket, on a netting account that of what the
        deal made of it, or the identifier where it closed it. Raises ControlError with the retcode."""
        ...

    def manual_close(self, position: int, volume: Decimal | None = None) -> int:
        """Close by hand, all of it without a volume; the deal's ticket. Raises ControlError with the
        retcode."""
        ...

    def manual_pending(
        self,
        symbol: str,
        type: OrderType,
        volume: Decimal,
        price: Decimal,
        stoplimit: Decimal = ...,
        sl: Decimal = ...,
        tp: Decimal = ...,
        type_time: OrderTime = ...,
        expiration: int = ...,
        comment: str = ...,
    ) -> int:
        """Place a pending order by hand (filling RETURN); its ticket. `expiration` is in server
        milliseconds. Raises ControlError with the retcode."""
        ...

    def manual_modify(
        self,
        position: int = ...,
        order: int = ...,
        sl: Decimal | None = ...,
        tp: Decimal | None = ...,
        price: Decimal | None = ...,
    ) -> None:
        """Move the levels of a position, or the price and levels of a pending order, by hand; None leaves a
        value as it is, 0 removes a level. Raises ControlError with the retcode."""
        ...

    def manual_cancel(self, order: int) -> None:
        """Cancel a live order by hand. Raises ControlError with the retcode."""
        ...

    def manual_close_by(self, position: int, by: int) -> list[int]:
        """Close two opposite positions by each other; the tickets of both deals, the one with the profit
        first. Raises ControlError with the retcode."""
        ...

    def set_expiry(self, order: int, expiration: int, type_time: OrderTime = ...) -> None:
        """Change a pending order's lifetime by hand; `expiration` is in server milliseconds. Raises
        ControlError with the retcode."""
        ...

    def fill(self, order: int, volume: Decimal | None = ..., price: Decimal = ...) -> int:
        """Fill a live order, or so many lots of it, now and whatever its plan is; the deal's ticket. Price 0
        is the market's, or a limit order's own where the scenario says so. Raises ControlError."""
        ...

    def plan_fills(self, order: int, fills: Fills) -> None:
        """Say how a live order will be filled once its price is met. Raises ControlError."""
        ...

    def stop_out(self, position: int | None = ...) -> int:
        """Close a position, or the worst one, as for want of margin; the deal's ticket. Raises
        ControlError."""
        ...

    def connect(self) -> None:
        """The terminal reaches the broker again."""
        ...

    def disconnect(self) -> None:
        """The terminal loses the broker. The broker goes on: stops are hit, hands trade."""
        ...

    def add_rule(self, rule: Rule) -> None:
        """Add a fault rule behind those that are there. It counts the sends from now on."""
        ...

    def clear_rules(self) -> None:
        """Drop every fault rule, fired or not."""
        ...

    def revise_deal(
        self, ticket: int, commission: Decimal, swap: Decimal | None = ..., fee: Decimal | None = ...
    ) -> None:
        """Book costs that arrive late, as a broker does with DEAL_UPDATE; None leaves a sum as it is. Raises
        ControlError."""
        ...

    def cancel_deal(self, ticket: int) -> None:
        """Annul a deal: its type becomes BUY_CANCELED or SELL_CANCELED, its profit 0, and its position is as
        if it had not been (DEAL_UPDATE). Raises ControlError, also where the position has moved on."""
        ...

    def deposit(self, amount: Decimal, comment: str = ...) -> int:
        """Pay in, or out with a negative amount; the ticket of the BALANCE deal. Raises ControlError."""
        ...

    def seed_history(self, count: int) -> None:
        """Give the account a past: so many old deals of somebody else's (an even number), each with its
        order, spread over the year before its first deal. Raises ControlError."""
        ...

    def sends(self) -> list[SendRecord]:
        """Every order_send that arrived, in order."""
        ...
