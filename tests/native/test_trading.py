"""Trading end to end: Director, sidecar and broker are processes, the terminal is the EA."""

from decimal import Decimal

from bridge.core.director.contract import EventType
from bridge.simulator.broker.fault_rules import LoseAnswer, Reject, Rule
from bridge.simulator.mt5.types import Retcode
from tests.native.rig import NativeRig
from tests.rig.rig import CLOSED, OPENED, REFUSED


def test_opening_directive_becomes_one_order_and_one_position(rig: NativeRig) -> None:
    rig.start()
    directive_id = rig.issue("OPEN_LONG", quantity=0.02)
    *_, filled, opened = rig.emitted(directive_id, *OPENED)
    (position,) = rig.broker.positions()
    assert position.volume == Decimal("0.02")
    assert filled.body["fill_quantity"] == 0.02
    assert opened.body["position_id"] == str(position.identifier)
    (send,) = rig.broker.sends()
    assert send.request.magic == position.magic != 0
    assert send.request.comment == directive_id


def test_position_is_closed_by_its_ticket(rig: NativeRig) -> None:
    rig.start()
    opened = rig.open("OPEN_SHORT")
    rig.emitted(rig.issue("CLOSE", target_directive_id=opened), *CLOSED)
    assert rig.broker.positions() == []
    opening, closing = rig.broker.sends()
    assert closing.request.position != 0
    assert closing.request.magic != opening.request.magic


def test_stop_loss_is_reported_under_the_opening_directive(rig: NativeRig) -> None:
    rig.start()
    opened = rig.open(stop_loss=1.09000, take_profit=1.10000)
    (position,) = rig.broker.positions()
    assert (position.sl, position.tp) == (Decimal("1.09000"), Decimal("1.10000"))
    rig.quote("1.08990")
    rig.emitted(opened, *OPENED, EventType.SL_TRIGGERED, EventType.POSITION_CLOSED)


def test_take_profit_and_manual_close_are_reported(rig: NativeRig) -> None:
    rig.start()
    first, second = rig.open(take_profit=1.10000), rig.open("OPEN_SHORT")
    rig.quote("1.10010")
    rig.emitted(first, *OPENED, EventType.TP_TRIGGERED, EventType.POSITION_CLOSED)
    rig.broker.manual_close(rig.broker.positions()[0].ticket)
    rig.emitted(second, *OPENED, EventType.POSITION_CLOSED)


def test_refusal_by_the_broker_is_reported_with_its_code(rig: NativeRig) -> None:
    rig.start()
    rig.broker.add_rule(Rule(effect=Reject(retcode=Retcode.NO_MONEY)))
    *_, rejected = rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    assert str(rejected.body["error_code"]) == "10019"


def test_refusal_by_a_limit_of_the_ea_is_reported(rig: NativeRig) -> None:
    rig.start_director()
    rig.start_broker()
    rig.start_sidecar()
    rig.start_terminal(inputs=["InpMaxLot=0.05"])
    rig.ready()
    *_, rejected = rig.emitted(rig.issue("OPEN_LONG", quantity=0.06), *REFUSED)
    assert "0.05" in str(rejected.body["error_message"])
    assert rig.broker.sends() == []


def test_lost_answer_is_reconciled_by_evidence(rig: NativeRig) -> None:
    rig.start()
    rig.broker.add_rule(Rule(effect=LoseAnswer(retcode=Retcode.TIMEOUT)))
    directive_id = rig.issue("OPEN_LONG")
    rig.emitted(
        directive_id,
        EventType.DIRECTIVE_RECEIVED,
        EventType.BROKER_ERROR,
        EventType.ORDER_PLACED,
        EventType.ORDER_FILLED,
        EventType.POSITION_OPENED,
    )
    assert len(rig.broker.sends()) == 1


def test_trades_made_while_the_terminal_was_off_are_reported(rig: NativeRig) -> None:
    rig.start()
    opened = rig.open(stop_loss=1.09000)
    rig.terminal.kill()
    rig.quote("1.08990")
    rig.start_terminal()
    rig.emitted(opened, *OPENED, EventType.SL_TRIGGERED, EventType.POSITION_CLOSED)
    # The ledger is the same, so the sidecar continues to dispatch.
    rig.open()


def test_killed_sidecar_continues_after_its_restart(rig: NativeRig) -> None:
    rig.start()
    opened = rig.open()
    rig.restart_sidecar()
    rig.emitted(rig.issue("CLOSE", target_directive_id=opened), *CLOSED)
    assert len(rig.broker.sends()) == 2


def test_trading_works_with_switches_thrown(rig: NativeRig) -> None:
    rig.start_director()
    rig.start_broker()
    rig.start_sidecar()
    rig.start_terminal(
        switches=["send_at_most", "send_would_block_every", "first_send_refused", "speculative_byte",
                  "readable_at_second_look", "timer_grain_us", "transactions_dropped_every", "comment_rewritten",
                  "result_without_tickets", "init_twice", "inputs_end_with_cr", "server_offset_s"],
    )  # fmt: skip
    rig.ready()
    opened = rig.open()
    rig.emitted(rig.issue("CLOSE", target_directive_id=opened), *CLOSED)
