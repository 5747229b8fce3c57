"""Rules of hedging accounts: opposite positions, FIFO, close by, and the limit of positions."""

from decimal import Decimal

import pytest

from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.scenario import AccountTerms, Quirks, SymbolTerms
from bridge.simulator.mt5.types import (
    DealEntry,
    DealReason,
    DealType,
    OrderState,
    OrderType,
    Retcode,
    TransactionType,
)
from tests.unit.simulator.broker.build import (
    book_of,
    broker,
    closing,
    closing_by,
    done,
    emitted,
    opened,
    opening,
    placed,
    quoted,
    waiting,
)

SELL = OrderType.SELL
FREE = SymbolTerms(name="EURUSD", commission=Decimal(0))


def pair(server: Broker, bought: str, sold: str) -> tuple[int, int]:
    """Open a long position, and a short one 20 points higher."""
    long = opened(server, opening(bought, magic=1))
    server.set_quote("EURUSD", Decimal("1.09530"), Decimal("1.09540"))
    return long, opened(server, opening(sold, SELL, magic=2))


def test_close_by_closes_each_at_the_others_price() -> None:
    server = broker(FREE)
    long, short = pair(server, "0.10", "0.20")
    result = server.order_send(closing_by(long, short, magic=9))
    assert (result.retcode, result.volume, result.price) == (10009, Decimal("0.10"), Decimal("1.09530"))
    order = done(server, result.order)
    assert (order.type, order.state, order.magic) == (OrderType.CLOSE_BY, OrderState.FILLED, 9)
    assert (order.position_id, order.position_by_id) == (long, short)
    assert (order.price_open, order.volume_initial, order.volume_current) == (
        Decimal("1.09530"),
        Decimal("0.10"),
        Decimal(0),
    )
    assert order.comment == f"close #{long} by #{short}"
    first, second = server.deals_by_position(long)[-1], server.deals_by_position(short)[-1]
    assert result.deal == first.ticket
    assert (first.type, first.price, first.profit) == (DealType.SELL, Decimal("1.09530"), Decimal("2.00"))
    assert (second.type, second.price, second.profit) == (DealType.BUY, Decimal("1.09510"), Decimal(0))
    assert {(deal.entry, deal.order, deal.volume, deal.magic) for deal in (first, second)} == {
        (DealEntry.OUT_BY, result.order, Decimal("0.10"), 9)
    }
    (rest,) = server.positions()
    assert (rest.ticket, rest.volume, rest.price_open) == (short, Decimal("0.10"), Decimal("1.09530"))


@pytest.mark.parametrize("position_emitted", [True, False])
def test_close_by_sends_the_transactions_of_both_deals(position_emitted: bool) -> None:
    server = broker(FREE, quirks=Quirks(close_by_position_emitted=position_emitted))
    long, short = pair(server, "0.10", "0.20")
    server.order_send(closing_by(long, short))
    assert emitted(server, 10) == [
        "ORDER_ADD(STARTED)",
        "DEAL_ADD",
        *(["POSITION"] if position_emitted else []),
        "DEAL_ADD",
        "ORDER_DELETE(FILLED)",
        "HISTORY_ADD(FILLED)",
        "REQUEST",
    ]
    added, *_ = [transaction for _, transaction in server.transactions(10)]
    assert (added.position, added.position_by, added.volume) == (long, short, Decimal("0.10"))
    for _, transaction in server.transactions(10):
        if transaction.type is TransactionType.POSITION:
            assert (transaction.position, transaction.volume) == (long, Decimal(0))


def test_close_by_leaves_the_rest_of_the_first_position() -> None:
    server = broker(FREE)
    long, short = pair(server, "0.30", "0.10")
    server.order_send(closing_by(long, short))
    assert [(p.ticket, p.volume) for p in server.positions()] == [(long, Decimal("0.20"))]
    assert server.deals_by_position(long)[-1].profit == Decimal("2.00")


