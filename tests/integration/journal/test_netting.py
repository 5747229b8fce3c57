"""A netting account, on a real file."""

import itertools
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from bridge.core.link.messages import Order
from bridge.core.link.reports import DealReport
from bridge.core.units.mt5_terms import DealEntry, MarginMode, Side
from bridge.journal.tables import halts

from .bench import ACCOUNT, OFFICER, JournalBench, closing, directive, server_ms
from .reports import DEAL, ORDER, POSITION, deal, leaving, result, scan, standing, submitted

NETTING = msgspec.structs.replace(ACCOUNT, margin_mode=MarginMode.RETAIL_NETTING)


@pytest.fixture
def netted(bench: JournalBench) -> JournalBench:
    """A journal with a session of a netting account."""
    bench.join(account=NETTING)
    return bench


def two_parts(bench: JournalBench) -> list[Order]:
    """Two opening directives that share one position."""
    orders = [command.order for command in bench.sent(directive("dir-1"), directive("dir-2", quantity=0.2))]
    for number, order in enumerate(orders):
        # The older lot is the one whose deal is earlier.
        bench.report(result(order), deal(order, DEAL + number, time_server_ms=server_ms() + 1_000 * number))
    return orders


def parts(bench: JournalBench) -> list[tuple[str, str, str]]:
    """Return (directive, volume opened, volume closed) of each lot."""
    found = bench.rows("SELECT directive_id, volume_in, volume_out FROM positions ORDER BY directive_id")
    return [(row[0], row[1], row[2]) for row in found]


def test_each_opening_directive_has_its_lot_of_the_position(netted: JournalBench) -> None:
    two_parts(netted)
    assert parts(netted) == [("dir-1", "0.3", "0"), ("dir-2", "0.2", "0")]
    for each in ("dir-1", "dir-2"):
        assert netted.emitted(each)[-1] == "POSITION_OPENED"


def test_close_of_one_directive_leaves_the_other_lot(netted: JournalBench) -> None:
    first, second = two_parts(netted)
    [close] = netted.sent(closing(target_directive_id="dir-2"))
    assert (close.order.position, close.order.opener, str(close.order.volume)) == (
        POSITION,
        second.client_order_id,
        "0.2",
    )
    netted.report(result(close.order), deal(close.order, DEAL + 5))
    assert parts(netted) == [("dir-1", "0.3", "0"), ("dir-2", "0.2", "0.2")]
    assert netted.emitted("dir-close")[-1] == "POSITION_CLOSED"
    assert first.client_order_id != second.client_order_id


def test_close_of_the_symbol_closes_each_lot_by_its_own_command(netted: JournalBench) -> None:
    first, second = two_parts(netted)
    found = netted.sent(closing())
    assert [(each.order.opener, str(each.order.volume)) for each in found] == [
        (first.client_order_id, "0.3"),
        (second.client_order_id, "0.2"),
    ]
    for number, close in enumerate(found):
        netted.report(deal(close.order, DEAL + 5 + number))
    assert netted.directive_state("dir-close") == "FILLED"
    assert netted.emitted("dir-close").count("POSITION_CLOSED") == 2


def test_reversal_emits_the_close_of_every_lot(netted: JournalBench) -> None:
    two_parts(netted)
    [short] = netted.sent(
        directive("dir-3", action="OPEN_SHORT", quantity=0.9, stop_loss=None, take_profit=None)
    )
    netted.report(deal(short.order, DEAL + 5, entry=DealEntry.INOUT))
    assert parts(netted) == [("dir-1", "0.3", "0.3"), ("dir-2", "0.2", "0.2"), ("dir-3", "0.4", "0")]
    assert netted.emitted("dir-3") == [
        "DIRECTIVE_RECEIVED",
        "ORDER_PLACED",
        "ORDER_FILLED",
        "POSITION_CLOSED",
        "POSITION_CLOSED",
        "POSITION_OPENED",
    ]
    openers = [body["opening_directive_id"] for body in netted.bodies("POSITION_CLOSED")]
    assert openers == ["dir-1", "dir-2"]


