"""Deals that the broker annuls or books anew: known before or not, ours or strangers', once or to and fro."""

from decimal import Decimal

import msgspec
import pytest

from bridge.core.link.messages import Order
from bridge.core.link.reports import DealReport
from bridge.core.units.mt5_terms import DealEntry, MarginMode

from .desk import ACCOUNT, Desk, closing, directive
from .reports import DEAL, deal, leaving, result, scan

NETTING = msgspec.structs.replace(ACCOUNT, margin_mode=MarginMode.RETAIL_NETTING)
FILLED = ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"]


@pytest.fixture
def order(joined: Desk) -> Order:
    """The order of one command that is with the terminal, of 0.3 lots."""
    [command] = joined.sent(directive())
    return command.order


def annulled(report: DealReport) -> DealReport:
    """The deal as the broker has it afterwards: what was earned is gone, what was paid is not."""
    return msgspec.structs.replace(report, type=f"{report.type}_CANCELED", profit=Decimal(0))


def open_lots(desk: Desk) -> list[tuple[str, str, str]]:
    found = desk.rows("SELECT state, volume_in, volume_out FROM positions ORDER BY directive_id")
    return [(row[0], row[1], row[2]) for row in found]


def test_a_deal_that_is_annulled_when_first_heard_of_is_emitted_as_made_and_as_annulled(
    joined: Desk, order: Order
) -> None:
    assert joined.report(result(order), annulled(deal(order))).quarantined == 0
    assert joined.emitted() == [*FILLED, "BROKER_ERROR"]
    assert joined.directive_state() == "FILLED"
    assert open_lots(joined) == [("CLOSED", "0", "0")]
    assert joined.rows("SELECT type, disposition FROM deals") == [("BUY_CANCELED", "APPLIED")]


def test_a_close_that_is_annulled_before_its_opening_is_known_takes_nothing_off(
    joined: Desk, order: Order
) -> None:
    joined.report(annulled(leaving(order)))
    assert joined.rows("SELECT type, disposition FROM deals") == [("SELL_CANCELED", "PARKED")]
    joined.report(deal(order))
    assert open_lots(joined) == [("OPEN", "0.3", "0")]
    assert joined.emitted()[-1] == "BROKER_ERROR"


def test_a_close_that_waits_and_is_annulled_meanwhile_takes_nothing_off(joined: Desk, order: Order) -> None:
    joined.report(leaving(order))
    joined.report(annulled(leaving(order)))
    joined.report(deal(order))
    assert open_lots(joined) == [("OPEN", "0.3", "0")]


def test_what_is_still_booked_for_an_annulled_deal_counts_and_is_emitted(joined: Desk, order: Order) -> None:
    joined.report(deal(order, fee=Decimal("-0.10")))
    joined.report(annulled(deal(order, fee=Decimal("-0.10"))))
    assert joined.rows("SELECT commission, fee FROM positions") == [("-0.70", "-0.10")]
    [error] = joined.bodies("BROKER_ERROR")
    assert (error["commission"], error["fee"], error["fill_quantity"]) == (0.7, 0.1, 0.3)
    # It was annulled once; that it is booked anew is another matter.
    joined.report(annulled(deal(order, commission=Decimal(0), fee=Decimal(0))))
    assert len(joined.bodies("BROKER_ERROR")) == 1
    assert joined.bodies("ORDER_FILLED")[-1]["action"] == "REVISION"
    assert joined.rows("SELECT commission, fee FROM positions") == [("0", "0")]


def test_an_order_of_which_a_part_is_annulled_ends_with_its_last_part(joined: Desk, order: Order) -> None:
    part = deal(order, volume="0.1")
    joined.report(part)
    joined.report(annulled(part))
    joined.report(deal(order, DEAL + 1, volume="0.2"))
    assert joined.directive_state() == "FILLED"
    # The whole is what stands of it.
    assert joined.bodies("ORDER_FILLED")[-1]["fill_quantity"] == 0.2
    assert open_lots(joined) == [("OPEN", "0.2", "0")]


def test_costs_that_go_to_and_fro_are_emitted_each_time(joined: Desk, order: Order) -> None:
    joined.report(deal(order))
    for commission in ("-0.90", "-0.70", "-0.90", "-0.70", "-0.70"):
        joined.report(deal(order, commission=Decimal(commission)))
    emitted = [body["commission"] for body in joined.bodies("ORDER_FILLED")]
    assert emitted == [0.7, 0.9, 0.7, 0.9, 0.7]


