"""The desk: all that the trade server knows at one moment, and what it says when asked."""

from decimal import Decimal

import msgspec
from msgspec import Struct

from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import MarginMode
from bridge.simulator.broker.book.book import Book
from bridge.simulator.broker.book.money import CURRENCY, CURRENCY_DIGITS, Rates, cents
from bridge.simulator.broker.scenario import AccountTerms
from bridge.simulator.mt5.types import (
    AccountInfo,
    AccountMarginMode,
    AccountStopoutMode,
    AccountTradeMode,
    Order,
    OrderType,
    Position,
    PositionType,
    SymbolInfo,
    Tick,
    TradeRequest,
)


class Desk(Struct, kw_only=True):
    """Account terms, symbols (without quotes), quotes, book. `commissions` is money per lot and deal, by
    symbol."""

    terms: AccountTerms
    now_ms: int
    symbols: dict[str, SymbolInfo]
    commissions: dict[str, Decimal]
    quotes: dict[str, Tick]
    book: Book

    def copy(self) -> "Desk":
        """The desk as it is now; later changes do not reach it."""
        return Desk(
            terms=self.terms,
            now_ms=self.now_ms,
            symbols=dict(self.symbols),
            commissions=self.commissions,
            quotes=dict(self.quotes),
            book=self.book.copy(),
        )

    def rates(self) -> Rates:
        """The conversion at the current quotes."""
        return Rates(self.symbols, self.quotes)

    @property
    def netting(self) -> bool:
        """Whether the account keeps one position per symbol."""
        return self.terms.margin_mode is not MarginMode.RETAIL_HEDGING

    def netted(self, symbol: str) -> Position | None:
        """The symbol's position on a netting account; None on a hedging one, which has no such thing."""
        if not self.netting:
            return None
        return next((p for p in self.book.positions.values() if p.symbol == symbol), None)

    def meant(self, request: TradeRequest) -> Position | None:
        """The position that a change of levels is about: by ticket, on a netting account also by symbol."""
        if request.position:
            return self.book.positions.get(request.position)
        return self.netted(request.symbol)

    def closing(self, position: Position) -> list[Order]:
        """The live orders that are to close a position of a hedging account."""
        return [
            order
            for order in self.book.orders.values()
            if order.position_id == position.identifier != order.ticket and not self.netting
        ]

    def deal_price(self, symbol: str, type: OrderType) -> Decimal:
        """What an order of this type gets at the market: ask where it buys, bid where it sells."""
        tick = self.quotes[symbol]
        return tick.ask if type.side is OrderType.BUY else tick.bid

    def close_price(self, position: Position) -> Decimal:
        """What the position would be closed at."""
        return self.deal_price(position.symbol, closing_type(position))

    def symbol(self, name: str) -> SymbolInfo | None:
        """The properties with the current quote in them; None where there is no such symbol."""
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
        """The live orders with the current prices in them, oldest first."""
        return [self._priced(order) for order in self.book.orders.values()]

    def order(self, ticket: int) -> Order | None:
        """One of them."""
        order = self.book.orders.get(ticket)
        return None if order is None else self._priced(order)

    def _priced(self, order: Order) -> Order:
        return msgspec.structs.replace(order, price_current=self.deal_price(order.symbol, order.type))

    def pending(self) -> list[Order]:
        """The live orders that wait for a price, oldest first."""
        return [order for order in self.book.orders.values() if order.type.pending]

    def positions(self) -> list[Position]:
        """The open positions at the current quotes, oldest first."""
        rates = self.rates()
        return [self._valued(position, rates) for position in self.book.positions.values()]

    def _valued(self, position: Position, rates: Rates) -> Position:
        price = self.close_price(position)
        symbol = self.symbols[position.symbol]
        profit = rates.profit(symbol, position.type, position.volume, position.price_open, price)
        return msgspec.structs.replace(position, price_current=price, profit=profit)

    def account(self, *, connected: bool) -> AccountInfo:
        """The account at the current quotes. Without a connection nobody may trade."""
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
            currency=CURRENCY,
            currency_digits=CURRENCY_DIGITS,
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
        """What a position of this volume binds, in account currency."""
        return (rates or self.rates()).margin(self.symbols[symbol], volume, self.terms.leverage)

    def opened_by(self, symbol: str, type: OrderType, volume: Decimal) -> Decimal:
        """How much of an order's volume would open, and not close what a netting account holds against it."""
        held = self.netted(symbol)
        if held is None or closing_type(held) is not type.side:
            return volume
        return max(ZERO, volume - held.volume)

    def margin_needed(self, symbol: str, type: OrderType, volume: Decimal) -> Decimal:
        """The margin that an opening order binds beyond what is bound now; 0 or less for one that nets."""
        opened = self.opened_by(symbol, type, volume)
        held = self.netted(symbol)
        if held is None or opened == volume:
            return self.margin(symbol, volume)
        return self.margin(symbol, opened or held.volume - volume) - self.margin(symbol, held.volume)

    def affordable(self, symbol: str, type: OrderType, volume: Decimal) -> bool:
        """Whether the free margin is enough for an opening order."""
        needed = self.margin_needed(symbol, type, volume)
        return needed <= 0 or needed <= self.account(connected=True).margin_free


def margin_level(equity: Decimal, margin: Decimal) -> Decimal:
    """Equity in percent of the margin; 0 where none is bound, as MetaTrader shows it."""
    return cents(equity / margin * 100) if margin else ZERO


def closing_type(position: Position) -> OrderType:
    """The side of the order that closes a position."""
    return OrderType.SELL if position.type is PositionType.BUY else OrderType.BUY
