"""Triggers: orders and stops that a quote reaches, stop-out, expiry, and the changes of a night."""

from typing import Final, assert_never

from bridge.simulator.broker.book.trade_state import TradeState, closing_type
from bridge.simulator.broker.execution.orders import NewOrder
from bridge.simulator.broker.fault_rules import Pace
from bridge.simulator.broker.scenario import Quirks
from bridge.simulator.mt5.types import (
    Order,
    OrderFilling,
    OrderReason,
    OrderTime,
    OrderType,
    Position,
    PositionType,
    SymbolOrdersGtc,
)

DAY_MS: Final = 86_400_000

_LIMITS: Final = (OrderType.BUY_LIMIT, OrderType.SELL_LIMIT)
_STOP_LIMITS: Final = (OrderType.BUY_STOP_LIMIT, OrderType.SELL_STOP_LIMIT)


def orders_reached(trade: TradeState, symbol: str) -> list[int]:
    """Return the tickets of the orders that the symbol's current quote activates or fills, oldest first."""
    return [
        order.ticket
        for order in trade.book.orders.values()
        if order.symbol == symbol and _reached(trade, order)
    ]


def _reached(trade: TradeState, order: Order) -> bool:
    plan = trade.book.plan(order.ticket)
    price = trade.deal_price(order.symbol, order.type)
    room = price - order.price_open if order.type.side is OrderType.BUY else order.price_open - price
    if not order.type.pending or (plan.triggered and order.type not in _LIMITS):
        return plan.pace is Pace.PER_QUOTE
    if order.type in _LIMITS:
        return room <= 0
    if plan.activated:
        off = price - order.price_stoplimit
        return off <= 0 if order.type.side is OrderType.BUY else off >= 0
    return room >= 0


def waits_for_stop(trade: TradeState, order: Order) -> bool:
    """Return whether a stop-limit order has not met its stop price yet."""
    return order.type in _STOP_LIMITS and not trade.book.plan(order.ticket).activated


def stops_hit(trade: TradeState, symbol: str, quirks: Quirks) -> list[NewOrder]:
    """Return the closing orders that the symbol's current quote triggers, oldest position first. They are filled at
    the market's price, also behind a gap. A stop loss is checked before a take profit."""
    return [
        new_order
        for position in trade.book.positions.values()
        if position.symbol == symbol
        and not trade.being_closed(position)
        and (new_order := _stop_hit(trade, position, quirks)) is not None
    ]


def _stop_hit(trade: TradeState, position: Position, quirks: Quirks) -> NewOrder | None:
    price = trade.close_price(position)
    sign = 1 if position.type is PositionType.BUY else -1
    digits = trade.symbols[position.symbol].digits
    if position.sl and sign * (price - position.sl) <= 0:
        return _closing(trade, position, OrderReason.SL, f"[sl {position.sl:.{digits}f}]", quirks)
    if position.tp and sign * (price - position.tp) >= 0:
        return _closing(trade, position, OrderReason.TP, f"[tp {position.tp:.{digits}f}]", quirks)
    return None


def stop_out(trade: TradeState, quirks: Quirks) -> NewOrder | None:
    """Return the closing order of the position with the largest loss, where the margin level is below the stop-out
    level."""
    account = trade.account(connected=True)
    if not account.margin or account.margin_level >= account.margin_so_so:
        return None
    held = [position for position in trade.positions() if not trade.being_closed(position)]
    worst = min(held, key=lambda position: position.profit + position.swap, default=None)
    return None if worst is None else forced_close(trade, worst, quirks)


def forced_close(trade: TradeState, position: Position, quirks: Quirks) -> NewOrder:
    """Return the closing order of a stop-out (reason SO)."""
    level = trade.account(connected=True).margin_level
    return _closing(trade, position, OrderReason.SO, f"[so {level:.2f}%]", quirks)


def _closing(
    trade: TradeState, position: Position, reason: OrderReason, comment: str, quirks: Quirks
) -> NewOrder:
    # Only where the depth is limited can there be a rest, which stays live.
    rests = position.symbol in trade.depths
    return NewOrder(
        symbol=position.symbol,
        type=closing_type(position),
        volume=position.volume,
        reason=reason,
        magic=position.magic if quirks.stop_deals_keep_magic else 0,
        comment=comment,
        type_filling=OrderFilling.RETURN if rests else OrderFilling.FOK,
        position=position.ticket,
    )


def midnights(after_ms: int, to_ms: int) -> list[int]:
    """Return the midnights of server time within (after_ms, to_ms]."""
    return [day * DAY_MS for day in range(after_ms // DAY_MS + 1, to_ms // DAY_MS + 1)]


def day_end(at_ms: int) -> int:
    """Return the midnight that ends the day of a server time."""
    return (at_ms // DAY_MS + 1) * DAY_MS


def expires_at(setup_ms: int, type_time: OrderTime, expiration: int) -> int:
    """Return the server time (ms) at which an order expires; 0 for never."""
    match type_time:
        case OrderTime.DAY:
            return day_end(setup_ms)
        case OrderTime.SPECIFIED:
            return expiration
        case OrderTime.SPECIFIED_DAY:
            return day_end(expiration)
        case OrderTime.GTC:
            return 0
        case _:
            assert_never(type_time)


def expiry_times(trade: TradeState, after_ms: int, to_ms: int) -> list[int]:
    """Return the server times (ms) within (after_ms, to_ms] at which pending orders expire."""
    times = (expires_at(o.time_setup_msc, o.type_time, o.time_expiration) for o in trade.pending())
    return [at for at in times if after_ms < at <= to_ms]


def expired_orders(trade: TradeState) -> list[int]:
    """Return the tickets of the pending orders that have expired."""
    ends = {o.ticket: expires_at(o.time_setup_msc, o.type_time, o.time_expiration) for o in trade.pending()}
    return [ticket for ticket, at in ends.items() if 0 < at <= trade.now_ms]


def orders_dropped_overnight(trade: TradeState) -> list[int]:
    """Return the tickets of the pending orders whose symbol drops them at midnight."""
    return [o.ticket for o in trade.pending() if _daily(trade, o.symbol) is not SymbolOrdersGtc.GTC]


def stops_removed_overnight(trade: TradeState) -> list[int]:
    """Return the tickets of the positions with stops whose symbol drops stops at midnight."""
    return [
        position.ticket
        for position in trade.book.positions.values()
        if (position.sl or position.tp) and _daily(trade, position.symbol) is SymbolOrdersGtc.DAILY
    ]


def _daily(trade: TradeState, symbol: str) -> SymbolOrdersGtc:
    return trade.symbols[symbol].order_gtc_mode
