"""Another machine that sends orders of the same officer on the same account, on either terminal."""

from decimal import Decimal

import pytest

from bridge.core.director.contract import EventType
from bridge.exits import ExitCode
from bridge.simulator.mt5.types import OrderType
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.operator_commands import order
from tests.rig.rig import CLOSED, OPENED, REFUSED
from tests.rig.world import OFFICER

VOLUME = Decimal("0.01")


@pytest.mark.parametrize("known", [True, False], ids=["id of a command", "unknown id"])
def test_order_of_another_machine_halts_opens_until_an_operator_resumes(
    rig: ConformanceRig, known: bool
) -> None:
    rig.start()
    opening = rig.open()
    [position] = rig.broker.positions()
    # The other machine's order has no command of its own in this journal.
    rig.journal_restored = True
    rig.broker.manual_open(
        "EURUSD", OrderType.BUY, VOLUME, magic=position.magic if known else position.magic ^ 1
    )
    if known:
        # It counts under the directive of the id, so that a close takes it off.
        raised = rig.emitted(opening, *OPENED, EventType.POSITION_OPENED, EventType.SYSTEM_ERROR)[-1]
        assert raised.code == "VOLUME_EXCEEDED"
    else:
        rig.emitted_besides(EventType.SYSTEM_ERROR, "ORDER_ID_UNKNOWN")
    _, rejected = rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    assert rejected.code == "HALTED"
    status = order(rig, "status", code=ExitCode.ATTENTION)
    assert str(position.magic if known else position.magic ^ 1) in status and "resume" in status
    closed = (*CLOSED, *CLOSED[1:]) if known else CLOSED
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *closed, in_any_order=True)
    assert len(rig.broker.positions()) == (0 if known else 1)
    order(rig, "resume", "--officer", OFFICER, "--why", "looked")
    rig.open()
