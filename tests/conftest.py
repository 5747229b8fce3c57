"""Settings of all tests: the same generated examples in every run, no deadline, the quick selection, the order."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
import structlog
from hypothesis import settings

from tests.order import arrange, workers

QUICK: Final = ("unit/core", "unit/test_layers.py")
"""Folders and files whose tests have the marker `quick`: `pytest -m quick` collects nothing else."""

# Machines are shared and noisy, and a failure must come back when it is looked for.
settings.register_profile("bridge", deadline=None, derandomize=True, database=None, print_blob=True)
settings.register_profile("quick", settings.get_profile("bridge"), max_examples=10)


def _is_quick(config: pytest.Config) -> bool:
    return bool(config.getoption("markexpr") == "quick")


def _below(path: Path, names: tuple[str, ...]) -> bool:
    here = path.relative_to(Path(__file__).parent).as_posix()
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


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no other test where only the quick ones run: that alone would take as long as they do."""
    if not _is_quick(config) or not collection_path.is_relative_to(Path(__file__).parent):
        return None
    here = collection_path.relative_to(Path(__file__).parent).as_posix()
    leads_there = any(f"{name}/".startswith(f"{here}/") for name in QUICK)
    return None if here == "." or leads_there or _below(collection_path, QUICK) else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the marker to the quick tests, and arrange all for the workers."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and _below(item.path, QUICK):
            item.add_marker(pytest.mark.quick)
    paths = [
        item.path.relative_to(here).as_posix() if item.path.is_relative_to(here) else "" for item in items
    ]
    items[:] = [items[place] for place in arrange(paths, workers())]
