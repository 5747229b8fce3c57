"""From a directive to commands: validation, limits, and which position each leg closes."""

import itertools
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from bridge.core.batch import Problem
from bridge.core.contract import Action, Directive, utc_text
from bridge.core.protocol import CommandKind, Order
from bridge.core.records import PositionRecord
from bridge.core.settings import OfficerSettings
from bridge.core.terms import Side

COMMENT_LENGTH: Final = 26
"""Hosted bridges cap client comments here; MetaTrader's own limit is undocumented (31 in the field)."""

Tokens = Callable[[int], int]
"""Gives the token of a leg (1, 2, ...) of the directive at hand; never the same one for two commands."""


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
    if directive.action.opens:
        return _check_quantity(directive, settings) or _check_levels(directive)
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
    levels = [
        (name, level)
        for name, level in (
            ("stop_loss", directive.stop_loss),
            ("price", directive.price),
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


def plan_open(directive: Directive, settings: OfficerSettings, tokens: Tokens) -> Order:
    """The one command of an opening directive that `check` let through."""
    quantity = directive.quantity
    if quantity is None:
        raise ValueError(f"an opening directive without quantity is no directive: {directive.directive_id}")
    return Order(
        token=tokens(1),
        kind=CommandKind.OPEN,
        symbol=settings.broker_symbol(directive.symbol),
        side=Side.BUY if directive.action is Action.OPEN_LONG else Side.SELL,
        volume=quantity,
        stop_loss=directive.stop_loss,
        take_profit=directive.take_profit,
        price=directive.price,
        deviation_points=settings.deviation_points,
        comment=comment(directive.directive_id),
    )


def plan_close(
    directive: Directive, settings: OfficerSettings, positions: Iterable[PositionRecord], tokens: Tokens
) -> list[Order] | Problem:
    """One command for each position that a closing directive is about, oldest first.

    `positions` are this officer's open ones, oldest first. With a quantity that much is closed; where less is
    open, all of it is: who asks for more than there is wants out.
    """
    symbol = settings.broker_symbol(directive.symbol)
    side = {Action.CLOSE_LONG: Side.BUY, Action.CLOSE_SHORT: Side.SELL}.get(directive.action)
    chosen = [
        position
        for position in positions
        if position.symbol == symbol
        and side in (None, position.side)
        and directive.target_directive_id in (None, position.directive_id)
    ]
    if not chosen:
        whose = (
            f"opened by {directive.target_directive_id}"
            if directive.target_directive_id
            else "opened by this officer"
        )
        which = f"{side} position" if side else "position"
        return Problem("NO_POSITION", f"there is no open {which} in {symbol} {whose}")
    orders: list[Order] = []
    for position, volume in _shares(chosen, directive.quantity):
        orders.append(
            Order(
                token=tokens(len(orders) + 1),
                kind=CommandKind.CLOSE,
                symbol=symbol,
                side=position.side.opposite,
                volume=volume,
                position=position.identifier,
                deviation_points=settings.deviation_points,
                comment=comment(directive.directive_id),
            )
        )
    return orders


def _shares(
    positions: Iterable[PositionRecord], quantity: Decimal | None
) -> Iterable[tuple[PositionRecord, Decimal]]:
    left = quantity
    for position in positions:
        if left is not None and left <= 0:
            return
        volume = position.volume if left is None else min(position.volume, left)
        if volume <= 0:
            continue
        yield position, volume
        if left is not None:
            left -= volume


def comment(directive_id: str) -> str:
    """The start of the directive's id as the order's comment: plain ASCII, for people."""
    return directive_id.encode("ascii", "replace").decode()[:COMMENT_LENGTH]
