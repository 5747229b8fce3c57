"""Cells that a spreadsheet does not run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.units.spreadsheet import harmless, original

TEXTS = st.text(st.sampled_from("a1 '=+-@;|\t\r\n.,\uff1d\""), max_size=12) | st.text(max_size=12)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|'' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("x;=1+1", "x;'=1+1"),
        ("x\t =1+1", "x\t '=1+1"),
        ("\r=1", "\r'=1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("'quoted'", "''quoted'"),
        ("-0.70", "-0.70"),
        ("+1", "+1"),
        ("EURUSD", "EURUSD"),
        ("a = b", "a = b"),
        ("", ""),
    ],
)
def test_cell_of_a_text(text: str, cell: str) -> None:
    assert harmless(text) == cell
    assert original(cell) == text


@given(TEXTS)
def test_text_is_read_back_as_it_was(text: str) -> None:
    assert original(harmless(text)) == text


@given(TEXTS, st.sampled_from(";\t\r\n|"))
def test_no_part_of_a_cell_begins_a_formula(text: str, separator: str) -> None:
    for part in harmless(text).split(separator):
        number = part == text and part.lstrip("+-").replace(".", "", 1).isdigit()
        assert number or part.lstrip(" ")[:1] not in ("=", "+", "-", "@", "\uff1d")
