"""Rules for an officer's risk limits beyond their types."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from bridge.config.problem import Problem, shown
from bridge.core.director.actions import Intent, intent_of
from bridge.core.settings import RiskLimits
from bridge.core.units.daily_window import parse_window

_ABOVE_ZERO: Final = (
    "max_symbol_quantity",
    "max_daily_loss",
    "max_drawdown_percent",
    "min_margin_level_percent",
)


def check(at: str, risk_limits: RiskLimits) -> Iterator[Problem]:
    """Yield the problems of risk limits whose types are right. `at` is their key in the configuration."""
    for name in _ABOVE_ZERO:
        value: Decimal | None = getattr(risk_limits, name)
        if value is not None and (not value.is_finite() or value <= 0):
            yield Problem(
                f"{at}.{name}",
                shown(value),
                "must be above 0",
                "write a positive number, or remove the line for no limit",
            )
    fall = risk_limits.max_drawdown_percent
    if fall is not None and fall.is_finite() and fall > 100:
        yield Problem(f"{at}.max_drawdown_percent", shown(fall), "must be at most 100", "write a percentage")
    for action in risk_limits.allowed_actions or ():
        if intent_of(action) is not Intent.OPEN:
            rule = "is not an opening action; risk limits restrict only opens"
            yield Problem(f"{at}.allowed_actions", shown(action), rule, "name OPEN_LONG, OPEN_SHORT or both")
    for window in risk_limits.closed_hours:
        try:
            parse_window(window)
        except ValueError:
            rule = "must be two times in UTC, as in '21:55-22:10'"
            yield Problem(f"{at}.closed_hours", shown(window), rule, "write hours and minutes of two digits")
