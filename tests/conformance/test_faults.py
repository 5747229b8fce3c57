"""A broker that loses answers, fills partly, is slow or is disconnected, on either terminal."""

from decimal import Decimal
from typing import Literal

import pytest

from bridge.core.director.contract import EventType
from bridge.simulator.broker.fault_rules import (
    DelayHistory,
    DropTransactions,
    Fills,
    Latency,
    LoseAnswer,
    SendKind,
)
from bridge.simulator.broker.scenario import Quirks, Scenario, SymbolTerms
from bridge.simulator.mt5.types import Retcode
from tests.conformance.rig import ConformanceRig, Kind
from tests.rig.rig import CLOSED, OPENED, REFUSED

LATE_EVIDENCE = (EventType.DIRECTIVE_RECEIVED, EventType.BROKER_ERROR)
IN_PART = (
    EventType.DIRECTIVE_RECEIVED,
    EventType.ORDER_PLACED,
    EventType.ORDER_PARTIAL_FILL,
)


@pytest.mark.parametrize("retcode", [Retcode.TIMEOUT, Retcode.CONNECTION])
def test_order_executed_after_an_open_answer_is_found_and_sent_once(
    rig: ConformanceRig, retcode: Retcode
) -> None:
    rig.start()
    rig.fault(LoseAnswer(retcode=retcode))
    _, error, *_ = rig.emitted(rig.issue("OPEN_LONG"), *LATE_EVIDENCE, *OPENED[1:])
    assert error.code == str(int(retcode))
    rig.fault(LoseAnswer(retcode=retcode), SendKind.CLOSE)
    rig.emitted(rig.issue("CLOSE"), *LATE_EVIDENCE, *CLOSED[1:])
    assert len(rig.broker.sends()) == 2


def test_order_without_an_answer_is_found_and_sent_once(rig: ConformanceRig) -> None:
    rig.start()
    rig.fault(LoseAnswer(retcode=None))
    _, error, *_ = rig.emitted(rig.issue("OPEN_LONG"), *LATE_EVIDENCE, *OPENED[1:])
    assert error.code == str(int(Retcode.TIMEOUT))
    assert "may have been executed or not" in error.body["error_message"]
    assert len(rig.broker.sends()) == 1


def test_open_outcome_without_evidence_becomes_unknown_and_is_not_sent_again(rig: ConformanceRig) -> None:
    rig.start()
    rig.reject(Retcode.TIMEOUT)
    *_, unknown = rig.emitted(rig.issue("OPEN_LONG"), *LATE_EVIDENCE, EventType.SYSTEM_ERROR)
    assert unknown.code == "UNKNOWN_OUTCOME"
    assert len(rig.broker.sends()) == 1


@pytest.mark.parametrize("remainder", ["CANCELED", "PARTIAL"])
def test_unfilled_rest_of_an_opening_is_reported_as_cancelled(
    rig: ConformanceRig, remainder: Literal["CANCELED", "PARTIAL"]
) -> None:
    symbols = (SymbolTerms(name="EURUSD", filling=("IOC",)),)
    rig.start_with(Scenario(symbols=symbols, quirks=Quirks(ioc_remainder=remainder)))
    rig.fault(Fills(volumes=(Decimal("0.01"),)))
    opening = rig.issue("OPEN_LONG", quantity=0.03)
    rig.emitted(opening, *IN_PART, EventType.POSITION_OPENED, EventType.ORDER_CANCELLED)
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)


def test_unfilled_rest_of_a_closing_is_reported_as_cancelled_and_can_be_closed(
    rig: ConformanceRig,
) -> None:
    rig.start()
    opening = rig.open(quantity=0.03)
    rig.fault(Fills(volumes=(Decimal("0.01"),)), SendKind.CLOSE)
    close = rig.issue("CLOSE", target_directive_id=opening)
    rig.emitted(close, *IN_PART, EventType.ORDER_CANCELLED)
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)


@pytest.mark.parametrize(
    "effect", [DropTransactions(), DelayHistory(milliseconds=1_500)], ids=["untold", "late"]
)
def test_execution_without_or_with_late_transactions_is_found(
    rig: ConformanceRig, effect: DropTransactions | DelayHistory
) -> None:
    rig.start()
    rig.fault(effect)
    opening = rig.open()
    rig.fault(effect, SendKind.CLOSE)
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)


def test_slow_broker_delays_the_next_order(rig: ConformanceRig) -> None:
    rig.start()
    rig.fault(Latency(milliseconds=1_500))
    slow, quick = rig.issue("OPEN_LONG"), rig.issue("OPEN_SHORT")
    rig.emitted(slow, *OPENED)
    rig.emitted(quick, *OPENED)
    assert len(rig.broker.sends()) == 2


def test_order_waits_for_a_disconnected_broker_and_a_missed_stop_is_found(rig: ConformanceRig) -> None:
    rig.start()
    stopped = rig.open(stop_loss=1.09)
    rig.broker.disconnect()
    rig.emitted_besides(EventType.CONNECTION_LOST, "BROKER_DISCONNECTED")
    waiting = rig.issue("OPEN_LONG", symbol="GBPUSD")
    rig.emitted(waiting, EventType.DIRECTIVE_RECEIVED)
    rig.quote("1.08000")
    rig.broker.connect()
    rig.emitted_besides(EventType.CONNECTION_RESTORED)
    rig.emitted(stopped, *OPENED, EventType.SL_TRIGGERED, EventType.POSITION_CLOSED)
    rig.emitted(waiting, *OPENED)
    assert len(rig.broker.sends()) == 2


def test_closed_market_is_reported_and_the_next_order_is_sent_when_it_opens(rig: ConformanceRig) -> None:
    rig.start()
    rig.broker.set_session("EURUSD", False)
    _, closed = rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    assert closed.code == str(int(Retcode.MARKET_CLOSED))
    # The Expert Advisor asks OrderCheck before the send; the reference terminal leaves it to the broker.
    expert = rig.kind is Kind.NATIVE
    says = "OrderCheck refused the request: " if expert else "MARKET_CLOSED (10018): "
    says += "Market closed"
    assert closed.body["error_message"] == says
    rig.compared = False
    rig.broker.set_session("EURUSD", True)
    rig.open()
