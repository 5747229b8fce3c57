"""Filled orders, and orders that the broker refuses, through all four processes."""

from decimal import Decimal

import pytest

from bridge.core.director.contract import EventType
from bridge.simulator.broker.fault_rules import Fills, Match, Reject, Rule, SendKind
from bridge.simulator.mt5.types import DealEntry, OrderType, PositionType, Retcode
from tests.rig.rig import CLOSED, OPENED, REFUSED, Rig


@pytest.mark.parametrize(
    ("action", "side"), [("OPEN_LONG", PositionType.BUY), ("OPEN_SHORT", PositionType.SELL)]
)
def test_open_directive_becomes_one_order_and_one_position(rig: Rig, action: str, side: PositionType) -> None:
    rig.start()
    directive_id = rig.issue(action, quantity=0.02)
    _, placed, filled, opened = rig.emitted(directive_id, *OPENED)
    (position,) = rig.broker.positions()
    assert (position.type, position.volume) == (side, Decimal("0.02"))
    (deal,) = (
        deal for deal in rig.broker.history_deals(0, 2**52) if deal.entry is DealEntry.IN and deal.magic
    )
    assert placed.body["broker_order_id"] == str(deal.order)
    assert Decimal(str(filled.body["fill_price"])) == deal.price
    assert filled.body["fill_quantity"] == 0.02
    assert Decimal(str(filled.body["commission"])) == -deal.commission
    assert opened.body["position_id"] == str(position.identifier)
    assert len(rig.broker.sends()) == 1


@pytest.mark.parametrize(
    ("bid", "triggered"), [("1.08900", EventType.SL_TRIGGERED), ("1.10100", EventType.TP_TRIGGERED)]
)
def test_position_closed_by_stop_or_target_is_reported_under_its_opening_directive(
    rig: Rig, bid: str, triggered: EventType
) -> None:
    rig.start()
    directive_id = rig.open(stop_loss=1.09, take_profit=1.10)
    rig.quote(bid)
    *_, hit, closed = rig.emitted(directive_id, *OPENED, triggered, EventType.POSITION_CLOSED)
    assert hit.body["fill_quantity"] == 0.01
    assert closed.body["close_reason"] == triggered.value.removesuffix("_TRIGGERED")
    assert len(rig.broker.sends()) == 1


def test_manually_closed_position_is_reported_under_its_opening_directive(rig: Rig) -> None:
    rig.start()
    directive_id = rig.open(quantity=0.03)
    (position,) = rig.broker.positions()
    rig.broker.manual_close(position.ticket, Decimal("0.01"))
    *_, reduced = rig.emitted(directive_id, *OPENED, EventType.ORDER_PARTIAL_FILL)
    assert (reduced.body["entry"], reduced.body["remaining_quantity"]) == ("OUT", 0.02)
    rig.broker.manual_close(position.ticket)
    *_, closed = rig.emitted(directive_id, *OPENED, EventType.ORDER_PARTIAL_FILL, EventType.POSITION_CLOSED)
    assert closed.body["fill_quantity"] == 0.03


def test_close_with_a_target_closes_only_that_directives_position(rig: Rig) -> None:
    rig.start()
    first, second = rig.open(), rig.open()
    close = rig.issue("CLOSE", target_directive_id=second)
    *_, closed = rig.emitted(close, *CLOSED)
    assert closed.body["opening_directive_id"] == second
    (left,) = rig.broker.positions()
    (opened,) = rig.journal.rows("SELECT identifier FROM positions WHERE directive_id = ?", first)
    assert left.identifier == opened["identifier"]


def test_close_with_a_quantity_takes_the_oldest_positions_first(rig: Rig) -> None:
    rig.start()
    rig.open(quantity=0.02)
    second = rig.open(quantity=0.03)
    third = rig.open(quantity=0.01)
    close = rig.issue("CLOSE", quantity=0.04)
    # Two commands: the whole first position, and some volume of the second.
    events = rig.emitted(close, *CLOSED, EventType.ORDER_PLACED, EventType.ORDER_FILLED, in_any_order=True)
    filled = [event for event in events if event.type == EventType.ORDER_FILLED]
    assert sorted(event.body["fill_quantity"] for event in filled) == [0.02, 0.02]
    held = {row["directive_id"]: row for row in rig.journal.rows("SELECT * FROM open_positions")}
    assert set(held) == {second, third}
    assert [position.volume for position in rig.broker.positions()] == [Decimal("0.01"), Decimal("0.01")]