def test_bad_close_by_is_refused_with_its_return_code() -> None:
    server = broker(SymbolTerms(name="EURUSD"), SymbolTerms(name="GBPUSD", orders=("MARKET",)))
    long, short = pair(server, "0.10", "0.10")
    other = opened(server, opening())
    pound = opened(server, opening(symbol="GBPUSD")), opened(server, opening(type=SELL, symbol="GBPUSD"))
    refused = [
        (closing_by(long, long), Retcode.INVALID),
        (closing_by(long, other), Retcode.INVALID),
        (closing_by(long, pound[1]), Retcode.INVALID),
        (closing_by(long, 0), Retcode.INVALID),
        (closing_by(long, 999), Retcode.POSITION_CLOSED),
        (closing_by(999, short), Retcode.POSITION_CLOSED),
        (closing_by(*pound), Retcode.INVALID_ORDER),
    ]
    before = book_of(server)
    assert [server.order_send(request).retcode for request, _ in refused] == [code for _, code in refused]
    assert book_of(server) == before
    server.set_session("EURUSD", False)
    assert server.order_send(closing_by(long, short)).retcode == Retcode.MARKET_CLOSED


def test_manual_close_by_closes_both_positions() -> None:
    server = broker(FREE)
    long, short = pair(server, "0.10", "0.10")
    deals = [server.history_deal(ticket) for ticket in server.manual_close_by(short, long)]
    assert [(deal.position_id, deal.reason, deal.profit) for deal in deals if deal] == [
        (short, DealReason.CLIENT, Decimal("2.00")),
        (long, DealReason.CLIENT, Decimal(0)),
    ]
    assert server.positions() == []
    with pytest.raises(ControlError, match=f"position {long}"):
        server.manual_close_by(long, short)


def test_fifo_account_closes_the_oldest_position_first() -> None:
    server = broker(account=AccountTerms(fifo_close=True))
    assert server.account().fifo_close
    oldest, newer = opened(server), opened(server)
    other = opened(server, opening(symbol="GBPUSD"))
    assert server.order_send(closing(newer)).retcode == Retcode.FIFO_CLOSE
    assert server.order_send(closing(other, symbol="GBPUSD")).retcode == Retcode.DONE
    assert server.order_send(closing(oldest, "0.05")).retcode == Retcode.DONE
    assert server.order_send(closing(newer)).retcode == Retcode.FIFO_CLOSE
    assert server.order_send(closing(oldest, "0.05")).retcode == Retcode.DONE
    assert server.order_send(closing(newer)).retcode == Retcode.DONE


def test_fifo_account_closes_the_oldest_position_by_another() -> None:
    server = broker(account=AccountTerms(fifo_close=True))
    oldest, long, short = opened(server), opened(server), opened(server, opening(type=SELL))
    assert server.order_send(closing_by(long, short)).retcode == Retcode.FIFO_CLOSE
    assert server.order_send(closing_by(short, oldest)).retcode == Retcode.DONE


def test_account_without_hedging_holds_one_side_of_a_symbol() -> None:
    server = broker(account=AccountTerms(hedge_allowed=False))
    assert not server.account().hedge_allowed
    ticket = opened(server)
    assert server.order_send(opening(type=SELL)).retcode == Retcode.HEDGE_PROHIBITED
    assert server.order_send(waiting(OrderType.SELL_LIMIT, "1.10")).retcode == Retcode.HEDGE_PROHIBITED
    opened(server)
    placed(server)
    opened(server, opening(type=SELL, symbol="GBPUSD"))
    assert server.order_send(closing(ticket)).retcode == Retcode.DONE


def test_pending_order_that_would_hedge_is_rejected_when_it_is_met() -> None:
    server = broker(account=AccountTerms(hedge_allowed=False))
    ticket = placed(server, waiting(OrderType.SELL_LIMIT, "1.10"))
    opened(server)
    quoted(server, "1.10000")
    assert done(server, ticket).state is OrderState.REJECTED
    assert len(server.positions()) == 1


def test_limit_of_positions_counts_pending_orders() -> None:
    server = broker(account=AccountTerms(limit_positions=2))
    ticket = opened(server)
    placed(server)
    assert server.order_send(opening()).retcode == Retcode.LIMIT_POSITIONS
    assert server.order_send(waiting()).retcode == Retcode.LIMIT_POSITIONS
    assert server.order_send(closing(ticket)).retcode == Retcode.DONE
    opened(server)
