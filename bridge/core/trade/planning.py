"""Conversion of a directive to commands, once its symbol's terms are known.

An open becomes one command. A close, a modify or a cancel becomes one command for each position or pending order
that it is about. The action's rule (`director.actions`) says which side and which fields count.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Final, TypeVar, assert_never

import msgspec

from bridge.core.director.actions import Intent, intent_of, opening_side, rule_of
from bridge.core.director.contract import Directive, OrderType, TimeInForce
from bridge.core.director.problem import Problem
from bridge.core.director.times import NEVER
from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import SymbolReport
from bridge.core.settings import OfficerSettings
from bridge.core.trade.records import OrderRecord, PositionRecord
from bridge.core.trade.validation import check_volume
from bridge.core.units.decimals import ZERO, on_grid
from bridge.core.units.mt5_terms import Side
from bridge.core.units.order_ids import OPENING, order_target, position_target

COMMENT_LENGTH: Final = 26
"""Hosted bridges cap client comments here; MetaTrader's own limit is undocumented (31 in the field)."""

ClientOrderIds = Callable[[str], int]
"""Returns the client order id of the command of one directive about one target (`units.order_ids`)."""


class PlannedCommand(msgspec.Struct, frozen=True):
    """Command that a directive becomes: its order, and the directive that opened the target."""

    order: Order
    opening_directive_id: str = ""


def plan_open(
    directive: Directive, settings: OfficerSettings, terms: SymbolReport, client_order_ids: ClientOrderIds
) -> PlannedCommand | Problem:
    """Return the one command of an OPEN that `validation.check` accepted.

    Raises ValueError for a directive without a quantity, or with an action that does not open.
    """
    side, quantity = opening_side(directive.action), directive.quantity
    if quantity is None:
        raise ValueError(f"quantity is missing in {directive.directive_id}; {directive.action} requires it")
    quantity = on_grid(quantity, terms.volume_step)
    if problem := check_volume(quantity, terms):
        return problem
    if terms.order_types and directive.order_type not in terms.order_types:
        allowed = " or ".join(terms.order_types)
        return Problem(
            "UNKNOWN_ORDER_TYPE",
            f"order_type {directive.order_type} is not allowed for {terms.name}; use {allowed}",
        )
    pending = directive.order_type.pending
    price, limit_price = _prices(directive, side, terms)
    time_in_force, expires = _lifetime(directive) if pending else (TimeInForce.GTC, None)
    order = Order(
        client_order_id=client_order_ids(OPENING),
        kind=CommandKind.OPEN,
        symbol=terms.name,
        side=side,
        volume=quantity,
        order_type=directive.order_type,
        stop_loss=on_tick(directive.stop_loss, terms),
        take_profit=on_tick(directive.take_profit, terms),
        price=price,
        limit_price=limit_price if pending else None,
        time_in_force=time_in_force,
        expires_ms=0 if expires is None else int(expires.timestamp() * 1000),
        deviation_points=None if pending else deviation(directive, settings, terms.name),
        max_spread_points=settings.risk_limits.max_spread_points,
        comment=comment(directive.directive_id),
    )
    return PlannedCommand(order)


def _prices(directive: Directive, side: Side, terms: SymbolReport) -> tuple[Decimal | None, Decimal | None]:
    """Return price and limit price on the tick grid. A limit is never a worse price than was asked for."""
    if directive.order_type is OrderType.LIMIT:
        return limit_on_tick(directive.price, side, terms), None
    return on_tick(directive.price, terms), limit_on_tick(directive.limit_price, side, terms)


def _lifetime(directive: Directive) -> tuple[TimeInForce, datetime | None]:
    """Return how long a pending order stays: as the directive says, else until the directive itself expires."""
    until = directive.order_expires_at or directive.expires_at
    time_in_force = directive.time_in_force or (TimeInForce.GTD if until else TimeInForce.GTC)
    match time_in_force:
        case TimeInForce.GTC | TimeInForce.DAY:
            return time_in_force, None
        case TimeInForce.GTD:
            return (TimeInForce.GTC, None) if until == NEVER else (time_in_force, until)
        case _:
            assert_never(time_in_force)


def on_tick(price: Decimal | None, terms: SymbolReport) -> Decimal | None:
    """Return the nearest price on the symbol's tick grid. A price on the grid keeps its digits."""
    return _rounded(price, terms, ROUND_HALF_EVEN)


def limit_on_tick(price: Decimal | None, side: Side, terms: SymbolReport) -> Decimal | None:
    """Return the nearest price on the tick grid that is not worse for the side: lower to buy, higher to sell."""
    if price is not None:
        price = on_grid(price, terms.tick_size or terms.point)
    return _rounded(price, terms, ROUND_FLOOR if side is Side.BUY else ROUND_CEILING)


def _rounded(price: Decimal | None, terms: SymbolReport, rounding: str) -> Decimal | None:
    tick = terms.tick_size or terms.point
    if price is None or not tick or not price % tick:
        return price
    return max((price / tick).to_integral_value(rounding), Decimal(1)) * tick


