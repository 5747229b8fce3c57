"""What a symbol's terms and the account's permissions refuse, whatever the request is about."""

from decimal import Decimal
from typing import Final

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.book.trade_state import Desk, closing_type
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
    """The volume is one that the symbol trades."""
    fits = symbol.volume_min <= asked <= symbol.volume_max and asked % symbol.volume_step == 0
    return None if fits else Retcode.INVALID_VOLUME


def kind(symbol: SymbolInfo, type: OrderType) -> Retcode | None:
    """The symbol takes such orders."""
    return None if type.flag & symbol.order_mode else Retcode.INVALID_ORDER


def filling(symbol: SymbolInfo, asked: OrderFilling) -> Retcode | None:
    """The filling is one that a market order of the symbol may have."""
    if asked is OrderFilling.BOC:
        fits = False
    elif symbol.trade_exemode in INSTANT:
        # Their volume is filled whole or requoted, so FOK and IOC do whatever the flags say.
        fits = True
    elif asked is OrderFilling.RETURN:
        fits = symbol.trade_exemode is not SymbolExecution.MARKET
    else:
        fits = bool(SymbolFilling[asked.name] & symbol.filling_mode)
    return None if fits else Retcode.INVALID_FILL


def permission(desk: Desk, symbol: SymbolInfo, by_expert: bool) -> Retcode | None:
    """Account and symbol may be traded, and the market is open."""
    if not desk.terms.trade_allowed or symbol.trade_mode is SymbolTradeMode.DISABLED:
        return Retcode.TRADE_DISABLED
    if by_expert and not desk.terms.trade_expert:
        return Retcode.SERVER_DISABLES_AT
    return None if is_open(symbol, desk.now_ms) else Retcode.MARKET_CLOSED


def quoted(desk: Desk, symbol: SymbolInfo) -> Retcode | None:
    """There is a price to trade at, or to wait beside."""
    return None if desk.quotes[symbol.name].bid else Retcode.PRICE_OFF


def direction(desk: Desk, symbol: SymbolInfo, type: OrderType) -> Retcode | None:
    """The symbol may be opened on that side, and the account may hold both sides."""
    buys = type.side is OrderType.BUY
    match symbol.trade_mode:
        case SymbolTradeMode.CLOSEONLY:
            return Retcode.CLOSE_ONLY
        case SymbolTradeMode.LONGONLY if not buys:
            return Retcode.LONG_ONLY
        case SymbolTradeMode.SHORTONLY if buys:
            return Retcode.SHORT_ONLY
    return Retcode.HEDGE_PROHIBITED if hedges(desk, symbol.name, type) else None


def hedges(desk: Desk, symbol: str, type: OrderType) -> bool:
    """Whether the order would open against a position, on an account that may not hold both."""
    if desk.netting or desk.terms.hedge_allowed:
        return False
    held = (position for position in desk.book.positions.values() if position.symbol == symbol)
    return any(closing_type(position) is type.side for position in held)


def limits(desk: Desk, symbol: SymbolInfo, type: OrderType, opened: Decimal) -> Retcode | None:
    """Volume in one direction and number of positions stay within their limits. `opened` is the volume that
    does not close anything."""
    if symbol.volume_limit:
        held = (
            p.volume
            for p in desk.book.positions.values()
            if p.symbol == symbol.name and closing_type(p) is not type.side
        )
        waiting = (
            order.volume_current
            for order in desk.pending()
            if order.symbol == symbol.name and order.type.side is type.side
        )
        if sum(held, ZERO) + sum(waiting, ZERO) + opened > symbol.volume_limit:
            return Retcode.LIMIT_VOLUME
    most = desk.terms.limit_positions
    if not most or desk.netted(symbol.name) is not None:
        return None
    # On a hedging account every pending order will open a position of its own.
    positions = len(desk.book.positions) + (0 if desk.netting else len(desk.pending()))
    return Retcode.LIMIT_POSITIONS if positions >= most else None


def stops(symbol: SymbolInfo, side: PositionType, price: Decimal, sl: Decimal, tp: Decimal) -> Retcode | None:
    """Stops stand on their side of a price, at least the stops level away, and the symbol knows stops."""
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


def exit_price(desk: Desk, symbol: SymbolInfo, side: PositionType) -> Decimal:
    """The price that closes a position of this side."""
    tick = desk.quotes[symbol.name]
    return tick.bid if side is PositionType.BUY else tick.ask


def frozen(desk: Desk, symbol: SymbolInfo, position: Position) -> Retcode | None:
    """A position whose stop is about to be hit is left alone."""
    level = symbol.trade_freeze_level * symbol.point
    price = desk.close_price(position)
    near = any(stop and abs(price - stop) <= level for stop in (position.sl, position.tp))
    return Retcode.FROZEN if level and near else None
