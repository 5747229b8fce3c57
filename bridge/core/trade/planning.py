"""From a directive to commands: validation, the symbol's terms, and what each leg is about.

A directive is looked at twice. `check` asks, when it comes in, what no broker needs to be known for. The plan is
made when a terminal is there and has told the symbol's terms: an open then becomes one command, everything else
one command for each position or pending order that it is about.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, TypeVar

import msgspec

from bridge.core.director.contract import Action, Directive, OrderType, TimeInForce, utc_text
from bridge.core.director.poll import Problem
from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import SymbolReport
from bridge.core.settings import OfficerSettings
from bridge.core.trade.records import OrderRecord, PositionRecord
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import Side

COMMENT_LENGTH: Final = 26
"""Hosted bridges cap client comments here; MetaTrader's own limit is undocumented (31 in the field)."""

ClientOrderIds = Callable[[int], int]
"""Gives the token of a leg (1, 2, ...) of the directive at hand; never the same one for two commands."""


class PlannedCommand(msgspec.Struct, frozen=True):
    """One command to be: its order, and the directive that opened what it is about."""

    order: Order
    opening_directive_id: str = ""


def expiry(directive: Directive, settings: OfficerSettings) -> datetime:
    """When the directive may no longer be sent."""
    if directive.expires_at is not None:
        return directive.expires_at
    try:
        return directive.issued_at + timedelta(seconds=settings.time_to_live_s)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def check(directive: Directive, settings: OfficerSettings, now: datetime) -> Problem | None:
    """Why nothing may be sent for the directive; None where something may."""
    limit = expiry(directive, settings)
    if limit <= now:
        return Problem("EXPIRED", f"expired at {utc_text(limit)}; it was received at {utc_text(now)}")
    lapses = directive.order_expires_at
    if lapses is not None and lapses <= now:
        return Problem(
            "EXPIRED", f"its order would expire at {utc_text(lapses)}; it was received at {utc_text(now)}"
        )
    if directive.action.opens:
        return (
            _check_allowed(directive, settings)
            or _check_quantity(directive, settings)
            or _check_levels(directive)
        )
    return None


def _check_allowed(directive: Directive, settings: OfficerSettings) -> Problem | None:
    risk_limits = settings.risk_limits
    if risk_limits.allowed_actions is not None and directive.action not in risk_limits.allowed_actions:
        allowed = ", ".join(risk_limits.allowed_actions) or "none"
        return Problem(
            "LIMIT_ACTION",
            f"field 'action': {directive.action} is none of this officer's allowed_actions: {allowed}",
        )
    if risk_limits.allowed_symbols is not None and directive.symbol not in risk_limits.allowed_symbols:
        allowed = ", ".join(risk_limits.allowed_symbols) or "none"
        return Problem(
            "LIMIT_SYMBOL",
            f"field 'symbol': {directive.symbol} is none of this officer's allowed_symbols: {allowed}",
        )
    return None


def _check_quantity(directive: Directive, settings: OfficerSettings) -> Problem | None:
    most = settings.max_quantity
    if most is not None and directive.quantity is not None and directive.quantity > most:
        return Problem(
            "LIMIT_QUANTITY",
            f"field 'quantity': {directive.quantity} is over this officer's max_quantity of {most}",
        )
    return None


def _check_levels(directive: Directive) -> Problem | None:
    """A stop on the wrong side would be refused by the broker at best, and close at once at worst."""
    long = directive.action is Action.OPEN_LONG
    # What a stop-limit order is filled at is its limit; `price` only wakes it.
    stop_limit = directive.order_type is OrderType.STOP_LIMIT
    entry = ("limit_price", directive.limit_price) if stop_limit else ("price", directive.price)
    levels = [
        (name, level)
        for name, level in (
            ("stop_loss", directive.stop_loss),
            entry,
            ("take_profit", directive.take_profit),
        )
        if level is not None
    ]
    for (lower, low), (upper, high) in itertools.pairwise(levels):
        if low == high or (low < high) is not long:
            side = "below" if long else "above"
            return Problem(
                "INVALID_STOPS",
                f"field '{lower}': {low} must be {side} {upper} ({high}) for {directive.action}",
            )
    return None


def named(terms: SymbolReport) -> Problem | None:
    """Why the broker's answer names no symbol to trade; None where it names one."""
    if terms.name:
        return None
    if terms.candidates:
        could_be = ", ".join(terms.candidates)
        return Problem(
            "AMBIGUOUS_SYMBOL",
            f"field 'symbol': {terms.asked} could be {could_be} at this broker; "
            "say which in the officer's 'symbols'",
        )
    return Problem(
        "UNKNOWN_SYMBOL",
        f"field 'symbol': the broker has no {terms.asked}, nor one like it; name it in the officer's 'symbols'",
    )


