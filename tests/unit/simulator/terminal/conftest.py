"""Fixtures of the reference terminal's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.simulator.broker.scenario import Scenario
from tests.unit.simulator.terminal.rig import JoinWith, Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A terminal that has sent no hello yet."""
    made = Rig(tmp_path)
    yield made
    made.close()


@pytest.fixture
def joined(rig: Rig) -> Rig:
    """A terminal with a session, its first scan reported and forgotten."""
    rig.join()
    rig.peer.forget()
    return rig


@pytest.fixture
def join_with(tmp_path: Path) -> Iterator[JoinWith]:
    """Makes a terminal with a session, on a broker with a scenario of its own."""
    made: list[Rig] = []

    def make(scenario: Scenario = Scenario()) -> Rig:  # noqa: B008 - frozen
        rig = Rig(tmp_path, scenario=scenario)
        made.append(rig)
        rig.join()
        return rig

    yield make
    for rig in made:
        rig.close()
