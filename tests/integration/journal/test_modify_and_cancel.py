"""MODIFY and CANCEL: done by the state of the target, not by the broker's answer."""

from decimal import Decimal

import pytest

from bridge.core.link.messages import Order
from bridge.core.link.reports import CommandStage, NotSentReason
from bridge.core.units.mt5_terms import OrderState

from .bench import JournalBench, cancel, closing, directive, limit, modify
from .reports import (
    DEAL,
    ORDER,
    POSITION,
    absent,
    booked,
    deal,
    leaving,
    not_sent,
    result,
    scan,
    stage,
    standing,
    submitted,
)

NO_CHANGES = 10025


@pytest.fixture
def opener(joined: JournalBench) -> Order:
    """The order of an open position whose levels were seen."""
    [command] = joined.sent(directive())
    joined.report(result(command.order), deal(command.order), standing(command.order))
    return command.order


@pytest.fixture
def waiting(joined: JournalBench) -> Order:
    """A limit order that was seen on the book."""
    [command] = joined.sent(limit())
    joined.report(result(command.order), booked(command.order))
    return command.order


def moved(joined: JournalBench, stop_loss: float = 1.085) -> Order:
    """A MODIFY of the position's stop loss that is with the terminal."""
    [command] = joined.sent(modify("dir-modify", stop_loss=stop_loss))
    return command.order


def test_directive_after_a_pending_order_waits_until_the_order_is_seen_on_the_book(
    joined: JournalBench,
) -> None:
    [command] = joined.sent(limit())
    joined.report(result(command.order))
    assert joined.emitted("dir-limit")[-1] == "ORDER_PLACED"
    assert joined.sent(cancel("dir-cancel", "dir-limit")) == []
    assert joined.directive_state("dir-cancel") == "RECEIVED"
    joined.report(booked(command.order))
    [cancelling] = joined.advance()
    assert (cancelling.order.kind, cancelling.order.opener) == ("CANCEL", command.order.client_order_id)


def test_modify_is_done_once_the_position_shows_its_levels(joined: JournalBench, opener: Order) -> None:
    order = moved(joined)
    assert (order.kind, order.position, order.stop_loss) == ("MODIFY", POSITION, Decimal("1.085"))
    joined.report(submitted(order), result(order))
    # Accepted is not done.
    assert joined.command_state(order.client_order_id) == "PLACED"
    assert joined.emitted("dir-modify") == ["DIRECTIVE_RECEIVED"]
    joined.report(standing(opener, stop_loss="1.0850"))
    assert joined.command_state(order.client_order_id) == "DONE"
    assert joined.directive_state("dir-modify") == "DONE"
    assert joined.emitted("dir-modify") == ["DIRECTIVE_RECEIVED", "ORDER_PLACED"]
    [*_, emitted] = joined.bodies("ORDER_PLACED")
    assert (emitted["action"], emitted["stop_loss"], emitted["opening_directive_id"]) == (
        "MODIFY",
        1.085,
        "dir-1",
    )
    assert joined.rows("SELECT stop_loss FROM positions") == [("1.0850",)]


def test_change_by_a_directive_is_not_emitted_as_manual(joined: JournalBench, opener: Order) -> None:
    order = moved(joined)
    joined.report(standing(opener, stop_loss="1.0850"), submitted(order), result(order))
    assert joined.command_state(order.client_order_id) == "DONE"
    assert [body.get("action") for body in joined.bodies("ORDER_PLACED")] == [None, "MODIFY"]


def test_manual_change_is_emitted_to_the_opening_directive_each_time(
    joined: JournalBench, opener: Order
) -> None:
    for stop in ("1.0850", "1.0900", "1.0850", None):
        joined.report(standing(opener, stop_loss=stop))
    emitted = [body for body in joined.bodies("ORDER_PLACED") if body.get("action") == "CHANGED"]
    assert [body["stop_loss"] for body in emitted] == [1.085, 1.09, 1.085, 0]
    assert {body["directive_id"] for body in emitted} == {"dir-1"}


