"""Sidecar killed at every fault point that an opening and its closing pass, with the EA as the terminal."""

import signal

import pytest

from tests.acceptance.test_sidecar_crashes import LATER, POINTS, slow_down
from tests.native.rig import NativeRig
from tests.rig.round_trip import open_and_close, opened_and_closed

PLACES = [*POINTS, *(f"{name}:{count}" for name, count in LATER.items())]


@pytest.mark.parametrize("place", PLACES)
def test_trade_completes_after_a_kill_of_the_sidecar_at(rig: NativeRig, place: str) -> None:
    rig.start_director()
    rig.start_broker()
    rig.director_process.line("http://")
    slow_down(rig, place)
    # Issued before the start, so that the first poll returns them.
    ids = open_and_close(rig)
    rig.start_terminal()
    rig.start_sidecar(die_at=place)
    assert rig.sidecar.exited() == -signal.SIGKILL
    rig.start_sidecar()
    opened_and_closed(rig, ids)


def test_fault_points_of_the_scenario_are_all_covered(rig: NativeRig) -> None:
    rig.start_director()
    rig.start_broker()
    rig.start_sidecar(die_at="nowhere")
    rig.start_terminal()
    rig.ready()
    opened_and_closed(rig, open_and_close(rig))
    passed = {line.removeprefix("passes ") for line in rig.sidecar.log if line.startswith("passes ")}
    assert passed
    assert passed <= set(POINTS)
