"""An opening and its closing, which several tests run under different faults."""

from tests.rig.rig import CLOSED, OPENED, Rig


def open_and_close(rig: Rig) -> tuple[str, str]:
    """Issue an opening and its closing; return their ids."""
    opening = rig.issue("OPEN_LONG", quantity=0.02)
    return opening, rig.issue("CLOSE", target_directive_id=opening)


def opened_and_closed(rig: Rig, ids: tuple[str, str]) -> None:
    """Wait until both were reported as without a fault, with one send each."""
    opening, close = ids
    rig.emitted(opening, *OPENED)
    rig.emitted(close, *CLOSED)
    assert len(rig.broker.sends()) == 2
    assert not rig.broker.positions()
