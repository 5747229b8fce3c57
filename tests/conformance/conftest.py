"""A rig for every story on every terminal. What its processes logged is shown where a test fails."""

import os
import re
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.conformance.manners import MANNERS
from tests.conformance.recording import meet, record
from tests.conformance.rig import Kind, StoryRig
from tests.native.rig import EXPERT
from tests.rig.invariant import check
from tests.rig.nursery import Nursery
from tests.terminal.build import build

_RIG = pytest.StashKey[StoryRig]()
_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def expert() -> Path:
    """The EA's library. Building it here keeps the compiler's time out of the stories."""
    return build(EXPERT).library


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where the processes of all stories are forked."""
    if os.name != "posix":
        pytest.skip("there are no such signals on Windows")
    with Nursery() as opened:
        yield opened


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the recordings of this run meet, whichever worker made them."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "recordings"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(params=Kind)
def kind(request: pytest.FixtureRequest) -> Kind:
    """The terminal that the story is told on."""
    found: Kind = request.param
    return found


@pytest.fixture
def manners() -> str:
    """The set of switches that the story is told with; the documented ones unless a story says otherwise."""
    return ""


@pytest.fixture
def rig(
    tmp_path: Path,
    expert: Path,
    nursery: Nursery,
    kind: Kind,
    manners: str,
    recordings: Path,
    request: pytest.FixtureRequest,
) -> Iterator[StoryRig]:
    """A rig of which nothing runs yet. After the test the invariant is checked, what the story left behind is
    held to what it left on the other terminal, and everything is ended."""
    with closing(StoryRig(tmp_path, nursery, kind)) as made:
        request.node.stash[_RIG] = made
        if manners:
            made.switches, made.seed = MANNERS[manners]
        yield made
        if not request.node.stash.get(_FAILED, False):
            check(made)
            differences = meet(recordings, _story(request), manners or kind, record(made))
            assert not differences, "\n".join(differences)
            made.stop()


def _story(request: pytest.FixtureRequest) -> str:
    """The test's name and its parameters but for the terminal."""
    parameters = request.node.callspec.params
    words = [
        request.node.originalname,
        *(str(parameters[name]) for name in sorted(parameters) if name != "kind"),
    ]
    return re.sub(r"[^\w.]+", "-", "-".join(words))


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
