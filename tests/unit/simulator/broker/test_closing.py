"""Positions that are closed: by their ticket, whole or partially, by the expert or manually."""

from decimal import Decimal

import pytest

from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.execution.triggers import DAY_MS
from bridge.simulator.broker.scenario import Quirks, SymbolTerms
from bridge.simulator.mt5.types import (
    DealEntry,
    DealReason,
    DealType,
    OrderReason,
    OrderType,
    Retcode,
    SymbolTradeMode,
)
from tests.unit.simulator.broker.build import EVER, START, book_of, broker, closing, emitted, opened, opening


def test_whole_close_ends_the_position_and_books_its_profit() -> None:
    server = broker()
    ticket = opened(server)
    server.set_quote("EURUSD", Decimal("1.09710"), Decimal("1.09720"))
    result = server.order_send(closing(ticket))

    assert (result.retcode, result.price) == (10009, Decimal("1.09710"))
    assert server.positions() == []
    deal = server.history_deal(result.deal)
    assert deal is not None
    assert (deal.type, deal.entry, deal.reason) == (DealType.SELL, DealEntry.OUT, DealReason.EXPERT)
    assert (deal.position_id, deal.magic, deal.order) == (ticket, 78, result.order)
    # 0.10 lots, 200 points: 20.00; commission 3.50 per lot and deal.
    assert (deal.profit, deal.commission) == (Decimal("20.00"), Decimal("-0.35"))
    assert server.account().balance == Decimal("10019.30")
    order = server.history_order(result.order)
    assert order is not None
    assert order.position_id == ticket


def test_transactions_of_a_close_name_its_position() -> None:
    server = broker()
    ticket = opened(server)
    server.order_send(closing(ticket))
    assert emitted(server, 5) == [
        "ORDER_ADD(STARTED)",
        "DEAL_ADD",
        "ORDER_DELETE(FILLED)",
        "HISTORY_ADD(FILLED)",
        "REQUEST",
    ]
    assert [transaction.position for _, transaction in server.transactions(5)][:4] == [ticket] * 4


def test_close_deal_last_quirk_sends_the_deal_after_the_order() -> None:
    server = broker(quirks=Quirks(close_deal_last=True))
    ticket = opened(server)
    server.order_send(closing(ticket))
    assert emitted(server)[:2] == ["ORDER_ADD(STARTED)", "DEAL_ADD"]
    assert emitted(server, 5) == [
        "ORDER_ADD(STARTED)",
        "ORDER_DELETE(FILLED)",
        "HISTORY_ADD(FILLED)",
        "DEAL_ADD",
        "REQUEST",
    ]


def test_partial_close_leaves_the_rest_open() -> None:
    server = broker()
    ticket = opened(server, opening("0.30"))
    server.advance(START + 5000)
    server.order_send(closing(ticket, "0.10"))
    (position,) = server.positions()
    assert (position.ticket, position.volume) == (ticket, Decimal("0.20"))
    assert (position.time_msc, position.time_update_msc) == (START, START + 5000)
    server.order_send(closing(ticket, "0.20"))
    assert server.positions() == []
    assert [deal.volume for deal in server.deals_by_position(ticket)] == [
        Decimal("0.30"),
        Decimal("0.10"),
        Decimal("0.20"),
    ]


@pytest.mark.parametrize(("sets_magic", "magic"), [(True, 78), (False, 77)])
def test_partial_close_sets_the_positions_magic_by_quirk(sets_magic: bool, magic: int) -> None:
    server = broker(quirks=Quirks(partial_close_sets_magic=sets_magic))
    ticket = opened(server, opening("0.30", magic=77))
    server.order_send(closing(ticket, "0.10", magic=78))
    assert server.positions()[0].magic == magic


