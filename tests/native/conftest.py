"""Programs are compiled once, and kept by content. What a story's processes logged is shown where it fails."""

import os
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.mql5.builder.build import build
from tests.native.bench import Bench
from tests.native.rig import EXPERT, NativeRig
from tests.rig.fork_server import ForkServer
from tests.rig.invariant import check

_RIG = pytest.StashKey[NativeRig]()
_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def expert() -> Path:
    """The EA's library. Building it here keeps the compiler's time out of the stories."""
    return build(EXPERT).library


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """Where the processes of all stories are forked."""
    if os.name != "posix":
        pytest.skip("there are no such signals on Windows")
    with ForkServer() as opened:
        yield opened


@pytest.fixture
def rig(
    tmp_path: Path, expert: Path, fork_server: ForkServer, request: pytest.FixtureRequest
) -> Iterator[NativeRig]:
    """A rig of which nothing runs yet. After the test the invariant is checked and everything is ended."""
    with closing(NativeRig(tmp_path, fork_server)) as made:
        request.node.stash[_RIG] = made
        yield made
        if not request.node.stash.get(_FAILED, False):
            check(made)
            made.stop()


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
def bench(tmp_path: Path, expert: Path) -> Iterator[Bench]:
    """An EA that is not loaded yet, under a simulated clock."""
    made = Bench(expert, tmp_path)
    yield made
    made.close()


@pytest.fixture
def joined(bench: Bench) -> Bench:
    """An EA with a session whose first scan is through."""
    bench.start()
    bench.join()
    bench.peer.forget()
    return bench
