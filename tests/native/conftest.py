"""Fixtures of the native tests. A failed scenario shows the logs of its processes."""

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
    """Build the EA's library once, so that no scenario's timeout includes the compiler."""
    return build(EXPERT).library


@pytest.fixture
def rig(
    tmp_path: Path, expert: Path, fork_server: ForkServer, request: pytest.FixtureRequest
) -> Iterator[NativeRig]:
    """Yield a rig without running processes. After the test, check the invariant and end everything."""
    with closing(NativeRig(tmp_path, fork_server, expert)) as made:
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
    """Yield an EA that is not loaded yet, under a simulated clock."""
    made = Bench(expert, tmp_path)
    yield made
    made.close()


@pytest.fixture
def joined(bench: Bench) -> Bench:
    """Return an EA with a session whose first scan has ended."""
    bench.start()
    bench.join()
    bench.peer.forget()
    return bench
