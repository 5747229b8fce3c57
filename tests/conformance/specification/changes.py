"""C: changes of positions' levels."""

from decimal import Decimal

from bridge.core.contract import EventType
from bridge.paper.mt5 import TradeAction
from tests.conformance.rig import StoryRig
from tests.conformance.specification.case import case
from tests.conformance.specification.pending import PLACED
from tests.rig.rig import OPENED


@case("C01", "A MODIFY_SL moves the stop, and leaves the target where it is")
def modify_sl(rig: StoryRig) -> None:
    rig.start()
    opening = rig.open(stop_loss=1.08, take_profit=1.11)
    change = rig.issue("MODIFY_SL", target_directive_id=opening, stop_loss=1.085)
    _, told = rig.told(change, *PLACED)
    assert (told.body["action"], told.body["stop_loss"]) == ("MODIFY", 1.085)
    assert told.body["opening_directive_id"] == opening
    (position,) = rig.broker.positions()
    assert (position.sl, position.tp) == (Decimal("1.085"), Decimal("1.11"))
    send = rig.broker.sends()[-1].request
    assert (send.action, send.magic) == (TradeAction.SLTP, position.magic)
    rig.told(opening, *OPENED)


@case("C05", "Levels that a person moves are told under the opener, with action CHANGED")
def by_hand(rig: StoryRig) -> None:
    rig.start()
    opening = rig.open(stop_loss=1.08)
    (position,) = rig.broker.positions()
    rig.broker.hand_modify(position=position.ticket, sl=Decimal("1.07"))
    *_, changed = rig.told(opening, *OPENED, EventType.ORDER_PLACED)
    assert (changed.body["action"], changed.body["stop_loss"]) == ("CHANGED", 1.07)
