"""JSON of the EA, compared with Python's."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.native.console import Console, console

VALUES, QUOTED, LONG, PLAIN, DOUBLE, HEX = 1, 2, 3, 4, 5, 6


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with console("readers", Path(tmp_path_factory.mktemp("json"))) as running:
        yield running


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (' {"a" : [1, -2.50, 1E+2, true,false ,null], "b":{}} ', '{"a":[1,-2.50,1E+2,true,false,null],"b":{}}'),
        (" [ [ ] , { } ] ", "[[],{}]"),
        ('"\\u0041\\ud83d\\ude00\\n\\/\\"\\\\ü€"', '"A\U0001f600\\u000a/\\"\\\\ü€"'),
        ('""', '""'),
        ("[9223372036854775807,-9223372036854775808]", "[9223372036854775807,-9223372036854775808]"),
        ("0", "0"),
        ("[" * 15 + "0" + "]" * 15, "[" * 15 + "0" + "]" * 15),
    ],
)  # fmt: skip
def test_valid_json_is_read(reader: Console, text: str, shape: str) -> None:
    assert reader.one(VALUES, text) == shape


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0), (" ", 1), ("{", 1), ("[1,]", 3), ('{"a":1,}', 7), ('{"a" 1}', 5), ("{a:1}", 1), ("[1 2]", 3),
        ("01", 1), ("-", 1), ("1.", 2), (".5", 0), ("1e", 2), ("+1", 0), ("tru", 3), ("nul1", 3), ("NaN", 0),
        ('"a', 2), ('"\n"', 1), ('"\\x"', 3), ('"\\u12g4"', 5), ('"\\u0000"', 7), ('"\\ud800"', 7),
        ('"\\ud800\\u0041"', 13), ("1 2", 2), ("{}{}", 2), ("[" * 17 + "]" * 17, 16), ("'a'", 0), ("//", 0),
    ],
)  # fmt: skip
def test_invalid_json_is_refused_with_its_position(reader: Console, text: str, position: int) -> None:
    assert reader.one(VALUES, text).startswith(f"error at {position}: ")


def test_duplicate_name_is_refused(reader: Console) -> None:
    assert "is repeated" in reader.one(VALUES, '{"a":1,"a":2}')
    assert reader.one(VALUES, '[{"a":1},{"a":2}]') == '[{"a":1},{"a":2}]'


def test_too_many_values_are_refused(reader: Console) -> None:
    assert "too many values" in reader.one(VALUES, "[" + ",".join(["0"] * 5_000) + "]")


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff",
        b'"\xc0\x80"',
        b'"\xc3"',
        b'"\xed\xa0\x80"',
        b'"\xf5\x80\x80\x80"',
        b'"\xe0\x80\x80"',
        b'"\x80"',
    ],
)
def test_invalid_utf_8_is_refused(reader: Console, raw: bytes) -> None:
    assert "not UTF-8" in reader.one(HEX, raw.hex())


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(json_values, st.booleans())
def test_json_written_by_python_is_read(reader: Console, value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert json.loads(reader.one(VALUES, text)) == value


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text('{}[]",:0123456789.eE+-truefalsn\\u \n', max_size=30))
def test_json_refused_by_python_is_refused(reader: Console, text: str) -> None:
    try:
        expected = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constants)
    except ValueError:
        assert reader.one(VALUES, text).startswith("error")
    else:
        answer = reader.one(VALUES, text)
        # A zero and an unpaired surrogate are refused, although Python accepts them: no MQL5 string can hold them.
        assert answer.startswith("error") or json.loads(answer) == expected


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("duplicate name")
    return dict(pairs)


def _no_constants(name: str) -> object:
    raise ValueError(name)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_quoted_text_is_read_by_python(reader: Console, text: str) -> None:
    assert json.loads(reader.one(QUOTED, text)) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "no"), ("-9223372036854775809", "no"), ("99999999999999999999999", "no"),
        ("0", "0"), ("-0", "0"), ("1.0", "no"), ("1e3", "no"), ("", "no"), ("-", "no"),
    ],
)  # fmt: skip
def test_whole_numbers_are_exact(reader: Console, text: str, value: str) -> None:
    assert reader.one(LONG, text) == value


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=8))
def test_decimal_keeps_its_digits(reader: Console, value: Decimal) -> None:
    plain = reader.one(PLAIN, str(value))
    assert Decimal(plain) == value
    assert "E" not in plain
    assert Decimal(plain).as_tuple().exponent == value.as_tuple().exponent


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1.0E-7", "0.00000010"),
        ("1E+2", "100"),
        ("-12.5e1", "-125"),
        ("1e-21", ""),
        ("1e999999", ""),
        ("0.10", "0.10"),
    ],
)
def test_exponents_are_expanded_within_a_limit(reader: Console, text: str, plain: str) -> None:
    assert reader.one(PLAIN, text) == plain


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0951, "1.0951"), (0.1, "0.1"), (0.1 + 0.2, "0.3"), (10_000.0, "10000"), (-0.04, "-0.04"), (0.0, "0"),
        (-0.0, "0"), (123_456_789.12, "123456789.12"), (1e15, "1000000000000000"), (0.00000001, "0.00000001"),
        (-1e-12, "0"), (99_999.99, "99999.99"), (float("nan"), "0"),
    ],
)  # fmt: skip
def test_double_becomes_its_shortest_decimal(reader: Console, value: float, text: str) -> None:
    assert reader.one(DOUBLE, real=value) == text