def test_stop_and_its_revision_are_emitted_to_both_opening_directives(netted: JournalBench) -> None:
    first, second = two_parts(netted)
    stop = leaving(first, volume="0.5")
    netted.report(stop)
    assert netted.emitted("dir-1")[-2:] == netted.emitted("dir-2")[-2:] == ["SL_TRIGGERED", "POSITION_CLOSED"]
    netted.report(msgspec.structs.replace(stop, profit=stop.profit * 2))
    assert netted.rows("SELECT profit FROM positions ORDER BY directive_id") == [("-1.80",), ("-1.20",)]
    assert netted.emitted("dir-1")[-1] == netted.emitted("dir-2")[-1] == "ORDER_FILLED"
    assert netted.rows(
        "SELECT client_order_id, profit FROM allocations WHERE deal_ticket = ?", stop.ticket
    ) == [
        (first.client_order_id, "-1.80"),
        (second.client_order_id, "-1.20"),
    ]


def test_oldest_lot_is_reduced_first_whatever_its_client_order_id(netted: JournalBench) -> None:
    orders = [command.order for command in netted.sent(directive("dir-1"), directive("dir-2"))]
    younger, older = sorted(orders, key=lambda order: order.client_order_id)
    netted.report(deal(older), deal(younger, DEAL + 1, time_server_ms=server_ms() + 1000))
    [short] = netted.sent(
        directive("dir-3", action="OPEN_SHORT", quantity=0.1, stop_loss=None, take_profit=None)
    )
    netted.report(deal(short.order, DEAL + 2, entry=DealEntry.OUT))
    assert netted.rows("SELECT client_order_id FROM positions WHERE volume_out = '0.1'") == [
        (older.client_order_id,)
    ]


def test_of_lots_that_one_moment_opened_the_one_of_the_first_deal_is_reduced_first(
    netted: JournalBench,
) -> None:
    orders = [command.order for command in netted.sent(directive("dir-1"), directive("dir-2"))]
    second, first = sorted(orders, key=lambda order: order.client_order_id)
    netted.report(deal(first), deal(second, DEAL + 1))
    assert len(netted.rows("SELECT DISTINCT opened_at FROM positions")) == 1
    [close] = netted.sent(closing(quantity=0.1))
    assert close.order.opener == first.client_order_id
    netted.report(deal(close.order, DEAL + 2, entry=DealEntry.OUT))
    assert netted.rows("SELECT client_order_id FROM positions WHERE volume_out = '0.1'") == [
        (first.client_order_id,)
    ]


def test_foreign_deals_in_the_position_count_and_emit_nothing(netted: JournalBench) -> None:
    [command] = netted.sent(directive())
    theirs = deal(command.order, DEAL - 1, magic=0, reason="CLIENT", volume="1.0")
    netted.report(theirs, deal(command.order), leaving(command.order, reason="CLIENT", volume="0.9"))
    assert parts(netted) == [("dir-1", "0.3", "0")]
    assert netted.rows("SELECT sum(volume) FROM allocations WHERE client_order_id = 0 AND entry = 'IN'") == [
        (1.0,)
    ]
    assert netted.emitted(None) == []
    assert netted.emitted()[-1] == "POSITION_OPENED"


def test_late_close_halts_its_symbol_until_an_operator_resumes(netted: JournalBench) -> None:
    [command] = netted.sent(directive())
    netted.report(result(command.order), deal(command.order))
    [close] = netted.sent(closing())
    netted.report(leaving(command.order))
    netted.report(
        result(close.order),
        deal(close.order, DEAL + 200, entry=DealEntry.IN, position_id=POSITION + 1),
    )
    assert [body["error_code"] for body in netted.bodies("SYSTEM_ERROR")] == ["ACCIDENTAL_REVERSAL"]
    assert "gone by then" in halts.reason(netted.connection, OFFICER, ["EURUSD"])
    assert halts.reason(netted.connection, OFFICER, ["GOLD"]) == ""
    assert netted.sent(directive("dir-2")) == []
    assert netted.bodies("ORDER_REJECTED")[-1]["error_code"] == "HALTED"
    [(subject, body)] = netted.rows("SELECT subject, body FROM audit WHERE kind = 'halt'")
    assert subject == "EURUSD" and "gone by then" in body
    assert netted.rows("SELECT count(*) FROM audit WHERE kind = 'operator'") == [(0,)]
    # The position that it opened can be closed.
    [again] = netted.sent(closing("dir-again"))
    assert (again.order.position, again.order.side, str(again.order.volume)) == (POSITION + 1, "BUY", "0.3")
    [lifted] = netted.journal.resume(OFFICER, netted.now, symbol="EURUSD", why="seen")
    assert lifted.set_by == "bridge"
    assert len(netted.sent(directive("dir-3"))) == 1


