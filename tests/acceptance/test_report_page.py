"""The page of `journal report` in a real browser, as a file: it can be read, and asks nobody for anything."""

import pytest

from bridge.exits import ExitCode
from tests.acceptance.browser import AXE, Browser, faults, picture
from tests.acceptance.command_line import CommandLine
from tests.integration.journal.bench import directive
from tests.integration.journal.stories import trade


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_is_shown_in_a_browser_without_an_error(
    command_line: CommandLine, browser: Browser, scheme: str
) -> None:
    with command_line.bench_of_existing() as bench:
        bench.join()
        trade(bench)
        bench.take(directive("dir-worse", quantity=-1))
    html = command_line.folder / "week.html"
    assert command_line.run("journal", "report", "--week", "2026-01-07", "--html", str(html)) == ExitCode.OK
    requests: list[str] = []
    page = browser.open("about:blank", color_scheme=scheme, viewport={"width": 1280, "height": 1300})
    page.on("request", lambda request: requests.append(request.url))
    page.goto(html.as_uri())
    assert "Report of week 2026-W02" in page.locator("h1").inner_text()
    assert page.locator("svg").count() == 1 and page.locator("table").count() >= 4
    picture(page, f"report-{scheme}")
    assert requests == [html.as_uri()]
    assert browser.problems == []
    if AXE:
        assert faults(page) == []
