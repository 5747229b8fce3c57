"""Fixtures of the paper terminal's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.paper.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A terminal that has not said hello yet."""
    made = Rig(tmp_path)
    yield made
    made.close()


@pytest.fixture
def joined(rig: Rig) -> Rig:
    """A terminal in a session, its first scan reported and forgotten."""
    rig.join()
    rig.peer.forget()
    return rig
