"""Orders that succeed and orders that are refused, on either terminal."""

from decimal import Decimal

import pytest

from bridge.core.director.contract import EventType
from bridge.simulator.broker.fault_rules import Fills, SendKind
from bridge.simulator.mt5.types import OrderType, PositionType, Retcode
from tests.conformance.rig import ConformanceRig, Kind
from tests.rig.rig import CLOSED, OPENED, REFUSED


@pytest.mark.parametrize(
    ("action", "side"), [("OPEN_LONG", PositionType.BUY), ("OPEN_SHORT", PositionType.SELL)]
)
def test_opening_becomes_a_position_that_a_close_with_its_target_closes(
    rig: ConformanceRig, action: str, side: PositionType
) -> None:
    rig.start()
    other = rig.open(quantity=0.03, symbol="XAUUSD")
    opening = rig.open(action, quantity=0.02)
    assert [position.type for position in rig.broker.positions()] == [PositionType.BUY, side]
    *_, closed = rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    assert closed.body["opening_directive_id"] == opening
    rig.emitted(rig.issue("CLOSE", symbol="XAUUSD", target_directive_id=other), *CLOSED)
    assert rig.broker.positions() == []


@pytest.mark.parametrize(
    ("bid", "triggered"), [("1.08900", EventType.SL_TRIGGERED), ("1.10100", EventType.TP_TRIGGERED)]
)
def test_position_closed_by_stop_or_target_is_reported_under_its_opening(
    rig: ConformanceRig, bid: str, triggered: EventType
) -> None:
    rig.start()
    opening = rig.open(stop_loss=1.09, take_profit=1.10)
    rig.quote(bid)
    rig.emitted(opening, *OPENED, triggered, EventType.POSITION_CLOSED)


def test_close_with_a_quantity_closes_the_oldest_positions_first(rig: ConformanceRig) -> None:
    rig.start()
    for quantity in (0.02, 0.03, 0.01):
        rig.open(quantity=quantity)
    close = rig.issue("CLOSE", quantity=0.04)
    rig.emitted(close, *CLOSED, EventType.ORDER_PLACED, EventType.ORDER_FILLED, in_any_order=True)
    assert [position.volume for position in rig.broker.positions()] == [Decimal("0.01"), Decimal("0.01")]


def test_close_without_a_target_leaves_other_sides_symbols_and_manual_trades(rig: ConformanceRig) -> None:
    rig.start()
    rig.open()
    rig.open("OPEN_SHORT")
    rig.open(symbol="GBPUSD")
    rig.broker.manual_open("EURUSD", OrderType.SELL, Decimal("0.05"))
    rig.emitted(rig.issue("CLOSE_SHORT"), *CLOSED)
    rig.emitted(rig.issue("CLOSE_POSITION"), *CLOSED)
    assert {position.symbol for position in rig.broker.positions() if position.magic} == {"GBPUSD"}
    assert [position.volume for position in rig.broker.positions() if not position.magic] == [Decimal("0.05")]


def test_close_without_a_position_is_rejected_and_not_sent(rig: ConformanceRig) -> None:
    rig.start()
    rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.05"))
    _, rejected = rig.emitted(rig.issue("CLOSE"), *REFUSED)
    assert rejected.code == "NO_POSITION"
    assert not rig.broker.sends()


def test_manual_close_is_reported_under_the_opening(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open(quantity=0.03)
    (position,) = rig.broker.positions()
    rig.broker.manual_close(position.ticket, Decimal("0.01"))
    rig.emitted(opening, *OPENED, EventType.ORDER_PARTIAL_FILL)
    rig.broker.manual_close(position.ticket)
    rig.emitted(opening, *OPENED, EventType.ORDER_PARTIAL_FILL, EventType.POSITION_CLOSED)


@pytest.mark.parametrize("retcode", [Retcode.REJECT, Retcode.NO_MONEY])
def test_refusal_of_the_broker_is_reported_with_its_retcode(rig: ConformanceRig, retcode: Retcode) -> None:
    rig.start()
    rig.reject(retcode)
    _, rejected = rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    assert rejected.code == str(int(retcode))
    rig.open()


def test_volume_off_the_step_is_refused_before_the_send(rig: ConformanceRig) -> None:
    rig.start()
    _, rejected = rig.emitted(rig.issue("OPEN_LONG", quantity=0.015), *REFUSED)
    assert rejected.code == "INVALID_QUANTITY"
    assert not rig.broker.sends()


def test_stop_on_the_wrong_side_is_refused_with_its_retcode(rig: ConformanceRig, kind: Kind) -> None:
    """The Expert Advisor refuses it before the send, the reference terminal leaves it to the broker."""
    rig.start()
    _, rejected = rig.emitted(rig.issue("OPEN_LONG", stop_loss=1.2), *REFUSED)
    assert rejected.code == str(int(Retcode.INVALID_STOPS))
    expert = kind is Kind.NATIVE
    says = "stop loss 1.20000 is not below the bid 1.09500" if expert else "Invalid stops"
    assert says in rejected.body["error_message"]
    assert [send.executed for send in rig.broker.sends()] == ([] if expert else [False])
    rig.compared = False


def test_partial_fills_of_a_closing_are_reported_one_by_one(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open(quantity=0.03)
    rig.fault(Fills(volumes=(Decimal("0.01"), Decimal("0.02"))), SendKind.CLOSE)
    close = rig.issue("CLOSE", target_directive_id=opening)
    placed, filled, closed = CLOSED[1:]
    rig.emitted(close, EventType.DIRECTIVE_RECEIVED, placed, EventType.ORDER_PARTIAL_FILL, filled, closed)