def test_operators_halt_is_kept_beside_the_bridges_own(netted: JournalBench) -> None:
    [command] = netted.sent(directive())
    netted.report(result(command.order), deal(command.order))
    [close] = netted.sent(closing())
    person = netted.journal.halt(OFFICER, netted.now, symbol="EURUSD", why="news")
    netted.later(1)
    netted.report(
        leaving(command.order),
        result(close.order),
        deal(close.order, DEAL + 200, entry=DealEntry.IN, position_id=POSITION + 1),
    )
    assert halts.reason(netted.connection, OFFICER, ["EURUSD"]) == "news"
    lifted = netted.journal.resume(OFFICER, netted.now, symbol=None, why="seen")
    assert lifted[0] == person
    assert [(each.symbol, each.set_by) for each in lifted] == [("EURUSD", "operator"), ("EURUSD", "bridge")]
    assert halts.reason(netted.connection, OFFICER, ["EURUSD"]) == ""


def test_deal_of_an_older_position_counts_once_the_history_is_complete(netted: JournalBench) -> None:
    [command] = netted.sent(directive())
    netted.report(result(command.order), deal(command.order), leaving(command.order, volume="0.8"))
    assert netted.rows("SELECT disposition FROM deals WHERE entry = 'OUT'") == [("PARKED",)]
    netted.report(scan(1))
    assert netted.rows("SELECT disposition FROM deals WHERE entry = 'OUT'") == [("PARKED",)]
    netted.later(2 * netted.settings.link.mismatch_grace_s + 1)
    netted.report(scan(2))
    assert parts(netted) == [("dir-1", "0.3", "0.3")]
    assert netted.emitted()[-2:] == ["SL_TRIGGERED", "POSITION_CLOSED"]


def test_open_that_nets_an_older_foreign_position_is_filled(netted: JournalBench) -> None:
    [command] = netted.sent(directive("dir-s", action="OPEN_SHORT", stop_loss=None, take_profit=None))
    netted.report(submitted(command.order), deal(command.order, entry=DealEntry.OUT))
    assert netted.command_state(command.order.client_order_id) == "SUBMITTED"
    for number in range(2):
        netted.later(61)
        netted.report(scan(number))
    assert netted.directive_state("dir-s") == "FILLED"
    assert netted.emitted("dir-s") == ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_FILLED"]
    assert netted.rows("SELECT count(*) FROM positions") == [(0,)]


def test_reversal_is_parked_until_the_reversed_position_is_known(netted: JournalBench) -> None:
    [first] = netted.sent(directive())
    [second] = netted.sent(
        directive("dir-s", action="OPEN_SHORT", quantity=0.5, stop_loss=None, take_profit=None)
    )
    netted.report(deal(second.order, DEAL + 1, entry=DealEntry.INOUT))
    assert netted.rows("SELECT disposition FROM deals") == [("PARKED",)]
    netted.report(deal(first.order))
    parts = netted.rows(
        "SELECT directive_id, side, volume_in, volume_out FROM positions ORDER BY directive_id"
    )
    assert parts == [("dir-1", "BUY", "0.3", "0.3"), ("dir-s", "SELL", "0.2", "0")]