def test_close_without_a_quantity_closes_all_positions_of_the_officer_in_the_symbol(rig: Rig) -> None:
    rig.start()
    rig.open()
    rig.open("OPEN_SHORT")
    rig.open(symbol="GBPUSD")
    manually = rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.05"))
    close = rig.issue("CLOSE_POSITION")
    rig.emitted(close, *CLOSED, *CLOSED[1:], in_any_order=True)
    left = {(position.symbol, position.magic == 0) for position in rig.broker.positions()}
    assert left == {("GBPUSD", False), ("EURUSD", True)}
    assert manually in {position.ticket for position in rig.broker.positions()}


@pytest.mark.parametrize(
    ("action", "left"), [("CLOSE_LONG", PositionType.SELL), ("CLOSE_SHORT", PositionType.BUY)]
)
def test_close_of_one_side_leaves_the_other_open(rig: Rig, action: str, left: PositionType) -> None:
    rig.start()
    rig.open("OPEN_LONG")
    rig.open("OPEN_SHORT")
    rig.emitted(rig.issue(action), *CLOSED)
    assert [position.type for position in rig.broker.positions()] == [left]


def test_close_directive_without_a_position_is_rejected(rig: Rig) -> None:
    rig.start()
    rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.05"))
    _, rejected = rig.emitted(rig.issue("CLOSE"), *REFUSED)
    assert rejected.code == "NO_POSITION"
    assert not rig.broker.sends()


def test_close_in_the_same_poll_as_its_opening_waits_for_it(rig: Rig) -> None:
    rig.start_director()
    rig.start_broker()
    rig.director_process.line("http://")
    opening = rig.issue("OPEN_LONG")
    close = rig.issue("CLOSE", target_directive_id=opening)
    rig.start_sidecar()
    rig.start_terminal()
    rig.emitted(opening, *OPENED)
    rig.emitted(close, *CLOSED)


def test_broker_refusal_is_reported_with_its_retcode(rig: Rig) -> None:
    rig.start()
    rig.broker.add_rule(Rule(effect=Reject(retcode=Retcode.NO_MONEY), match=Match(kind=SendKind.OPEN)))
    _, rejected = rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    assert rejected.code == str(int(Retcode.NO_MONEY))
    assert rejected.body["error_message"]
    rig.open()


def test_partially_filled_order_is_reported_at_each_fill(rig: Rig) -> None:
    rig.start()
    opening = rig.open(quantity=0.03)
    portions = (Decimal("0.01"), Decimal("0.02"))
    rig.broker.add_rule(Rule(effect=Fills(volumes=portions), match=Match(kind=SendKind.CLOSE)))
    close = rig.issue("CLOSE", target_directive_id=opening)
    events = rig.emitted(
        close,
        EventType.DIRECTIVE_RECEIVED,
        EventType.ORDER_PLACED,
        EventType.ORDER_PARTIAL_FILL,
        EventType.ORDER_FILLED,
        EventType.POSITION_CLOSED,
    )
    assert [event.body.get("fill_quantity") for event in events[2:4]] == [0.01, 0.03]


def test_journal_commands_show_a_filled_order(rig: Rig) -> None:
    rig.start()
    opening = rig.open()
    (row,) = rig.journal_command("list")
    assert (row["directive_id"], row["state"]) == (opening, "FILLED")
    assert rig.journal_command("undelivered") == []
    assert not rig.journal_command("verify")["broken"]
    steps = [row["kind"] for row in rig.journal_command("show", opening)]
    assert steps[0] == "directive"
    assert {"dispatch", "report", "delivered"} <= set(steps)
