"""A terminal that may not connect before an operator has listed the address.

A reference terminal, which has no list, is started when the other one is allowed to connect; the events are the
same.
"""

from datetime import UTC, datetime, timedelta

from bridge.core.director.contract import EventType
from bridge.simulator.broker.fault_rules import Latency
from tests.conformance.rig import ConformanceRig, Kind
from tests.conformance.switch_sets import UNLISTED, SwitchSet
from tests.rig.rig import OPENED, REFUSED
from tests.rig.world import OFFICER

STOPPED = (EventType.SL_TRIGGERED, EventType.POSITION_CLOSED)
LONGER_THAN_THE_STORY_MS = 600_000
LIVES_S = 5


def start_unlisted(rig: ConformanceRig) -> None:
    """Start the officer's terminal, which may not connect yet."""
    rig.switch_sets[OFFICER] = SwitchSet((UNLISTED,))
    if rig.kind is Kind.NATIVE:
        rig.start_terminal()


def list_address(rig: ConformanceRig) -> None:
    """Allow the terminal to connect, and wait until it has."""
    if rig.kind is Kind.NATIVE:
        rig.list_address()
    else:
        rig.start_terminal()
    rig.ready()


def test_order_before_the_address_is_listed_waits_or_expires(rig: ConformanceRig) -> None:
    rig.start_director().line("Sandbox Director on")
    rig.start_broker()
    rig.start_sidecar()
    start_unlisted(rig)
    until = datetime.now(UTC) + timedelta(seconds=LIVES_S)
    short_lived = rig.issue("OPEN_SHORT", symbol="GBPUSD", expires_at=until.isoformat())
    waiting = rig.issue("OPEN_LONG")
    _, expired = rig.emitted(short_lived, *REFUSED)
    assert expired.code == "EXPIRED"
    assert "before it could be sent" in expired.body["error_message"]
    rig.emitted(waiting, EventType.DIRECTIVE_RECEIVED)
    assert rig.broker.sends() == []
    list_address(rig)
    rig.emitted(waiting, *OPENED)
    (send,) = rig.broker.sends()
    assert (send.request.symbol, send.executed) == ("EURUSD", True)
    rig.open(symbol="GBPUSD")


def test_killed_terminal_without_its_list_reports_missed_events_once_listed(
    rig: ConformanceRig,
) -> None:
    rig.start()
    stopped = rig.open(stop_loss=1.09)
    rig.fault(Latency(milliseconds=LONGER_THAN_THE_STORY_MS))
    in_flight = rig.issue("OPEN_LONG", symbol="GBPUSD")
    rig.sent(2)
    rig.terminal.kill()
    rig.quote("1.08000")
    start_unlisted(rig)
    waiting = rig.issue("OPEN_SHORT")
    rig.emitted(waiting, EventType.DIRECTIVE_RECEIVED)
    assert len(rig.broker.sends()) == 2
    list_address(rig)
    rig.emitted(stopped, *OPENED, *STOPPED)
    rig.emitted(in_flight, *OPENED)
    rig.emitted(waiting, *OPENED)
    assert len(rig.broker.sends()) == 3
