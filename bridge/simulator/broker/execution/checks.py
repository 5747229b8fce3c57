"""Checks: the return code with which a trade server refuses a request.

Source for the codes: MQL5 reference, 'Trade Server Return Codes'. Which of several broken rules is reported is
not documented; the order here is the terminal's checks (request, symbol, volume, filling), then the server's
(permissions, session, position, limits, stops, price, money). An action, order type, filling or lifetime that is
not listed here is refused: a new enumerator has to be added to these lists before it is executed.
"""

from typing import Final, assert_never

from bridge.core.units.decimals import ZERO, AmountError, check_amount
from bridge.simulator.broker.book.trade_state import TradeState, closing_type
from bridge.simulator.broker.execution import pending_checks, symbol_checks
from bridge.simulator.broker.scenario import Quirks
from bridge.simulator.mt5.types import (
    OrderFilling,
    OrderTime,
    OrderType,
    Position,
    PositionType,
    Retcode,
    SymbolInfo,
    TradeAction,
    TradeRequest,
)

_ACTIONS: Final = frozenset(
    {
        TradeAction.DEAL,
        TradeAction.PENDING,
        TradeAction.SLTP,
        TradeAction.MODIFY,
        TradeAction.REMOVE,
        TradeAction.CLOSE_BY,
    }
)
_ORDER_TYPES: Final = frozenset(
    {
        OrderType.BUY,
        OrderType.SELL,
        OrderType.BUY_LIMIT,
        OrderType.SELL_LIMIT,
        OrderType.BUY_STOP,
        OrderType.SELL_STOP,
        OrderType.BUY_STOP_LIMIT,
        OrderType.SELL_STOP_LIMIT,
        OrderType.CLOSE_BY,
    }
)
_FILLINGS: Final = frozenset({OrderFilling.FOK, OrderFilling.IOC, OrderFilling.RETURN, OrderFilling.BOC})
_LIFETIMES: Final = frozenset({OrderTime.GTC, OrderTime.DAY, OrderTime.SPECIFIED, OrderTime.SPECIFIED_DAY})


def refusal(
    trade: TradeState, request: TradeRequest, quirks: Quirks, *, by_expert: bool = True
) -> Retcode | None:
    """Return the code with which the request is refused; None where it is accepted. Changes nothing."""
    refused = _unknown_constant(request)
    if refused is not None:
        return refused
    if not _ordinary(request, negative=trade.symbol_of(request) in trade.negative):
        return Retcode.INVALID
    match request.action:
        case TradeAction.DEAL:
            return _deal(trade, request, by_expert)
        case TradeAction.SLTP:
            return _sltp(trade, request, by_expert)
        case TradeAction.CLOSE_BY:
            return _close_by(trade, request, by_expert)
        case TradeAction.PENDING:
            return pending_checks.check_placing(trade, request, quirks, by_expert)
        case TradeAction.MODIFY:
            return pending_checks.check_modifying(trade, request, quirks, by_expert)
        case TradeAction.REMOVE:
            return pending_checks.check_removing(trade, request, quirks, by_expert)
        case unknown:
            assert_never(unknown)


def _unknown_constant(request: TradeRequest) -> Retcode | None:
    """The refusal of a number that is no enumerator, as a request of MQL5 can hold."""
    if request.action not in _ACTIONS:
        return Retcode.INVALID
    if request.type not in _ORDER_TYPES:
        return Retcode.INVALID_ORDER
    if request.type_filling not in _FILLINGS:
        return Retcode.INVALID_FILL
    return None if request.type_time in _LIFETIMES else Retcode.INVALID_EXPIRATION


def _ordinary(request: TradeRequest, *, negative: bool) -> bool:
    """Return whether every amount is a number, and none is negative that may not be."""
    prices = (request.price, request.stoplimit, request.sl, request.tp)
    try:
        ordinary = all(check_amount(price) >= 0 or negative for price in prices)
        return ordinary and check_amount(request.volume) >= 0 and request.deviation >= 0
    except AmountError:
        return False


def _deal(trade: TradeState, request: TradeRequest, by_expert: bool) -> Retcode | None:
    symbol = trade.symbols.get(request.symbol)
    if symbol is None:
        return Retcode.INVALID
    if request.type not in (OrderType.BUY, OrderType.SELL):
        return Retcode.INVALID_ORDER
    return (
        symbol_checks.kind(symbol, request.type)
        or symbol_checks.volume(symbol, request.volume)
        or symbol_checks.filling(symbol, request.type_filling)
        or symbol_checks.permission(trade, symbol, by_expert)
        or symbol_checks.quoted(trade, symbol)
        or (_close(trade, symbol, request) if request.position else _open(trade, symbol, request))
        or _price(trade, symbol, request)
        or (None if request.position else _money(trade, request))
    )


