"""O: several officers on one sidecar, each with its own terminal and account."""

from typing import Final

from bridge.core.director.contract import EventType
from bridge.simulator.broker.fault_rules import Latency, Match, Reject, Rule, SendKind
from bridge.simulator.mt5.types import Retcode
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import case
from tests.conformance.specification.expectations import PLACED
from tests.rig.rig import CLOSED, OPENED, REFUSED
from tests.rig.world import OFFICER

SECOND: Final = "eo-002"
THIRD: Final = "eo-003"
ALL: Final = (OFFICER, SECOND, THIRD)


@case("O01", "Three officers trade at once, each on its own account, independently of each other")
def three(rig: ConformanceRig) -> None:
    rig.configure(officers=[{"id": officer} for officer in ALL])
    rig.start(officers=ALL)
    opened = {officer: rig.issue("OPEN_LONG", officer=officer) for officer in ALL}
    for officer, opening in opened.items():
        events = rig.emitted(opening, *OPENED)
        assert {event.body["reported_by"] for event in events} == {officer}
    # A target of another officer's is none.
    strange = rig.issue("CLOSE", officer=SECOND, target_directive_id=opened[THIRD])
    _, rejected = rig.emitted(strange, *REFUSED)
    assert rejected.code == "NO_POSITION"
    rig.emitted(rig.issue("CLOSE", officer=SECOND), *CLOSED)
    magics = {officer: {each.magic for each in rig.brokers[officer].positions()} for officer in ALL}
    assert [len(magics[officer]) for officer in ALL] == [1, 0, 1]
    assert not magics[OFFICER] & magics[THIRD]


@case("O02", "Of three officers one is dead, one slow and one refusing; the others are not affected")
def troubles(rig: ConformanceRig) -> None:
    rig.configure(officers=[{"id": officer} for officer in ALL])
    rig.start(officers=ALL)
    slow, refusing = rig.brokers[SECOND], rig.brokers[THIRD]
    slow.add_rule(Rule(effect=Latency(milliseconds=3_000), match=Match(kind=SendKind.OPEN)))
    refusing.add_rule(Rule(effect=Reject(retcode=Retcode.NO_MONEY), match=Match(kind=SendKind.OPEN), times=9))
    held_up = rig.issue("OPEN_LONG", officer=SECOND)
    refused = [rig.issue("OPEN_LONG", officer=THIRD) for _ in range(3)]
    opening = rig.open()
    rig.emitted(rig.issue("MODIFY_SL", stop_loss=1.08), *PLACED)
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    for directive in refused:
        rig.emitted(directive, *REFUSED)
    rig.emitted(held_up, *OPENED)
    rig.terminals[SECOND].kill()
    waiting = rig.issue("OPEN_LONG", symbol="GBPUSD", officer=SECOND)
    rig.emitted(waiting, EventType.DIRECTIVE_RECEIVED)
    again = rig.open()
    rig.emitted(rig.issue("CLOSE", target_directive_id=again), *CLOSED)
    rig.emitted(waiting, EventType.DIRECTIVE_RECEIVED)
    rig.restart_terminal(SECOND)
    rig.emitted(waiting, *OPENED)
    assert not any(event.body["reported_by"] == OFFICER and event.code for event in rig.director.events())