@pytest.mark.parametrize("how", ["not_sent", "retcode"])
def test_modify_to_the_present_levels_is_done(joined: JournalBench, opener: Order, how: str) -> None:
    order = moved(joined, 1.09)
    if how == "not_sent":
        joined.report(not_sent(order, NotSentReason.NO_CHANGE))
    else:
        joined.report(submitted(order), result(order, NO_CHANGES))
    assert joined.command_state(order.client_order_id) == "DONE"
    assert joined.emitted("dir-modify") == ["DIRECTIVE_RECEIVED", "ORDER_PLACED"]


def test_modify_to_levels_seen_before_its_dispatch_needs_no_further_report(
    joined: JournalBench, opener: Order
) -> None:
    order = moved(joined, 1.09)
    joined.report(submitted(order))
    assert joined.command_state(order.client_order_id) == "DONE"
    joined.report(result(order), standing(opener))
    assert joined.emitted("dir-modify") == ["DIRECTIVE_RECEIVED", "ORDER_PLACED"]


def test_modify_refused_by_the_broker_is_emitted_with_its_retcode(
    joined: JournalBench, opener: Order
) -> None:
    order = moved(joined)
    joined.report(submitted(order), result(order, 10016))
    assert joined.directive_state("dir-modify") == "REJECTED"
    assert joined.bodies("ORDER_REJECTED")[0]["error_code"] == "10016"


def test_modify_of_a_position_that_is_closed_meanwhile_ends(joined: JournalBench, opener: Order) -> None:
    order = moved(joined)
    joined.report(submitted(order), leaving(opener))
    assert joined.directive_state("dir-modify") == "REJECTED"
    assert joined.bodies("ORDER_REJECTED")[0]["error_code"] == "TARGET_GONE"


def test_modify_of_a_stop_that_is_hit_before_the_next_report_is_done(
    joined: JournalBench, opener: Order
) -> None:
    order = moved(joined)
    joined.report(submitted(order), result(order), leaving(opener))
    assert joined.directive_state("dir-modify") == "DONE"


def test_modify_with_a_lost_answer_is_resolved_by_the_position(joined: JournalBench, opener: Order) -> None:
    order = moved(joined)
    joined.report(submitted(order), result(order, 10012))
    assert joined.command_state(order.client_order_id) == "UNRESOLVED"
    assert "BROKER_ERROR" in joined.emitted("dir-modify")
    joined.report(standing(opener, stop_loss="1.0850"))
    assert joined.directive_state("dir-modify") == "DONE"


def test_modify_without_an_effect_is_refused_after_the_second_status_reply(
    joined: JournalBench, opener: Order
) -> None:
    order = moved(joined)
    joined.report(submitted(order), result(order, 10012))
    joined.later(60)
    joined.report(absent(order, request_no=1))
    assert joined.command_state(order.client_order_id) == "UNRESOLVED"
    joined.report(absent(order, request_no=2))
    assert joined.directive_state("dir-modify") == "REJECTED"
    [body] = joined.bodies("ORDER_REJECTED")
    assert body["error_code"] == "NO_EFFECT"


def test_levels_that_no_report_has_shown_resolve_no_modify(joined: JournalBench) -> None:
    """Levels that were asked for at the opening are no report about the position."""
    [command] = joined.sent(directive())
    joined.report(result(command.order), deal(command.order))
    order = moved(joined, 1.09)
    joined.report(submitted(order), result(order))
    assert joined.command_state(order.client_order_id) == "PLACED"
    joined.report(standing(command.order))
    assert joined.command_state(order.client_order_id) == "DONE"