def deviation(directive: Directive, settings: OfficerSettings, symbol: str) -> int:
    """Return the slippage allowed, in points: the directive's own, else the officer's for the broker's symbol."""
    own = directive.deviation_points
    return settings.deviation(directive.symbol, symbol) if own is None else own


def plan_close(
    directive: Directive,
    settings: OfficerSettings,
    terms: SymbolReport,
    positions: Iterable[PositionRecord],
    client_order_ids: ClientOrderIds,
) -> list[PlannedCommand] | Problem:
    """Return one command for each lot that a CLOSE is about, oldest first.

    `positions` are this officer's open lots, oldest first. With a quantity that many lots are closed; where less is
    open, all of it is: a Director that asks for more than there is wants to be out of the market. Raises ValueError
    for an action that does not close.
    """
    rule = rule_of(directive.action)
    if rule.intent is not Intent.CLOSE:
        raise ValueError(f"action {directive.action} closes no position")
    side = rule.side
    chosen = [
        position
        for position in positions
        if position.volume > 0
        and _is_in(position, terms)
        and side in (None, position.side)
        and directive.target_directive_id in (None, position.directive_id)
    ]
    if not chosen:
        which = f"{side} position" if side else "position"
        return Problem("NO_POSITION", f"there is no open {which} in {terms.name} {_opened_by(directive)}")
    allowed = deviation(directive, settings, terms.name)
    quantity = None if directive.quantity is None else on_grid(directive.quantity, terms.volume_step)
    return [
        close_command(position, volume, client_order_ids, allowed, comment(directive.directive_id))
        for position, volume in _closable(chosen, quantity)
    ]


def close_command(
    position: PositionRecord,
    volume: Decimal,
    client_order_ids: ClientOrderIds,
    deviation_points: int,
    text: str,
) -> PlannedCommand:
    """Return the command that closes `volume`, in lots, of the lot that one command opened in a position."""
    order = Order(
        client_order_id=client_order_ids(position_target(position.identifier, position.client_order_id)),
        kind=CommandKind.CLOSE,
        symbol=position.symbol,
        side=position.side.opposite,
        volume=volume,
        position=position.identifier,
        opener=position.client_order_id,
        deviation_points=deviation_points,
        comment=text,
    )
    return PlannedCommand(order, position.directive_id)


def plan_cancel(
    directive: Directive, terms: SymbolReport, orders: Iterable[OrderRecord], client_order_ids: ClientOrderIds
) -> list[PlannedCommand] | Problem:
    """Return one command for each order on the book that a CANCEL is about: pending, or the rest of a market order.

    The rest of a close is meant only where the CANCEL names the directive that closes.
    """
    chosen = [
        order
        for order in _targets(directive, terms, orders)
        if directive.target_directive_id is not None or not order.closes
    ]
    if not chosen:
        return Problem("NO_ORDER", f"there is no pending order in {terms.name} {_opened_by(directive)}")
    return [cancel_command(order, client_order_ids) for order in chosen]


def rests_to_remove(
    directive: Directive, terms: SymbolReport, orders: Iterable[OrderRecord]
) -> list[OrderRecord]:
    """Return the rests of market orders to remove before a CLOSE of everything.

    An open's rest would open again what the CLOSE has closed, and a close's rest holds volume that it is to close.
    """
    rule = rule_of(directive.action)
    if rule.intent is not Intent.CLOSE or directive.quantity is not None:
        return []
    return [
        order
        for order in orders
        if not order.order_type.pending
        and _is_in(order, terms)
        and rule.side in (None, order.side.opposite if order.closes else order.side)
        and directive.target_directive_id in (None, order.opening_directive_id or order.directive_id)
    ]


def cancel_command(order: OrderRecord, client_order_ids: ClientOrderIds) -> PlannedCommand:
    """Return the command that takes one order off the book."""
    return PlannedCommand(
        Order(
            client_order_id=client_order_ids(order_target(order.ticket)),
            kind=CommandKind.CANCEL,
            symbol=order.symbol,
            side=order.side,
            order_type=order.order_type,
            order=order.ticket,
            opener=order.client_order_id,
        ),
        order.directive_id,
    )


