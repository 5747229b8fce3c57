"""kill -9 of the terminal immediately before and after the send."""

import pytest

from bridge.core.director.contract import EventType
from tests.rig import signals
from tests.rig.rig import CLOSED, OPENED, Rig

LOST = (EventType.DIRECTIVE_RECEIVED, EventType.SYSTEM_ERROR)


def _start_with_terminal_that_dies_at(rig: Rig, place: str) -> None:
    rig.start_director()
    rig.start_broker()
    rig.start_sidecar()
    rig.start_terminal(die_at=place)
    rig.ready()


def test_order_of_terminal_killed_before_the_send_ends_unknown_and_is_never_sent(rig: Rig) -> None:
    _start_with_terminal_that_dies_at(rig, "terminal.intent_written")
    directive_id = rig.issue("OPEN_LONG")
    assert rig.terminal.exited() == signals.KILLED
    rig.restart_terminal()
    _, lost = rig.emitted(directive_id, *LOST)
    assert lost.code == "UNKNOWN_OUTCOME"
    assert rig.journal.state(directive_id) == "UNKNOWN"
    # The officer continues to trade.
    rig.open()
    assert len(rig.broker.sends()) == 1


@pytest.mark.parametrize("place", ["terminal.order_sent", "terminal.result_written"])
def test_order_of_terminal_killed_after_the_send_is_found_by_client_order_id(rig: Rig, place: str) -> None:
    _start_with_terminal_that_dies_at(rig, place)
    directive_id = rig.issue("OPEN_LONG")
    assert rig.terminal.exited() == signals.KILLED
    rig.restart_terminal()
    rig.emitted(directive_id, *OPENED)
    assert len(rig.broker.sends()) == 1


@pytest.mark.parametrize("place", ["terminal.order_sent:2", "terminal.result_written:2"])
def test_close_of_terminal_killed_after_the_send_is_found_by_client_order_id(rig: Rig, place: str) -> None:
    _start_with_terminal_that_dies_at(rig, place)
    opening = rig.open()
    close = rig.issue("CLOSE", target_directive_id=opening)
    assert rig.terminal.exited() == signals.KILLED
    rig.restart_terminal()
    rig.emitted(close, *CLOSED)
    assert len(rig.broker.sends()) == 2


def test_order_is_found_after_terminal_and_sidecar_are_killed_after_the_send(rig: Rig) -> None:
    _start_with_terminal_that_dies_at(rig, "terminal.order_sent")
    directive_id = rig.issue("OPEN_LONG")
    assert rig.terminal.exited() == signals.KILLED
    rig.restart_sidecar()
    rig.restart_terminal()
    rig.emitted(directive_id, *OPENED)
    assert len(rig.broker.sends()) == 1
