"""What the broker does of its own accord: stops that a quote reaches, stop-out, swaps overnight."""

from typing import Final

import msgspec

from bridge.paper.desk import Desk, closing_type
from bridge.paper.execution import Wanted
from bridge.paper.money import cents
from bridge.paper.mt5 import OrderReason, Position, PositionType
from bridge.paper.scenario import Quirks

DAY_MS: Final = 86_400_000


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
    return _closing(worst, OrderReason.SO, f"[so {account.margin_level:.2f}%]", quirks)


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


def charge_swaps(desk: Desk) -> None:
    """Book one night's swap on every open position. Every night counts once; brokers count one weekday
    thrice."""
    for position in list(desk.book.positions.values()):
        symbol = desk.symbols[position.symbol]
        per_lot = symbol.swap_long if position.type is PositionType.BUY else symbol.swap_short
        swap = position.swap + cents(per_lot * position.volume)
        desk.book.positions[position.ticket] = msgspec.structs.replace(position, swap=swap)
