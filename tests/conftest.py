"""Settings of all tests: the same generated examples in every run, no deadline, the quick selection, the order."""

import asyncio
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import structlog
from hypothesis import settings

from tests.order import arrange, workers
from tests.rig.fork_server import ForkServer, end_shared, shared

QUICK: Final = ("unit/core", "unit/test_layers.py")
"""Folders and files whose tests have the marker `quick`: `pytest -m quick` collects nothing else."""

EXAMPLES: Final = int(os.environ.get("RIG_EXAMPLES", "50"))
"""Generated examples of each property that does not set its own number."""

# Machines are shared and noisy, and a failure must come back when it is looked for.
settings.register_profile(
    "bridge", deadline=None, derandomize=True, database=None, print_blob=True, max_examples=EXAMPLES
)
settings.register_profile("quick", settings.get_profile("bridge"), max_examples=10)


def _is_quick(config: pytest.Config) -> bool:
    return bool(config.getoption("markexpr") == "quick")


@cache
def _here(path: Path) -> str:
    """Return the path below this folder; empty for a path elsewhere. A file has hundreds of tests."""
    folder = Path(__file__).parent
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else ""


def _below(path: Path, names: tuple[str, ...]) -> bool:
    here = _here(path)
    return any(here == name or here.startswith(f"{name}/") for name in names)


if sys.platform == "win32":
    # Elsewhere there must be no such hook: its answer may not be empty.

    @pytest.hookimpl(optionalhook=True)
    def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
        """Run asynchronous tests on the loop that the bridge has on Windows: pyzmq cannot use the default one."""
        return {"selector": asyncio.SelectorEventLoop}


def pytest_configure(config: pytest.Config) -> None:
    """Choose the number of generated examples, ten where only quick tests run, and plain tracebacks in the log."""
    settings.load_profile("quick" if _is_quick(config) else "bridge")
    # The usual ones show every variable, which takes seconds, and a server answers nobody meanwhile.
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


@pytest.fixture(scope="session")
def fork_server() -> ForkServer:
    """The process from which this worker's tests fork their processes. It has imported everything, once."""
    if os.name != "posix":
        pytest.skip("there are no such signals on Windows")
    return shared()


def pytest_sessionfinish() -> None:
    """End the process from which the tests forked theirs."""
    end_shared()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no other test where only the quick ones run: that alone would take as long as they do."""
    if not _is_quick(config) or not collection_path.is_relative_to(Path(__file__).parent):
        return None
    here = _here(collection_path)
    leads_there = any(f"{name}/".startswith(f"{here}/") for name in QUICK)
    return None if here == "." or leads_there or _below(collection_path, QUICK) else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the marker to the quick tests, and arrange all for the workers."""
    for item in items:
        if _below(item.path, QUICK):
            item.add_marker(pytest.mark.quick)
    items[:] = [items[place] for place in arrange([_here(item.path) for item in items], workers())]
