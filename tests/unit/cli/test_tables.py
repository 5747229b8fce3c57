"""Tables: every word whole, on a terminal of any width, and one line for each row elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bridge.cli.tables import table_lines, wrapped
from bridge.status.texts import clock_time

COLUMNS = ("place", "directive", "what", "error")
ROWS = [
    ("1", "take-profit", "OPEN_LONG 0.1 EURUSD", ""),
    ("12", "invalid", "", "quantity -0.1 must be greater than 0"),
]


def test_table_without_a_terminal_has_one_line_for_each_row() -> None:
    assert list(table_lines(COLUMNS, ROWS, None)) == [
        "place  directive    what                  error",
        "    1  take-profit  OPEN_LONG 0.1 EURUSD",
        "   12  invalid                            quantity -0.1 must be greater than 0",
    ]


def test_widest_column_stands_beneath_the_rows_where_it_has_no_room() -> None:
    assert list(table_lines(COLUMNS, ROWS, 50)) == [
        "place  directive    what",
        "    1  take-profit  OPEN_LONG 0.1 EURUSD",
        "   12  invalid",
        "    error: quantity -0.1 must be greater than 0",
    ]


def test_column_without_content_is_left_out_but_the_first() -> None:
    assert list(table_lines(("a", "b", "c"), [("", "", "x"), ("", "", "y")], None)) == [
        "a  c",
        "   x",
        "   y",
    ]


def test_table_without_rows_has_heads_alone() -> None:
    assert list(table_lines(COLUMNS, [], 80)) == ["place"]


def test_cell_that_would_control_the_terminal_is_text() -> None:
    assert "\x1b" not in "".join(table_lines(("a",), [("\x1b[2J",)], 80))


WORDS = st.lists(st.text("aäb漢", min_size=1, max_size=9), max_size=8).map(" ".join)


@given(rows=st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=5), width=st.integers(40, 90))
def test_every_word_is_whole_and_no_line_of_short_words_is_too_wide(
    rows: list[tuple[str, str, str]], width: int
) -> None:
    lines = list(table_lines(("a", "b", "c"), rows, width))
    words = " ".join(lines).split()
    for row in rows:
        for cell in row:
            assert all(word in words for word in cell.split())
    first = max((cell_len(row[0]) for row in rows), default=0)
    assert all(cell_len(line) <= max(width, first) or line.startswith("    ") for line in lines)


@pytest.mark.parametrize(
    ("fraction", "shown"), [(True, "2026-11-30 21:44:50.331"), (False, "2026-11-30 21:44:50")]
)
def test_time_is_shown_without_its_letters(fraction: bool, shown: str) -> None:
    assert clock_time("2026-11-30T21:44:50.331Z", fraction=fraction) == shown


@pytest.mark.parametrize(
    "command",
    [
        "execution-officer resume --officer eo-001 --symbol EURUSD",
        "'execution-officer flatten --config somewhere/else.toml'",
        "execution-officer resume --officer eo-001 --symbol 'EUR USD, spot'",
        'execution-officer rebind --officer eo-001 --why "WHAT YOU FOUND"',
    ],
)
def test_command_line_is_never_divided(command: str) -> None:
    """Half of the first one, copied into a shell, would lift every halt of the officer."""
    text = (
        f"compare the positions of the account with the journal; once they match: {command}, and look again"
    )
    lines = wrapped(text, "  ", 40)
    assert len(lines) > 2
    assert any(command in line for line in lines)
    assert " ".join(" ".join(lines).split()) == text
