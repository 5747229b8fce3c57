"""A broker that is unreachable, loses its answers, or trades on while the bridge is down."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bridge.core.director.contract import EventType, utc_text
from bridge.simulator.broker.fault_rules import Latency, LoseAnswer, Match, Reject, Rule, SendKind
from bridge.simulator.mt5.types import OrderType, Retcode
from tests.rig.rig import CLOSED, OPENED, REFUSED, Rig

LATE_EVIDENCE = (EventType.DIRECTIVE_RECEIVED, EventType.BROKER_ERROR)
STOPPED = (EventType.SL_TRIGGERED, EventType.POSITION_CLOSED)
MANY_TRADES = 350
"""Enough for more than 1,024 transactions."""


@pytest.mark.parametrize("retcode", [Retcode.TIMEOUT, Retcode.CONNECTION, None])
def test_order_with_lost_answer_is_reconciled_from_history_and_sent_once(
    rig: Rig, retcode: Retcode | None
) -> None:
    rig.start()
    rig.broker.add_rule(Rule(effect=LoseAnswer(retcode=retcode), match=Match(kind=SendKind.OPEN)))
    directive_id = rig.issue("OPEN_LONG")
    _, error, *_ = rig.emitted(directive_id, *LATE_EVIDENCE, *OPENED[1:])
    assert error.code == str(int(retcode or Retcode.TIMEOUT))
    rig.broker.add_rule(Rule(effect=LoseAnswer(retcode=retcode), match=Match(kind=SendKind.CLOSE)))
    rig.emitted(rig.issue("CLOSE"), *LATE_EVIDENCE, *CLOSED[1:])
    assert len(rig.broker.sends()) == 2


def test_order_without_evidence_of_outcome_ends_unknown_and_is_never_resent(rig: Rig) -> None:
    rig.start()
    rig.broker.add_rule(Rule(effect=Reject(retcode=Retcode.TIMEOUT), match=Match(kind=SendKind.OPEN)))
    directive_id = rig.issue("OPEN_LONG")
    *_, unknown = rig.emitted(directive_id, *LATE_EVIDENCE, EventType.SYSTEM_ERROR)
    assert unknown.code == "UNKNOWN_OUTCOME"
    rig.open()
    assert len(rig.broker.sends()) == 2


def test_order_waits_for_the_broker_connection_and_is_sent_once(rig: Rig) -> None:
    rig.start()
    rig.broker.disconnect()
    rig.emitted_besides(EventType.CONNECTION_LOST, "BROKER_DISCONNECTED")
    directive_id = rig.issue("OPEN_LONG")
    rig.emitted(directive_id, EventType.DIRECTIVE_RECEIVED)
    rig.broker.connect()
    rig.emitted_besides(EventType.CONNECTION_RESTORED)
    rig.emitted(directive_id, *OPENED)
    assert len(rig.broker.sends()) == 1


def test_order_expired_while_the_broker_is_away_is_never_sent(rig: Rig) -> None:
    rig.start()
    rig.broker.disconnect()
    rig.emitted_besides(EventType.CONNECTION_LOST, "BROKER_DISCONNECTED")
    soon = utc_text(datetime.now(UTC) + timedelta(seconds=1.5))
    _, rejected = rig.emitted(rig.issue("OPEN_LONG", expires_at=soon), *REFUSED)
    assert rejected.code == "EXPIRED"
    rig.broker.connect()
    rig.emitted_besides(EventType.CONNECTION_RESTORED)
    rig.open()
    assert len(rig.broker.sends()) == 1


@pytest.mark.parametrize("away", ["terminal", "sidecar", "broker connection"])
def test_stop_and_manual_close_during_an_outage_are_reported_once(rig: Rig, away: str) -> None:
    rig.start()
    stopped = rig.open(stop_loss=1.09)
    manually = rig.open("OPEN_SHORT", symbol="GBPUSD")
    match away:
        case "terminal":
            rig.terminal.kill()
        case "sidecar":
            rig.sidecar.kill()
        case _:
            rig.broker.disconnect()
            rig.emitted_besides(EventType.CONNECTION_LOST)
    rig.quote("1.08000")
    (short,) = (row for row in rig.journal.rows("SELECT * FROM positions") if row["symbol"] == "GBPUSD")
    rig.broker.manual_close(short["identifier"])
    match away:
        case "terminal":
            rig.restart_terminal()
        case "sidecar":
            rig.restart_sidecar()
        case _:
            rig.broker.connect()
    rig.emitted(stopped, *OPENED, *STOPPED)
    rig.emitted(manually, *OPENED, EventType.POSITION_CLOSED)


def test_transactions_beyond_the_queue_limit_during_an_outage_are_all_reported_once(rig: Rig) -> None:
    rig.start()
    directive_id = rig.open(quantity=0.20)
    (position,) = rig.broker.positions()
    before = rig.broker.transactions(0)[-1][0]
    rig.terminal.kill()
    for number in range(MANY_TRADES):
        ticket = rig.broker.manual_open("GBPUSD", OrderType.BUY, Decimal("0.01"))
        rig.broker.manual_close(ticket)
        if number < 20:
            rig.broker.manual_close(position.ticket, Decimal("0.01"))
    assert rig.broker.transactions(0)[-1][0] - before > 1024
    rig.restart_terminal()
    parts = [EventType.ORDER_PARTIAL_FILL] * 19
    *_, closed = rig.emitted(directive_id, *OPENED, *parts, EventType.POSITION_CLOSED)
    assert closed.body["fill_quantity"] == 0.2


def test_slow_broker_is_waited_for_before_the_next_order(rig: Rig) -> None:
    rig.start()
    # Longer than the heartbeats that may be missed.
    rig.broker.add_rule(Rule(effect=Latency(milliseconds=1_500), match=Match(kind=SendKind.OPEN)))
    slow, quick = rig.issue("OPEN_LONG"), rig.issue("OPEN_SHORT")
    rig.emitted(slow, *OPENED)
    rig.emitted(quick, *OPENED)
    assert len(rig.broker.sends()) == 2


def test_order_in_closed_market_is_rejected_and_next_one_is_sent_after_opening(rig: Rig) -> None:
    rig.start()
    rig.broker.set_session("EURUSD", False)
    _, closed = rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    assert closed.code == str(int(Retcode.MARKET_CLOSED))
    rig.broker.set_session("EURUSD", True)
    rig.open()
