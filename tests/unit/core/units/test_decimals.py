"""Numbers of brokers: exact, bounded, positional."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.units.decimals import (
    NOISE,
    AmountError,
    check_amount,
    on_grid,
    parse_amount,
    plain,
    without_noise,
)
from tests.unit.core.generate import amounts


@pytest.mark.parametrize(
    "text", ["1.0950", "0.10", "0", "-12.5", "999999999999", "0.0000000001", "1.0000000000"]
)
def test_a_number_keeps_the_digits_it_came_with(text: str) -> None:
    assert parse_amount(text).as_tuple() == Decimal(text).as_tuple()
    assert plain(Decimal(text)) == text


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("NaN", "must be a finite number"),
        ("sNaN", "must be a finite number"),
        ("Infinity", "must be a finite number"),
        ("-Infinity", "must be a finite number"),
        ("1000000000000", "must be smaller than 10^12"),
        ("-1e12", "must be smaller than 10^12"),
        ("1e999999", "must be smaller than 10^12"),
        ("0e13", "must be smaller than 10^12"),
        ("0.00000000001", "must have at most 10 decimals"),
        ("1.00000000000", "must have at most 10 decimals"),
        ("1e-999999", "must have at most 10 decimals"),
        ("0e-11", "must have at most 10 decimals"),
        ("", "must be a number"),
        ("12 lots", "must be a number"),
        ("1,5", "must be a number"),
        ("1e99999999999999999999", "must be a number"),
    ],
)
def test_impossible_number_is_refused_with_the_broken_rule(text: str, rule: str) -> None:
    with pytest.raises(AmountError) as caught:
        parse_amount(text)
    assert str(caught.value) == rule


@pytest.mark.parametrize(
    ("text", "positional"),
    [("1E+2", "100"), ("1.5E+3", "1500"), ("5E-3", "0.005"), ("1E+11", "1" + "0" * 11)],
)
def test_an_exponent_is_written_out(text: str, positional: str) -> None:
    assert plain(parse_amount(text)) == positional
    exponent = check_amount(Decimal(text)).as_tuple().exponent
    assert isinstance(exponent, int) and exponent <= 0


@given(amounts)
def test_plain_text_reads_back_as_the_same_number_with_the_same_digits(value: Decimal) -> None:
    assert parse_amount(plain(value)).as_tuple() == check_amount(value).as_tuple()
    assert "E" not in plain(value)


@given(st.decimals(allow_nan=True, allow_infinity=True) | st.text(max_size=20))
def test_any_number_or_text_is_an_amount_within_the_bounds_or_an_amount_error(given_: Decimal | str) -> None:
    try:
        value = parse_amount(str(given_))
    except AmountError:
        return
    assert abs(value) < 10**12
    assert value == round(value, 10)


@given(st.decimals(min_value=0, max_value=1000, places=5), st.sampled_from(["0.01", "0.00001", "0.25", "1"]))
def test_number_on_the_grid_with_the_noise_of_a_float_is_brought_onto_it(value: Decimal, step: str) -> None:
    grid = value - value % Decimal(step)
    assert on_grid(Decimal(float(grid)), Decimal(step)) == grid
    assert on_grid(without_noise(Decimal(float(grid))), Decimal(step)) == grid


@given(st.decimals(min_value=0, max_value=1000, places=9))
def test_number_further_than_noise_from_the_grid_is_unchanged(value: Decimal) -> None:
    step = Decimal("0.01")
    distance = min(value % step, step - value % step)
    if distance > NOISE:
        assert on_grid(value, step) == value


def test_number_on_the_grid_keeps_its_digits_and_no_step_changes_nothing() -> None:
    assert str(on_grid(Decimal("0.100"), Decimal("0.01"))) == "0.100"
    assert on_grid(Decimal("0.123"), Decimal(0)) == Decimal("0.123")
