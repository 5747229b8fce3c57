"""A name is found with the affix of most symbols, never another instrument that contains it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.director.problem import Problem
from bridge.core.link.reports import SymbolReport
from bridge.core.trade.symbol_choice import check_symbol, choose


def report(asked: str, *candidates: tuple[str, int], total: int = 100) -> SymbolReport:
    return SymbolReport(
        asked=asked,
        candidates=[name for name, _ in candidates],
        alike=[alike for _, alike in candidates],
        symbols_total=total,
    )


@pytest.mark.parametrize(
    "name",
    [
        "EURUSD.r",
        "EURUSDm",
        "mEURUSD",
        "EURUSD_i",
        "EURUSD.raw",
        "EURUSD-ECN",
        "EURUSD+",
        "#EURUSD",
        "EURUSDpro",
    ],
)
def test_affix_of_an_account_type_on_most_symbols_is_taken(name: str) -> None:
    assert choose(report("EURUSD", (name, 50))) == name


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("QQQ", "SQQQ"),
        ("QQQ", "TQQQ"),
        ("GOLD", "GOLD.US"),
        ("EURUSD", "EURUSD-12.26"),
        ("EURUSD", "EURUSD2"),
        ("US30", "US300"),
        ("USD", "EURUSD"),
        ("DE40", "DE40.F26"),
        ("BTCUSD", "1000BTCUSD"),
    ],
)
def test_letters_and_digits_around_a_name_make_another_instrument(asked: str, name: str) -> None:
    found = report(asked, (name, 100))
    assert choose(found) == ""
    problem = check_symbol(found)
    assert problem is not None
    assert problem.code == "AMBIGUOUS_SYMBOL"
    assert f"{name} may be another instrument" in problem.message
    assert f'symbols = {{ "{asked}" = "{name}" }}' in problem.message


def test_affix_of_a_minority_is_not_taken() -> None:
    assert choose(report("EURUSD", ("EURUSD.f", 49))) == ""
    assert choose(report("EURUSD", ("EURUSD.f", 49), ("EURUSD.r", 50))) == "EURUSD.r"
    assert choose(report("EURUSD", ("EURUSD.f", 50), ("EURUSD.r", 50))) == ""


def test_exact_name_needs_no_evidence_and_no_symbol_is_unknown() -> None:
    assert choose(SymbolReport(asked="EURUSD", name="EURUSD")) == "EURUSD"
    assert check_symbol(SymbolReport(asked="EURUSD", name="EURUSD")) is None
    assert choose(SymbolReport(asked="EURUSD")) == ""
    assert check_symbol(SymbolReport(asked="EURUSD")) == Problem(
        "UNKNOWN_SYMBOL",
        "symbol EURUSD is unknown to the broker, with or without a prefix or suffix; name the broker's in the "
        "officer's symbols",
    )


@given(
    st.text(st.characters(codec="ascii"), min_size=1, max_size=6),
    st.lists(st.tuples(st.text(max_size=12), st.integers(0, 200)), max_size=16),
)
def test_choice_is_a_candidate_with_evidence_or_none(asked: str, candidates: list[tuple[str, int]]) -> None:
    chosen = choose(report(asked, *candidates))
    assert not chosen or (asked in chosen and dict(reversed(candidates))[chosen] * 2 >= 100)
