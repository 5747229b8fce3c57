"""kill -9 of the sidecar at every fault point that an open and its close pass."""

from typing import Final

import pytest

from bridge.simulator.broker.fault_rules import Latency, Match, Rule, SendKind
from tests.rig import signals
from tests.rig.rig import Rig
from tests.rig.round_trip import open_and_close, opened_and_closed

POINTS: Final = (
    "poll.answered",
    "journal.intake.before_commit",
    "journal.intake.committed",
    "journal.session.before_commit",
    "journal.session.committed",
    "reports.received",
    "journal.reports.before_commit",
    "journal.reports.committed",
    "reports.acknowledged",
    "journal.dispatch.before_commit",
    "journal.dispatch.committed",
    "dispatch.committed",
    "dispatch.sent",
    "journal.status_request.before_commit",
    "journal.status_request.committed",
    "post.answered",
    "journal.delivered.before_commit",
    "journal.delivered.committed",
    "delivered.committed",
)

LATER: Final = {
    # The first scan, then the first order's reports.
    "reports.received": 3,
    "journal.reports.before_commit": 2,
    "journal.reports.committed": 3,
    "reports.acknowledged": 2,
    # This point is passed continually, also without work.
    "dispatch.committed": 3,
    # The close.
    "dispatch.sent": 2,
}
"""Points at which later passes are tested too."""
SLOW_MS: Final = 3_000
"""Milliseconds that the broker takes for an open whose outcome is to be asked for."""


def slow_down(rig: Rig, place: str) -> None:
    """Let the broker take long for an open where its outcome is to be asked for: a look must find it open."""
    if place.startswith("journal.status_request"):
        rig.broker.add_rule(Rule(effect=Latency(milliseconds=SLOW_MS), match=Match(kind=SendKind.OPEN)))


def _places() -> list[str]:
    return [*POINTS, *(f"{name}:{count}" for name, count in LATER.items())]


@pytest.mark.parametrize("place", _places())
def test_open_and_close_survive_a_sidecar_kill_at_each_fault_point(rig: Rig, place: str) -> None:
    rig.start_director()
    rig.start_broker()
    rig.director_process.line("http://")
    slow_down(rig, place)
    # Issued before the start, so that the first poll returns them.
    ids = open_and_close(rig)
    rig.start_terminal()
    rig.start_sidecar(die_at=place)
    assert rig.sidecar.exited() == signals.KILLED
    rig.start_sidecar()
    opened_and_closed(rig, ids)


def test_open_and_close_pass_only_the_listed_fault_points(rig: Rig) -> None:
    rig.start_director()
    rig.start_broker()
    rig.start_sidecar(die_at="nowhere")
    rig.start_terminal()
    rig.ready()
    opened_and_closed(rig, open_and_close(rig))
    passed = {line.removeprefix("passes ") for line in rig.sidecar.log if line.startswith("passes ")}
    assert passed
    assert passed <= set(POINTS)
