"""C: changes of positions' levels."""

from decimal import Decimal

from bridge.core.director.contract import EventType
from bridge.core.trade.command_states import CommandState
from bridge.simulator.broker.fault_rules import Latency
from bridge.simulator.mt5.types import OrderType, TradeAction
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import EXPERT_ONLY, case
from tests.conformance.specification.expectations import PLACED, reaches, refusals, refused
from tests.rig.rig import CLOSED, OPENED


@case("C01", "A MODIFY_SL moves the stop loss, and leaves the take profit")
def modify_sl(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open(stop_loss=1.08, take_profit=1.11)
    change = rig.issue("MODIFY_SL", target_directive_id=opening, stop_loss=1.085)
    _, emitted = rig.emitted(change, *PLACED)
    assert (emitted.body["action"], emitted.body["stop_loss"]) == ("MODIFY_SL", 1.085)
    assert emitted.body["opening_directive_id"] == opening
    (position,) = rig.broker.positions()
    assert (position.sl, position.tp) == (Decimal("1.085"), Decimal("1.11"))
    send = rig.broker.sends()[-1].request
    assert (send.action, send.magic) == (TradeAction.SLTP, position.magic)
    rig.emitted(opening, *OPENED)


@case("C02", "A MODIFY_TP moves the take profit alone, a MODIFY both; other fields of either are ignored")
def modify_tp(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open("OPEN_SHORT", stop_loss=1.11, take_profit=1.08)
    rig.emitted(
        rig.issue("MODIFY_TP", target_directive_id=opening, take_profit=1.085, stop_loss=1.2), *PLACED
    )
    (position,) = rig.broker.positions()
    assert (position.sl, position.tp) == (Decimal("1.11"), Decimal("1.085"))
    _, emitted = rig.emitted(
        rig.issue("MODIFY", target_directive_id=opening, take_profit=1.08, stop_loss=1.12), *PLACED
    )
    assert (emitted.body["stop_loss"], emitted.body["take_profit"]) == (1.12, 1.08)
    (position,) = rig.broker.positions()
    assert (position.sl, position.tp) == (Decimal("1.12"), Decimal("1.08"))


@case(
    "C03",
    "A level of 0 is removed; a change that changes nothing counts as done, and is not sent",
    kinds=EXPERT_ONLY,
)
def removes(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open(stop_loss=1.08, take_profit=1.11)
    rig.emitted(rig.issue("MODIFY", target_directive_id=opening, stop_loss=1.08, take_profit=1.11), *PLACED)
    assert len(rig.broker.sends()) == 1
    rig.emitted(rig.issue("MODIFY_TP", target_directive_id=opening, take_profit=0), *PLACED)
    rig.emitted(rig.issue("MODIFY_SL", target_directive_id=opening, stop_loss=0), *PLACED)
    (position,) = rig.broker.positions()
    assert [position.sl, position.tp] == [Decimal(0), Decimal(0)]
    rig.emitted(rig.issue("MODIFY_SL", target_directive_id=opening, stop_loss=0), *PLACED)
    assert len(rig.broker.sends()) == 3


@case("C04", "A MODIFY without a target changes all positions of the officer in its symbol, and nothing else")
def by_symbol(rig: ConformanceRig) -> None:
    rig.start()
    rig.open()
    rig.open()
    rig.open(symbol="GBPUSD")
    rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.05"))
    rig.emitted(rig.issue("MODIFY_SL", stop_loss=1.08), *PLACED, EventType.ORDER_PLACED, in_any_order=True)
    assert [position.sl for position in rig.broker.positions()] == [Decimal("1.08"), Decimal("1.08"), 0, 0]
    refused(rig, "NO_TARGET", "XAUUSD", action="MODIFY_SL", symbol="XAUUSD", stop_loss=2300)
    refused(rig, "NO_TARGET", "GBPUSD", action="MODIFY", symbol="GBPUSD", price=1.2)


@case("C05", "Levels that are changed manually are reported under the opening directive, with action CHANGED")
def manually(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open(stop_loss=1.08)
    (position,) = rig.broker.positions()
    rig.broker.manual_modify(position=position.ticket, sl=Decimal("1.07"))
    *_, changed = rig.emitted(opening, *OPENED, EventType.ORDER_PLACED)
    assert (changed.body["action"], changed.body["stop_loss"]) == ("CHANGED", 1.07)


@case("C06", "A MODIFY or CLOSE after the position was closed is refused")
def races_a_close(rig: ConformanceRig) -> None:
    # The terminal is held up by another order; meanwhile it must not count as lost.
    rig.configure(link={"heartbeat_s": 2.0})
    rig.start()
    opening, twin = rig.open(), rig.open(symbol="USDJPY")
    rig.fault(Latency(milliseconds=3_000))
    other = rig.issue("OPEN_LONG", symbol="GBPUSD")
    rig.sent(3)
    change = rig.issue("MODIFY_SL", target_directive_id=opening, stop_loss=1.08)
    close = rig.issue("CLOSE", symbol="USDJPY", target_directive_id=twin)
    for directive in (change, close):
        reaches(rig, directive, CommandState.DISPATCHED)
    for position in rig.broker.positions()[:2]:
        rig.broker.manual_close(position.ticket)
    refusals(rig, dict.fromkeys((change, close), "NO_POSITION"))
    for directive in (opening, twin):
        rig.emitted(directive, *OPENED, EventType.POSITION_CLOSED)
    rig.emitted(other, *OPENED)
    assert len(rig.broker.sends()) == 3


@case("C07", "A change waits for earlier commands in its symbol, and later ones see its effect")
def in_turn(rig: ConformanceRig) -> None:
    rig.start()
    rig.director.behave(endpoint="poll", fault="status")
    opening = rig.issue("OPEN_LONG")
    first = rig.issue("MODIFY_SL", stop_loss=1.08)
    second = rig.issue("MODIFY_SL", stop_loss=1.085)
    close = rig.issue("CLOSE")
    rig.director.behave()
    for change in (first, second):
        rig.emitted(change, *PLACED)
    rig.emitted(opening, *OPENED)
    rig.emitted(close, *CLOSED)
    assert [float(send.request.sl) for send in rig.broker.sends()] == [0, 1.08, 1.085, 0]