def test_close_waits_for_an_earlier_modify(joined: JournalBench, opener: Order) -> None:
    order = moved(joined)
    assert joined.sent(directive("dir-gold", symbol="GOLD"))
    assert joined.sent(modify("dir-again", stop_loss=1.086)) == []
    joined.report(result(order), standing(opener, stop_loss="1.0850"))
    assert [sent.order.stop_loss for sent in joined.advance()] == [Decimal("1.086")]


# Pending orders


def test_cancel_is_done_once_the_order_is_off_the_book(joined: JournalBench, waiting: Order) -> None:
    [command] = joined.sent(cancel("dir-cancel", "dir-limit"))
    order = command.order
    joined.report(submitted(order), result(order, ticket=0))
    assert joined.directive_state("dir-cancel") == "WORKING"
    joined.report(booked(waiting, state=OrderState.CANCELED, time_done_server_ms=5))
    assert joined.directive_state("dir-cancel") == "DONE"
    assert joined.directive_state("dir-limit") == "CANCELLED"
    assert joined.emitted("dir-limit") == ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_CANCELLED"]
    assert joined.emitted("dir-cancel") == ["DIRECTIVE_RECEIVED", "ORDER_CANCELLED"]


def test_cancel_of_an_order_that_is_filled_first_is_refused(joined: JournalBench, waiting: Order) -> None:
    [command] = joined.sent(cancel("dir-cancel", "dir-limit"))
    joined.report(
        submitted(command.order),
        deal(waiting),
        booked(waiting, state=OrderState.FILLED, volume_current=Decimal(0), time_done_server_ms=5),
    )
    assert joined.directive_state("dir-limit") == "FILLED"
    assert joined.directive_state("dir-cancel") == "REJECTED"
    [body] = joined.bodies("ORDER_REJECTED")
    assert (body["error_code"], body["directive_id"]) == ("TARGET_FILLED", "dir-cancel")


def test_cancel_of_a_partly_filled_order_cancels_the_rest(joined: JournalBench, waiting: Order) -> None:
    joined.report(
        deal(waiting, volume="0.1"),
        booked(waiting, state=OrderState.PARTIAL, volume_current=Decimal("0.2")),
    )
    [command] = joined.sent(cancel("dir-cancel", "dir-limit"))
    joined.report(
        submitted(command.order),
        booked(waiting, state=OrderState.CANCELED, volume_current=Decimal("0.2"), time_done_server_ms=5),
    )
    assert joined.directive_state("dir-cancel") == "DONE"
    assert joined.directive_state("dir-limit") == "PARTIAL"
    [body] = [each for each in joined.bodies("ORDER_CANCELLED") if each["directive_id"] == "dir-limit"]
    assert body["remaining_quantity"] == 0.2


def test_cancel_of_a_missing_order_is_emitted_with_its_reason(joined: JournalBench, waiting: Order) -> None:
    [command] = joined.sent(cancel("dir-cancel", "dir-limit"))
    joined.report(
        booked(waiting, state=OrderState.EXPIRED, time_done_server_ms=5),
        not_sent(command.order, NotSentReason.NO_ORDER, message="gone"),
    )
    assert joined.directive_state("dir-limit") == "CANCELLED"
    # It is off the book, unfilled: the cancel has its effect.
    assert joined.directive_state("dir-cancel") == "DONE"


def test_modify_of_a_pending_order_is_done_once_the_book_shows_it(
    joined: JournalBench, waiting: Order
) -> None:
    [command] = joined.sent(modify("dir-modify", "dir-limit", price=1.075, stop_loss=1.06))
    order = command.order
    assert (order.order, order.position, order.price) == (ORDER, 0, Decimal("1.075"))
    joined.report(submitted(order), result(order, ticket=0))
    joined.report(booked(waiting, price=Decimal("1.075")))
    assert joined.directive_state("dir-modify") == "WORKING"
    joined.report(booked(waiting, price=Decimal("1.075"), stop_loss=Decimal("1.06")))
    assert joined.directive_state("dir-modify") == "DONE"
    assert joined.emitted("dir-modify") == ["DIRECTIVE_RECEIVED", "ORDER_PLACED"]


