"""What a trade server refuses, and with which return code.

Source for the codes: MQL5 reference, 'Trade Server Return Codes'. Which of several broken rules answers
first is not documented; the order here is the terminal's checks (request, symbol, volume, filling), then
the server's (permissions, session, position, stops, price, money).
"""

from decimal import Decimal

from bridge.core.amounts import ZERO, AmountError, check_amount
from bridge.paper.desk import Desk, closing_type
from bridge.paper.mt5 import (
    OrderFilling,
    OrderType,
    Position,
    PositionType,
    Retcode,
    SymbolExecution,
    SymbolFilling,
    SymbolInfo,
    SymbolTradeMode,
    TradeAction,
    TradeRequest,
)

_INSTANT = (SymbolExecution.INSTANT, SymbolExecution.REQUEST)


def refusal(desk: Desk, request: TradeRequest, *, by_expert: bool = True) -> Retcode | None:
    """The code with which the request is refused, None where it will do. Changes nothing."""
    if not _ordinary(request):
        return Retcode.INVALID
    match request.action:
        case TradeAction.DEAL:
            return _deal(desk, request, by_expert)
        case TradeAction.SLTP:
            return _sltp(desk, request, by_expert)
        case TradeAction.PENDING | TradeAction.CLOSE_BY:
            # No symbol has these flags in its SYMBOL_ORDER_MODE.
            return Retcode.INVALID_ORDER
        case TradeAction.MODIFY | TradeAction.REMOVE:
            # Without pending orders there is none to change.
            return Retcode.INVALID


def _ordinary(request: TradeRequest) -> bool:
    """The numbers are numbers, and none is negative."""
    amounts = (request.volume, request.price, request.stoplimit, request.sl, request.tp)
    try:
        return all(check_amount(amount) >= 0 for amount in amounts) and request.deviation >= 0
    except AmountError:
        return False


def _deal(desk: Desk, request: TradeRequest, by_expert: bool) -> Retcode | None:
    symbol = desk.symbols.get(request.symbol)
    if symbol is None:
        return Retcode.INVALID
    if request.type not in (OrderType.BUY, OrderType.SELL):
        return Retcode.INVALID_ORDER
    return (
        _volume(symbol, request.volume)
        or _filling(symbol, request.type_filling)
        or _permission(desk, symbol, by_expert)
        or (_close(desk, symbol, request) if request.position else _open(desk, symbol, request))
        or _price(desk, symbol, request)
        or (None if request.position else _money(desk, request))
    )


def _open(desk: Desk, symbol: SymbolInfo, request: TradeRequest) -> Retcode | None:
    side = PositionType.BUY if request.type is OrderType.BUY else PositionType.SELL
    if symbol.trade_mode is SymbolTradeMode.CLOSEONLY:
        return Retcode.CLOSE_ONLY
    if symbol.trade_mode is SymbolTradeMode.LONGONLY and side is PositionType.SELL:
        return Retcode.LONG_ONLY
    if symbol.trade_mode is SymbolTradeMode.SHORTONLY and side is PositionType.BUY:
        return Retcode.SHORT_ONLY
    held = (p.volume for p in desk.book.positions.values() if p.symbol == symbol.name and p.type is side)
    if symbol.volume_limit and sum(held, ZERO) + request.volume > symbol.volume_limit:
        return Retcode.LIMIT_VOLUME
    return _stops(desk, symbol, side, request.sl, request.tp)


def _close(desk: Desk, symbol: SymbolInfo, request: TradeRequest) -> Retcode | None:
    position = desk.book.positions.get(request.position)
    if position is None:
        return Retcode.POSITION_CLOSED
    if position.symbol != symbol.name or request.type is not closing_type(position):
        return Retcode.INVALID
    if request.volume > position.volume:
        return Retcode.INVALID_CLOSE_VOLUME
    return _frozen(desk, symbol, position)


def _sltp(desk: Desk, request: TradeRequest, by_expert: bool) -> Retcode | None:
    symbol = desk.symbols.get(request.symbol)
    if symbol is None:
        return Retcode.INVALID
    refused = _permission(desk, symbol, by_expert)
    if refused is not None:
        return refused
    position = desk.book.positions.get(request.position)
    if position is None:
        return Retcode.POSITION_CLOSED
    if position.symbol != symbol.name:
        return Retcode.INVALID
    if (position.sl, position.tp) == (request.sl, request.tp):
        return Retcode.NO_CHANGES
    return _frozen(desk, symbol, position) or _stops(desk, symbol, position.type, request.sl, request.tp)


def _volume(symbol: SymbolInfo, volume: Decimal) -> Retcode | None:
    fits = symbol.volume_min <= volume <= symbol.volume_max and volume % symbol.volume_step == 0
    return None if fits else Retcode.INVALID_VOLUME


def _filling(symbol: SymbolInfo, filling: OrderFilling) -> Retcode | None:
    if symbol.trade_exemode in _INSTANT:
        # Their volume is filled whole or requoted, so FOK and IOC do whatever the flags say.
        fits = filling is not OrderFilling.BOC
    elif filling is OrderFilling.RETURN:
        fits = symbol.trade_exemode is not SymbolExecution.MARKET
    else:
        fits = bool(SymbolFilling[filling.name] & symbol.filling_mode)
    return None if fits else Retcode.INVALID_FILL


def _permission(desk: Desk, symbol: SymbolInfo, by_expert: bool) -> Retcode | None:
    if not desk.terms.trade_allowed or symbol.trade_mode is SymbolTradeMode.DISABLED:
        return Retcode.TRADE_DISABLED
    if by_expert and not desk.terms.trade_expert:
        return Retcode.SERVER_DISABLES_AT
    return None if symbol.session_open else Retcode.MARKET_CLOSED


def _stops(desk: Desk, symbol: SymbolInfo, side: PositionType, sl: Decimal, tp: Decimal) -> Retcode | None:
    """Stops stand on their side of the price that closes the position, at least the stops level away."""
    tick = desk.quotes[symbol.name]
    price = tick.bid if side is PositionType.BUY else tick.ask
    sign = 1 if side is PositionType.BUY else -1
    level = symbol.trade_stops_level * symbol.point
    for stop, room in ((sl, sign * (price - sl)), (tp, sign * (tp - price))):
        if stop and (room <= 0 or room < level or stop % symbol.trade_tick_size):
            return Retcode.INVALID_STOPS
    return None


def _frozen(desk: Desk, symbol: SymbolInfo, position: Position) -> Retcode | None:
    """A position whose stop is about to be hit is left alone."""
    level = symbol.trade_freeze_level * symbol.point
    price = desk.close_price(position)
    near = any(stop and abs(price - stop) <= level for stop in (position.sl, position.tp))
    return Retcode.FROZEN if level and near else None


def _price(desk: Desk, symbol: SymbolInfo, request: TradeRequest) -> Retcode | None:
    """Under instant execution the client names a price, and how far the deal may be off it."""
    if symbol.trade_exemode not in _INSTANT:
        return None
    if not request.price or request.price % symbol.trade_tick_size:
        return Retcode.INVALID_PRICE
    slippage = abs(desk.deal_price(symbol.name, request.type) - request.price)
    return Retcode.REQUOTE if slippage > request.deviation * symbol.point else None


def _money(desk: Desk, request: TradeRequest) -> Retcode | None:
    free = desk.account(connected=True).margin_free
    return Retcode.NO_MONEY if desk.margin(request.symbol, request.volume) > free else None
