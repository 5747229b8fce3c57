"""Money that the broker books as a deal of its own: commissions, charges, corrections, dividends."""

from decimal import Decimal
from typing import Any

import msgspec

from bridge.core.link.messages import Order
from bridge.core.link.reports import DealReport

from .bench import JournalBench, directive
from .reports import DEAL, deal, leaving, result


def opening(bench: JournalBench) -> Order:
    [command] = bench.sent(directive())
    bench.report(result(command.order))
    return command.order


def money(order: Order, ticket: int, amount: str, **changes: Any) -> DealReport:
    plain = msgspec.structs.replace(
        deal(order),
        ticket=ticket,
        type="COMMISSION",
        order=0,
        magic=0,
        volume=Decimal(0),
        price=Decimal(0),
        commission=Decimal(0),
        profit=Decimal(amount),
    )
    return msgspec.structs.replace(plain, **changes)


def commissions(bench: JournalBench) -> list[tuple[str, ...]]:
    return bench.rows("SELECT commission, profit FROM positions")


def test_commission_that_comes_before_the_opening_deal_counts_once_that_is_known(
    joined: JournalBench,
) -> None:
    order = opening(joined)
    joined.report(money(order, DEAL - 1, "-1.25"))
    assert commissions(joined) == []
    joined.report(deal(order))
    assert commissions(joined) == [("-1.95", "0")]
    joined.report(leaving(order))
    [body] = joined.bodies("POSITION_CLOSED")
    assert (body["commission"], body["profit"]) == (2.65, -1.5)
    assert joined.bodies("SYSTEM_ERROR") == []


def test_commission_that_comes_after_the_close_is_a_revision_each_time_that_it_changes(
    joined: JournalBench,
) -> None:
    order = opening(joined)
    joined.report(deal(order), leaving(order))
    for amount in ("-1.25", "-1.50", "-1.50"):
        joined.report(money(order, DEAL + 200, amount))
    [_, first, second] = joined.bodies("ORDER_FILLED")
    assert [(each["action"], each["commission"]) for each in (first, second)] == [
        ("REVISION", 1.25),
        ("REVISION", 1.5),
    ]
    assert commissions(joined) == [("-2.90", "-1.50")]


def test_change_of_a_commission_before_the_close_is_counted_and_not_emitted(joined: JournalBench) -> None:
    order = opening(joined)
    joined.report(deal(order), money(order, DEAL + 50, "-1.25"), money(order, DEAL + 50, "-1.50"))
    assert len(joined.bodies("ORDER_FILLED")) == 1
    assert commissions(joined) == [("-2.20", "0")]


def test_operation_of_the_account_is_stored_and_raises_nothing(joined: JournalBench) -> None:
    order = opening(joined)
    applied = joined.report(
        deal(order),
        money(order, DEAL + 50, "-1.25", position_id=0, magic=order.client_order_id),
        money(order, DEAL + 51, "100", type="CREDIT"),
        money(order, DEAL + 52, "7", type="BALANCE", position_id=0, symbol=""),
    )
    assert applied.quarantined == 0
    assert joined.bodies("SYSTEM_ERROR") == []
    assert joined.rows("SELECT disposition FROM deals WHERE ticket >= ?", DEAL + 50) == [("FOREIGN",)] * 3
    assert commissions(joined) == [("-0.70", "0")]
