"""Findings as text."""

from bridge.cli.doctor.examination import examine
from bridge.cli.doctor.finding import ok, wrong
from bridge.cli.doctor.lines import lines, summary
from tests.unit.cli.doctor.seen import stopped

PATH = "/var/lib/" + "execution-officer/" * 6 + "eo-001.linkkey"


def test_no_line_of_a_report_is_wider_than_80_columns() -> None:
    shown = list(lines(examine(stopped()), 80))
    assert max(map(len, shown)) <= 80
    assert " ".join(" ".join(shown).split()) == " ".join(" ".join(lines(examine(stopped()), None)).split())


def test_path_that_is_wider_than_the_terminal_stays_whole() -> None:
    shown = list(lines([wrong("link key", f"{PATH} is readable by others", f"run: chmod 600 '{PATH}'")], 80))
    assert any(PATH in line for line in shown)
    assert sum(PATH in line for line in shown) == 2


def test_lines_for_scripts_are_not_wrapped() -> None:
    finding = wrong("disk", "full " * 40, "free space", officer="eo-001")
    first, remedy, *_ = lines([finding], None)
    assert first.startswith("wrong    disk of eo-001: full full")
    assert remedy == "         -> free space"


def test_texts_of_others_cannot_control_the_terminal() -> None:
    [line, *_] = lines([ok("halts", "an operator halted: \x1b[2J")], 80)
    assert "\x1b" not in line


def test_summary_counts_each_level() -> None:
    assert summary([ok("a", "b"), wrong("c", "d", "e"), wrong("f", "g", "h")]) == "1 ok, 0 warnings, 2 wrong."
