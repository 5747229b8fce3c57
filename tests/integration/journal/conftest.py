"""Fixtures of the journal's tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge import faultpoint
from bridge.core.settings import Settings

from .desk import Desk, settings

MakeDesk = Callable[[Settings], Desk]
InstallHook = Callable[[Callable[[str], None]], None]


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[MakeDesk]:
    """Makes a desk with settings of its own; closes it."""
    made: list[Desk] = []

    def make(with_settings: Settings) -> Desk:
        made.append(Desk(tmp_path / f"journal-{len(made)}.db", with_settings))
        return made[-1]

    yield make
    for desk in made:
        desk.close()


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """A new journal that no terminal has spoken to."""
    return make_desk(settings())


@pytest.fixture
def joined(desk: Desk) -> Desk:
    """A journal with the terminal's first session open."""
    desk.join()
    return desk


@pytest.fixture
def install_hook(monkeypatch: pytest.MonkeyPatch) -> InstallHook:
    """Installs a fault hook, which is gone after the test."""

    def install(hook: Callable[[str], None]) -> None:
        # Set once by hand, so that what stood there before comes back.
        monkeypatch.setattr(faultpoint, "_hook", None)
        faultpoint.install(hook)

    return install
