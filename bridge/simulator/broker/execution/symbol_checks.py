"""Checks that several kinds of requests share: the symbol's terms and the account's permissions.

Each returns the code of the refusal, None where the rule holds.
"""

from decimal import Decimal
from typing import Final, assert_never

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.book.trade_state import TradeState, closing_type
from bridge.simulator.broker.market.hours import is_open
from bridge.simulator.mt5.types import (
    OrderFilling,
    OrderType,
    Position,
    PositionType,
    Retcode,
    SymbolExecution,
    SymbolFilling,
    SymbolInfo,
    SymbolOrder,
    SymbolTradeMode,
)

INSTANT: Final = (SymbolExecution.INSTANT, SymbolExecution.REQUEST)


def volume(symbol: SymbolInfo, asked: Decimal) -> Retcode | None:
    """Check the volume against minimum, maximum and step."""
    fits = symbol.volume_min <= asked <= symbol.volume_max and asked % symbol.volume_step == 0
    return None if fits else Retcode.INVALID_VOLUME


def kind(symbol: SymbolInfo, type: OrderType) -> Retcode | None:
    """Check that the symbol takes orders of this type."""
    return None if type.flag & symbol.order_mode else Retcode.INVALID_ORDER


def filling(symbol: SymbolInfo, asked: OrderFilling) -> Retcode | None:
    """Check the filling of a market order."""
    # Under instant execution the volume is filled whole or requoted, so the flags do not count.
    instant = symbol.trade_exemode in INSTANT
    match asked:
        case OrderFilling.FOK:
            allowed = instant or SymbolFilling.FOK in symbol.filling_mode
        case OrderFilling.IOC:
            allowed = instant or SymbolFilling.IOC in symbol.filling_mode
        case OrderFilling.RETURN:
            allowed = symbol.trade_exemode is not SymbolExecution.MARKET
        case OrderFilling.BOC:  # for limit orders only
            allowed = False
        case _:
            assert_never(asked)
    return None if allowed else Retcode.INVALID_FILL


def permission(trade: TradeState, symbol: SymbolInfo, by_expert: bool) -> Retcode | None:
    """Check that trading is allowed on account and symbol, and that the market is open."""
    if not trade.terms.trade_allowed or symbol.trade_mode is SymbolTradeMode.DISABLED:
        return Retcode.TRADE_DISABLED
    if by_expert and not trade.terms.trade_expert:
        return Retcode.SERVER_DISABLES_AT
    reopening = any(each.held.symbol == symbol.name for each in trade.book.reopenings)
    return None if is_open(symbol, trade.now_ms) and not reopening else Retcode.MARKET_CLOSED


def quoted(trade: TradeState, symbol: SymbolInfo) -> Retcode | None:
    """Check that the symbol has a quote, and that its money can be converted into the account's currency."""
    priced = trade.quotes[symbol.name].time_msc and trade.rates().convertible(symbol)
    return None if priced else Retcode.PRICE_OFF


def direction(trade: TradeState, symbol: SymbolInfo, type: OrderType) -> Retcode | None:
    """Check that a position may be opened on this side of the symbol, and beside the opposite ones."""
    buys = type.side is OrderType.BUY
    refused: Retcode | None = None
    match symbol.trade_mode:
        case SymbolTradeMode.DISABLED:
            refused = Retcode.TRADE_DISABLED
        case SymbolTradeMode.CLOSEONLY:
            refused = Retcode.CLOSE_ONLY
        case SymbolTradeMode.LONGONLY:
            refused = None if buys else Retcode.LONG_ONLY
        case SymbolTradeMode.SHORTONLY:
            refused = Retcode.SHORT_ONLY if buys else None
        case SymbolTradeMode.FULL:
            pass
        case unknown:
            assert_never(unknown)
    if refused is not None:
        return refused
    return Retcode.HEDGE_PROHIBITED if hedges(trade, symbol.name, type) else None


def hedges(trade: TradeState, symbol: str, type: OrderType) -> bool:
    """Return whether the order would open opposite to a position, on an account that may not hold both."""
    if trade.netting or trade.terms.hedge_allowed:
        return False
    held = (position for position in trade.book.positions.values() if position.symbol == symbol)
    return any(closing_type(position) is type.side for position in held)


def limits(trade: TradeState, symbol: SymbolInfo, type: OrderType, opened: Decimal) -> Retcode | None:
    """Check the volume in one direction and the number of positions. `opened` is the order's volume that
    opens."""
    if symbol.volume_limit:
        held = (
            p.volume
            for p in trade.book.positions.values()
            if p.symbol == symbol.name and closing_type(p) is not type.side
        )
        waiting = (
            order.volume_current
            for order in trade.pending()
            if order.symbol == symbol.name and order.type.side is type.side
        )
        if sum(held, ZERO) + sum(waiting, ZERO) + opened > symbol.volume_limit:
            return Retcode.LIMIT_VOLUME
    most = trade.terms.limit_positions
    if not most or trade.netted(symbol.name) is not None:
        return None
    # On a hedging account every pending order opens a position of its own.
    positions = len(trade.book.positions) + (0 if trade.netting else len(trade.pending()))
    return Retcode.LIMIT_POSITIONS if positions >= most else None


def stops(symbol: SymbolInfo, side: PositionType, price: Decimal, sl: Decimal, tp: Decimal) -> Retcode | None:
    """Check that SL and TP are on their sides of the price, at least the stops level away, and allowed."""
    sign = 1 if side is PositionType.BUY else -1
    level = symbol.trade_stops_level * symbol.point
    for stop, room, flag in (
        (sl, sign * (price - sl), SymbolOrder.SL),
        (tp, sign * (tp - price), SymbolOrder.TP),
    ):
        if not stop:
            continue
        if room <= 0 or room < level or stop % symbol.trade_tick_size or not flag & symbol.order_mode:
            return Retcode.INVALID_STOPS
    return None


def exit_price(trade: TradeState, symbol: SymbolInfo, side: PositionType) -> Decimal:
    """Return the market price that closes a position of this side."""
    tick = trade.quotes[symbol.name]
    return tick.bid if side is PositionType.BUY else tick.ask


def frozen(trade: TradeState, symbol: SymbolInfo, position: Position) -> Retcode | None:
    """Check that no stop of the position is within the freeze level of the market."""
    level = symbol.trade_freeze_level * symbol.point
    price = trade.close_price(position)
    near = any(stop and abs(price - stop) <= level for stop in (position.sl, position.tp))
    return Retcode.FROZEN if level and near else None
