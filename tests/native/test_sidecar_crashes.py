"""Sidecar killed while commands and reports are on their way, with the EA as the terminal.

tests/acceptance/test_sidecar_crashes.py has every fault point, with the reference terminal.
"""

import signal

import pytest

from tests.acceptance.test_sidecar_crashes import POINTS, slow_down
from tests.native.rig import NativeRig
from tests.rig.round_trip import open_and_close, opened_and_closed

PLACES = [
    "journal.session.committed",
    "reports.received:3",
    "journal.reports.before_commit:2",
    "journal.reports.committed:3",
    "reports.acknowledged:2",
    "dispatch.committed:3",
    "dispatch.sent",
    "dispatch.sent:2",
    "journal.status_request.committed",
]
"""Points after which the EA has something that the sidecar does not know, or the other way round."""


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
