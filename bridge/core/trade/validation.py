"""Checks of a directive before anything is sent for it.

`check` needs no broker and runs when the directive comes in. `check_volume` needs the symbol's terms and runs when
it is planned. Both return the reason for a refusal, or None.
"""

import itertools
from datetime import datetime, timedelta
from decimal import Decimal
from typing import assert_never

from bridge.core.director.actions import Intent, intent_of, opening_side
from bridge.core.director.contract import Directive, OrderType, utc_text
from bridge.core.director.problem import Problem
from bridge.core.director.times import NEVER
from bridge.core.link.reports import SymbolReport
from bridge.core.settings import OfficerSettings
from bridge.core.units.mt5_terms import Side


def expiry(directive: Directive, settings: OfficerSettings, received_at: datetime) -> datetime:
    """Return the time from which nothing may be sent for the directive.

    Without an expiry of its own its life counts from the earlier of issued_at and its receipt: a Director whose
    clock is ahead must not lengthen it.
    """
    if directive.expires_at is not None:
        return directive.expires_at
    try:
        return min(directive.issued_at, received_at) + timedelta(seconds=settings.time_to_live_s)
    except OverflowError:
        return NEVER


def check(
    directive: Directive, settings: OfficerSettings, now: datetime, received_at: datetime
) -> Problem | None:
    """Return the reason for which nothing may be sent for the directive; None where something may.

    Raises UnknownActionError for an action that has no rule.
    """
    limit = expiry(directive, settings, received_at)
    if limit <= now:
        return Problem(
            "EXPIRED", f"directive expired at {utc_text(limit)}; it was received at {utc_text(now)}"
        )
    lapses = directive.order_expires_at
    if lapses is not None and lapses <= now:
        return Problem(
            "EXPIRED",
            f"order_expires_at {utc_text(lapses)} has passed; the directive was received at {utc_text(now)}",
        )
    intent = intent_of(directive.action)
    match intent:
        case Intent.OPEN:
            return (
                _check_allowed(directive, settings)
                or _check_quantity(directive, settings)
                or _check_levels(directive)
            )
        case Intent.CLOSE | Intent.MODIFY | Intent.CANCEL:
            # Limits hold back openings only: an officer over a limit must be able to get out.
            return None
        case _:
            assert_never(intent)


def _check_allowed(directive: Directive, settings: OfficerSettings) -> Problem | None:
    risk_limits = settings.risk_limits
    if risk_limits.allowed_actions is not None and directive.action not in risk_limits.allowed_actions:
        allowed = ", ".join(risk_limits.allowed_actions) or "none"
        return Problem(
            "LIMIT_ACTION",
            f"action {directive.action} is not in this officer's allowed_actions: {allowed}",
        )
    if risk_limits.allowed_symbols is not None and directive.symbol not in risk_limits.allowed_symbols:
        allowed = ", ".join(risk_limits.allowed_symbols) or "none"
        return Problem(
            "LIMIT_SYMBOL",
            f"symbol {directive.symbol} is not in this officer's allowed_symbols: {allowed}",
        )
    return None


def _check_quantity(directive: Directive, settings: OfficerSettings) -> Problem | None:
    most = settings.max_quantity
    if most is not None and directive.quantity is not None and directive.quantity > most:
        return Problem(
            "LIMIT_QUANTITY",
            f"quantity {directive.quantity} is above this officer's max_quantity {most}",
        )
    return None


def _check_levels(directive: Directive) -> Problem | None:
    """A stop on the wrong side would be refused by the broker at best, and close at once at worst."""
    long = opening_side(directive.action) is Side.BUY
    # A stop-limit order is filled at its limit; `price` only activates it.
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
                "INVALID_STOPS", f"{lower} {low} must be {side} {upper} {high} for {directive.action}"
            )
    return None


def check_volume(quantity: Decimal, terms: SymbolReport) -> Problem | None:
    """Return the reason for which the symbol does not take this quantity, in lots; None where it does.

    The quantity is never changed: a rounded quantity is another one.
    """
    if terms.volume_min and quantity < terms.volume_min:
        rule = f"is below {terms.name}'s minimum {terms.volume_min}"
    elif terms.volume_max and quantity > terms.volume_max:
        rule = f"is above {terms.name}'s maximum {terms.volume_max}"
    elif terms.volume_step and quantity % terms.volume_step:
        below = quantity - quantity % terms.volume_step
        rule = f"is not a multiple of {terms.name}'s step {terms.volume_step}; the next below is {below}"
    else:
        return None
    return Problem("INVALID_QUANTITY", f"quantity {quantity} {rule}")