def test_an_annulled_close_is_emitted_with_whose_position_it_was(joined: Desk, order: Order) -> None:
    joined.report(deal(order))
    [close] = joined.sent(closing())
    joined.report(deal(close.order, DEAL + 1))
    joined.report(annulled(deal(close.order, DEAL + 1)))
    [error] = joined.bodies("BROKER_ERROR")
    assert (error["directive_id"], error["opening_directive_id"]) == ("dir-close", "dir-1")
    assert "entry" not in error


def test_an_opener_hears_that_a_hands_close_is_annulled(joined: Desk, order: Order) -> None:
    joined.report(deal(order))
    manually = leaving(order, reason="CLIENT", volume="0.1", magic=0)
    joined.report(manually)
    joined.report(annulled(manually))
    [error] = joined.bodies("BROKER_ERROR")
    assert (error["directive_id"], error["entry"], error["fill_quantity"]) == ("dir-1", "OUT", 0.1)
    assert open_lots(joined) == [("OPEN", "0.3", "0")]


def test_each_opener_hears_of_its_own_part_of_an_annulled_opposite_order(desk: Desk) -> None:
    desk.join(account=NETTING)
    first, second = (
        command.order for command in desk.sent(directive("dir-1"), directive("dir-2", quantity=0.2))
    )
    desk.report(deal(first), deal(second, DEAL + 1))
    [short] = desk.sent(
        directive("dir-3", action="OPEN_SHORT", quantity=0.4, stop_loss=None, take_profit=None)
    )
    opposite = deal(short.order, DEAL + 2, entry=DealEntry.OUT)
    desk.report(opposite)
    desk.report(annulled(opposite))
    emitted = [(body["directive_id"], body["fill_quantity"]) for body in desk.bodies("BROKER_ERROR")]
    assert emitted == [("dir-3", 0.4), ("dir-1", 0.3), ("dir-2", 0.1)]
    assert open_lots(desk) == [("OPEN", "0.3", "0"), ("OPEN", "0.2", "0")]


@pytest.mark.parametrize("known", [True, False], ids=["known before", "not known before"])
def test_a_strangers_annulled_deal_in_a_shared_position_is_nothing_to_sell_from(
    desk: Desk, known: bool
) -> None:
    desk.join(account=NETTING)
    [command] = desk.sent(directive())
    theirs = deal(command.order, DEAL - 1, magic=0, reason="CLIENT", volume="1.0")
    desk.report(deal(command.order), *([theirs] if known else []))
    desk.report(annulled(theirs))
    desk.report(leaving(command.order, reason="CLIENT", magic=0))
    assert open_lots(desk) == [("CLOSED", "0.3", "0.3")]


def test_a_part_begins_with_the_first_deal_that_stands(desk: Desk) -> None:
    desk.join(account=NETTING)
    [command] = desk.sent(directive())
    theirs = deal(command.order, DEAL - 1, magic=0, reason="CLIENT", volume="1.0")
    undone = deal(command.order, volume="0.1")
    desk.report(theirs, undone, annulled(undone), deal(command.order, DEAL + 2, volume="0.2"))
    # It is heard of late, and was made before anything of ours was there to be closed.
    desk.report(leaving(command.order, DEAL + 1, reason="SO", magic=0, volume="0.1"))
    assert open_lots(desk) == [("OPEN", "0.2", "0")]


def test_what_was_sold_on_the_strength_of_a_deal_that_is_annulled_afterwards_is_raised(desk: Desk) -> None:
    desk.join(account=NETTING)
    [command] = desk.sent(directive())
    theirs = deal(command.order, DEAL - 1, magic=0, reason="CLIENT")
    desk.report(theirs, deal(command.order), leaving(command.order, reason="CLIENT", magic=0))
    # The hand's sale was theirs; without their deal it was ours, and the broker has nothing left.
    desk.report(annulled(theirs))
    for number in range(2):
        desk.report(scan(number))
        desk.later(2 * desk.settings.link.unknown_grace_s + 1)
    assert [body["error_code"] for body in desk.bodies("SYSTEM_ERROR")] == ["POSITION_MISMATCH"]
    assert open_lots(desk) == [("OPEN", "0.3", "0")]