def plan_modify(
    directive: Directive,
    terms: SymbolReport,
    positions: Iterable[PositionRecord],
    orders: Iterable[OrderRecord],
    client_order_ids: ClientOrderIds,
) -> list[PlannedCommand] | Problem:
    """Return one command for each position, and each pending order, that a MODIFY is about.

    Without a target these are the symbol's open positions, and its pending orders only where there is no position.
    A price belongs to one pending order; it must be clear to which one.
    """
    acts_on = rule_of(directive.action).acts_on
    stop_loss = on_tick(directive.stop_loss, terms) if "stop_loss" in acts_on else None
    take_profit = on_tick(directive.take_profit, terms) if "take_profit" in acts_on else None
    price = directive.price if "price" in acts_on else None
    limit_price = directive.limit_price if "limit_price" in acts_on else None
    held = _targets(directive, terms, (position for position in positions if position.volume > 0))
    # The rest of a market order has no terms to change: a change of its levels is about its position.
    waiting = [order for order in _targets(directive, terms, orders) if order.order_type.pending]
    if directive.target_directive_id is None:
        if price is not None or limit_price is not None:
            # Only a pending order has a price: a directive with one does not mean a position.
            held = []
        elif held:
            waiting = []
    if stop_loss is None and take_profit is None:
        # A position has no other terms to change; of orders only a STOP_LIMIT has a limit price.
        held = []
        if price is None:
            waiting = [order for order in waiting if order.order_type is OrderType.STOP_LIMIT]
    if (price is not None or limit_price is not None) and len(waiting) > 1:
        field, value = ("limit_price", limit_price) if price is None else ("price", price)
        return Problem(
            "AMBIGUOUS_TARGET",
            f"{field} {value} is for one order, and there are {len(waiting)} pending orders in {terms.name}; "
            "name one by target_directive_id",
        )
    if not held and not waiting:
        return Problem("NO_TARGET", f"there is nothing to change in {terms.name} {_opened_by(directive)}")
    commands: list[PlannedCommand] = []
    # Commands that share a position share its levels: one command for each position.
    firsts: dict[int, PositionRecord] = {}
    for position in held:
        firsts.setdefault(position.identifier, position)
    for position in firsts.values():
        order = Order(
            client_order_id=client_order_ids(position_target(position.identifier)),
            kind=CommandKind.MODIFY,
            symbol=position.symbol,
            side=position.side,
            position=position.identifier,
            opener=position.client_order_id,
            stop_loss=stop_loss,
            take_profit=take_profit,
        )
        commands.append(PlannedCommand(order, position.directive_id))
    for pending in waiting:
        stop_limit = pending.order_type is OrderType.STOP_LIMIT
        is_limit = pending.order_type is OrderType.LIMIT
        order = Order(
            client_order_id=client_order_ids(order_target(pending.ticket)),
            kind=CommandKind.MODIFY,
            symbol=pending.symbol,
            side=pending.side,
            order_type=pending.order_type,
            order=pending.ticket,
            opener=pending.client_order_id,
            stop_loss=stop_loss,
            take_profit=take_profit,
            price=limit_on_tick(price, pending.side, terms) if is_limit else on_tick(price, terms),
            limit_price=limit_on_tick(limit_price, pending.side, terms) if stop_limit else None,
        )
        commands.append(PlannedCommand(order, pending.directive_id))
    return commands


def flatten(
    positions: Iterable[PositionRecord],
    orders: Iterable[OrderRecord],
    settings: OfficerSettings,
    client_order_ids: ClientOrderIds,
) -> list[PlannedCommand]:
    """Return the commands of a flatten: pending orders first, so that none is filled meanwhile, then positions."""
    cancels = [cancel_command(order, client_order_ids) for order in orders]
    closes = [
        close_command(
            position, position.volume, client_order_ids, settings.deviation(position.symbol), "flatten"
        )
        for position in positions
        if position.volume > 0
    ]
    return [*cancels, *closes]


_Target = TypeVar("_Target", PositionRecord, OrderRecord)


def would_close(close: Directive, opened: Directive) -> bool:
    """Return True where the CLOSE is about the position that the OPEN opens."""
    return (
        intent_of(opened.action) is Intent.OPEN
        and opened.symbol == close.symbol
        and rule_of(close.action).side in (None, opening_side(opened.action))
        and close.target_directive_id in (None, opened.directive_id)
    )


def _targets(directive: Directive, terms: SymbolReport, targets: Iterable[_Target]) -> list[_Target]:
    return [
        target
        for target in targets
        if _is_in(target, terms) and directive.target_directive_id in (None, target.directive_id)
    ]


def _is_in(target: PositionRecord | OrderRecord, terms: SymbolReport) -> bool:
    """Return True where the target is in the symbol, by its present name or by that under which it was opened."""
    return terms.name in (target.symbol, target.former_symbol)


def _opened_by(directive: Directive) -> str:
    target = directive.target_directive_id
    return f"opened by {target}" if target else "opened by this officer"


def _closable(
    positions: Sequence[PositionRecord], quantity: Decimal | None
) -> Iterable[tuple[PositionRecord, Decimal]]:
    left = quantity
    for position in positions:
        if left is not None and left <= ZERO:
            return
        volume = position.volume if left is None else min(position.volume, left)
        if volume <= ZERO:
            continue
        yield position, volume
        if left is not None:
            left -= volume


def comment(directive_id: str) -> str:
    """Return the start of the directive's id as the order's comment: printable ASCII, for the operator."""
    start = directive_id[:COMMENT_LENGTH]
    return "".join(each if each.isascii() and each.isprintable() else "?" for each in start)
