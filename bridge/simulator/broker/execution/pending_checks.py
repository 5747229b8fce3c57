"""What is refused of pending orders: placing, changing and removing them.

Source: MQL5 reference, 'Trade Server Return Codes', 'Order Properties'; MetaTrader 5 help, 'Types of Orders'.
"""

from decimal import Decimal

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.book.trade_state import Desk
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
    SymbolExpiration,
    SymbolFilling,
    SymbolInfo,
    TradeRequest,
)

_LIMITS = (OrderType.BUY_LIMIT, OrderType.SELL_LIMIT)
_STOP_LIMITS = (OrderType.BUY_STOP_LIMIT, OrderType.SELL_STOP_LIMIT)


def placing(desk: Desk, request: TradeRequest, quirks: Quirks, by_expert: bool) -> Retcode | None:
    """PENDING."""
    symbol = desk.symbols.get(request.symbol)
    if symbol is None:
        return Retcode.INVALID
    if not request.type.pending:
        return Retcode.INVALID_ORDER
    return (
        symbol_checks.kind(symbol, request.type)
        or symbol_checks.volume(symbol, request.volume)
        or _filling(symbol, request, quirks)
        or _lifetime(desk, symbol, request.type_time, request.expiration)
        or symbol_checks.permission(desk, symbol, by_expert)
        or symbol_checks.quoted(desk, symbol)
        or symbol_checks.direction(desk, symbol, request.type)
        or _count(desk)
        or symbol_checks.limits(desk, symbol, request.type, request.volume)
        or _prices(desk, symbol, request.type, request)
    )


def changing(desk: Desk, request: TradeRequest, quirks: Quirks, by_expert: bool) -> Retcode | None:
    """MODIFY."""
    order = desk.book.orders.get(request.order)
    if order is None or not order.type.pending:
        return _gone(desk, request.order, quirks)
    symbol = desk.symbols[order.symbol]
    refused = symbol_checks.permission(desk, symbol, by_expert)
    if refused is not None:
        return refused
    if _same(order, request):
        return Retcode.NO_CHANGES
    return (
        _frozen(desk, symbol, order)
        or _lifetime(desk, symbol, request.type_time, request.expiration)
        or _prices(desk, symbol, order.type, request)
    )


def removing(desk: Desk, request: TradeRequest, quirks: Quirks, by_expert: bool) -> Retcode | None:
    """REMOVE. A market order that waits to be filled can be removed as well."""
    order = desk.book.orders.get(request.order)
    if order is None:
        return _gone(desk, request.order, quirks)
    symbol = desk.symbols[order.symbol]
    return symbol_checks.permission(desk, symbol, by_expert) or _frozen(desk, symbol, order)


def _gone(desk: Desk, ticket: int, quirks: Quirks) -> Retcode:
    return Retcode[quirks.gone_order] if ticket in desk.book.history else Retcode.INVALID


def _same(order: Order, request: TradeRequest) -> bool:
    now = (order.price_open, order.sl, order.tp, order.type_time, order.time_expiration)
    asked = (request.price, request.sl, request.tp, request.type_time, request.expiration)
    return now == asked and request.stoplimit in (ZERO, order.price_stoplimit)


def _filling(symbol: SymbolInfo, request: TradeRequest, quirks: Quirks) -> Retcode | None:
    """RETURN always does. BOC is for limit orders, where the symbol has it."""
    asked = request.type_filling
    if asked is OrderFilling.RETURN:
        return None
    fits = bool(SymbolFilling[asked.name] & symbol.filling_mode)
    if asked is OrderFilling.BOC:
        fits = fits and request.type in _LIMITS
    else:
        fits = quirks.pending_filling == "ANY" and (fits or symbol.trade_exemode in symbol_checks.INSTANT)
    return None if fits else Retcode.INVALID_FILL


def _lifetime(desk: Desk, symbol: SymbolInfo, type_time: OrderTime, expiration: int) -> Retcode | None:
    """The symbol knows such a lifetime, and it is not over."""
    if not SymbolExpiration(1 << type_time) & symbol.expiration_mode:
        return Retcode.INVALID_EXPIRATION
    if type_time in (OrderTime.SPECIFIED, OrderTime.SPECIFIED_DAY):
        over = expiration <= 0 or expires_at(desk.now_ms, type_time, expiration) <= desk.now_ms
        return Retcode.INVALID_EXPIRATION if over else None
    return None


def _count(desk: Desk) -> Retcode | None:
    most = desk.terms.limit_orders
    return Retcode.LIMIT_ORDERS if most and len(desk.pending()) >= most else None


def _prices(desk: Desk, symbol: SymbolInfo, type: OrderType, request: TradeRequest) -> Retcode | None:
    """The price is on its side of the market, and all distances are kept."""
    sign = 1 if type.side is OrderType.BUY else -1
    market = desk.deal_price(symbol.name, type)
    # A limit order waits for a better price, the others for a worse one.
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
    outside = price < low or (high and price > high)
    return not price or bool(price % symbol.trade_tick_size) or near or bool(outside)


def _frozen(desk: Desk, symbol: SymbolInfo, order: Order) -> Retcode | None:
    """An order whose price is about to be met is left alone."""
    level = symbol.trade_freeze_level * symbol.point
    if not level or not order.type.pending:
        return None
    away = abs(desk.deal_price(order.symbol, order.type) - order.price_open)
    return Retcode.FROZEN if away <= level else None
