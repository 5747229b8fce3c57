"""Conditions that alerts are about: what `status` requires action for, and some that it only shows."""

from collections.abc import Sequence

import msgspec

Key = tuple[str, str]
"""Officer and code: conditions that have both in common are one alert."""

BROKER_CONNECTION = "BROKER_CONNECTION"
"""Code of a terminal without a connection to its broker."""
REJECTIONS = "REJECTIONS"
"""Code of commands that the broker or a risk limit rejected, one after the other."""
EQUITY_LIMIT = "EQUITY_LIMIT"
"""Code of a limit on loss, drawdown or margin level that stops opens."""
NO_TERMINAL = "NO_TERMINAL"
"""Code of an officer whose terminal is not connected."""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Condition that lasts until somebody, or the other side, ends it."""

    officer: str
    """Empty if it concerns all officers."""
    code: str
    what: str
    """Condition, in words."""
    remedy: str = ""
    """Instruction for the operator."""

    @property
    def key(self) -> Key:
        """Officer and code."""
        return (self.officer, self.code)

    def __str__(self) -> str:
        about = f"{self.officer}: " if self.officer else ""
        return f"{about}{self.what}" + (f"\n  -> {self.remedy}" if self.remedy else "")


def grouped(conditions: Sequence[Condition]) -> dict[Key, list[Condition]]:
    """Return the conditions by officer and code, in their order."""
    found: dict[Key, list[Condition]] = {}
    for condition in conditions:
        found.setdefault(condition.key, []).append(condition)
    return found
