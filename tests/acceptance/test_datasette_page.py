"""Datasette as an audit desk, in a real browser: the canned queries of docs/datasette.json on a journal in use."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.browser import Browser, picture
from tests.acceptance.command_line import CommandLine
from tests.integration.journal.stories import trade
from tests.rig.ports import HOST, free_port

METADATA = Path(__file__).parents[2] / "docs" / "datasette.json"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("datasette") is None, reason="Datasette is not installed: pip install datasette"
)


@contextmanager
def datasette(journal: Path, home: Path) -> Iterator[str]:
    """Serve the journal; return the address."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "datasette",
        str(journal),
        "--metadata",
        str(METADATA),
        "--port",
        str(port),
    ]
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": str(home)},
    ) as process:
        try:
            assert process.stderr is not None
            lines = []
            for line in process.stderr:
                lines.append(line)
                if "Uvicorn running on" in line:
                    break
            else:
                raise AssertionError("".join(lines))
            yield f"http://{HOST}:{port}"
        finally:
            process.kill()


def test_operator_finds_the_steps_of_a_directive(command_line: CommandLine, browser: Browser) -> None:
    with command_line.bench_of_existing() as bench:
        bench.join()
        trade(bench)
        [(directive_id,)] = bench.connection.execute(
            "SELECT directive_id FROM directives ORDER BY id LIMIT 1"
        )
        with datasette(command_line.journal, command_line.folder) as url:
            page = browser.open(f"{url}/journal", viewport={"width": 1280, "height": 1100})
            page.get_by_role("link", name="timeline").first.click()
            page.get_by_label("directive_id").fill(directive_id)
            page.keyboard.press("Enter")
            page.locator("td", has_text="ORDER_FILLED").first.wait_for()
            picture(page, "datasette")
            page.goto(f"{url}/journal/daily_summary")
            page.locator("td", has_text="GBPUSD").first.wait_for()