def _open(trade: TradeState, symbol: SymbolInfo, request: TradeRequest) -> Retcode | None:
    opened = trade.opened_by(symbol.name, request.type, request.volume)
    if not opened:  # all of it closes the position of a netting account
        held = trade.netted(symbol.name)
        return symbol_checks.frozen(trade, symbol, held) if held is not None else None
    side = PositionType.BUY if request.type is OrderType.BUY else PositionType.SELL
    return (
        symbol_checks.direction(trade, symbol, request.type)
        or symbol_checks.limits(trade, symbol, request.type, opened)
        or symbol_checks.stops(
            symbol, side, symbol_checks.exit_price(trade, symbol, side), request.sl, request.tp
        )
    )


def _close(trade: TradeState, symbol: SymbolInfo, request: TradeRequest) -> Retcode | None:
    position = trade.book.positions.get(request.position)
    if position is None:
        return Retcode.POSITION_CLOSED
    if position.symbol != symbol.name or request.type is not closing_type(position):
        return Retcode.INVALID
    if request.volume > position.volume:
        return Retcode.INVALID_CLOSE_VOLUME
    closing = (order.volume_current for order in trade.closing(position))
    if sum(closing, ZERO) + request.volume > position.volume:
        return Retcode.CLOSE_ORDER_EXIST
    if trade.account(connected=True).fifo_close and position != _oldest(trade, symbol.name):
        return Retcode.FIFO_CLOSE
    return symbol_checks.frozen(trade, symbol, position)


def _oldest(trade: TradeState, symbol: str) -> Position | None:
    held = [position for position in trade.book.positions.values() if position.symbol == symbol]
    return min(held, key=lambda position: (position.time_msc, position.ticket), default=None)


def _sltp(trade: TradeState, request: TradeRequest, by_expert: bool) -> Retcode | None:
    symbol = trade.symbols.get(request.symbol)
    if symbol is None:
        return Retcode.INVALID
    refused = symbol_checks.permission(trade, symbol, by_expert)
    if refused is not None:
        return refused
    position = trade.sltp_position(request)
    if position is None:
        return Retcode.POSITION_CLOSED
    if position.symbol != symbol.name:
        return Retcode.INVALID
    if (position.sl, position.tp) == (request.sl, request.tp):
        return Retcode.NO_CHANGES
    price = symbol_checks.exit_price(trade, symbol, position.type)
    return symbol_checks.frozen(trade, symbol, position) or symbol_checks.stops(
        symbol, position.type, price, request.sl, request.tp
    )


def _close_by(trade: TradeState, request: TradeRequest, by_expert: bool) -> Retcode | None:
    """Close two opposite positions of one symbol, on a hedging account. The request's symbol is ignored."""
    if trade.netting:
        return Retcode.INVALID
    held, other = (trade.book.positions.get(ticket) for ticket in (request.position, request.position_by))
    if held is None or other is None:
        return Retcode.POSITION_CLOSED if request.position and request.position_by else Retcode.INVALID
    if held.symbol != other.symbol or held.type is other.type:
        return Retcode.INVALID
    symbol = trade.symbols[held.symbol]
    refused = symbol_checks.kind(symbol, OrderType.CLOSE_BY) or symbol_checks.permission(
        trade, symbol, by_expert
    )
    if refused is not None:
        return refused
    if trade.closing(held) or trade.closing(other):
        return Retcode.CLOSE_ORDER_EXIST
    if trade.account(connected=True).fifo_close and _oldest(trade, symbol.name) not in (held, other):
        return Retcode.FIFO_CLOSE
    return symbol_checks.frozen(trade, symbol, held) or symbol_checks.frozen(trade, symbol, other)


def _price(trade: TradeState, symbol: SymbolInfo, request: TradeRequest) -> Retcode | None:
    """Check the price and the largest deviation from it that instant execution needs."""
    if symbol.trade_exemode not in symbol_checks.INSTANT:
        return None
    if not request.price or request.price % symbol.trade_tick_size:
        return Retcode.INVALID_PRICE
    slippage = abs(trade.deal_price(symbol.name, request.type) - request.price)
    return Retcode.REQUOTE if slippage > request.deviation * symbol.point else None


def _money(trade: TradeState, request: TradeRequest) -> Retcode | None:
    enough = trade.affordable(request.symbol, request.type, request.volume)
    return None if enough else Retcode.NO_MONEY
