"""Deals that the broker annuls or revises: known before or not, ours or foreign, once or back and forth."""

from decimal import Decimal

import msgspec
import pytest

from bridge.core.link.messages import Order
from bridge.core.link.reports import DealReport, PositionReport
from bridge.core.units.mt5_terms import DealEntry, MarginMode

from .bench import ACCOUNT, JournalBench, closing, directive, server_ms
from .reports import DEAL, POSITION, deal, leaving, result, scan, standing

NETTING = msgspec.structs.replace(ACCOUNT, margin_mode=MarginMode.RETAIL_NETTING)
FILLED = ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"]


@pytest.fixture
def order(joined: JournalBench) -> Order:
    """The order of one command that is with the terminal, of 0.3 lots."""
    [command] = joined.sent(directive())
    return command.order


def annulled(report: DealReport) -> DealReport:
    """The deal as the broker has it afterwards: its profit is gone, its costs are not."""
    return msgspec.structs.replace(report, type=f"{report.type}_CANCELED", profit=Decimal(0))


def shown(order: Order) -> PositionReport:
    """The position as the broker shows it, last changed by its opening deals."""
    return msgspec.structs.replace(standing(order), updated_server_ms=server_ms())


def open_lots(bench: JournalBench) -> list[tuple[str, str, str]]:
    found = bench.rows("SELECT state, volume_in, volume_out FROM positions ORDER BY directive_id")
    return [(row[0], row[1], row[2]) for row in found]


def test_deal_first_reported_as_annulled_is_emitted_as_made_and_as_annulled(
    joined: JournalBench, order: Order
) -> None:
    assert joined.report(result(order), annulled(deal(order))).quarantined == 0
    assert joined.emitted() == [*FILLED, "BROKER_ERROR"]
    assert joined.directive_state() == "FILLED"
    assert open_lots(joined) == [("CLOSED", "0", "0")]
    assert joined.rows("SELECT type, disposition FROM deals") == [("BUY_CANCELED", "APPLIED")]


def test_close_annulled_before_its_opening_is_known_reduces_nothing(
    joined: JournalBench, order: Order
) -> None:
    joined.report(annulled(leaving(order)))
    assert joined.rows("SELECT type, disposition FROM deals") == [("SELL_CANCELED", "PARKED")]
    joined.report(deal(order))
    assert open_lots(joined) == [("OPEN", "0.3", "0")]
    assert joined.emitted()[-1] == "BROKER_ERROR"


def test_parked_close_that_is_annulled_reduces_nothing(joined: JournalBench, order: Order) -> None:
    joined.report(leaving(order))
    joined.report(annulled(leaving(order)))
    joined.report(deal(order))
    assert open_lots(joined) == [("OPEN", "0.3", "0")]


def test_money_booked_for_an_annulled_deal_counts_and_is_emitted(joined: JournalBench, order: Order) -> None:
    joined.report(deal(order, fee=Decimal("-0.10")))
    joined.report(annulled(deal(order, fee=Decimal("-0.10"))))
    assert joined.rows("SELECT commission, fee FROM positions") == [("-0.70", "-0.10")]
    [error] = joined.bodies("BROKER_ERROR")
    assert (error["commission"], error["fee"], error["fill_quantity"]) == (0.7, 0.1, 0.3)
    # The annulment is emitted once; the revision of its money is another event.
    joined.report(annulled(deal(order, commission=Decimal(0), fee=Decimal(0))))
    assert len(joined.bodies("BROKER_ERROR")) == 1
    assert joined.bodies("ORDER_FILLED")[-1]["action"] == "REVISION"
    assert joined.rows("SELECT commission, fee FROM positions") == [("0", "0")]


def test_order_with_one_annulled_deal_ends_with_its_last_deal(joined: JournalBench, order: Order) -> None:
    part = deal(order, volume="0.1")
    joined.report(part)
    joined.report(annulled(part))
    joined.report(deal(order, DEAL + 1, volume="0.2"))
    assert joined.directive_state() == "FILLED"
    # The whole is what is not annulled.
    assert joined.bodies("ORDER_FILLED")[-1]["fill_quantity"] == 0.2
    assert open_lots(joined) == [("OPEN", "0.2", "0")]


def test_costs_revised_back_and_forth_are_emitted_each_time(joined: JournalBench, order: Order) -> None:
    joined.report(deal(order))
    for commission in ("-0.90", "-0.70", "-0.90", "-0.70", "-0.70"):
        joined.report(deal(order, commission=Decimal(commission)))
    emitted = [body["commission"] for body in joined.bodies("ORDER_FILLED")]
    assert emitted == [0.7, 0.9, 0.7, 0.9, 0.7]


def test_annulled_close_is_emitted_with_the_directive_of_its_position(
    joined: JournalBench, order: Order
) -> None:
    joined.report(deal(order))
    [close] = joined.sent(closing())
    joined.report(deal(close.order, DEAL + 1, time_server_ms=server_ms() + 1_000))
    joined.report(annulled(deal(close.order, DEAL + 1, time_server_ms=server_ms() + 1_000)))
    [error] = joined.bodies("BROKER_ERROR")
    assert (error["directive_id"], error["opening_directive_id"]) == ("dir-close", "dir-1")
    assert "entry" not in error


