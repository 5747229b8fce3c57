"""A re-listed directive is the same where its contract fields are the same, however they are spelled."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core.director.test_poll import GOOD, item_text, read_one

SAME = read_one(item_text()).fingerprint
EARLIER = "0224ee4de02c025e6960e96cc7fd760a74fefa7773d329377111b902d68f0429"
"""By sha256sum of the JSON list of the contract's fields and the target, each with its plain value."""


@pytest.mark.parametrize(
    ("field", "spelling"),
    [
        ("quantity", "0.1"),
        ("quantity", "0.1000"),
        ("quantity", "1e-1"),
        ("quantity", '"0.1"'),
        ("quantity", "0.10000000000000000000000000000000000001"),
        ("price", "1.095"),
        ("price", "1095E-3"),
        ("stop_loss", "1.09"),
        ("take_profit", "1.1"),
        ("issued_at", '"2026-01-04T10:00:00.000Z"'),
        ("issued_at", '"2026-01-04T10:00:00+00:00"'),
        ("issued_at", '"2026-01-04 10:00+00"'),
        ("issued_at", '"2026-01-04T12:00:00+02:00"'),
        ("expires_at", '"2026-01-04T05:05:00-05:00"'),
        ("symbol", r'"EUR\u0055SD"'),
        ("target_directive_id", "null"),
        ("limit_price", "null"),
        ("time_in_force", "null"),
        ("order_expires_at", "null"),
        ("deviation_points", "null"),
    ],
)
def test_another_spelling_of_a_value_is_the_same_directive(field: str, spelling: str) -> None:
    assert read_one(item_text(**{field: spelling})).fingerprint == SAME


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("directive_id", '"dir-2"'),
        ("signal_id", '"sig-2"'),
        ("symbol", '"EURUSD.r"'),
        ("action", '"OPEN_SHORT"'),
        ("order_type", '"LIMIT"'),
        ("quantity", "0.11"),
        ("quantity", '"0.11"'),
        ("quantity", '"0,10"'),
        ("quantity", "0.1000000001"),
        ("quantity", "NaN"),
        ("price", "1.0951"),
        ("stop_loss", "1.0901"),
        ("take_profit", "1.1001"),
        ("issued_at", '"2026-01-04T10:00:00.001Z"'),
        ("issued_at", '"2026-01-04T10:00:00+02:00"'),
        ("expires_at", '"2026-01-04T10:05:01Z"'),
        ("target_directive_id", '"dir-0"'),
        ("limit_price", "1.0955"),
        ("time_in_force", '"DAY"'),
        ("order_expires_at", '"2026-01-05T00:00:00Z"'),
        ("deviation_points", "20"),
        ("deviation_points", "0"),
    ],
)
def test_another_value_of_a_contract_field_is_another_directive(field: str, value: str) -> None:
    assert read_one(item_text(**{field: value})).fingerprint != SAME


def test_the_digest_of_a_directive_without_additions_is_the_same_for_ever() -> None:
    """A journal compares with what an earlier version of this bridge wrote."""
    assert SAME == EARLIER


def test_a_time_of_an_addition_is_the_same_in_another_zone() -> None:
    times = ('"2026-01-05T00:00:00Z"', '"2026-01-05T01:00:00+01:00"')
    one, other = (read_one(item_text(order_expires_at=text)).fingerprint for text in times)
    assert one == other


@pytest.mark.parametrize("field", list(GOOD))
def test_a_missing_contract_field_is_another_directive(field: str) -> None:
    assert read_one(item_text(**{field: None})).fingerprint != SAME


@pytest.mark.parametrize("field", list(GOOD))
def test_a_field_that_stands_twice_is_another_directive(field: str) -> None:
    assert read_one(item_text()[:-1] + f', "{field}": {GOOD[field]}' + "}").fingerprint != SAME


def test_unknown_fields_do_not_count() -> None:
    assert read_one(item_text(listed_at='"2026-01-04T10:00:09Z"', page="[1, {}]")).fingerprint == SAME


@given(st.randoms(use_true_random=False), st.sampled_from(["", " ", "\n\t"]))
def test_the_order_of_the_members_and_white_space_do_not_count(shuffled: random.Random, space: str) -> None:
    members = [f'"{name}"{space}:{space}{text}' for name, text in GOOD.items()]
    shuffled.shuffle(members)
    assert read_one("{" + f"{space},{space}".join(members) + "}").fingerprint == SAME


@given(st.integers(1, 10**9), st.integers(0, 6), st.integers(0, 4))
def test_a_number_with_more_noughts_behind_it_is_the_same(digits: int, places: int, noughts: int) -> None:
    text = f"{digits // 10**places}.{digits % 10**places:0{places or 1}}"
    longer = read_one(item_text(quantity=text + "0" * noughts))
    assert longer.fingerprint == read_one(item_text(quantity=text)).fingerprint


@pytest.mark.parametrize(
    "value", ['{"a": 1}', '{"a": 2}', "[1]", "[2]", '["1"]', "null", '"null"', "true", '"true"']
)
def test_values_of_other_types_do_not_pass_for_each_other(value: str) -> None:
    others = ['{"a": 1}', '{"a": 2}', "[1]", "[2]", '["1"]', "null", '"null"', "true", '"true"']
    same = [other for other in others if _print(other) == _print(value)]
    assert same == [value]


def test_items_that_are_no_objects_differ_by_their_text() -> None:
    assert len({read_one(text).fingerprint for text in ("1", "1.0", '"1"', "[1]", "null")}) == 5


def _print(value: str) -> str:
    return read_one(item_text(symbol=value)).fingerprint