def test_reversals_by_others_that_are_reported_again_are_divided_as_before(netted: JournalBench) -> None:
    [command] = netted.sent(directive())
    plain: dict[str, Any] = {"magic": 0, "reason": "CLIENT", "order": ORDER + 50}
    manual = [
        deal(command.order, DEAL, type=Side.BUY, entry=DealEntry.IN, volume="0.4", **plain),
        deal(command.order, DEAL + 1, type=Side.SELL, entry=DealEntry.INOUT, volume="0.5", **plain),
        deal(command.order, DEAL + 2, type=Side.BUY, entry=DealEntry.INOUT, volume="0.2", **plain),
        deal(command.order, DEAL + 3, type=Side.SELL, entry=DealEntry.INOUT, volume="0.4", **plain),
    ]
    divided = "SELECT deal_ticket, entry, volume FROM allocations ORDER BY deal_ticket, number"
    netted.report(*manual)
    before = netted.rows(divided)
    assert before[1:5] == [
        (DEAL + 1, "OUT", "0.4"),
        (DEAL + 1, "IN", "0.1"),
        (DEAL + 2, "OUT", "0.1"),
        (DEAL + 2, "IN", "0.1"),
    ]
    # A terminal that has started again reports its whole history.
    netted.report(*manual)
    assert netted.rows("SELECT DISTINCT disposition FROM deals") == [("FOREIGN",)]
    assert netted.rows(divided) == before
    netted.report(deal(command.order, DEAL + 4, entry=DealEntry.OUT, volume="0.3"))
    assert netted.directive_state() == "FILLED"
    netted.report(*manual)
    assert netted.rows("SELECT disposition FROM deals WHERE ticket < ?", DEAL + 4) == [("FOREIGN",)] * 4