def test_manual_change_of_a_pending_order_is_emitted_to_its_directive(
    joined: JournalBench, waiting: Order
) -> None:
    for price in ("1.0750", "1.0700", "1.0750"):
        joined.report(booked(waiting, price=Decimal(price)))
    emitted = [body for body in joined.bodies("ORDER_PLACED") if body.get("action") == "CHANGED"]
    assert [body["price"] for body in emitted] == [1.075, 1.07, 1.075]
    assert {body["directive_id"] for body in emitted} == {"dir-limit"}
    assert joined.rows("SELECT price FROM orders") == [("1.0750",)]


def test_filled_pending_order_becomes_a_position_of_its_directive(
    joined: JournalBench, waiting: Order
) -> None:
    joined.report(
        booked(waiting, state=OrderState.FILLED, volume_current=Decimal(0), time_done_server_ms=5),
        deal(waiting),
        scan(1),
    )
    assert joined.emitted("dir-limit") == [
        "DIRECTIVE_RECEIVED",
        "ORDER_PLACED",
        "ORDER_FILLED",
        "POSITION_OPENED",
    ]
    assert joined.sent(cancel("dir-cancel")) == []
    assert joined.bodies("ORDER_REJECTED")[0]["error_code"] == "NO_ORDER"


def test_cancel_without_a_target_cancels_every_order_of_its_symbol(joined: JournalBench) -> None:
    sent = joined.sent(limit("dir-a"), limit("dir-b"), limit("dir-gold", symbol="GOLD"))
    for number, command in enumerate(sent):
        ticket = ORDER + number
        joined.report(result(command.order, ticket=ticket), booked(command.order, ticket=ticket))
    found = joined.sent(cancel("dir-cancel"))
    assert [command.order.order for command in found] == [ORDER, ORDER + 1]
    for command in found:
        joined.report(stage(CommandStage.SUBMITTED, command.order, mark=3))
    joined.report(booked(sent[0].order, state=OrderState.CANCELED, time_done_server_ms=5))
    assert joined.directive_state("dir-cancel") == "WORKING"
    joined.report(
        deal(sent[1].order, DEAL, order=ORDER + 1),
        booked(
            sent[1].order,
            ticket=ORDER + 1,
            state=OrderState.FILLED,
            volume_current=Decimal(0),
            time_done_server_ms=5,
        ),
    )
    # One was cancelled, one was not.
    assert joined.directive_state("dir-cancel") == "PARTIAL"


def test_levels_set_on_a_pending_order_are_no_manual_change_of_its_position(joined: JournalBench) -> None:
    [order] = joined.sent(limit())
    joined.report(result(order.order, ticket=8700), booked(order.order, ticket=8700))
    [moving] = joined.sent(modify("dir-modify", "dir-limit", stop_loss=1.06))
    moved = booked(order.order, ticket=8700, stop_loss=Decimal("1.06"))
    joined.report(submitted(moving.order, mark=2), result(moving.order), moved)
    assert joined.directive_state("dir-modify") == "DONE"
    joined.report(deal(order.order, order=8700), standing(order.order, stop_loss="1.0600"))
    assert [body.get("action") for body in joined.bodies("ORDER_PLACED")] == [None, "MODIFY"]
    # A manual change of the position afterwards is one.
    joined.report(standing(order.order, stop_loss="1.0500"))
    assert joined.bodies("ORDER_PLACED")[-1]["action"] == "CHANGED"


def test_change_is_emitted_with_its_directives_own_action(joined: JournalBench, opener: Order) -> None:
    [change] = joined.sent(
        closing("dir-sl", action="MODIFY_SL", target_directive_id="dir-1", stop_loss=1.085)
    )
    joined.report(submitted(change.order), result(change.order), standing(opener, stop_loss="1.0850"))
    assert joined.bodies("ORDER_PLACED")[-1]["action"] == "MODIFY_SL"
