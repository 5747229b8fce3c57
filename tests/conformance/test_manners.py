"""One story under each set of a terminal's manners; whatever they are, the Director is told the same."""

from typing import Final

import pytest

from bridge.core.contract import EventType
from bridge.paper.mt5 import Retcode
from tests.conformance.manners import MANNERS
from tests.conformance.rig import Kind, StoryRig
from tests.rig.rig import CLOSED, OPENED, REFUSED

TELLERS: Final = [(Kind.PAPER if name == "paper" else Kind.NATIVE, name) for name in MANNERS]


@pytest.mark.parametrize(("kind", "manners"), TELLERS, ids=list(MANNERS))
def test_trades_and_a_crash_are_told_the_same_whatever_the_terminal_s_manners(rig: StoryRig) -> None:
    rig.own_words = frozenset({"comment"})
    rig.start()
    rig.reject(Retcode.NO_MONEY)
    rig.told(rig.issue("OPEN_LONG", symbol="XAUUSD"), *REFUSED)
    stopped = rig.issue("OPEN_LONG", stop_loss=1.09)
    short = rig.issue("OPEN_SHORT", symbol="GBPUSD", quantity=0.03)
    rig.told(stopped, *OPENED)
    rig.told(short, *OPENED)
    part = rig.issue("CLOSE", symbol="GBPUSD", quantity=0.01)
    rig.told(part, *CLOSED[:-1])
    rig.terminal.kill()
    rig.quote("1.08000")
    rig.restart_terminal()
    rig.told(stopped, *OPENED, EventType.SL_TRIGGERED, EventType.POSITION_CLOSED)
    rig.told(rig.issue("CLOSE", symbol="GBPUSD", target_directive_id=short), *CLOSED)
    assert rig.broker.positions() == []
