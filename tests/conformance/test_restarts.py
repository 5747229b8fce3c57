"""Restarts of the terminal and the sidecar, on either terminal."""

from decimal import Decimal

import pytest

from bridge.core.director.contract import EventType
from bridge.simulator.broker.fault_rules import Fills, Latency, SendKind
from bridge.simulator.broker.scenario import Scenario, SymbolTerms
from tests.conformance.rig import ConformanceRig
from tests.rig.rig import CLOSED, OPENED

STOPPED = (EventType.SL_TRIGGERED, EventType.POSITION_CLOSED)
LONGER_THAN_THE_STORY_MS = 600_000


@pytest.mark.parametrize("end", ["ended", "killed"])
def test_scan_finds_events_of_the_terminals_downtime(rig: ConformanceRig, end: str) -> None:
    rig.start()
    stopped, manually = rig.issue("OPEN_LONG", stop_loss=1.09), rig.issue("OPEN_SHORT", symbol="GBPUSD")
    rig.emitted(stopped, *OPENED)
    rig.emitted(manually, *OPENED)
    if end == "ended":
        assert rig.terminal.terminate() == 0
    else:
        rig.terminal.kill()
    rig.quote("1.08000")
    (short,) = rig.broker.positions()
    rig.broker.manual_close(short.ticket)
    rig.restart_terminal()
    rig.emitted(stopped, *OPENED, *STOPPED)
    rig.emitted(manually, *OPENED, EventType.POSITION_CLOSED)


def test_restarted_terminal_closes_an_earlier_position(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open(quantity=0.02)
    rig.terminal.kill()
    close = rig.issue("CLOSE", target_directive_id=opening, quantity=0.01)
    rig.restart_terminal()
    rig.emitted(close, *CLOSED[:-1])
    assert [position.volume for position in rig.broker.positions()] == [Decimal("0.01")]


def test_order_of_a_killed_terminal_is_found_by_its_client_order_id(
    rig: ConformanceRig,
) -> None:
    rig.start()
    rig.fault(Latency(milliseconds=LONGER_THAN_THE_STORY_MS))
    opening = rig.issue("OPEN_LONG")
    rig.sent(1)
    rig.restart_terminal()
    rig.emitted(opening, *OPENED)
    rig.fault(Latency(milliseconds=LONGER_THAN_THE_STORY_MS), SendKind.CLOSE)
    close = rig.issue("CLOSE", target_directive_id=opening)
    rig.sent(2)
    rig.restart_terminal()
    rig.emitted(close, *CLOSED)
    assert len(rig.broker.sends()) == 2


def test_order_lost_from_the_ledger_is_found_at_the_broker_and_not_sent_again(
    rig: ConformanceRig,
) -> None:
    rig.start()
    rig.fault(Latency(milliseconds=LONGER_THAN_THE_STORY_MS))
    opening = rig.issue("OPEN_LONG")
    rig.sent(1)
    rig.terminal.kill()
    (ledger,) = rig.folder.rglob("*.ledger")
    # As a power failure may leave it: the load was noted long before, and the intents are lost.
    ledger.write_bytes(ledger.read_bytes().partition(b'{"mark"')[0])
    rig.restart_terminal()
    rig.emitted(opening, *OPENED)
    rig.director.wait(
        "waited for the lost ledger", lambda events: any(event.code == "LEDGER" for event in events)
    )
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    assert len(rig.broker.sends()) == 2


@pytest.mark.parametrize("size", [0, 20])
def test_ledger_that_ends_within_its_first_line_is_made_anew_and_noticed(
    rig: ConformanceRig, size: int
) -> None:
    rig.compared = False  # the message names ledgers, whose ids are random
    rig.start()
    rig.open()
    rig.terminal.kill()
    (ledger,) = rig.folder.rglob("*.ledger")
    before = ledger.read_bytes()
    ledger.write_bytes(before[:size])
    rig.restart_terminal()
    rig.director.wait(
        "noticed the other ledger", lambda events: any(event.code == "QUARANTINED" for event in events)
    )
    header = before.partition(b"\n")[0]
    made = ledger.read_bytes().partition(b"\n")[0]
    assert len(made) == len(header) and made != header
    assert len(rig.broker.positions()) == 1


def test_fill_during_an_outage_is_emitted_before_the_cancelled_rest(
    rig: ConformanceRig,
) -> None:
    symbols = (SymbolTerms(name="EURUSD", filling=("IOC",)),)
    rig.start_with(Scenario(symbols=symbols))
    fills = Fills(volumes=(Decimal("0.01"), Decimal("0.02")))
    rig.fault(fills)
    rig.fault(Latency(milliseconds=LONGER_THAN_THE_STORY_MS))
    opening = rig.issue("OPEN_LONG", quantity=0.05)
    rig.sent(1)
    rig.restart_terminal()
    rig.emitted(
        opening,
        EventType.DIRECTIVE_RECEIVED,
        EventType.ORDER_PLACED,
        EventType.ORDER_PARTIAL_FILL,
        EventType.POSITION_OPENED,
        EventType.ORDER_PARTIAL_FILL,
        EventType.ORDER_CANCELLED,
    )
    (position,) = rig.broker.positions()
    assert position.volume == Decimal("0.03")


def test_killed_sidecar_loses_no_report_of_its_terminal(rig: ConformanceRig) -> None:
    rig.start()
    stopped = rig.open(stop_loss=1.09)
    rig.sidecar.kill()
    rig.quote("1.08000")
    rig.restart_sidecar()
    rig.emitted(stopped, *OPENED, *STOPPED)
    rig.emitted(rig.issue("OPEN_LONG", symbol="GBPUSD"), *OPENED)