def plan_open(
    directive: Directive, settings: OfficerSettings, terms: SymbolReport, client_order_ids: ClientOrderIds
) -> PlannedCommand | Problem:
    """The one command of an opening directive that `check` let through."""
    quantity = directive.quantity
    if quantity is None:
        raise ValueError(f"an opening directive without quantity is no directive: {directive.directive_id}")
    if problem := check_volume(quantity, terms):
        return problem
    if terms.order_types and directive.order_type not in terms.order_types:
        allowed = ", ".join(terms.order_types)
        return Problem(
            "UNKNOWN_ORDER_TYPE",
            f"field 'order_type': {terms.name} takes {allowed}, not {directive.order_type}",
        )
    pending = directive.order_type.pending
    price, stop_loss = on_tick(directive.price, terms), on_tick(directive.stop_loss, terms)
    time_in_force, expires = _lifetime(directive) if pending else (TimeInForce.GTC, None)
    order = Order(
        client_order_id=client_order_ids(1),
        kind=CommandKind.OPEN,
        symbol=terms.name,
        side=Side.BUY if directive.action is Action.OPEN_LONG else Side.SELL,
        volume=quantity,
        order_type=directive.order_type,
        stop_loss=stop_loss,
        take_profit=on_tick(directive.take_profit, terms),
        price=price,
        limit_price=on_tick(directive.limit_price, terms) if pending else None,
        time_in_force=time_in_force,
        expires_ms=0 if expires is None else int(expires.timestamp() * 1000),
        deviation_points=None if pending else deviation(directive, settings),
        max_spread_points=settings.risk_limits.max_spread_points,
        comment=comment(directive.directive_id),
    )
    return PlannedCommand(order)


def _lifetime(directive: Directive) -> tuple[TimeInForce, datetime | None]:
    """How long a pending order stays: as the directive says, else until the directive itself expires."""
    until = directive.order_expires_at or directive.expires_at
    asked = directive.time_in_force or (TimeInForce.GTD if until else TimeInForce.GTC)
    return asked, until if asked is TimeInForce.GTD else None


def check_volume(quantity: Decimal, terms: SymbolReport) -> Problem | None:
    """Why the symbol does not take this quantity. It is never changed: a rounded quantity is another one."""
    if terms.volume_min and quantity < terms.volume_min:
        rule = f"is less than the least of {terms.name}, {terms.volume_min}"
    elif terms.volume_max and quantity > terms.volume_max:
        rule = f"is more than the most of {terms.name}, {terms.volume_max}"
    elif terms.volume_step and quantity % terms.volume_step:
        below = quantity - quantity % terms.volume_step
        rule = f"is no multiple of the step of {terms.name}, {terms.volume_step}; the next below is {below}"
    else:
        return None
    return Problem("INVALID_QUANTITY", f"field 'quantity': {quantity} {rule}")


def on_tick(price: Decimal | None, terms: SymbolReport) -> Decimal | None:
    """The price on the symbol's grid, the nearest there is. Digits stay where it is on it already."""
    tick = terms.tick_size or terms.point
    if price is None or not tick or not price % tick:
        return price
    return max((price / tick).to_integral_value(ROUND_HALF_EVEN), Decimal(1)) * tick


def deviation(directive: Directive, settings: OfficerSettings) -> int:
    """The slippage allowed, in points: the directive's own, else the officer's."""
    own = directive.deviation_points
    return settings.deviation_points if own is None else own


def plan_close(
    directive: Directive,
    settings: OfficerSettings,
    terms: SymbolReport,
    positions: Iterable[PositionRecord],
    client_order_ids: ClientOrderIds,
) -> list[PlannedCommand] | Problem:
    """One command for each part of a position that a closing directive is about, oldest first.

    `positions` are this officer's open ones, oldest first. With a quantity that much is closed; where less is
    open, all of it is: who asks for more than there is wants out.
    """
    side = {Action.CLOSE_LONG: Side.BUY, Action.CLOSE_SHORT: Side.SELL}.get(directive.action)
    chosen = [
        position
        for position in positions
        if position.volume > 0
        and position.symbol == terms.name
        and side in (None, position.side)
        and directive.target_directive_id in (None, position.directive_id)
    ]
    if not chosen:
        which = f"{side} position" if side else "position"
        return Problem("NO_POSITION", f"there is no open {which} in {terms.name} {_whose(directive)}")
    allowed = deviation(directive, settings)
    return [
        close_command(position, volume, client_order_ids(number), allowed, comment(directive.directive_id))
        for number, (position, volume) in enumerate(_allocations(chosen, directive.quantity), start=1)
    ]


