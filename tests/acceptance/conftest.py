"""The rig of every acceptance test. The logs of its processes are shown where a test fails."""

import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bridge.journal.database import file
from tests.acceptance.browser import CHROMIUM, Browser
from tests.acceptance.command_line import CommandLine
from tests.rig.fork_server import ForkServer
from tests.rig.invariant import check
from tests.rig.rig import Rig
from tests.rig.starting import Spawner, Starter

_RIG = pytest.StashKey[Rig]()
_FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the marker to the tests of this folder that have a rig. On Windows they are a suite of their own."""
    for item in items:
        if "rig" in getattr(item, "fixturenames", ()) and item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.rig)


@pytest.fixture(scope="session")
def starter(request: pytest.FixtureRequest) -> Starter:
    """Start of the processes of all rigs: forked, or each as a new interpreter where the system does not fork."""
    if sys.platform == "win32":
        return Spawner()
    forks: ForkServer = request.getfixturevalue("fork_server")
    return forks


@pytest.fixture
def rig(tmp_path: Path, starter: Starter, request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A rig without a running process. After the test the invariant is checked and every process is ended."""
    with closing(Rig(tmp_path, starter)) as made:
        request.node.stash[_RIG] = made
        yield made
        if not request.node.stash.get(_FAILED, False):
            check(made)
            made.stop()


@pytest.fixture
def command_line(without_journal: CommandLine) -> CommandLine:
    """A command line with an empty journal."""
    file.create(without_journal.journal)
    return without_journal


@pytest.fixture
def without_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """A command line without a journal."""
    return CommandLine(tmp_path, capsys)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
        if (rig := item.stash.get(_RIG, None)) is not None:
            report.sections += [
                (f"log of {process.name}", "\n".join(process.log)) for process in rig.processes
            ]
    return report


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A browser; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed; it is a package of Debian")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield Browser(started)
        started.close()
