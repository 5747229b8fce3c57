"""A rig for every story on every terminal. What its processes logged is shown where a test fails."""

import os
import re
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.conformance.recording import meet, record
from tests.conformance.rig import Kind, StoryRig
from tests.mql5.builder.build import build
from tests.native.rig import EXPERT
from tests.rig.invariant import check
from tests.rig.nursery import Nursery

_RIG = pytest.StashKey[StoryRig]()
_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def expert(nursery: Nursery, shared: Path) -> Path:
    """The EA's library. One worker builds it; the others wait for it, rather than all build the same."""
    import fcntl  # there is none on Windows, where there is no nursery either

    with Path(shared, "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return build(EXPERT).library


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where the processes of all stories are forked."""
    if os.name != "posix":
        pytest.skip("there are no such signals on Windows")
    with Nursery() as opened:
        yield opened


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def recordings(shared: Path) -> Path:
    """Where the recordings of this run meet, whichever worker made them."""
    folder = shared / "recordings"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(params=Kind)
def kind(request: pytest.FixtureRequest) -> Kind:
    """The terminal that the story is told on."""
    found: Kind = request.param
    return found


@pytest.fixture
def rig(
    tmp_path: Path,
    expert: Path,
    nursery: Nursery,
    kind: Kind,
    recordings: Path,
    request: pytest.FixtureRequest,
) -> Iterator[StoryRig]:
    """A rig of which nothing runs yet. After the test the invariant is checked, what the story left behind is
    held to what it left on the other terminal, and everything is ended."""
    with closing(StoryRig(tmp_path, nursery, kind, expert)) as made:
        request.node.stash[_RIG] = made
        yield made
        if not request.node.stash.get(_FAILED, False):
            check(made)
            differences = meet(recordings, _story(request), kind, record(made))
            assert not differences, "\n".join(differences)
            made.stop()


@pytest.fixture
def company(
    tmp_path: Path, expert: Path, nursery: Nursery, request: pytest.FixtureRequest
) -> Iterator[StoryRig]:
    """A rig of which nothing runs yet, for native terminals beside one reference terminal. After the test the
    invariant is checked, and everything is killed: how each of them ends well, other stories show."""
    with closing(StoryRig(tmp_path, nursery, Kind.NATIVE, expert)) as made:
        request.node.stash[_RIG] = made
        yield made
        if not request.node.stash.get(_FAILED, False):
            check(made)


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
