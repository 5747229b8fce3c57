"""Controls: manual orders, annulled deals, deposits, changed symbols and seeded history."""

import time
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import MarginMode
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.book.archive import MAGIC
from bridge.simulator.broker.book.book import deal_money
from bridge.simulator.broker.fault_rules import Fills, Pace
from bridge.simulator.broker.scenario import AccountTerms, Scenario, SymbolTerms
from bridge.simulator.mt5.types import (
    DealEntry,
    DealReason,
    DealType,
    OrderFilling,
    OrderReason,
    OrderState,
    OrderTime,
    OrderType,
    Retcode,
    SymbolFilling,
    TransactionType,
)
from tests.unit.simulator.broker.build import (
    EVER,
    START,
    book_of,
    broker,
    closing,
    done,
    emitted,
    opened,
    opening,
    placed,
    quoted,
)

FREE = SymbolTerms(name="EURUSD", commission=Decimal(0))
PRICE = Decimal("1.09")


def test_manual_order_is_placed_modified_and_cancelled() -> None:
    server = broker()
    ticket = server.manual_pending(
        "EURUSD", OrderType.BUY_LIMIT, Decimal("0.20"), PRICE, sl=Decimal("1.08"), comment="mine"
    )
    (order,) = server.orders()
    assert (order.ticket, order.reason, order.magic) == (ticket, OrderReason.CLIENT, 0)
    assert (order.type_filling, order.sl, order.comment) == (
        OrderFilling.RETURN,
        Decimal("1.08"),
        "mine",
    )
    server.manual_modify(order=ticket, price=Decimal("1.085"), tp=Decimal("1.10"))
    (order,) = server.orders()
    assert (order.price_open, order.sl, order.tp) == (Decimal("1.085"), Decimal("1.08"), Decimal("1.10"))
    server.set_expiry(ticket, START + 5000)
    assert server.orders()[0].type_time is OrderTime.SPECIFIED
    server.set_expiry(ticket, 0, OrderTime.GTC)
    server.manual_cancel(ticket)
    assert done(server, ticket).state is OrderState.CANCELED
    assert emitted(server) == [
        "ORDER_ADD(STARTED)",
        "ORDER_UPDATE(PLACED)",
        *["ORDER_UPDATE(PLACED)"] * 3,
        "ORDER_DELETE(CANCELED)",
        "HISTORY_ADD(CANCELED)",
    ]
    assert server.sends() == []


def test_deal_of_a_manual_order_has_reason_client() -> None:
    server = broker()
    ticket = server.manual_pending(
        "EURUSD",
        OrderType.BUY_STOP_LIMIT,
        Decimal("0.20"),
        Decimal("1.10"),
        stoplimit=Decimal("1.099"),
        type_time=OrderTime.SPECIFIED,
        expiration=START + 60_000,
    )
    quoted(server, "1.10000")
    quoted(server, "1.09800")
    (deal,) = server.deals_by_position(ticket)
    assert (deal.reason, deal.magic) == (DealReason.CLIENT, 0)


def test_manual_modify_changes_order_and_position_of_an_expert() -> None:
    server = broker()
    order, position = placed(server), opened(server, opening(tp="1.10"))
    server.manual_modify(order=order, price=Decimal("1.08"))
    server.manual_modify(position=position, sl=Decimal("1.09"))
    assert server.orders()[0].price_open == Decimal("1.08")
    held = server.positions()[0]
    assert (held.sl, held.tp) == (Decimal("1.09"), Decimal("1.10"))
    server.manual_modify(position=position, tp=ZERO)
    assert server.positions()[0].tp == 0
    assert "REQUEST" not in emitted(server, 8)


def test_bad_manual_trade_is_refused_and_changes_nothing() -> None:
    server = broker()
    ticket = placed(server)
    before = book_of(server)
    refusals: list[tuple[Callable[[], object], str]] = [
        (lambda: server.manual_pending("X", OrderType.BUY_LIMIT, Decimal(1), PRICE), "'X'"),
        (lambda: server.manual_pending("EURUSD", OrderType.BUY_LIMIT, Decimal(1), Decimal(2)), "10015"),
        (lambda: server.manual_modify(order=ticket), "10025"),
        (lambda: server.manual_modify(order=5), "order 5"),
        (lambda: server.manual_modify(position=5), "position 5"),
        (lambda: server.manual_modify(), "exactly one of them"),
        (lambda: server.manual_modify(position=5, order=5), "exactly one of them"),
        (lambda: server.manual_cancel(5), "order 5"),
        (lambda: server.set_expiry(ticket, START - 1), "10022"),
        (lambda: server.set_expiry(5, START), "order 5"),
        (lambda: server.manual_close_by(5, 6), "position 5"),
        (lambda: server.stop_out(), "no position"),
        (lambda: server.stop_out(5), "position 5"),
        (lambda: server.deposit(Decimal("NaN")), "NaN"),
        (lambda: server.plan_fills(5, Fills(pace=Pace.MANUALLY)), "order 5"),
    ]
    for refused, message in refusals:
        with pytest.raises(ControlError, match=message):
            refused()
    assert book_of(server) == before


