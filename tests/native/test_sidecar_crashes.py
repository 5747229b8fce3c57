"""kill -9 of the sidecar at every fault point that an opening and its closing pass, with the EA as its terminal."""

import signal

import pytest

from tests.acceptance.test_sidecar_crashes import LATER, POINTS
from tests.native.rig import NativeRig
from tests.rig.round_trip import open_and_close, opened_and_closed

PLACES = [*POINTS, *(f"{name}:{count}" for name, count in LATER.items())]


@pytest.mark.parametrize("place", PLACES)
def test_the_expert_goes_on_behind_a_kill_of_the_sidecar_at(rig: NativeRig, place: str) -> None:
    rig.start_director()
    rig.start_broker()
    rig.director_process.line("http://")
    # Issued before, so that the first poll brings them.
    ids = open_and_close(rig)
    rig.start_terminal()
    rig.start_sidecar(die_at=place)
    assert rig.sidecar.exited() == -signal.SIGKILL
    rig.start_sidecar()
    opened_and_closed(rig, ids)


def test_with_the_expert_they_pass_no_other_points_than_those(rig: NativeRig) -> None:
    rig.start_director()
    rig.start_broker()
    rig.start_sidecar(die_at="nowhere")
    rig.start_terminal()
    rig.ready()
    opened_and_closed(rig, open_and_close(rig))
    passed = {line.removeprefix("passes ") for line in rig.sidecar.log if line.startswith("passes ")}
    assert passed
    assert passed <= set(POINTS)
