"""A bench for every test on every terminal. The logs of its processes are shown where a test fails."""

import os
import re
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.conformance.recording import compare, record
from tests.conformance.reports import reports
from tests.conformance.rig import ConformanceRig, Kind
from tests.mql5.builder.build import build
from tests.native.rig import EXPERT
from tests.rig.fork_server import ForkServer
from tests.rig.invariant import check

_RIG = pytest.StashKey[ConformanceRig]()
_FAILED = pytest.StashKey[bool]()
_REMEDY = (
    "The terminals differ. Where the case depends on a rule that only the Expert Advisor has, give it "
    "kinds=EXPERT_ONLY or leave that part out."
)


@pytest.fixture(scope="session")
def expert(fork_server: ForkServer) -> Path:
    """Build the EA's library. One worker builds it; the others wait."""
    return build(EXPERT).library


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def recordings(shared: Path) -> Path:
    """Folder of the recordings of this run, whichever worker made them."""
    folder = shared / "recordings"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(params=Kind)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Kind of terminal on which the test runs."""
    found: Kind = request.param
    return found


@pytest.fixture
def rig(
    tmp_path: Path,
    expert: Path,
    fork_server: ForkServer,
    kind: Kind,
    recordings: Path,
    request: pytest.FixtureRequest,
) -> Iterator[ConformanceRig]:
    """A bench of which nothing runs yet. After the test the invariant is checked, the recording is compared with
    that of the other terminal, and everything is ended."""
    with closing(ConformanceRig(tmp_path, fork_server, kind, expert)) as made:
        show_logs(request, made)
        yield made
        if passed(request):
            check(made)
            recorded = record(made) | ({"reports": reports(made)} if made.reports_compared else {})
            differences = made.compared and compare(recordings, name_of(request), kind, recorded)
            assert not differences, "\n".join([*differences, _REMEDY])
            made.stop()


@pytest.fixture
def bench(
    tmp_path: Path, expert: Path, fork_server: ForkServer, request: pytest.FixtureRequest
) -> Iterator[ConformanceRig]:
    """A bench of which nothing runs yet, for native terminals beside one reference terminal. After the test the
    invariant is checked, and everything is killed: an orderly end is tested elsewhere."""
    with closing(ConformanceRig(tmp_path, fork_server, Kind.NATIVE, expert)) as made:
        show_logs(request, made)
        yield made
        if passed(request):
            check(made)


def show_logs(request: pytest.FixtureRequest, made: ConformanceRig) -> None:
    """Show the logs of the bench's processes where the test fails."""
    request.node.stash[_RIG] = made


def passed(request: pytest.FixtureRequest) -> bool:
    """Return True where the test has not failed."""
    return not request.node.stash.get(_FAILED, False)


def name_of(request: pytest.FixtureRequest) -> str:
    """Return the test's name and its parameters without the terminal."""
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