def test_stop_out_closes_the_largest_loss_or_the_named_position() -> None:
    server = broker()
    winner = opened(server, opening(type=OrderType.SELL))
    loser = opened(server, opening("0.20"))
    quoted(server, "1.09000")
    deal = server.history_deal(server.stop_out())
    assert deal is not None
    assert (deal.position_id, deal.reason, deal.volume) == (loser, DealReason.SO, Decimal("0.20"))
    assert deal.comment.startswith("[so ")
    server.stop_out(winner)
    assert server.positions() == []


def test_annulled_opening_deal_removes_its_position() -> None:
    server = broker(FREE)
    result = server.order_send(opening())
    server.cancel_deal(result.deal)
    assert server.positions() == []
    deal = server.history_deal(result.deal)
    assert deal is not None
    assert (deal.type, deal.entry, deal.profit) == (DealType.BUY_CANCELED, DealEntry.IN, ZERO)
    number, emitted_ = server.transactions(5)[0]
    assert (emitted_.type, emitted_.deal, emitted_.deal_type) == (
        TransactionType.DEAL_UPDATE,
        result.deal,
        DealType.BUY_CANCELED,
    )
    assert len(server.transactions(number)) == 0
    with pytest.raises(ControlError, match="BUY_CANCELED"):
        server.cancel_deal(result.deal)


@pytest.mark.parametrize("volume", ["0.10", "0.04"])
def test_annulled_closing_deal_restores_the_position(volume: str) -> None:
    server = broker(FREE)
    ticket = opened(server, opening(sl="1.08"))
    quoted(server, "1.09710")
    result = server.order_send(closing(ticket, volume))
    assert server.account().balance > Decimal(10000)
    server.cancel_deal(result.deal)
    (position,) = server.positions()
    assert (position.ticket, position.volume, position.sl) == (ticket, Decimal("0.10"), Decimal("1.08"))
    assert server.account().balance == Decimal(10000)
    deal = server.history_deal(result.deal)
    assert deal is not None
    assert (deal.type, deal.profit) == (DealType.SELL_CANCELED, ZERO)
    assert server.order_send(closing(ticket)).retcode == Retcode.DONE


def test_annulled_addition_restores_volume_and_price() -> None:
    server = broker(FREE, account=AccountTerms(margin_mode=MarginMode.RETAIL_NETTING))
    ticket = opened(server, opening())
    quoted(server, "1.10000")
    added = server.order_send(opening("0.20"))
    server.cancel_deal(added.deal)
    (position,) = server.positions()
    assert (position.ticket, position.volume, position.price_open) == (
        ticket,
        Decimal("0.10"),
        Decimal("1.0951"),
    )


def test_deal_that_later_deals_depend_on_cannot_be_annulled() -> None:
    server = broker(FREE, account=AccountTerms(margin_mode=MarginMode.RETAIL_NETTING))
    deposit = server.history_deals(*EVER)[0].ticket
    first = server.order_send(opening()).deal
    turning = server.order_send(opening("0.20", OrderType.SELL)).deal
    closing_deal = server.order_send(opening("0.10")).deal
    server.cancel_deal(closing_deal)
    closing_deal = server.order_send(opening("0.10")).deal
    opened(server)
    for ticket, message in [
        (deposit, "BALANCE"),
        (5, "is unknown"),
        (first, "closed"),
        (turning, "reversed"),
        (closing_deal, "another position"),
    ]:
        with pytest.raises(ControlError, match=message):
            server.cancel_deal(ticket)


def test_closing_deal_of_a_position_reversed_since_cannot_be_annulled() -> None:
    server = broker(FREE, account=AccountTerms(margin_mode=MarginMode.RETAIL_NETTING))
    opened(server, opening("0.20"))
    partial = server.order_send(opening("0.10", OrderType.SELL)).deal
    opened(server, opening("0.20", OrderType.SELL))
    with pytest.raises(ControlError, match="reversed"):
        server.cancel_deal(partial)
    server.manual_close(server.positions()[0].ticket)
    with pytest.raises(ControlError, match="reversed"):
        server.cancel_deal(partial)


