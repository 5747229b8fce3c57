"""Words of the Expert Advisor for enumerations of MQL5: every enumerator of the reference has its word."""

import re
from pathlib import Path

import pytest

from tests.mql5.reference import groups

TERMINAL = Path(__file__).parents[3] / "mql5/Include/ExecutionOfficer/Terminal"
FUNCTION = re.compile(
    r"Return the name of an (ENUM_\w+)\.(.*?)\n//\+-+\+\nstring (\w+)\(.*?\n  \{(.*?)\n  \}\n", re.DOTALL
)
PAIR = re.compile(r"(?:case |==)([A-Z_]+)[:)]\s*return\(\"(\w+)\"\);")
OTHERWISE = re.compile(r"return\((.*)\);\s*(?:\})?\s*$")
SHORTENED = {"ENUM_DEAL_TYPE": "DEAL_TYPE_", "ENUM_SYMBOL_ORDER_GTC_MODE": "SYMBOL_ORDERS_"}
"""Prefixes that differ from the enumeration's name."""


def worded() -> dict[str, tuple[dict[str, str], str]]:
    """Return for each worded enumeration the words of its enumerators, and the value for all others."""
    found = {}
    for path in sorted(TERMINAL.glob("*.mqh")):
        for enumeration, _, _, body in FUNCTION.findall(path.read_text(encoding="utf-8")):
            otherwise = OTHERWISE.search(body)
            assert otherwise is not None, enumeration
            found[enumeration] = (dict(PAIR.findall(body)), otherwise[1].strip('"'))
    return found


def test_functions_that_word_an_enumeration_are_found() -> None:
    assert {
        "ENUM_ORDER_TYPE",
        "ENUM_ORDER_STATE",
        "ENUM_ORDER_REASON",
        "ENUM_DEAL_TYPE",
        "ENUM_DEAL_ENTRY",
    } <= set(worded())
    assert {"ENUM_DEAL_REASON", "ENUM_SYMBOL_TRADE_MODE", "ENUM_ACCOUNT_MARGIN_MODE"} <= set(worded())
    words = len(
        re.findall(r"\nstring \w+Name\(const long", "".join(p.read_text() for p in TERMINAL.glob("*.mqh")))
    )
    assert words - 1 == len(worded())  # all but UnknownName


@pytest.mark.parametrize("enumeration", sorted(worded()))
def test_every_enumerator_of_the_reference_has_its_word(enumeration: str) -> None:
    words, otherwise = worded()[enumeration]
    (group,) = (group for group in groups() if group.name == enumeration)
    prefix = SHORTENED.get(enumeration, enumeration.removeprefix("ENUM_") + "_")
    expected = {name: name.removeprefix(prefix) for name in group.values}
    if not otherwise.startswith("UnknownName("):
        # The last word stands for every other value: exactly one enumerator has it.
        (rest,) = expected.keys() - words.keys()
        words[rest] = otherwise
    assert words == expected
