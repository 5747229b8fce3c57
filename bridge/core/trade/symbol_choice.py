"""Choice of the broker's symbol for a name that the broker does not have exactly.

Brokers put the same prefix or suffix around their symbols: EURUSD.r, mEURUSD. Letters and digits around a name make
another instrument as well: SQQQ is not QQQ, GOLD.US is a share, EURUSD-12.26 a future. So a candidate is taken only
where what is around the name has the shape of an account type, and most of the broker's symbols have it too.
"""

import re
from typing import Final

from bridge.core.director.problem import Problem
from bridge.core.link.reports import SymbolReport

_PREFIX: Final = re.compile(r"[#.]?[a-z]{0,3}", re.ASCII)
_SUFFIX: Final = re.compile(r"[.\-_#+!^~]?(?:[a-z]{0,6}|R|M|C|ECN|PRO|RAW|STD)[.\-_#+!^~]?", re.ASCII)
"""Punctuation, and short words of account types. Digits are a date or a multiple, capital letters an exchange."""


def choose(report: SymbolReport) -> str:
    """Return the broker's symbol that is meant: its exact name, else the one candidate that is surely the same
    instrument. Empty where there is none, or more than one."""
    if report.name:
        return report.name
    fitting = [
        candidate
        for candidate, alike in zip(report.candidates, report.alike, strict=False)
        if _has_account_affix(candidate, report.asked) and 2 * alike >= report.symbols_total > 0
    ]
    return fitting[0] if len(fitting) == 1 else ""


def _has_account_affix(candidate: str, asked: str) -> bool:
    prefix, found, suffix = candidate.partition(asked)
    return bool(found) and bool(_PREFIX.fullmatch(prefix)) and bool(_SUFFIX.fullmatch(suffix))


def check_symbol(report: SymbolReport) -> Problem | None:
    """Return the reason for which the broker's answer names no symbol to trade; None where it names one."""
    if report.name:
        return None
    if report.candidates:
        candidates, example = ", ".join(report.candidates), report.candidates[0]
        return Problem(
            "AMBIGUOUS_SYMBOL",
            f"symbol {report.asked} is not at this broker under exactly that name, and {candidates} may be another "
            "instrument; name the one that is meant in the officer's symbols, like "
            f'symbols = {{ "{report.asked}" = "{example}" }}',
        )
    return Problem(
        "UNKNOWN_SYMBOL",
        f"symbol {report.asked} is unknown to the broker, with or without a prefix or suffix; name the broker's in "
        "the officer's symbols",
    )
