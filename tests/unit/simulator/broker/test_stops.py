"""Stop loss, take profit and stop-out: setting levels, and the closes when a quote reaches them."""

from decimal import Decimal

import pytest

from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.scenario import AccountTerms, Quirks, SymbolTerms
from bridge.simulator.mt5.types import DealEntry, DealReason, OrderReason, OrderType, Retcode, TransactionType
from tests.unit.simulator.broker.build import (
    EVER,
    START,
    book_of,
    broker,
    closing,
    emitted,
    opened,
    opening,
    stops,
)


def quote(server: Broker, bid: str, ask: str) -> None:
    server.set_quote("EURUSD", Decimal(bid), Decimal(ask))


def test_levels_are_set_without_order_or_deal() -> None:
    server = broker()
    ticket = opened(server)
    server.advance(START + 1000)
    result = server.order_send(stops(ticket, "1.09", "1.10"))
    assert (result.retcode, result.order, result.deal) == (10009, 0, 0)
    assert emitted(server, 5) == ["POSITION", "REQUEST"]
    _, changed = server.transactions(5)[0]
    assert (changed.position, changed.price_sl, changed.price_tp) == (
        ticket,
        Decimal("1.09"),
        Decimal("1.10"),
    )
    (position,) = server.positions()
    assert (position.sl, position.tp, position.time_update_msc) == (Decimal("1.09"), Decimal("1.10"), START)


def test_zero_removes_a_level() -> None:
    server = broker()
    ticket = opened(server, opening(sl="1.09", tp="1.10"))
    server.order_send(stops(ticket, "0", "1.10"))
    assert (server.positions()[0].sl, server.positions()[0].tp) == (Decimal(0), Decimal("1.10"))


def test_bad_levels_are_refused_with_their_return_code() -> None:
    server = broker()
    ticket = opened(server, opening(sl="1.09"))
    before = book_of(server)
    refused = [
        (stops(ticket, "1.09"), Retcode.NO_CHANGES),
        (stops(ticket, "1.096"), Retcode.INVALID_STOPS),
        (stops(ticket, tp="1.09"), Retcode.INVALID_STOPS),
        (stops(999, "1.08"), Retcode.POSITION_CLOSED),
        (stops(ticket, "1.08", symbol="GBPUSD"), Retcode.INVALID),
        (stops(ticket, "1.08", symbol="EURXXX"), Retcode.INVALID),
    ]
    assert [server.order_send(request).retcode for request, _ in refused] == [code for _, code in refused]
    assert book_of(server) == before


def test_position_near_its_stop_is_frozen() -> None:
    server = broker(SymbolTerms(name="EURUSD", freeze_level=50))
    ticket = opened(server, opening(sl="1.09450"))
    assert server.order_send(stops(ticket, "1.09")).retcode == Retcode.FROZEN
    assert server.order_send(closing(ticket)).retcode == Retcode.FROZEN
    quote(server, "1.09600", "1.09610")
    assert server.order_send(stops(ticket, "1.09")).retcode == Retcode.DONE


def test_long_position_is_stopped_by_the_bid() -> None:
    server = broker()
    ticket = opened(server, opening(sl="1.09400", tp="1.09600"))
    quote(server, "1.09401", "1.09411")
    assert server.positions()
    quote(server, "1.09400", "1.09410")
    assert server.positions() == []
    deal = server.deals_by_position(ticket)[-1]
    assert (deal.entry, deal.reason, deal.comment) == (DealEntry.OUT, DealReason.SL, "[sl 1.09400]")
    assert (deal.price, deal.sl, deal.tp) == (Decimal("1.09400"), Decimal("1.09400"), Decimal("1.09600"))
    order = server.history_order(deal.order)
    assert order is not None
    assert (order.reason, order.comment) == (OrderReason.SL, "[sl 1.09400]")


def test_long_position_takes_profit_at_the_bid() -> None:
    server = broker()
    ticket = opened(server, opening(sl="1.09400", tp="1.09600"))
    quote(server, "1.09599", "1.09609")
    assert server.positions()
    quote(server, "1.09600", "1.09610")
    deal = server.deals_by_position(ticket)[-1]
    assert (deal.reason, deal.comment, deal.profit) == (DealReason.TP, "[tp 1.09600]", Decimal("9.00"))


def test_short_position_is_stopped_by_the_ask() -> None:
    server = broker()
    stopped = opened(server, opening(type=OrderType.SELL, sl="1.09600"))
    taken = opened(server, opening(type=OrderType.SELL, tp="1.09400"))
    quote(server, "1.09589", "1.09599")
    assert len(server.positions()) == 2
    quote(server, "1.09590", "1.09600")
    quote(server, "1.09391", "1.09401")
    assert len(server.positions()) == 1
    quote(server, "1.09390", "1.09400")
    assert server.deals_by_position(stopped)[-1].reason is DealReason.SL
    assert server.deals_by_position(taken)[-1].reason is DealReason.TP


def test_stop_is_filled_at_the_market_behind_a_gap() -> None:
    server = broker()
    ticket = opened(server, opening(sl="1.09400"))
    quote(server, "1.08000", "1.08010")
    assert server.deals_by_position(ticket)[-1].price == Decimal("1.08000")


def test_stop_sends_no_request_transaction() -> None:
    server = broker()
    opened(server, opening(sl="1.09400"))
    quote(server, "1.09400", "1.09410")
    assert emitted(server, 5) == [
        "ORDER_ADD(STARTED)",
        "DEAL_ADD",
        "ORDER_DELETE(FILLED)",
        "HISTORY_ADD(FILLED)",
    ]
    assert server.transactions(5)[0][1].type is TransactionType.ORDER_ADD


@pytest.mark.parametrize(("keeps", "magic"), [(False, 0), (True, 77)])
def test_stop_deal_has_the_positions_magic_by_quirk(keeps: bool, magic: int) -> None:
    server = broker(quirks=Quirks(stop_deals_keep_magic=keeps))
    ticket = opened(server, opening(sl="1.09400", magic=77))
    quote(server, "1.09400", "1.09410")
    deal = server.deals_by_position(ticket)[-1]
    order = server.history_order(deal.order)
    assert order is not None
    assert (deal.magic, order.magic) == (magic, magic)


def test_one_quote_closes_every_position_whose_stop_it_reaches() -> None:
    server = broker()
    for _ in range(3):
        opened(server, opening(sl="1.09400"))
    opened(server, opening(sl="1.09300"))
    quote(server, "1.09390", "1.09400")
    assert len(server.positions()) == 1


def test_stop_out_closes_the_largest_losses_until_the_level_is_restored() -> None:
    server = broker(account=AccountTerms(balance=Decimal(2000)))
    small, big = opened(server, opening("0.10")), opened(server, opening("1.00"))
    quote(server, "1.08100", "1.08110")
    assert [position.ticket for position in server.positions()] == [small]
    deal = server.deals_by_position(big)[-1]
    assert deal.reason is DealReason.SO
    assert deal.comment.startswith("[so ")
    assert server.account().margin_level >= Decimal(50)


def test_quote_does_not_reach_levels_of_other_symbols() -> None:
    server = broker()
    opened(server, opening(sl="1.09400"))
    server.set_quote("GBPUSD", Decimal("1.0"), Decimal("1.1"))
    assert len(server.history_deals(*EVER)) == 2
