"""Limits on opening, checked just before a command would be dispatched.

They stop opens alone: an officer over a limit must be able to close. The terminal checks limits of its own inputs
as well: two independent checks.
"""

from datetime import datetime
from decimal import Decimal

import msgspec

from bridge.core.director.problem import Problem
from bridge.core.link.messages import Order
from bridge.core.settings import OfficerSettings, RiskLimits
from bridge.core.units.daily_window import contains
from bridge.core.units.decimals import ZERO


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """Positions and orders of the officer, and opens under way, without the command that is checked."""

    positions: int = 0
    """Open positions, pending orders and opens under way."""
    symbol_quantity: Decimal = ZERO
    """Lots of all these in the command's symbol."""
    recent_orders: int = 0
    """Opens that were dispatched in the last minute."""


class Funds(msgspec.Struct, frozen=True, kw_only=True):
    """Equity and margin of the account, in its currency."""

    equity: Decimal
    margin: Decimal
    """Margin used by open positions and orders; 0 with none."""
    day_opening: Decimal
    """Equity at the first heartbeat of the broker's day."""
    peak: Decimal
    """Highest equity ever seen."""


def forbidden(
    order: Order, settings: OfficerSettings, exposure: Exposure, funds: Funds | None, now: datetime
) -> Problem | None:
    """Return the reason for which this opening command may not be dispatched; None where it may."""
    risk_limits = settings.risk_limits
    return (
        _exposure(order, risk_limits, exposure)
        or _hours(risk_limits, now)
        or (of_funds(risk_limits, funds) if funds is not None else None)
    )


def _exposure(order: Order, risk_limits: RiskLimits, exposure: Exposure) -> Problem | None:
    most = risk_limits.max_symbol_quantity
    would_be = exposure.symbol_quantity + order.volume
    if most is not None and would_be > most:
        return Problem(
            "LIMIT_SYMBOL_QUANTITY",
            f"quantity {order.volume} would make {would_be} lots in {order.symbol}, above this officer's "
            f"max_symbol_quantity {most}",
        )
    if risk_limits.max_positions is not None and exposure.positions >= risk_limits.max_positions:
        return Problem(
            "LIMIT_POSITIONS",
            f"{exposure.positions} positions and pending orders are open; this officer's max_positions is "
            f"{risk_limits.max_positions}",
        )
    rate = risk_limits.max_orders_per_minute
    if rate is not None and exposure.recent_orders >= rate:
        return Problem(
            "LIMIT_RATE",
            f"{exposure.recent_orders} orders were sent in the last minute; this officer's max_orders_per_minute "
            f"is {rate}",
        )
    return None


def _hours(risk_limits: RiskLimits, now: datetime) -> Problem | None:
    for window in risk_limits.closed_hours:
        if contains(window, now):
            return Problem("CLOSED_HOURS", f"nothing is opened between {window} UTC (closed_hours)")
    return None


def of_funds(risk_limits: RiskLimits, funds: Funds) -> Problem | None:
    """Return the limit on loss, drawdown or margin level that stops opens; None where there is none."""
    lost = funds.day_opening - funds.equity
    if risk_limits.max_daily_loss is not None and lost >= risk_limits.max_daily_loss:
        return Problem(
            "LIMIT_DAILY_LOSS",
            f"the account lost {lost} since the day began at {funds.day_opening}; "
            f"max_daily_loss is {risk_limits.max_daily_loss}",
        )
    drawdown = risk_limits.max_drawdown_percent
    if drawdown is not None and funds.peak > 0:
        fallen = (funds.peak - funds.equity) / funds.peak * 100
        if fallen >= drawdown:
            return Problem(
                "LIMIT_DRAWDOWN",
                f"equity {funds.equity} is {fallen:.2f} % below its peak of {funds.peak}; "
                f"max_drawdown_percent is {drawdown}",
            )
    least = risk_limits.min_margin_level_percent
    if least is not None and funds.margin > 0:
        level = funds.equity / funds.margin * 100
        if level < least:
            return Problem(
                "LIMIT_MARGIN_LEVEL",
                f"the margin level is {level:.2f} %; min_margin_level_percent is {least}",
            )
    if funds.equity <= 0 and any(
        limit is not None for limit in (risk_limits.max_daily_loss, drawdown, least)
    ):
        return Problem(
            "NO_EQUITY", f"equity {funds.equity} must be above 0 to measure a loss or a margin level by"
        )
    return None
