"""Prices and quantities: exact decimals, from the link to the journal.

A number keeps the digits it came with: 1.0950 stays 1.0950. A number that no broker could mean (not finite, or
larger or finer than any price) is an error that names the rule.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Final

MAX_MAGNITUDE: Final = 12
"""Exponent that the most significant digit of a number must stay below (10^12)."""

MAX_DECIMALS: Final = 10
"""Maximum of digits behind the point. MetaTrader prints no price with more."""

ZERO: Final = Decimal(0)

NOISE: Final = Decimal("1e-9")
"""Distance from a multiple of a tick or step that only arithmetic with binary fractions explains."""


_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|[+-]?(s?NaN|Infinity)")
"""Decimal itself also takes 1_000, spaces and the digits of other scripts."""


class AmountError(ValueError):
    """The number can be no price and no quantity. The message is the broken rule."""


def check_amount(value: Decimal) -> Decimal:
    """Return the same number, if a broker could mean it. Positional: 1E+2 comes back as 100.

    Raises AmountError where it is not finite, reaches 10^12, or has more than ten decimals. The exponent is
    checked before any arithmetic: 1e999999 is one small object that becomes a million digits when printed.
    """
    if not value.is_finite():
        raise AmountError("must be a finite number")
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101 - narrowing: only non-finite numbers have a letter there
    if value.adjusted() >= MAX_MAGNITUDE or exponent > MAX_MAGNITUDE:
        raise AmountError(f"must be smaller than 10^{MAX_MAGNITUDE}")
    if exponent < -MAX_DECIMALS:
        raise AmountError(f"must have at most {MAX_DECIMALS} decimals")
    return value if exponent <= 0 else value.quantize(Decimal(1))


def without_noise(value: Decimal) -> Decimal:
    """Return the number rounded to ten decimals where it has more, which only binary fractions have.

    0.30000000000000004 is 0.3. A number that is not finite, has no ordinary size, or would become 0, which has a
    meaning of its own (no stop loss), comes back unchanged.
    """
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent >= -MAX_DECIMALS or value.adjusted() >= MAX_MAGNITUDE:
        return value
    rounded = value.quantize(Decimal(1).scaleb(-MAX_DECIMALS)).normalize()
    return rounded or value


def on_grid(value: Decimal, step: Decimal) -> Decimal:
    """Return the multiple of `step` that the number is meant to be: the nearest one if it is within 1e-9.

    Any other number, and one that is a multiple already, comes back unchanged, with its digits.
    """
    if not step or not value % step:
        return value
    nearest = (value / step).to_integral_value() * step
    return nearest if abs(nearest - value) <= NOISE else value


def parse_amount(text: str) -> Decimal:
    """Return the decimal of a text. Raises AmountError."""
    return check_amount(read_decimal(text))


def read_decimal(text: str) -> Decimal:
    """Return the decimal of a text, which may be of any size. Raises AmountError."""
    if not _NUMBER.fullmatch(text):
        raise AmountError("must be a number")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise AmountError("must be a number") from None


def plain(value: Decimal) -> str:
    """Return the number in positional notation (never 1E+2), every digit kept. Raises AmountError."""
    return format(check_amount(value), "f")
