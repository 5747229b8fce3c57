"""Checks of pending orders: placing, modifying and removing them.

Source: MQL5 reference, 'Trade Server Return Codes', 'Order Properties'; MetaTrader 5 help, 'Types of Orders'.
"""

from decimal import Decimal
from typing import Final, assert_never

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.book.trade_state import TradeState
from bridge.simulator.broker.execution import symbol_checks
from bridge.simulator.broker.execution.triggers import expires_at
from bridge.simulator.broker.scenario import Quirks
from bridge.simulator.mt5.types import (
    Order,
    OrderFilling,
    OrderTime,
    OrderType,
    PositionType,
    Retcode,
    SymbolFilling,
    SymbolInfo,
    TradeRequest,
)

LAST_DATETIME_MS: Final = 32_535_215_999_000
"""31 December 3000, 23:59:59: the last moment of MQL5's datetime (MQL5 reference, 'Datetime Type')."""

_LIMITS = (OrderType.BUY_LIMIT, OrderType.SELL_LIMIT)
_STOP_LIMITS = (OrderType.BUY_STOP_LIMIT, OrderType.SELL_STOP_LIMIT)


def check_placing(
    trade: TradeState, request: TradeRequest, quirks: Quirks, by_expert: bool
) -> Retcode | None:
    """Check a PENDING request."""
    symbol = trade.symbols.get(request.symbol)
    if symbol is None:
        return Retcode.INVALID
    if not request.type.pending:
        return Retcode.INVALID_ORDER
    return (
        symbol_checks.kind(symbol, request.type)
        or symbol_checks.volume(symbol, request.volume)
        or _filling(symbol, request, quirks)
        or _lifetime(trade, symbol, request.type_time, request.expiration)
        or symbol_checks.permission(trade, symbol, by_expert)
        or symbol_checks.quoted(trade, symbol)
        or symbol_checks.direction(trade, symbol, request.type)
        or _count(trade)
        or symbol_checks.limits(trade, symbol, request.type, request.volume)
        or _prices(trade, symbol, request.type, request)
    )


def check_modifying(
    trade: TradeState, request: TradeRequest, quirks: Quirks, by_expert: bool
) -> Retcode | None:
    """Check a MODIFY request."""
    order = trade.book.orders.get(request.order)
    if order is None or not order.type.pending:
        return _gone(trade, request.order, quirks)
    symbol = trade.symbols[order.symbol]
    refused = symbol_checks.permission(trade, symbol, by_expert)
    if refused is not None:
        return refused
    if _same(order, request):
        return Retcode.NO_CHANGES
    return (
        _frozen(trade, symbol, order)
        or _lifetime(trade, symbol, request.type_time, request.expiration)
        or _prices(trade, symbol, order.type, request)
    )


def check_removing(
    trade: TradeState, request: TradeRequest, quirks: Quirks, by_expert: bool
) -> Retcode | None:
    """Check a REMOVE request. A market order that is not filled yet can be removed as well."""
    order = trade.book.orders.get(request.order)
    if order is None:
        return _gone(trade, request.order, quirks)
    symbol = trade.symbols[order.symbol]
    return symbol_checks.permission(trade, symbol, by_expert) or _frozen(trade, symbol, order)


def _gone(trade: TradeState, ticket: int, quirks: Quirks) -> Retcode:
    return Retcode[quirks.gone_order] if ticket in trade.book.history else Retcode.INVALID


def _same(order: Order, request: TradeRequest) -> bool:
    now = (order.price_open, order.sl, order.tp, order.type_time, order.time_expiration)
    asked = (request.price, request.sl, request.tp, request.type_time, request.expiration)
    return now == asked and request.stoplimit in (ZERO, order.price_stoplimit)


def _filling(symbol: SymbolInfo, request: TradeRequest, quirks: Quirks) -> Retcode | None:
    """Check the filling of a pending order: RETURN is always allowed, BOC for limit orders only."""
    instant = symbol.trade_exemode in symbol_checks.INSTANT
    match request.type_filling:
        case OrderFilling.RETURN:
            allowed = True
        case OrderFilling.BOC:
            allowed = SymbolFilling.BOC in symbol.filling_mode and request.type in _LIMITS
        case OrderFilling.FOK:
            allowed = quirks.pending_filling == "ANY" and (
                instant or SymbolFilling.FOK in symbol.filling_mode
            )
        case OrderFilling.IOC:
            allowed = quirks.pending_filling == "ANY" and (
                instant or SymbolFilling.IOC in symbol.filling_mode
            )
        case unknown:
            assert_never(unknown)
    return None if allowed else Retcode.INVALID_FILL


def _lifetime(trade: TradeState, symbol: SymbolInfo, type_time: OrderTime, expiration: int) -> Retcode | None:
    """Check that the symbol takes this lifetime, and that it ends in the future, at a time that MQL5 has."""
    if type_time.flag not in symbol.expiration_mode:
        return Retcode.INVALID_EXPIRATION
    if type_time in (OrderTime.SPECIFIED, OrderTime.SPECIFIED_DAY):
        if not 0 < expiration <= LAST_DATETIME_MS:
            return Retcode.INVALID_EXPIRATION
        over = expires_at(trade.now_ms, type_time, expiration) <= trade.now_ms
        return Retcode.INVALID_EXPIRATION if over else None
    return None


def _count(trade: TradeState) -> Retcode | None:
    most = trade.terms.limit_orders
    return Retcode.LIMIT_ORDERS if most and len(trade.pending()) >= most else None


def _prices(trade: TradeState, symbol: SymbolInfo, type: OrderType, request: TradeRequest) -> Retcode | None:
    """Check that each price is on its side of the market and far enough away."""
    sign = 1 if type.side is OrderType.BUY else -1
    market = trade.deal_price(symbol.name, type)
    # A limit order waits for a better price, the other types for a worse one.
    room = sign * (market - request.price if type in _LIMITS else request.price - market)
    if _misplaced(symbol, request.price, room):
        return Retcode.INVALID_PRICE
    entry = request.price
    if type in _STOP_LIMITS:
        entry = request.stoplimit
        if _misplaced(symbol, entry, sign * (request.price - entry)):
            return Retcode.INVALID_PRICE
    side = PositionType.BUY if type.side is OrderType.BUY else PositionType.SELL
    return symbol_checks.stops(symbol, side, entry, request.sl, request.tp)


def _misplaced(symbol: SymbolInfo, price: Decimal, room: Decimal) -> bool:
    near = room <= 0 or room < symbol.trade_stops_level * symbol.point
    low, high = symbol.session_price_limit_min, symbol.session_price_limit_max
    outside = (low and price < low) or (high and price > high)
    return not price or bool(price % symbol.trade_tick_size) or near or bool(outside)


def _frozen(trade: TradeState, symbol: SymbolInfo, order: Order) -> Retcode | None:
    """Check that the order's price is not within the freeze level of the market."""
    level = symbol.trade_freeze_level * symbol.point
    if not level or not order.type.pending:
        return None
    away = abs(trade.deal_price(order.symbol, order.type) - order.price_open)
    return Retcode.FROZEN if away <= level else None
