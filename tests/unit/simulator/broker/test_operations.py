"""Operations of the broker itself: reopening, corrections, renames, records that come late or vanish, money."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import MarginMode
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.scenario import AccountTerms, RandomWalk, SymbolTerms
from bridge.simulator.broker.state import load_state, save_state
from bridge.simulator.mt5.types import (
    Deal,
    DealEntry,
    DealReason,
    DealType,
    OrderReason,
    OrderState,
    OrderType,
    Position,
    PositionType,
    Retcode,
    TransactionType,
)
from tests.unit.simulator.broker.build import (
    EVER,
    START,
    book_of,
    broker,
    closing,
    opened,
    opening,
    placed,
    quoted,
    removal,
    waiting,
)

FREE = SymbolTerms(name="EURUSD", commission=Decimal(0))
NETTING = AccountTerms(margin_mode=MarginMode.RETAIL_NETTING)


def only(server: Broker) -> Position:
    """Return the one open position."""
    (position,) = server.positions()
    return position


def deals_of(server: Broker, identifier: int) -> list[Deal]:
    """Return the deals of a position after the first one."""
    return server.deals_by_position(identifier)[1:]


# Reopening


@pytest.mark.parametrize("account", [AccountTerms(), NETTING], ids=["hedging", "netting"])
def test_reopened_position_keeps_its_identifier_and_gets_another_ticket(account: AccountTerms) -> None:
    server = broker(FREE, account=account)
    identifier = opened(server, opening(sl="1.09", tp="1.2", comment="mine"))
    quoted(server, "1.09710")
    before = server.transactions(0)[-1][0]
    ticket = server.reopen_position(identifier, reopen_price=Decimal("1.09720"))
    held = only(server)
    assert (held.ticket, held.identifier) == (ticket, identifier)
    assert ticket != identifier
    assert (held.volume, held.price_open, held.magic) == (Decimal("0.10"), Decimal("1.09720"), 77)
    assert (held.sl, held.tp, held.comment) == (Decimal("1.09"), Decimal("1.2"), "mine")
    out, into = deals_of(server, identifier)
    assert (out.entry, out.type, out.price, out.profit) == (
        DealEntry.OUT,
        DealType.SELL,
        Decimal("1.09710"),
        Decimal(20),
    )
    assert (into.entry, into.type, into.price) == (DealEntry.IN, DealType.BUY, Decimal("1.09720"))
    for deal in (out, into):
        assert (deal.reason, deal.order, deal.magic) == (DealReason.ROLLOVER, 0, 77)
        assert (deal.symbol, deal.volume) == ("EURUSD", Decimal("0.10"))
    assert [each.type for _, each in server.transactions(before)] == [TransactionType.DEAL_ADD] * 2
    assert server.account().balance == Decimal(10020)
    assert server.order_send(closing(identifier)).retcode == Retcode.POSITION_CLOSED
    assert server.order_send(closing(ticket)).retcode == Retcode.DONE


def test_reopening_books_the_swap_that_has_gathered() -> None:
    server = broker(FREE)
    identifier = opened(server, opening("1.00"))
    server.advance(START + 86_400_000)
    swap = only(server).swap
    assert swap == Decimal("-7.20")
    server.reopen_position(identifier)
    out, into = deals_of(server, identifier)
    assert (out.swap, into.swap, only(server).swap) == (swap, ZERO, ZERO)


def test_reopening_with_orders_has_an_order_for_each_deal() -> None:
    server = broker(FREE)
    identifier = opened(server, opening(type=OrderType.SELL))
    ticket = server.reopen_position(identifier, orders=True, keep_magic=False)
    out, into = deals_of(server, identifier)
    orders = [server.history_order(deal.order) for deal in (out, into)]
    for order, type in zip(orders, (OrderType.BUY, OrderType.SELL), strict=True):
        assert order is not None
        assert (order.type, order.state, order.reason) == (type, OrderState.FILLED, OrderReason.CLIENT)
        assert (order.position_id, order.magic, order.volume_current) == (identifier, 0, ZERO)
    assert ticket == into.order
    assert server.orders() == []
    assert only(server).magic == 0


def test_reopening_can_keep_the_ticket_and_have_another_reason() -> None:
    server = broker(FREE)
    identifier = opened(server)
    assert server.reopen_position(identifier, reason=DealReason.VMARGIN, new_ticket=False) == identifier
    assert [deal.reason for deal in deals_of(server, identifier)] == [DealReason.VMARGIN] * 2
    assert server.order_send(closing(identifier)).retcode == Retcode.DONE


def test_variation_margin_books_the_profit_at_the_market_price() -> None:
    server = broker(FREE)
    identifier = opened(server)
    quoted(server, "1.09710")
    server.reopen_position(identifier, reason=DealReason.VMARGIN, new_ticket=False)
    assert (only(server).price_open, only(server).profit) == (Decimal("1.09710"), ZERO)
    assert server.account().balance == Decimal(10020)


@pytest.mark.parametrize("account", [AccountTerms(), NETTING], ids=["hedging", "netting"])
def test_position_with_a_gap_is_closed_until_it_is_reopened(account: AccountTerms, tmp_path: Path) -> None:
    server = broker(FREE, account=account)
    identifier = opened(server, opening(sl="1.09"))
    assert server.reopen_position(identifier, gap_ms=60_000) == 0
    assert server.positions() == []
    assert server.order_send(opening()).retcode == Retcode.MARKET_CLOSED
    server.rename_symbol("EURUSD", "EURUSD.r")
    save_state(tmp_path / "broker.json", server.state)
    server = Broker(load_state(tmp_path / "broker.json"))
    server.advance(START + 59_999)
    assert server.positions() == []
    server.advance(START + 100_000)
    held = only(server)
    assert (held.identifier, held.symbol, held.sl) == (identifier, "EURUSD.r", Decimal("1.09"))
    _, out, into = server.deals_by_position(identifier)
    assert (out.time_msc, into.time_msc) == (START, START + 60_000)
    assert server.order_send(opening(symbol="EURUSD.r")).retcode == Retcode.DONE


def test_position_that_an_annulled_deal_brought_back_is_not_opened_twice() -> None:
    server = broker(FREE)
    identifier = opened(server)
    server.reopen_position(identifier, gap_ms=1000)
    (out,) = deals_of(server, identifier)
    server.cancel_deal(out.ticket)
    server.advance(START + 1000)
    assert only(server).ticket == identifier
    assert len(deals_of(server, identifier)) == 1


# Corrections


def test_corrected_position_changes_without_a_deal() -> None:
    server = broker(FREE)
    ticket = opened(server)
    before = server.transactions(0)[-1][0]
    server.correct_position(ticket, volume=Decimal("0.20"), price_open=Decimal("0.5"), sl=Decimal("0.4"))
    held = only(server)
    assert (held.volume, held.price_open, held.sl) == (Decimal("0.20"), Decimal("0.5"), Decimal("0.4"))
    ((_, transaction),) = server.transactions(before)
    assert (transaction.type, transaction.position, transaction.volume) == (
        TransactionType.POSITION,
        ticket,
        Decimal("0.20"),
    )
    assert deals_of(server, ticket) == []
    assert server.order_send(closing(ticket, "0.20")).retcode == Retcode.DONE


def test_position_can_be_removed_or_turned_without_a_deal() -> None:
    server = broker(FREE)
    first, second = opened(server), opened(server)
    server.correct_position(first, volume=ZERO)
    server.correct_position(second, type=PositionType.SELL)
    held = only(server)
    assert (held.ticket, held.type) == (second, PositionType.SELL)
    assert len(server.history_deals(*EVER)) == 3


@pytest.mark.parametrize("deals", [False, True])
def test_split_multiplies_volumes_and_divides_prices(deals: bool) -> None:
    server = broker(FREE, SymbolTerms(name="GBPUSD"))
    identifier = opened(server, opening(sl="1.09000", tp="1.20000"))
    other = opened(server, opening(symbol="GBPUSD"))
    resting = placed(server)
    server.split_symbol("EURUSD", Decimal(4), deals)
    split, untouched = server.positions() if not deals else reversed(server.positions())
    assert (split.identifier, split.volume, split.price_open) == (
        identifier,
        Decimal("0.40"),
        Decimal("0.273775"),
    )
    assert (split.sl, split.tp) == (Decimal("0.27250"), Decimal("0.30000"))
    assert (untouched.ticket, untouched.volume) == (other, Decimal("0.10"))
    tick, order = server.tick("EURUSD"), server.history_order(resting)
    assert tick is not None
    assert order is not None
    assert (tick.bid, order.state) == (Decimal("0.27375"), OrderState.CANCELED)
    assert [(deal.reason, deal.profit) for deal in deals_of(server, identifier)] == (
        [(DealReason.SPLIT, ZERO)] * 2 if deals else []
    )
    assert server.account().balance == Decimal("9999.65")


# Names


def test_renamed_symbol_has_its_positions_orders_and_quotes() -> None:
    server = broker(random_walk=RandomWalk())
    position, order = opened(server), placed(server)
    tick = server.tick("EURUSD")
    server.rename_symbol("EURUSD", "EURUSD.r")
    assert server.symbols() == ["EURUSD.r", "GBPUSD", "USDJPY", "XAUUSD"]
    assert server.symbol("EURUSD") is None
    assert server.tick("EURUSD.r") == tick
    renamed = server.symbol("EURUSD.r")
    assert renamed is not None
    assert renamed.path == "Forex\\EURUSD.r"
    assert only(server).symbol == server.orders()[0].symbol == "EURUSD.r"
    assert {deal.symbol for deal in server.deals_by_position(position)} == {"EURUSD"}
    server.advance(START + 10_000)
    assert server.tick("EURUSD.r") != tick
    assert server.order_send(closing(position)).retcode == Retcode.INVALID
    assert server.order_send(closing(position, symbol="EURUSD.r")).retcode == Retcode.DONE
    assert server.order_send(removal(order)).retcode == Retcode.DONE
    assert server.order_send(opening(symbol="EURUSD.r")).retcode == Retcode.DONE


def test_renaming_can_include_the_history() -> None:
    server = broker()
    position = opened(server)
    server.rename_symbol("EURUSD", "EURUSD.r", history=True)
    assert {deal.symbol for deal in server.deals_by_position(position)} == {"EURUSD.r"}
    order = server.history_order(position)
    assert order is not None
    assert order.symbol == "EURUSD.r"


def test_closing_deal_of_a_renamed_symbol_can_be_annulled() -> None:
    server = broker(FREE, account=NETTING)
    position = opened(server)
    deal = server.manual_close(position)
    server.rename_symbol("EURUSD", "EURUSD.r")
    server.cancel_deal(deal)
    assert only(server).symbol == "EURUSD.r"


def test_changed_account_is_seen_at_once() -> None:
    server = broker()
    opened(server)
    server.set_account(login=7, server="Live02", name="Other", company="Other Ltd")
    account = server.account()
    assert (account.login, account.server, account.name, account.company) == (
        7,
        "Live02",
        "Other",
        "Other Ltd",
    )
    assert len(server.positions()) == 1


def test_right_to_trade_can_be_withdrawn_and_granted() -> None:
    server = broker()
    server.set_account(trade_expert=False)
    assert server.order_send(opening()).retcode == Retcode.SERVER_DISABLES_AT
    server.manual_open("EURUSD", OrderType.BUY, Decimal("0.1"))
    server.set_account(trade_expert=True, trade_allowed=False)
    assert server.order_send(opening()).retcode == Retcode.TRADE_DISABLED
    server.set_account(trade_allowed=True)
    opened(server)


def test_renames_while_disconnected_are_seen_at_the_connection() -> None:
    server = broker()
    opened(server)
    server.disconnect()
    server.set_account(server="Live02")
    server.rename_symbol("EURUSD", "EURUSD.r")
    assert (server.account().server, only(server).symbol) == ("Simulated-Demo", "EURUSD")
    server.connect()
    assert (server.account().server, only(server).symbol) == ("Live02", "EURUSD.r")


# Records


def test_hidden_deal_is_in_no_history_until_it_is_shown() -> None:
    server = broker()
    result = server.order_send(opening())
    balance = server.account().balance
    server.hide_deal(result.deal)
    server.advance(START + 10**9)
    assert server.history_deal(result.deal) is None
    assert server.deals_by_position(result.order) == []
    assert result.deal not in [deal.ticket for deal in server.history_deals(*EVER)]
    assert server.account().balance == balance
    server.show_deal(result.deal)
    assert [deal.ticket for deal in server.deals_by_position(result.order)] == [result.deal]


def test_hidden_order_and_deal_appear_after_their_time() -> None:
    server = broker()
    result = server.order_send(opening())
    server.hide_order(result.order, 3000)
    server.hide_deal(result.deal, 5000)
    server.advance(START + 3000)
    assert server.history_order(result.order) is not None
    assert server.history_deal(result.deal) is None
    server.advance(START + 5000)
    assert server.history_deal(result.deal) is not None


def test_delayed_history_shows_stops_and_manual_trades_late() -> None:
    server = broker(FREE)
    server.delay_history(deals=25_000, orders=1000)
    ticket = opened(server, opening(sl="1.09"))
    quoted(server, "1.08900")
    server.manual_open("EURUSD", OrderType.BUY, Decimal("0.1"))
    assert (server.history_orders(*EVER), server.deals_by_position(ticket)) == ([], [])
    server.advance(START + 1000)
    assert len(server.history_orders(*EVER)) == 3
    assert server.deals_by_position(ticket) == []
    server.advance(START + 25_000)
    assert len(server.deals_by_position(ticket)) == 2
    server.delay_history()
    server.manual_open("EURUSD", OrderType.BUY, Decimal("0.1"))
    assert len(server.history_deals(*EVER)) == 5


def test_deleted_deal_is_gone_with_its_money_or_without() -> None:
    server = broker()
    first, second = (server.order_send(opening()).deal for _ in range(2))
    before = server.transactions(0)[-1][0]
    balance = server.account().balance
    server.delete_deal(first)
    assert server.account().balance == balance
    server.delete_deal(second, refund=True)
    assert server.account().balance == balance + Decimal("0.35")
    assert [(each.type, each.deal) for _, each in server.transactions(before)] == [
        (TransactionType.DEAL_DELETE, first),
        (TransactionType.DEAL_DELETE, second),
    ]
    assert server.history_deal(first) is server.history_deal(second) is None
    assert len(server.positions()) == 2


MONEY = [type for type in DealType if type.name not in ("BUY", "SELL", "BUY_CANCELED", "SELL_CANCELED")]


@pytest.mark.parametrize("type", MONEY, ids=lambda type: type.name)
def test_money_of_a_type_is_a_deal_that_names_a_position(type: DealType) -> None:
    server = broker(FREE)
    position = opened(server)
    balance = server.account().balance
    ticket = server.book_deal(
        type,
        Decimal("-1.25"),
        swap=Decimal("-0.5"),
        position=position,
        reason=DealReason.CORPORATE_ACTION,
        magic=77,
        comment="costs",
    )
    deal = server.history_deal(ticket)
    assert deal is not None
    assert (deal.type, deal.profit, deal.swap, deal.order) == (type, Decimal("-1.25"), Decimal("-0.5"), 0)
    assert (deal.position_id, deal.symbol, deal.volume) == (position, "EURUSD", ZERO)
    assert (deal.reason, deal.magic, deal.comment) == (DealReason.CORPORATE_ACTION, 77, "costs")
    assert server.account().balance == balance - Decimal("1.75")
    assert deals_of(server, position) == [deal]


def test_money_may_name_a_closed_position_or_none() -> None:
    server = broker(FREE)
    position = opened(server)
    server.manual_close(position)
    server.book_deal(DealType.COMMISSION, Decimal(-1), position=position)
    free = server.history_deal(server.book_deal(DealType.DEAL_DIVIDEND, Decimal(3)))
    assert free is not None
    assert (free.position_id, free.symbol) == (0, "")
    assert len(deals_of(server, position)) == 2


# Refusals


def test_refused_operation_names_thing_value_and_remedy_and_changes_nothing() -> None:
    server = broker()
    ticket = opened(server)
    live = placed(server, waiting())
    before = book_of(server), server.symbols(), server.account()
    refusals: list[tuple[Callable[[], object], str]] = [
        (lambda: server.reopen_position(5), f"position 5 is not open; open: {ticket}"),
        (lambda: server.reopen_position(ticket, Decimal(-1)), "price -1 is below 0"),
        (lambda: server.reopen_position(ticket, reopen_price=Decimal("NaN")), "reopen_price NaN"),
        (lambda: server.reopen_position(ticket, gap_ms=-1), "gap_ms -1 is not from 0 to 604800000"),
        (lambda: server.correct_position(5, Decimal(1)), "position 5 is not open"),
        (lambda: server.correct_position(ticket, Decimal(-1)), "volume -1 is below 0"),
        (lambda: server.correct_position(ticket), "nothing would change; name another value"),
        (lambda: server.split_symbol("X", Decimal(2)), "symbol 'X' is unknown"),
        (lambda: server.split_symbol("EURUSD", Decimal(1)), "ratio 1 splits nothing; write 2"),
        (lambda: server.split_symbol("EURUSD", Decimal(-1)), "ratio -1 is below 0"),
        (lambda: server.rename_symbol("X", "Y"), "symbol 'X' is unknown; supported"),
        (lambda: server.rename_symbol("EURUSD", ""), "new_name '' has not 1 to 31 characters"),
        (lambda: server.rename_symbol("EURUSD", "GBPUSD"), "new_name 'GBPUSD' is another symbol's"),
        (lambda: server.set_account(), "names no property"),
        (lambda: server.set_account(login=0), "login 0 is below 1; write an account number"),
        (lambda: server.set_account(server=""), "server '' is empty"),
        (lambda: server.hide_deal(5), "deal 5 is unknown"),
        (lambda: server.hide_deal(500002, -1), "milliseconds -1 is below 0"),
        (lambda: server.show_deal(500002), "deal 500002 is not hidden"),
        (lambda: server.hide_order(live), f"order {live} is not in history"),
        (lambda: server.show_order(ticket), f"order {ticket} is not hidden"),
        (lambda: server.delete_deal(5), "deal 5 is unknown"),
        (lambda: server.delay_history(-1), "deals -1 is below 0"),
        (lambda: server.book_deal(DealType.BUY, Decimal(1)), "type BUY is a trade's"),
        (lambda: server.book_deal(DealType.CHARGE, Decimal(1), position=5), "position 5 was never open"),
        (lambda: server.book_deal(DealType.CHARGE, Decimal(1), symbol="X"), "symbol 'X' is unknown"),
        (lambda: server.book_deal(DealType.CHARGE, Decimal("NaN")), "profit NaN"),
    ]
    for refused, message in refusals:
        with pytest.raises(ControlError, match=message):
            refused()
    assert (book_of(server), server.symbols(), server.account()) == before