def test_opening_deal_of_a_partially_closed_position_cannot_be_annulled() -> None:
    server = broker()
    result = server.order_send(opening())
    server.order_send(closing(result.order, "0.05"))
    with pytest.raises(ControlError, match="partially closed"):
        server.cancel_deal(result.deal)


def test_deposit_and_withdrawal_change_the_balance() -> None:
    server = broker()
    server.advance(START + 1000)
    deal = server.history_deal(server.deposit(Decimal(500), "gift"))
    assert deal is not None
    assert (deal.type, deal.profit, deal.comment) == (DealType.BALANCE, Decimal(500), "gift")
    assert (deal.order, deal.symbol, deal.time_msc) == (0, "", START + 1000)
    server.deposit(Decimal(-200))
    assert server.account().balance == Decimal(10300)
    assert emitted(server) == ["DEAL_ADD", "DEAL_ADD"]


def test_set_symbol_replaces_the_properties() -> None:
    server = broker()
    symbol = server.symbol("EURUSD")
    assert symbol is not None
    changed = msgspec.structs.replace(
        symbol, trade_stops_level=30, filling_mode=SymbolFilling.IOC, volume_max=Decimal(1)
    )
    server.set_symbol(changed)
    assert server.symbol("EURUSD") == changed
    assert server.order_send(opening()).retcode == Retcode.INVALID_FILL
    assert server.order_send(opening("2", filling=OrderFilling.IOC)).retcode == Retcode.INVALID_VOLUME
    quoted(server, "1.10000")
    fresh = server.symbol("EURUSD")
    assert fresh is not None
    assert fresh.bid == Decimal("1.10000")
    with pytest.raises(ControlError, match="'X'"):
        server.set_symbol(msgspec.structs.replace(symbol, name="X"))


class TestSeededHistory:
    """An account with a hundred thousand old deals."""

    COUNT = 100_000

    def test_seeded_history_is_complete_and_leaves_the_balance(self) -> None:
        server = broker()
        server.seed_history(self.COUNT)
        deals, orders = server.history_deals(*EVER), server.history_orders(*EVER)
        assert (len(deals), len(orders)) == (self.COUNT + 1, self.COUNT)
        assert [deal.time_msc for deal in deals] == sorted(deal.time_msc for deal in deals)
        assert deals[-1].type is DealType.BALANCE
        assert deals[-2].time_msc < START
        assert len({deal.ticket for deal in deals}) == len(deals)
        assert {deal.magic for deal in deals} == {0, MAGIC}
        assert sum((deal_money(deal) for deal in deals), ZERO) == server.account().balance == Decimal(10000)
        assert [order.ticket for order in orders] == [deal.order for deal in deals[:-1]]

    def test_query_of_a_short_range_is_fast(self) -> None:
        server = broker()
        server.seed_history(self.COUNT)
        deals = server.history_deals(*EVER)
        began = time.process_time()
        for at in range(0, self.COUNT, 1000):
            first, last = deals[at], deals[at + 9]
            assert server.history_deals(first.time_msc, last.time_msc) == deals[at : at + 10]
            assert server.history_deal(first.ticket) == first
            assert server.deals_by_position(first.position_id) == deals[at : at + 2]
            assert server.deals_by_position(deals[at + 1].order) == []
            order = server.history_order(first.order)
            assert order is not None
            assert (order.time_done_msc, order.state) == (first.time_msc, OrderState.FILLED)
        # A hundred rounds: a scan through everything in each would take a hundred times as long.
        assert time.process_time() - began < 2

    def test_range_of_a_query_includes_both_ends(self) -> None:
        server = broker()
        server.seed_history(10)
        first, second, *_ = server.history_deals(*EVER)
        assert server.history_deals(0, first.time_msc - 1) == []
        assert server.history_deals(first.time_msc, first.time_msc) == [first]
        assert server.history_deals(first.time_msc + 1, second.time_msc) == [second]
        assert len(server.history_orders(second.time_msc, START)) == 9

    @pytest.mark.parametrize("count", [0, 3, -2, 500_002])
    def test_odd_or_excessive_count_is_refused(self, count: int) -> None:
        with pytest.raises(ControlError, match="even number from 2 to 500000"):
            broker().seed_history(count)

    def test_second_seeding_is_refused(self) -> None:
        server = broker()
        server.seed_history(2)
        with pytest.raises(ControlError, match="old deals already"):
            server.seed_history(2)

    def test_new_trades_follow_the_seeded_history(self) -> None:
        server = broker()
        server.seed_history(4)
        ticket = opened(server)
        assert ticket == Scenario().first_order
        assert len(server.history_deals(START, START)) == 2