def test_annulled_manual_close_is_emitted_to_the_opening_directive(
    joined: JournalBench, order: Order
) -> None:
    joined.report(deal(order))
    manually = leaving(order, reason="CLIENT", volume="0.1", magic=0)
    joined.report(manually)
    joined.report(annulled(manually))
    [error] = joined.bodies("BROKER_ERROR")
    assert (error["directive_id"], error["entry"], error["fill_quantity"]) == ("dir-1", "OUT", 0.1)
    assert open_lots(joined) == [("OPEN", "0.3", "0")]


def test_annulled_opposite_order_is_emitted_to_each_opening_directive(bench: JournalBench) -> None:
    bench.join(account=NETTING)
    first, second = (
        command.order for command in bench.sent(directive("dir-1"), directive("dir-2", quantity=0.2))
    )
    bench.report(deal(first), deal(second, DEAL + 1, time_server_ms=server_ms() + 1_000))
    [short] = bench.sent(
        directive("dir-3", action="OPEN_SHORT", quantity=0.4, stop_loss=None, take_profit=None)
    )
    opposite = deal(short.order, DEAL + 2, entry=DealEntry.OUT)
    bench.report(opposite)
    bench.report(annulled(opposite))
    emitted = [(body["directive_id"], body["fill_quantity"]) for body in bench.bodies("BROKER_ERROR")]
    assert emitted == [("dir-3", 0.4), ("dir-1", 0.3), ("dir-2", 0.1)]
    assert open_lots(bench) == [("OPEN", "0.3", "0"), ("OPEN", "0.2", "0")]


@pytest.mark.parametrize("known", [True, False], ids=["known before", "not known before"])
def test_foreign_annulled_deal_leaves_no_volume_to_close_in_a_shared_position(
    bench: JournalBench, known: bool
) -> None:
    bench.join(account=NETTING)
    [command] = bench.sent(directive())
    theirs = deal(command.order, DEAL - 1, magic=0, reason="CLIENT", volume="1.0")
    bench.report(deal(command.order), *([theirs] if known else []))
    bench.report(annulled(theirs))
    bench.report(leaving(command.order, reason="CLIENT", magic=0))
    assert open_lots(bench) == [("CLOSED", "0.3", "0.3")]


def test_lot_begins_with_the_first_deal_that_is_not_annulled(bench: JournalBench) -> None:
    bench.join(account=NETTING)
    [command] = bench.sent(directive())
    theirs = deal(command.order, DEAL - 1, magic=0, reason="CLIENT", volume="1.0")
    undone = deal(command.order, volume="0.1")
    bench.report(theirs, undone, annulled(undone), deal(command.order, DEAL + 2, volume="0.2"))
    # It is reported late, and was made before there was anything of ours to close.
    bench.report(leaving(command.order, DEAL + 1, reason="SO", magic=0, volume="0.1"))
    assert open_lots(bench) == [("OPEN", "0.2", "0")]


def test_volume_closed_after_a_later_annulled_deal_is_of_ours(bench: JournalBench) -> None:
    bench.join(account=NETTING)
    [command] = bench.sent(directive())
    theirs = deal(command.order, DEAL - 1, magic=0, reason="CLIENT")
    bench.report(theirs, deal(command.order), leaving(command.order, reason="CLIENT", magic=0))
    # The manual sale was of the foreign volume; without that deal it was of ours, and the broker has nothing left.
    bench.report(annulled(theirs))
    assert open_lots(bench) == [("CLOSED", "0.3", "0.3")]
    assert bench.emitted()[-2:] == ["ORDER_FILLED", "POSITION_CLOSED"]
    for number in range(2):
        bench.report(scan(number))
        bench.later(2 * bench.settings.link.mismatch_grace_s + 1)
    assert bench.bodies("SYSTEM_ERROR") == []


def test_position_whose_deal_is_annulled_is_not_closed_as_it_was_shown_before(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    made = deal(command.order)
    joined.report(result(command.order), made, shown(command.order), scan(1, joined.now, POSITION))
    joined.later(1)
    joined.report(annulled(made))
    # The scan that names the position no more comes up to a second later.
    assert joined.sent(closing()) == []
    [refused] = joined.bodies("ORDER_REJECTED")
    assert refused["error_code"] == "NO_POSITION"


def test_rest_of_a_position_with_an_annulled_deal_is_closed_by_what_its_deals_say_until_it_is_shown(
    joined: JournalBench,
) -> None:
    [command] = joined.sent(directive())
    undone = deal(command.order, DEAL + 1, volume="0.2")
    joined.report(result(command.order), deal(command.order, volume="0.1"), undone)
    joined.report(shown(command.order), scan(1, joined.now, POSITION))
    joined.report(annulled(undone))
    [close] = joined.sent(closing())
    assert close.order.volume == Decimal("0.1")
