"""History as the terminal selects it, late commissions, and the record of sends."""

from decimal import Decimal

import pytest

from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.book.transactions import QUEUE
from bridge.simulator.mt5.types import TransactionType
from tests.unit.simulator.broker.build import EVER, START, broker, closing, opened, opening


def test_range_includes_both_ends() -> None:
    server = broker()
    server.advance(START + 1000)
    first = opened(server)
    server.advance(START + 2000)
    second = opened(server)
    assert [order.ticket for order in server.history_orders(START + 1000, START + 2000)] == [first, second]
    assert [order.ticket for order in server.history_orders(START + 1001, START + 2000)] == [second]
    assert [deal.order for deal in server.history_deals(START + 1000, START + 1999)] == [first]
    assert server.history_deals(START + 1001, START + 1999) == []


def test_deals_of_a_position_are_those_with_its_identifier() -> None:
    server = broker()
    one, other = opened(server), opened(server)
    server.order_send(closing(one))
    assert [deal.position_id for deal in server.deals_by_position(one)] == [one, one]
    assert len(server.deals_by_position(other)) == 1
    assert server.deals_by_position(0) == []


def test_unknown_ticket_is_none() -> None:
    server = broker()
    assert server.order_by_ticket(1) is None
    assert server.history_order(1) is None
    assert server.history_deal(1) is None


def test_late_commission_changes_the_balance_and_sends_deal_update() -> None:
    server = broker()
    result = server.order_send(opening("0.10"))
    server.revise_deal(result.deal, Decimal("-0.50"))
    deal = server.history_deal(result.deal)
    assert deal is not None
    assert deal.commission == Decimal("-0.50")
    assert server.account().balance == Decimal("9999.50")
    _, transaction = server.transactions(5)[0]
    assert (transaction.type, transaction.deal) == (TransactionType.DEAL_UPDATE, result.deal)


def test_late_swap_and_fee_are_booked_with_the_commission() -> None:
    server = broker()
    result = server.order_send(opening("0.10"))
    server.revise_deal(result.deal, Decimal("-0.50"), swap=Decimal("-0.20"), fee=Decimal("-0.10"))
    server.revise_deal(result.deal, Decimal("-0.60"))
    deal = server.history_deal(result.deal)
    assert deal is not None
    assert (deal.commission, deal.swap, deal.fee) == (Decimal("-0.60"), Decimal("-0.20"), Decimal("-0.10"))
    assert server.account().balance == Decimal("9999.10")


def test_unknown_deal_cannot_be_revised() -> None:
    with pytest.raises(ControlError, match="deal 5"):
        broker().revise_deal(5, Decimal(0))


def test_sends_lists_each_request_with_its_magic() -> None:
    server = broker()
    for magic in (1, 2, 1):
        server.order_send(opening(magic=magic))
    assert [send.number for send in server.sends() if send.request.magic == 1] == [1, 3]
    assert all(send.executed and send.time_msc == START for send in server.sends())


def test_full_queue_drops_the_oldest_transactions() -> None:
    server = broker()
    for _ in range(QUEUE // 5 + 10):
        server.order_send(opening("0.01"))
    kept = server.transactions(0)
    assert len(kept) == QUEUE
    assert kept[-1][0] - kept[0][0] == QUEUE - 1
    assert len(server.history_deals(*EVER)) == QUEUE // 5 + 11
