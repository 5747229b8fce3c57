"""The EA trades: Director, sidecar and broker are real processes, the EA is its own source."""

from decimal import Decimal

from bridge.core.contract import EventType
from tests.native.rig import NativeRig
from tests.rig.rig import CLOSED, OPENED, REFUSED


def test_an_opening_directive_becomes_one_order_and_one_position(rig: NativeRig) -> None:
    rig.start()
    directive_id = rig.issue("OPEN_LONG", quantity=0.02)
    *_, filled, opened = rig.told(directive_id, *OPENED)
    (position,) = rig.broker.positions()
    assert position.volume == Decimal("0.02")
    assert filled.body["fill_quantity"] == 0.02
    assert opened.body["position_id"] == str(position.identifier)
    (send,) = rig.broker.sends()
    assert send.request.magic == position.magic != 0
    assert send.request.comment == directive_id


def test_a_position_is_closed_by_its_ticket(rig: NativeRig) -> None:
    rig.start()
    opened = rig.open("OPEN_SHORT")
    rig.told(rig.issue("CLOSE", target_directive_id=opened), *CLOSED)
    assert rig.broker.positions() == []
    opening, closing = rig.broker.sends()
    assert closing.request.position != 0
    assert closing.request.magic != opening.request.magic