def test_reversal_on_a_hedging_account_is_unusable(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(deal(command.order))
    assert joined.report(deal(command.order, DEAL + 1, entry=DealEntry.INOUT)).quarantined == 1


# An earlier deal that becomes known, or is annulled


def manual(order: Order, ticket: int, side: Side, volume: str, **changes: Any) -> DealReport:
    """A manual trade in the position that the order opened."""
    closes = side is not order.side
    fields: dict[str, Any] = {
        "order": ORDER + ticket,
        "type": side,
        "entry": DealEntry.OUT if closes else DealEntry.IN,
        "reason": "CLIENT",
        "magic": 0,
        "profit": Decimal("-1.50") if closes else Decimal(0),
    }
    return deal(order, ticket, volume=volume, **(fields | changes))


def revisions(bench: JournalBench, directive_id: str) -> list[tuple[str, float]]:
    """Return entry and open volume of each deal of the directive that was divided anew."""
    return [
        (body["entry"], body["remaining_quantity"])
        for body in bench.bodies("ORDER_FILLED")
        if body["directive_id"] == directive_id and body.get("action") == "REVISION"
    ]


def test_late_manual_opening_takes_back_what_was_taken_from_ours(netted: JournalBench) -> None:
    [command] = netted.sent(directive("dir-1"))
    netted.report(result(command.order), deal(command.order))
    netted.report(manual(command.order, DEAL + 2, Side.SELL, "0.3"))
    assert netted.emitted("dir-1")[-1] == "POSITION_CLOSED"
    # What the manual sale had closed was bought manually.
    netted.report(manual(command.order, DEAL + 1, Side.BUY, "0.3"))
    assert parts(netted) == [("dir-1", "0.3", "0")]
    assert netted.rows("SELECT state FROM positions") == [("OPEN",)]
    assert revisions(netted, "dir-1") == [("OUT", 0.3)]
    [again] = netted.bodies("SYSTEM_ERROR")
    assert (again["error_code"], again["remaining_quantity"]) == ("POSITION_OPEN_AGAIN", 0.3)
    [close] = netted.sent(closing("dir-close"))
    assert close.order.volume == Decimal("0.3")


def test_late_opening_of_ours_takes_over_what_closed_it(netted: JournalBench) -> None:
    first, second = (
        command.order for command in netted.sent(directive("dir-1"), directive("dir-2", quantity=0.2))
    )
    netted.report(result(first), result(second, ticket=ORDER + 1))
    # The deal that came first becomes known last.
    netted.report(deal(second, DEAL + 1), manual(second, DEAL + 2, Side.SELL, "0.1"))
    assert parts(netted) == [("dir-2", "0.2", "0.1")]
    netted.report(deal(first))
    assert parts(netted) == [("dir-1", "0.3", "0.1"), ("dir-2", "0.2", "0")]
    assert (revisions(netted, "dir-1"), revisions(netted, "dir-2")) == ([("OUT", 0.2)], [("OUT", 0.2)])
    assert netted.rows("SELECT profit FROM positions ORDER BY directive_id") == [("-1.50",), ("0",)]


@pytest.mark.parametrize("arrival", list(itertools.permutations(range(5)))[::7])
def test_lots_are_the_same_in_whatever_order_the_deals_become_known(
    netted: JournalBench, arrival: tuple[int, ...]
) -> None:
    first, second = (
        command.order for command in netted.sent(directive("dir-1"), directive("dir-2", quantity=0.2))
    )
    netted.report(result(first), result(second, ticket=ORDER + 1))
    deals = [
        deal(first),
        deal(second, DEAL + 1),
        manual(first, DEAL + 2, Side.BUY, "0.1"),
        manual(first, DEAL + 3, Side.SELL, "0.25"),
        manual(first, DEAL + 4, Side.SELL, "0.2"),
    ]
    for each in arrival:
        netted.report(deals[each])
    assert parts(netted) == [("dir-1", "0.3", "0.30"), ("dir-2", "0.2", "0.05")]
    assert netted.rows("SELECT state FROM positions ORDER BY directive_id") == [("CLOSED",), ("OPEN",)]


def test_parked_close_counts_once_a_manual_opening_is_known(netted: JournalBench) -> None:
    [command] = netted.sent(directive("dir-1"))
    netted.report(result(command.order), deal(command.order))
    netted.report(manual(command.order, DEAL + 2, Side.SELL, "0.4"))
    assert parts(netted) == [("dir-1", "0.3", "0")]
    netted.report(manual(command.order, DEAL + 1, Side.BUY, "0.2"))
    assert parts(netted) == [("dir-1", "0.3", "0.2")]


def test_annulled_earlier_deal_has_the_later_ones_divided_anew(netted: JournalBench) -> None:
    first, _ = two_parts(netted)
    one, other = (
        manual(first, DEAL + 2, Side.SELL, "0.2"),
        manual(first, DEAL + 3, Side.SELL, "0.2"),
    )
    netted.report(one, other)
    assert parts(netted) == [("dir-1", "0.3", "0.3"), ("dir-2", "0.2", "0.1")]
    netted.report(msgspec.structs.replace(one, type="SELL_CANCELED"))
    assert parts(netted) == [("dir-1", "0.3", "0.2"), ("dir-2", "0.2", "0")]
    assert revisions(netted, "dir-2") == [("OUT", 0.2)]


def test_deals_in_the_broker_s_order_are_divided_once(netted: JournalBench) -> None:
    first, _ = two_parts(netted)
    netted.report(manual(first, DEAL + 2, Side.BUY, "0.1"), manual(first, DEAL + 3, Side.SELL, "0.4"))
    netted.report(manual(first, DEAL + 2, Side.BUY, "0.1"))
    assert parts(netted) == [("dir-1", "0.3", "0.3"), ("dir-2", "0.2", "0")]
    assert revisions(netted, "dir-1") == revisions(netted, "dir-2") == []


def test_difference_of_a_netted_position_is_raised_until_the_late_deal_is_known(
    netted: JournalBench,
) -> None:
    first, second = (
        command.order for command in netted.sent(directive("dir-1"), directive("dir-2", quantity=0.2))
    )
    netted.report(result(first), result(second, ticket=ORDER + 1), deal(first))
    sale = manual(first, DEAL + 2, Side.SELL, "0.4")
    shown = standing(second, volume="0.1")
    netted.report(sale, shown, scan(1, netted.now, POSITION, orders=()))
    for number in (2, 3):
        netted.later(60)
        netted.report(scan(number, netted.now, POSITION, orders=()))
    [emitted] = netted.bodies("SYSTEM_ERROR")
    assert (emitted["error_code"], "0.3 lots open" in emitted["error_message"]) == ("POSITION_MISMATCH", True)
    netted.report(deal(second, DEAL + 1), scan(4, netted.now, POSITION, orders=()))
    assert parts(netted) == [("dir-1", "0.3", "0.3"), ("dir-2", "0.2", "0.1")]
    assert netted.rows("SELECT * FROM position_mismatches") == []
