"""`execution-officer journal report`."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bridge.exits import ExitCode
from tests.acceptance.command_line import CommandLine
from tests.integration.journal.bench import OFFICER, directive
from tests.integration.journal.stories import trade

OPERATION = Path(__file__).parents[2] / "docs" / "operation.md"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def traded(command_line: CommandLine) -> CommandLine:
    with command_line.bench_of_existing() as bench:
        bench.join()
        trade(bench)
        bench.take(directive("dir-bad", action=SCRIPT), directive("dir-worse", quantity=-1))
    return command_line


class Page(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")


def test_report_of_a_day_on_the_terminal(traded: CommandLine) -> None:
    assert traded.run("journal", "report", "2026-01-05") == ExitCode.OK
    text = traded.stdout
    assert text.startswith("Report of day 2026-01-05, in UTC\n\n5 directives received, 3 of them filled\n")
    money = [line.split() for line in text.splitlines() if line.startswith(OFFICER)]
    assert money == [
        [OFFICER, "EURUSD", "3", "0.6", "12.30", "-2.10", "0", "0", "10.20", "USD"],
        [OFFICER, "GBPUSD", "2", "0.6", "-1.50", "-1.40", "0", "0", "-2.90", "USD"],
        [OFFICER, "total", "5", "1.2", "10.80", "-3.50", "0", "0", "7.30", "USD"],
    ]
    assert re.search(r"^dispatch to answer +3 +0\.000 +1\.000 +1\.000$", text, re.MULTILINE)
    assert "quantity -1 must be greater than 0" in text
    # The manual shows the beginning of this very output.
    example = OPERATION.read_text(encoding="utf-8").partition(
        "$ execution-officer journal report 2026-01-05\n"
    )[2]
    shown = "".join(f"{line[4:]}\n" for line in example.partition("    ...")[0].splitlines())
    assert shown.count("\n") > 10 and text.startswith(shown)


def test_page_has_the_tables_and_plots_and_runs_nothing(traded: CommandLine) -> None:
    html = traded.folder / "day.html"
    assert traded.run("journal", "report", "--week", "2026-01-07", "--html", str(html)) == ExitCode.OK
    assert traded.stdout.endswith(f"{html}: {html.stat().st_size:,} bytes.\n")
    text = html.read_text(encoding="utf-8")
    page = Page(text)
    assert page.tags.count("svg") == 1 and page.tags.count("table") >= 4
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not {"src", "href", "onload", "onclick", "style"} & page.attributes.keys()
    assert "default-src 'none'; style-src 'unsafe-inline'" in page.attributes["content"]
    assert "&lt;script&gt;alert(1)" in text and SCRIPT not in text
    assert "url(" not in text and "@import" not in text
    assert "Report of week 2026-W02, 2026-01-05 to 2026-01-11" in text


def test_page_that_exists_is_left_alone(traded: CommandLine) -> None:
    (html := traded.folder / "day.html").write_text("mine")
    assert traded.run("journal", "report", "2026-01-05", "--html", str(html)) == ExitCode.NOT_WRITTEN
    assert html.read_text() == "mine"


def test_report_as_json(traded: CommandLine) -> None:
    assert traded.run("journal", "report", "--month", "2026-01", "--json") == ExitCode.OK
    made = json.loads(traded.stdout)
    assert (made["directives"], made["filled"], made["states"]["REJECTED"]) == (5, 3, 2)


@pytest.mark.parametrize("options", [("2020-01-01",), ("2026-01-05", "--officer", "eo-9")])
def test_period_in_which_nothing_happened(
    traded: CommandLine, options: tuple[str, ...], tmp_path: Path
) -> None:
    html = tmp_path / "none.html"
    assert traded.run("journal", "report", *options, "--html", str(html)) == ExitCode.NOTHING_FOUND
    assert f"has nothing of day {options[0]}" in traded.stderr
    assert not html.exists()
