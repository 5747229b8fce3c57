"""Stories that several tests tell, each with other faults."""

from tests.rig.rig import CLOSED, OPENED, Rig


def open_and_close(rig: Rig) -> tuple[str, str]:
    """Issue an opening and its closing; their ids."""
    opening = rig.issue("OPEN_LONG", quantity=0.02)
    return opening, rig.issue("CLOSE", target_directive_id=opening)


def opened_and_closed(rig: Rig, ids: tuple[str, str]) -> None:
    """Both were told of as on a good day, with one send each."""
    opening, close = ids
    rig.emitted(opening, *OPENED)
    rig.emitted(close, *CLOSED)
    assert len(rig.broker.sends()) == 2
    assert not rig.broker.positions()
