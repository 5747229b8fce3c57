"""Orders that go well, through all four processes."""

from decimal import Decimal

from tests.rig.rig import OPENED, Rig


def test_an_opening_directive_becomes_one_order_and_one_position(rig: Rig) -> None:
    rig.start()
    directive_id = rig.issue("OPEN_LONG", quantity=0.02)
    *_, filled, opened = rig.told(directive_id, *OPENED)
    (position,) = rig.broker.positions()
    assert position.volume == Decimal("0.02")
    assert filled.body["fill_quantity"] == 0.02
    assert filled.body["commission"] >= 0
    assert opened.body["position_id"] == str(position.identifier)
