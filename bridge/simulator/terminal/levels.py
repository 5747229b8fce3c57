"""Prices and stops: on their side of the market, and far enough from it.

    a long position          stop loss below the bid, take profit above it
    a short position         stop loss above the ask, take profit below it
    BUY_LIMIT, SELL_STOP     price below the market (ask for a BUY, bid for a SELL)
    SELL_LIMIT, BUY_STOP     price above it; stop-limit orders as stop orders
    a pending order          stop loss and take profit as a position's, on the sides of its price; of a
                             stop-limit order, of its limit price

All of them at least SYMBOL_TRADE_STOPS_LEVEL points away, and what stands within SYMBOL_TRADE_FREEZE_LEVEL
points of being reached is not changed (MQL5 reference, Symbol Properties). Each message has the numbers.
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from bridge.core.units.mt5_terms import Side
from bridge.simulator.mt5.types import Order, OrderType, Position, PositionType, Retcode, SymbolInfo, Tick
from bridge.simulator.terminal.not_sent import refused

STOP_LIMITS: Final = frozenset({OrderType.BUY_STOP_LIMIT, OrderType.SELL_STOP_LIMIT})
_ABOVE: Final = frozenset({OrderType.BUY_STOP, OrderType.BUY_STOP_LIMIT, OrderType.SELL_LIMIT})
"""The pending orders whose price is above the market."""


class Pending(Struct, frozen=True, kw_only=True):
    """A pending order's prices, as they are or shall be. 0: none."""

    type: OrderType
    price: Decimal
    stoplimit: Decimal
    sl: Decimal
    tp: Decimal

    @property
    def side(self) -> Side:
        """The side of what it opens."""
        return Side.BUY if self.type.name.startswith("BUY") else Side.SELL


class _From(Struct, frozen=True):
    """What a level is measured from, by name."""

    name: str
    price: Decimal


def pending_of(order: Order) -> Pending:
    """The prices of a live order."""
    return Pending(
        type=order.type, price=order.price_open, stoplimit=order.price_stoplimit, sl=order.sl, tp=order.tp
    )


def side_of(position: Position) -> Side:
    """BUY for a long position."""
    return Side.BUY if position.type is PositionType.BUY else Side.SELL


def risk_limit_stops(symbol: SymbolInfo, tick: Tick, side: Side, sl: Decimal, tp: Decimal) -> None:
    """Stops of a position that is there, or that a market order opens. 0: not looked at. Raises NotSent."""
    _risk_limit_stops(symbol, _close_quote(side, tick), side, sl, tp)


def risk_limit_pending(
    symbol: SymbolInfo, tick: Tick, wished: Pending, present: Pending | None = None
) -> None:
    """The prices of a pending order, or those that a change of it moves. Raises NotSent.

    What a change leaves as it is was the broker's to accept. Stops are looked at again where their price moves.
    """
    entry = _entry(wished)
    moved = present is None or _entry(present).price != entry.price
    if present is None or present.price != wished.price:
        _risk_limit(
            symbol,
            Retcode.INVALID_PRICE,
            ("price", wished.price),
            _open_quote(wished.side, tick),
            above=wished.type in _ABOVE,
        )
    if wished.type in STOP_LIMITS and (
        present is None or (present.price, present.stoplimit) != (wished.price, wished.stoplimit)
    ):
        _risk_limit_limit_price(symbol, wished)
    sl = wished.sl if moved or present is None or present.sl != wished.sl else Decimal(0)
    tp = wished.tp if moved or present is None or present.tp != wished.tp else Decimal(0)
    _risk_limit_stops(symbol, entry, wished.side, sl, tp)


def risk_limit_frozen_order(symbol: SymbolInfo, tick: Tick, order: Order) -> None:
    """An order that is about to be triggered is left alone. Raises NotSent."""
    if not order.type.pending:
        return  # what is left of a market order waits for no price
    pending = pending_of(order)
    quote = _open_quote(pending.side, tick)
    _risk_limit_frozen(symbol, f"order {order.ticket}", "price", order.price_open, quote)


def risk_limit_frozen_position(symbol: SymbolInfo, tick: Tick, position: Position) -> None:
    """A position whose stop is about to be hit is left alone. Raises NotSent."""
    quote = _close_quote(side_of(position), tick)
    for name, level in (("stop loss", position.sl), ("take profit", position.tp)):
        if level:
            _risk_limit_frozen(symbol, f"position {position.identifier}", name, level, quote)


def _entry(pending: Pending) -> _From:
    """The price at which a pending order opens."""
    if pending.type in STOP_LIMITS:
        return _From("limit price", pending.stoplimit)
    return _From("price", pending.price)


def _open_quote(side: Side, tick: Tick) -> _From:
    return _From("ask", tick.ask) if side is Side.BUY else _From("bid", tick.bid)


def _close_quote(side: Side, tick: Tick) -> _From:
    return _From("bid", tick.bid) if side is Side.BUY else _From("ask", tick.ask)


def _risk_limit_stops(symbol: SymbolInfo, start: _From, side: Side, sl: Decimal, tp: Decimal) -> None:
    is_long = side is Side.BUY
    if sl:
        _risk_limit(symbol, Retcode.INVALID_STOPS, ("stop loss", sl), start, above=not is_long)
    if tp:
        _risk_limit(symbol, Retcode.INVALID_STOPS, ("take profit", tp), start, above=is_long)


def _risk_limit_limit_price(symbol: SymbolInfo, wished: Pending) -> None:
    """Both prices may be the same, where the symbol wants no distance."""
    if wished.stoplimit == wished.price and not symbol.trade_stops_level:
        return
    start = _From("price", wished.price)
    above = wished.side is Side.SELL
    _risk_limit(symbol, Retcode.INVALID_PRICE, ("limit price", wished.stoplimit), start, above=above)


def _risk_limit(
    symbol: SymbolInfo, retcode: Retcode, level: tuple[str, Decimal], start: _From, *, above: bool
) -> None:
    name, price = level
    spelled = f"{name} {_text(symbol, price)} is"
    room = price - start.price if above else start.price - price
    reference = f"the {start.name} {_text(symbol, start.price)}"
    if room <= 0:
        raise refused(retcode, f"{spelled} not {'above' if above else 'below'} {reference}")
    if room < symbol.trade_stops_level * symbol.point:
        raise refused(
            retcode,
            f"{spelled} {_points(symbol, room)} points from {reference}; "
            f"this symbol wants at least {symbol.trade_stops_level}",
        )


def _risk_limit_frozen(symbol: SymbolInfo, what: str, name: str, level: Decimal, quote: _From) -> None:
    freeze = symbol.trade_freeze_level
    distance = abs(level - quote.price)
    if freeze and distance <= freeze * symbol.point:
        raise refused(
            Retcode.FROZEN,
            f"{what} is frozen: its {name} {_text(symbol, level)} is {_points(symbol, distance)} points from "
            f"the {quote.name} {_text(symbol, quote.price)}; this symbol freezes it within {freeze}",
        )


def _points(symbol: SymbolInfo, distance: Decimal) -> str:
    return f"{distance / symbol.point:.0f}"


def _text(symbol: SymbolInfo, price: Decimal) -> str:
    """With the symbol's digits."""
    return f"{price:.{symbol.digits}f}"
