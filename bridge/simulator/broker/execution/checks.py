"""What a trade server refuses, and with which return code.

Source for the codes: MQL5 reference, 'Trade Server Return Codes'. Which of several broken rules answers
first is not documented; the order here is the terminal's checks (request, symbol, volume, filling), then
the server's (permissions, session, position, limits, stops, price, money).
"""

from bridge.core.units.decimals import ZERO, AmountError, check_amount
from bridge.simulator.broker.book.trade_state import Desk, closing_type
from bridge.simulator.broker.execution import pending_checks, symbol_checks
from bridge.simulator.broker.scenario import Quirks
from bridge.simulator.mt5.types import (
    OrderType,
    Position,
    PositionType,
    Retcode,
    SymbolInfo,
    TradeAction,
    TradeRequest,
)


def refusal(desk: Desk, request: TradeRequest, quirks: Quirks, *, by_expert: bool = True) -> Retcode | None:
    """The code with which the request is refused, None where it will do. Changes nothing."""
    if not _ordinary(request):
        return Retcode.INVALID
    match request.action:
        case TradeAction.DEAL:
            return _deal(desk, request, by_expert)
        case TradeAction.SLTP:
            return _sltp(desk, request, by_expert)
        case TradeAction.CLOSE_BY:
            return _close_by(desk, request, by_expert)
        case TradeAction.PENDING:
            return pending_checks.placing(desk, request, quirks, by_expert)
        case TradeAction.MODIFY:
            return pending_checks.changing(desk, request, quirks, by_expert)
        case TradeAction.REMOVE:
            return pending_checks.removing(desk, request, quirks, by_expert)


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
        symbol_checks.kind(symbol, request.type)
        or symbol_checks.volume(symbol, request.volume)
        or symbol_checks.filling(symbol, request.type_filling)
        or symbol_checks.permission(desk, symbol, by_expert)
        or symbol_checks.quoted(desk, symbol)
        or (_close(desk, symbol, request) if request.position else _open(desk, symbol, request))
        or _price(desk, symbol, request)
        or (None if request.position else _money(desk, request))
    )


def _open(desk: Desk, symbol: SymbolInfo, request: TradeRequest) -> Retcode | None:
    opened = desk.opened_by(symbol.name, request.type, request.volume)
    if not opened:  # all of it closes what a netting account holds
        held = desk.netted(symbol.name)
        return symbol_checks.frozen(desk, symbol, held) if held is not None else None
    side = PositionType.BUY if request.type is OrderType.BUY else PositionType.SELL
    return (
        symbol_checks.direction(desk, symbol, request.type)
        or symbol_checks.limits(desk, symbol, request.type, opened)
        or symbol_checks.stops(
            symbol, side, symbol_checks.exit_price(desk, symbol, side), request.sl, request.tp
        )
    )


def _close(desk: Desk, symbol: SymbolInfo, request: TradeRequest) -> Retcode | None:
    position = desk.book.positions.get(request.position)
    if position is None:
        return Retcode.POSITION_CLOSED
    if position.symbol != symbol.name or request.type is not closing_type(position):
        return Retcode.INVALID
    if request.volume > position.volume:
        return Retcode.INVALID_CLOSE_VOLUME
    closing = (order.volume_current for order in desk.closing(position))
    if sum(closing, ZERO) + request.volume > position.volume:
        return Retcode.CLOSE_ORDER_EXIST
    if desk.account(connected=True).fifo_close and position != _oldest(desk, symbol.name):
        return Retcode.FIFO_CLOSE
    return symbol_checks.frozen(desk, symbol, position)


def _oldest(desk: Desk, symbol: str) -> Position | None:
    held = [position for position in desk.book.positions.values() if position.symbol == symbol]
    return min(held, key=lambda position: (position.time_msc, position.ticket), default=None)


def _sltp(desk: Desk, request: TradeRequest, by_expert: bool) -> Retcode | None:
    symbol = desk.symbols.get(request.symbol)
    if symbol is None:
        return Retcode.INVALID
    refused = symbol_checks.permission(desk, symbol, by_expert)
    if refused is not None:
        return refused
    position = desk.meant(request)
    if position is None:
        return Retcode.POSITION_CLOSED
    if position.symbol != symbol.name:
        return Retcode.INVALID
    if (position.sl, position.tp) == (request.sl, request.tp):
        return Retcode.NO_CHANGES
    price = symbol_checks.exit_price(desk, symbol, position.type)
    return symbol_checks.frozen(desk, symbol, position) or symbol_checks.stops(
        symbol, position.type, price, request.sl, request.tp
    )


def _close_by(desk: Desk, request: TradeRequest, by_expert: bool) -> Retcode | None:
    """Two opposite positions of one symbol, on a hedging account. The symbol of the request does not matter."""
    if desk.netting:
        return Retcode.INVALID
    held, other = (desk.book.positions.get(ticket) for ticket in (request.position, request.position_by))
    if held is None or other is None:
        return Retcode.POSITION_CLOSED if request.position and request.position_by else Retcode.INVALID
    if held.symbol != other.symbol or held.type is other.type:
        return Retcode.INVALID
    symbol = desk.symbols[held.symbol]
    refused = symbol_checks.kind(symbol, OrderType.CLOSE_BY) or symbol_checks.permission(
        desk, symbol, by_expert
    )
    if refused is not None:
        return refused
    if desk.closing(held) or desk.closing(other):
        return Retcode.CLOSE_ORDER_EXIST
    if desk.account(connected=True).fifo_close and _oldest(desk, symbol.name) not in (held, other):
        return Retcode.FIFO_CLOSE
    return symbol_checks.frozen(desk, symbol, held) or symbol_checks.frozen(desk, symbol, other)


def _price(desk: Desk, symbol: SymbolInfo, request: TradeRequest) -> Retcode | None:
    """Under instant execution the client names a price, and how far the deal may be off it."""
    if symbol.trade_exemode not in symbol_checks.INSTANT:
        return None
    if not request.price or request.price % symbol.trade_tick_size:
        return Retcode.INVALID_PRICE
    slippage = abs(desk.deal_price(symbol.name, request.type) - request.price)
    return Retcode.REQUOTE if slippage > request.deviation * symbol.point else None


def _money(desk: Desk, request: TradeRequest) -> Retcode | None:
    enough = desk.affordable(request.symbol, request.type, request.volume)
    return None if enough else Retcode.NO_MONEY
