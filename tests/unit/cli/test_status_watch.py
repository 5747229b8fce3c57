"""The screen of `status --watch`: no line is wider, and none is below its end."""

import pytest

from bridge.cli.status_watch import on_one_screen


def test_lines_that_fit_are_all_there() -> None:
    assert on_one_screen(["one", "", "three"], 80, 3) == ["one", "", "three"]


def test_last_row_counts_what_has_no_room() -> None:
    shown = on_one_screen([str(n) for n in range(30)], 80, 24)
    assert len(shown) == 24
    assert shown[22:] == ["22", "... 7 more lines: execution-officer status"]


def test_long_command_line_goes_on_in_the_next_row() -> None:
    line = "  -> execution-officer resolve --officer eo-001 " + "x" * 100
    shown = on_one_screen([line, "end"], 40, 24)
    assert [len(each) <= 40 for each in shown] == [True] * len(shown)
    assert "".join(each.replace(" ", "") for each in shown[:-1]) == line.replace(" ", "")


@pytest.mark.parametrize("columns", [1, 2, 3, 80])
def test_wide_letters_never_pass_the_edge(columns: int) -> None:
    assert on_one_screen(["新聞" * 30], columns, 500)
