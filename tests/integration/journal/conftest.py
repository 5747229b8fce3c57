"""Fixtures of the journal's tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge import faultpoint
from bridge.core.settings import Settings

from .bench import JournalBench, settings
from .stories import trade

MakeBench = Callable[[Settings], JournalBench]
InstallHook = Callable[[Callable[[str], None]], None]


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[MakeBench]:
    """Make a journal with settings of its own; close it after the test."""
    made: list[JournalBench] = []

    def make(with_settings: Settings) -> JournalBench:
        made.append(JournalBench(tmp_path / f"journal-{len(made)}.db", with_settings))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def bench(make_bench: MakeBench) -> JournalBench:
    """A new journal without any session."""
    return make_bench(settings())


@pytest.fixture
def joined(bench: JournalBench) -> JournalBench:
    """A journal with the terminal's first session open."""
    bench.join()
    return bench


@pytest.fixture
def install_hook(monkeypatch: pytest.MonkeyPatch) -> InstallHook:
    """Install a fault hook, which is removed after the test."""

    def install(hook: Callable[[str], None]) -> None:
        # Set once here, so that monkeypatch restores the value from before.
        monkeypatch.setattr(faultpoint, "_hook", None)
        faultpoint.install(hook)

    return install


@pytest.fixture
def traded(joined: JournalBench) -> JournalBench:
    """A journal with the two positions of `stories.trade`."""
    trade(joined)
    return joined