def close_command(
    position: PositionRecord, volume: Decimal, client_order_id: int, deviation_points: int, text: str
) -> PlannedCommand:
    """The command that closes so much of one command's part of a position."""
    order = Order(
        client_order_id=client_order_id,
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
    """One command for each pending order of this officer that a CANCEL is about."""
    chosen = _aimed_at(directive, terms, orders)
    if not chosen:
        return Problem("NO_ORDER", f"there is no pending order in {terms.name} {_whose(directive)}")
    return [cancel_command(order, client_order_ids(number)) for number, order in enumerate(chosen, start=1)]


def cancel_command(order: OrderRecord, client_order_id: int) -> PlannedCommand:
    """The command that takes one pending order off the book."""
    return PlannedCommand(
        Order(
            client_order_id=client_order_id,
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
    """One command for each position, and each pending order, that a MODIFY is about.

    Without a target: the symbol's open positions, and its pending orders only where there is no position. A price
    is a pending order's; it must be clear which one's.
    """
    held = _aimed_at(directive, terms, (position for position in positions if position.volume > 0))
    waiting = _aimed_at(directive, terms, orders)
    if directive.target_directive_id is None:
        if directive.action is Action.MODIFY and (directive.price or directive.limit_price):
            # A price is a pending order's: whoever names one does not mean a position.
            held = []
        elif held:
            waiting = []
    stop_loss = on_tick(directive.stop_loss, terms) if directive.action is not Action.MODIFY_TP else None
    take_profit = on_tick(directive.take_profit, terms) if directive.action is not Action.MODIFY_SL else None
    whole = directive.action is Action.MODIFY
    price = on_tick(directive.price, terms) if whole else None
    limit_price = on_tick(directive.limit_price, terms) if whole else None
    if stop_loss is None and take_profit is None:
        # Nothing that a position has is to change; a limit price alone is nothing to other orders either.
        held = []
        if price is None:
            waiting = [order for order in waiting if order.order_type is OrderType.STOP_LIMIT]
    if (price is not None or limit_price is not None) and len(waiting) > 1:
        field = "limit_price" if price is None else "price"
        return Problem(
            "AMBIGUOUS_TARGET",
            f"field '{field}': there are {len(waiting)} pending orders in {terms.name}; "
            "name one by target_directive_id",
        )
    if not held and not waiting:
        return Problem("NO_TARGET", f"there is nothing to change in {terms.name} {_whose(directive)}")
    commands: list[PlannedCommand] = []
    # Where several commands share a position its levels are one: one leg for each position.
    firsts: dict[int, PositionRecord] = {}
    for position in held:
        firsts.setdefault(position.identifier, position)
    for position in firsts.values():
        order = Order(
            client_order_id=client_order_ids(len(commands) + 1),
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
        order = Order(
            client_order_id=client_order_ids(len(commands) + 1),
            kind=CommandKind.MODIFY,
            symbol=pending.symbol,
            side=pending.side,
            order_type=pending.order_type,
            order=pending.ticket,
            opener=pending.client_order_id,
            stop_loss=stop_loss,
            take_profit=take_profit,
            price=price,
            limit_price=limit_price if pending.order_type is OrderType.STOP_LIMIT else None,
        )
        commands.append(PlannedCommand(order, pending.directive_id))
    return commands


def flatten(
    positions: Iterable[PositionRecord],
    orders: Iterable[OrderRecord],
    settings: OfficerSettings,
    client_order_ids: ClientOrderIds,
) -> list[PlannedCommand]:
    """A person wants out: pending orders first, so that none is filled meanwhile, then every position."""
    commands: list[PlannedCommand] = []
    for order in orders:
        commands.append(cancel_command(order, client_order_ids(len(commands) + 1)))
    for position in positions:
        if position.volume > 0:
            client_order_id = client_order_ids(len(commands) + 1)
            commands.append(
                close_command(
                    position, position.volume, client_order_id, settings.deviation_points, "flatten"
                )
            )
    return commands


_Target = TypeVar("_Target", PositionRecord, OrderRecord)


def would_close(close: Directive, opened: Directive) -> bool:
    """Whether the close is about what the opening directive opens."""
    sides = {Action.CLOSE_LONG: Action.OPEN_LONG, Action.CLOSE_SHORT: Action.OPEN_SHORT}
    return (
        opened.action.opens
        and opened.symbol == close.symbol
        and sides.get(close.action, opened.action) is opened.action
        and close.target_directive_id in (None, opened.directive_id)
    )


def _aimed_at(directive: Directive, terms: SymbolReport, targets: Iterable[_Target]) -> list[_Target]:
    return [
        target
        for target in targets
        if target.symbol == terms.name and directive.target_directive_id in (None, target.directive_id)
    ]


def _whose(directive: Directive) -> str:
    target = directive.target_directive_id
    return f"opened by {target}" if target else "opened by this officer"


def _allocations(
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
    """The start of the directive's id as the order's comment: plain ASCII, for people."""
    return directive_id.encode("ascii", "replace").decode()[:COMMENT_LENGTH]