def test_swap_is_charged_each_night_and_divided_by_partial_closes() -> None:
    server = broker(SymbolTerms(name="EURUSD", swap_long=Decimal("-7.20"), swap_short=Decimal("2.40")))
    long, short = opened(server, opening("0.30")), opened(server, opening("0.10", OrderType.SELL))
    server.advance(START + 2 * DAY_MS)
    assert [position.swap for position in server.positions()] == [Decimal("-4.32"), Decimal("0.48")]
    server.order_send(closing(long, "0.10"))
    server.order_send(closing(long, "0.20"))
    server.order_send(closing(short, "0.10", OrderType.BUY))
    assert [deal.swap for deal in server.history_deals(*EVER)[3:]] == [
        Decimal("-1.44"),
        Decimal("-2.88"),
        Decimal("0.48"),
    ]


def test_bad_close_is_refused_with_its_return_code() -> None:
    server = broker()
    ticket = opened(server, opening("0.10"))
    before = book_of(server)
    refused = [
        (closing(999, "0.10"), Retcode.POSITION_CLOSED),
        (closing(ticket, "0.11"), Retcode.INVALID_CLOSE_VOLUME),
        (closing(ticket, "0.10", OrderType.BUY), Retcode.INVALID),
        (closing(ticket, "0.10", symbol="GBPUSD"), Retcode.INVALID),
        (closing(ticket, "0.005"), Retcode.INVALID_VOLUME),
    ]
    assert [server.order_send(request).retcode for request, _ in refused] == [code for _, code in refused]
    assert book_of(server) == before


def test_closed_position_cannot_be_closed_again() -> None:
    server = broker()
    ticket = opened(server)
    server.order_send(closing(ticket))
    assert server.order_send(closing(ticket)).retcode == Retcode.POSITION_CLOSED


def test_close_only_symbol_allows_closes_and_refuses_opens() -> None:
    server = broker()
    ticket = opened(server)
    server.set_trade_mode("EURUSD", SymbolTradeMode.CLOSEONLY)
    assert server.order_send(closing(ticket)).retcode == Retcode.DONE


def test_close_needs_no_free_margin() -> None:
    server = broker(SymbolTerms(name="EURUSD", commission=Decimal(0)))
    ticket = opened(server, opening("9.00"))
    assert server.order_send(opening("1.00")).retcode == Retcode.NO_MONEY
    assert server.order_send(closing(ticket, "9.00")).retcode == Retcode.DONE


def test_manual_trades_have_reason_client_and_magic_zero() -> None:
    server = broker()
    ticket = server.manual_open("EURUSD", OrderType.SELL, Decimal("0.20"), sl=Decimal("1.10"), comment="mine")
    (position,) = server.positions()
    assert (position.ticket, position.magic, position.sl) == (ticket, 0, Decimal("1.10"))
    partial, rest = server.manual_close(ticket, Decimal("0.05")), server.manual_close(ticket)
    deals = [server.history_deal(partial), server.history_deal(rest)]
    assert [(deal.volume, deal.magic, deal.reason) for deal in deals if deal] == [
        (Decimal("0.05"), 0, DealReason.CLIENT),
        (Decimal("0.15"), 0, DealReason.CLIENT),
    ]
    assert all(order.reason is OrderReason.CLIENT for order in server.history_orders(*EVER))
    assert server.sends() == []
    assert "REQUEST" not in emitted(server)


@pytest.mark.parametrize(
    "terms",
    [
        SymbolTerms(name="EURUSD", execution="INSTANT", filling=("IOC",)),
        SymbolTerms(name="EURUSD", execution="EXCHANGE", filling=()),
    ],
    ids=["instant execution without FOK", "exchange execution that names no filling"],
)
def test_manual_open_and_close_work_with_each_execution_and_filling(terms: SymbolTerms) -> None:
    server = broker(terms)
    server.manual_close(server.manual_open("EURUSD", OrderType.BUY, Decimal("0.20")))
    assert server.positions() == []


def test_refused_manual_trade_names_the_return_code() -> None:
    server = broker()
    with pytest.raises(ControlError, match="10014 Invalid volume"):
        server.manual_open("EURUSD", OrderType.BUY, Decimal("0.001"))
    with pytest.raises(ControlError, match="'EURXXX'"):
        server.manual_open("EURXXX", OrderType.BUY, Decimal("0.10"))
    with pytest.raises(ControlError, match="position 5"):
        server.manual_close(5)
