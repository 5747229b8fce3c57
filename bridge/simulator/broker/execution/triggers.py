"""What the broker does of its own accord: orders and stops that a quote reaches, stop-out, and what a night
brings."""

from typing import Final

import msgspec

from bridge.simulator.broker.book.money import cents
from bridge.simulator.broker.book.trade_state import Desk, closing_type
from bridge.simulator.broker.execution.orders import Wanted
from bridge.simulator.broker.fault_rules import Pace
from bridge.simulator.broker.scenario import Quirks
from bridge.simulator.mt5.types import (
    Order,
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


def orders_reached(desk: Desk, symbol: str) -> list[int]:
    """The orders that the symbol's current quote has something to do for, oldest first."""
    return [
        order.ticket
        for order in desk.book.orders.values()
        if order.symbol == symbol and _reached(desk, order)
    ]


def _reached(desk: Desk, order: Order) -> bool:
    plan = desk.book.plan(order.ticket)
    price = desk.deal_price(order.symbol, order.type)
    room = price - order.price_open if order.type.side is OrderType.BUY else order.price_open - price
    if not order.type.pending or (plan.triggered and order.type not in _LIMITS):
        return plan.pace is Pace.PER_QUOTE
    if order.type in _LIMITS:
        return room <= 0
    if plan.activated:
        off = price - order.price_stoplimit
        return off <= 0 if order.type.side is OrderType.BUY else off >= 0
    return room >= 0


def waits_for_stop(desk: Desk, order: Order) -> bool:
    """Whether it is a stop-limit order that has not met its stop price yet."""
    return order.type in _STOP_LIMITS and not desk.book.plan(order.ticket).activated


def stops_hit(desk: Desk, symbol: str, quirks: Quirks) -> list[Wanted]:
    """The closes that the symbol's current quote triggers, oldest position first. They are filled at the
    market: a gap slips. A stop loss goes before a take profit."""
    return [
        wanted
        for position in desk.book.positions.values()
        if position.symbol == symbol and (wanted := _stop_hit(desk, position, quirks)) is not None
    ]


def _stop_hit(desk: Desk, position: Position, quirks: Quirks) -> Wanted | None:
    price = desk.close_price(position)
    sign = 1 if position.type is PositionType.BUY else -1
    digits = desk.symbols[position.symbol].digits
    if position.sl and sign * (price - position.sl) <= 0:
        return _closing(position, OrderReason.SL, f"[sl {position.sl:.{digits}f}]", quirks)
    if position.tp and sign * (price - position.tp) >= 0:
        return _closing(position, OrderReason.TP, f"[tp {position.tp:.{digits}f}]", quirks)
    return None


def stop_out(desk: Desk, quirks: Quirks) -> Wanted | None:
    """The close of the position with the largest loss, where the margin level is below the stop-out level."""
    account = desk.account(connected=True)
    if not account.margin or account.margin_level >= account.margin_so_so:
        return None
    worst = min(desk.positions(), key=lambda position: position.profit + position.swap)
    return stopped_out(desk, worst, quirks)


def stopped_out(desk: Desk, position: Position, quirks: Quirks) -> Wanted:
    """The close of a position for want of margin."""
    level = desk.account(connected=True).margin_level
    return _closing(position, OrderReason.SO, f"[so {level:.2f}%]", quirks)


def _closing(position: Position, reason: OrderReason, comment: str, quirks: Quirks) -> Wanted:
    return Wanted(
        symbol=position.symbol,
        type=closing_type(position),
        volume=position.volume,
        reason=reason,
        magic=position.magic if quirks.stop_deals_keep_magic else 0,
        comment=comment,
        position=position.ticket,
    )


def midnights(after_ms: int, to_ms: int) -> list[int]:
    """The server's midnights within (after_ms, to_ms]."""
    return [day * DAY_MS for day in range(after_ms // DAY_MS + 1, to_ms // DAY_MS + 1)]


def day_end(at_ms: int) -> int:
    """The midnight that ends the day of a moment."""
    return (at_ms // DAY_MS + 1) * DAY_MS


def expires_at(setup_ms: int, type_time: OrderTime, expiration: int) -> int:
    """When an order of such a lifetime ends; 0 for never."""
    match type_time:
        case OrderTime.DAY:
            return day_end(setup_ms)
        case OrderTime.SPECIFIED:
            return expiration
        case OrderTime.SPECIFIED_DAY:
            return day_end(expiration)
        case OrderTime.GTC:
            return 0


def expiry_times(desk: Desk, after_ms: int, to_ms: int) -> list[int]:
    """The moments within (after_ms, to_ms] at which pending orders expire."""
    times = (expires_at(o.time_setup_msc, o.type_time, o.time_expiration) for o in desk.pending())
    return [at for at in times if after_ms < at <= to_ms]


def expired(desk: Desk) -> list[int]:
    """The pending orders whose time is over."""
    ends = {o.ticket: expires_at(o.time_setup_msc, o.type_time, o.time_expiration) for o in desk.pending()}
    return [ticket for ticket, at in ends.items() if 0 < at <= desk.now_ms]


def dropped_overnight(desk: Desk) -> list[int]:
    """The pending orders of symbols that keep none over night."""
    return [o.ticket for o in desk.pending() if _daily(desk, o.symbol) is not SymbolOrdersGtc.GTC]


def bared_overnight(desk: Desk) -> list[int]:
    """The positions of symbols that keep no stops over night, where they have any."""
    return [
        position.ticket
        for position in desk.book.positions.values()
        if (position.sl or position.tp) and _daily(desk, position.symbol) is SymbolOrdersGtc.DAILY
    ]


def _daily(desk: Desk, symbol: str) -> SymbolOrdersGtc:
    return desk.symbols[symbol].order_gtc_mode


def charge_swaps(desk: Desk) -> None:
    """Book one night's swap on every open position. Every night counts once; brokers count one weekday
    thrice."""
    for position in list(desk.book.positions.values()):
        symbol = desk.symbols[position.symbol]
        per_lot = symbol.swap_long if position.type is PositionType.BUY else symbol.swap_short
        swap = position.swap + cents(per_lot * position.volume)
        desk.book.positions[position.ticket] = msgspec.structs.replace(position, swap=swap)
