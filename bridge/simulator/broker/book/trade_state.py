"""Trade state: everything that the trade server knows at one moment, and the values that follow from it."""

from decimal import Decimal
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import MarginMode
from bridge.simulator.broker.book.book import Book
from bridge.simulator.broker.book.money import Rates, cents
from bridge.simulator.broker.scenario import AccountTerms
from bridge.simulator.mt5.types import (
    AccountInfo,
    AccountMarginMode,
    AccountStopoutMode,
    AccountTradeMode,
    Order,
    OrderReason,
    OrderType,
    Position,
    PositionType,
    SymbolInfo,
    Tick,
    TradeRequest,
)

T = TypeVar("T")
STOPS: Final = (OrderReason.SL, OrderReason.TP, OrderReason.SO)
"""Reasons of the orders by which the server closes a position."""


class TradeState(Struct, kw_only=True):
    """Account terms, symbols (without quotes), quotes and book. `commissions` is money per lot and deal, by symbol;
    `depths` the volume (lots) that an order finds in the market with each quote, for the symbols where that is
    limited; `negative` the symbols whose prices may be 0 or below; `reopen_gaps` the
    milliseconds from the close to the reopening of a position whose swap is charged so."""

    terms: AccountTerms
    now_ms: int
    symbols: dict[str, SymbolInfo]
    commissions: dict[str, Decimal]
    quotes: dict[str, Tick]
    book: Book
    depths: dict[str, Decimal] = {}
    negative: set[str] = set()
    reopen_gaps: dict[str, int] = {}

    def copy(self) -> "TradeState":
        """Return a copy that later changes do not reach."""
        return TradeState(
            terms=self.terms,
            now_ms=self.now_ms,
            symbols=dict(self.symbols),
            commissions=self.commissions,
            quotes=dict(self.quotes),
            book=self.book.copy(),
            depths=dict(self.depths),
            negative=set(self.negative),
            reopen_gaps=dict(self.reopen_gaps),
        )

    def rename(self, symbol: str, renamed: SymbolInfo, *, history: bool) -> None:
        """Replace a symbol by the same one under another name, in positions and live orders too, and in history
        where wanted."""
        self.symbols = {
            (renamed.name if name == symbol else name): (renamed if name == symbol else known)
            for name, known in self.symbols.items()
        }
        self.quotes = _renamed_key(self.quotes, symbol, renamed.name)
        self.commissions = _renamed_key(self.commissions, symbol, renamed.name)
        self.reopen_gaps = _renamed_key(self.reopen_gaps, symbol, renamed.name)
        self.depths = _renamed_key(self.depths, symbol, renamed.name)
        if symbol in self.negative:
            self.negative = self.negative - {symbol} | {renamed.name}
        self.book.rename(symbol, renamed.name, history=history)

    def rates(self) -> Rates:
        """Return the conversion at the current quotes."""
        return Rates(self.symbols, self.quotes, self.terms.currency, self.terms.currency_digits)

    @property
    def netting(self) -> bool:
        """True where the account keeps one position per symbol (netting)."""
        return self.terms.margin_mode is not MarginMode.RETAIL_HEDGING

    def netted(self, symbol: str) -> Position | None:
        """Return the symbol's position on a netting account; None on a hedging account."""
        if not self.netting:
            return None
        return next((p for p in self.book.positions.values() if p.symbol == symbol), None)

    def symbol_of(self, request: TradeRequest) -> str:
        """Return the symbol that a request works on: that of the order or position that it names by ticket, else
        its own. MODIFY, REMOVE and CLOSE_BY need not name a symbol."""
        if request.order:
            order = self.book.orders.get(request.order) or self.book.history.get(request.order)
            if order is not None:
                return order.symbol
        position = self.book.positions.get(request.position)
        return request.symbol if position is None else position.symbol

    def sltp_position(self, request: TradeRequest) -> Position | None:
        """Return the position whose levels an SLTP request changes: by ticket, on a netting account also by
        symbol."""
        if request.position:
            return self.book.positions.get(request.position)
        return self.netted(request.symbol)

    def closing(self, position: Position) -> list[Order]:
        """Return the live orders that close a position of a hedging account."""
        return [
            order
            for order in self.book.orders.values()
            if order.position_id == position.identifier != order.ticket and not self.netting
        ]

    def being_closed(self, position: Position) -> bool:
        """Return whether a live order of the server (SL, TP, stop-out) closes the position: the rest of one that
        found too little volume."""
        return any(
            order.position_id == position.identifier and order.reason in STOPS
            for order in self.book.orders.values()
        )

    def fillable(self, order: Order) -> Decimal:
        """Return the volume that the market has for an order at this quote, up to what is open of it."""
        return min(order.volume_current, self.depths.get(order.symbol, order.volume_current))

    def deal_price(self, symbol: str, type: OrderType) -> Decimal:
        """Return the market price for an order type: the ask where it buys, the bid where it sells."""
        tick = self.quotes[symbol]
        return tick.ask if type.side is OrderType.BUY else tick.bid

    def close_price(self, position: Position) -> Decimal:
        """Return the market price that closes a position."""
        return self.deal_price(position.symbol, closing_type(position))

    def symbol(self, name: str) -> SymbolInfo | None:
        """Return the properties with the current quote in them; None for an unknown symbol."""
        symbol = self.symbols.get(name)
        if symbol is None:
            return None
        tick = self.quotes[name]
        return msgspec.structs.replace(
            symbol,
            bid=tick.bid,
            ask=tick.ask,
            time_msc=tick.time_msc,
            spread=int((tick.ask - tick.bid) / symbol.point),
            trade_tick_value=self.rates().tick_value(symbol),
        )

    def orders(self) -> list[Order]:
        """Return the live orders with the current prices in them, oldest first."""
        return [self._priced(order) for order in self.book.orders.values()]

    def order(self, ticket: int) -> Order | None:
        """Return a live order with the current price in it."""
        order = self.book.orders.get(ticket)
        return None if order is None else self._priced(order)

    def _priced(self, order: Order) -> Order:
        return msgspec.structs.replace(order, price_current=self.deal_price(order.symbol, order.type))

    def pending(self) -> list[Order]:
        """Return the live pending orders, oldest first."""
        return [order for order in self.book.orders.values() if order.type.pending]

    def positions(self) -> list[Position]:
        """Return the open positions at the current quotes, oldest first."""
        rates = self.rates()
        return [self._valued(position, rates) for position in self.book.positions.values()]

    def _valued(self, position: Position, rates: Rates) -> Position:
        price = self.close_price(position)
        symbol = self.symbols[position.symbol]
        profit = rates.profit(symbol, position.type, position.volume, position.price_open, price)
        return msgspec.structs.replace(position, price_current=price, profit=profit)

    def account(self, *, connected: bool) -> AccountInfo:
        """Return the account at the current quotes. Without a connection trading is not allowed."""
        terms, rates = self.terms, self.rates()
        positions = self.positions()
        profit = sum((position.profit + position.swap for position in positions), ZERO)
        margin = sum((self.margin(position.symbol, position.volume, rates) for position in positions), ZERO)
        equity = self.book.balance + profit
        return AccountInfo(
            login=terms.login,
            name=terms.name,
            server=terms.server,
            company=terms.company,
            currency=terms.currency,
            currency_digits=terms.currency_digits,
            margin_mode=AccountMarginMode[terms.margin_mode.name],
            trade_mode=AccountTradeMode[terms.trade_mode.name],
            margin_so_mode=AccountStopoutMode.PERCENT,
            leverage=terms.leverage,
            limit_orders=terms.limit_orders,
            trade_allowed=terms.trade_allowed and connected,
            trade_expert=terms.trade_expert,
            hedge_allowed=terms.hedge_allowed and not self.netting,
            fifo_close=terms.fifo_close and not self.netting,
            balance=self.book.balance,
            credit=ZERO,
            profit=profit,
            equity=equity,
            margin=margin,
            margin_free=equity - margin,
            margin_level=margin_level(equity, margin),
            margin_so_call=terms.margin_so_call,
            margin_so_so=terms.margin_so_so,
        )

    def margin(self, symbol: str, volume: Decimal, rates: Rates | None = None) -> Decimal:
        """Return the margin of a position of this volume, in account currency."""
        return (rates or self.rates()).margin(self.symbols[symbol], volume, self.terms.leverage)

    def opened_by(self, symbol: str, type: OrderType, volume: Decimal) -> Decimal:
        """Return the volume of an order that opens: on a netting account, what exceeds the opposite position."""
        held = self.netted(symbol)
        if held is None or closing_type(held) is not type.side:
            return volume
        return max(ZERO, volume - held.volume)

    def margin_needed(self, symbol: str, type: OrderType, volume: Decimal) -> Decimal:
        """Return the margin that an opening order needs beyond the present one; 0 or less where it nets."""
        opened = self.opened_by(symbol, type, volume)
        held = self.netted(symbol)
        if held is None or opened == volume:
            return self.margin(symbol, volume)
        return self.margin(symbol, opened or held.volume - volume) - self.margin(symbol, held.volume)

    def affordable(self, symbol: str, type: OrderType, volume: Decimal) -> bool:
        """Return whether the free margin is enough for an opening order."""
        needed = self.margin_needed(symbol, type, volume)
        return needed <= 0 or needed <= self.account(connected=True).margin_free


def _renamed_key(values: dict[str, T], old: str, new: str) -> dict[str, T]:
    return {(new if name == old else name): value for name, value in values.items()}


def margin_level(equity: Decimal, margin: Decimal) -> Decimal:
    """Return the equity in percent of the margin; 0 without margin, as MetaTrader shows it."""
    return cents(equity / margin * 100) if margin else ZERO


def closing_type(position: Position) -> OrderType:
    """Return BUY or SELL: the side of the order that closes a position."""
    return OrderType.SELL if position.type is PositionType.BUY else OrderType.BUY
