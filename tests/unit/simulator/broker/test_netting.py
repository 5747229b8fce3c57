"""Netting accounts: deals add to the one position of a symbol, reduce it, reverse it or close it."""

from decimal import Decimal

import pytest

from bridge.core.units.mt5_terms import MarginMode
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.fault_rules import Fills, MoveMarket, Rule
from bridge.simulator.broker.scenario import AccountTerms, Quirks, SymbolTerms
from bridge.simulator.mt5.types import (
    AccountMarginMode,
    DealEntry,
    DealReason,
    OrderFilling,
    OrderType,
    PositionType,
    Retcode,
    SymbolTradeMode,
)
from tests.unit.simulator.broker.build import (
    EVER,
    START,
    book_of,
    broker,
    closing,
    closing_by,
    emitted,
    opened,
    opening,
    placed,
    quoted,
    stops,
    waiting,
)

SELL = OrderType.SELL
FREE = SymbolTerms(name="EURUSD", commission=Decimal(0))


def netting(
    *symbols: SymbolTerms,
    quirks: Quirks = Quirks(),  # noqa: B008 - frozen
    mode: MarginMode = MarginMode.RETAIL_NETTING,
    limit_positions: int = 0,
) -> Broker:
    """Return a new broker with a netting account."""
    account = AccountTerms(margin_mode=mode, limit_positions=limit_positions)
    return broker(*symbols, account=account, quirks=quirks)


def entries(server: Broker, identifier: int) -> list[tuple[DealEntry, Decimal]]:
    """Return entry and volume of the deals of a position."""
    return [(deal.entry, deal.volume) for deal in server.deals_by_position(identifier)]


@pytest.mark.parametrize("mode", [MarginMode.RETAIL_NETTING, MarginMode.EXCHANGE])
def test_further_deal_adds_at_the_average_price(mode: MarginMode) -> None:
    server = netting(FREE, mode=mode)
    assert server.account().margin_mode is AccountMarginMode[mode.name]
    ticket = opened(server, opening("0.10", magic=1))
    server.advance(START + 5000)
    server.set_quote("EURUSD", Decimal("1.09800"), Decimal("1.09810"))
    second = server.order_send(opening("0.20", magic=2, comment="more"))
    (position,) = server.positions()
    assert (position.ticket, position.identifier, position.type) == (ticket, ticket, PositionType.BUY)
    assert (position.volume, position.price_open) == (Decimal("0.30"), Decimal("1.0971"))
    assert (position.magic, position.time_msc, position.time_update_msc) == (2, START, START + 5000)
    assert entries(server, ticket) == [(DealEntry.IN, Decimal("0.10")), (DealEntry.IN, Decimal("0.20"))]
    order = server.history_order(second.order)
    assert order is not None
    assert (order.ticket, order.position_id) == (second.order, ticket)
    assert server.account().profit == Decimal("27.00")


def test_opposite_deal_reduces() -> None:
    server = netting(FREE)
    ticket = opened(server, opening("0.30", magic=1, sl="1.09", tp="1.10"))
    result = server.order_send(opening("0.10", SELL, magic=2))
    deal = server.history_deal(result.deal)
    assert deal is not None
    assert (deal.entry, deal.profit, deal.position_id) == (DealEntry.OUT, Decimal("-1.00"), ticket)
    (position,) = server.positions()
    assert (position.ticket, position.volume) == (ticket, Decimal("0.20"))
    assert (position.price_open, position.magic) == (Decimal("1.09510"), 2)
    # A partial that is closed leaves the levels of the rest alone.
    assert (position.sl, position.tp) == (Decimal("1.09"), Decimal("1.10"))


@pytest.mark.parametrize("named", [False, True])
def test_opposite_deal_of_the_same_volume_closes(named: bool) -> None:
    server = netting(FREE)
    ticket = opened(server)
    server.order_send(closing(ticket) if named else opening("0.10", SELL))
    assert server.positions() == []
    assert entries(server, ticket) == [(DealEntry.IN, Decimal("0.10")), (DealEntry.OUT, Decimal("0.10"))]
    assert opened(server) not in (0, ticket)


def test_larger_opposite_deal_reverses_the_position_in_one_deal() -> None:
    server = netting(FREE)
    ticket = opened(server, opening("0.10", magic=1, sl="1.09"))
    server.advance(START + 5000)
    result = server.order_send(opening("0.25", SELL, magic=2, tp="1.08"))
    assert (result.retcode, result.volume) == (Retcode.DONE, Decimal("0.25"))
    deal = server.history_deal(result.deal)
    assert deal is not None
    assert (deal.entry, deal.volume, deal.position_id) == (DealEntry.INOUT, Decimal("0.25"), ticket)
    assert deal.profit == Decimal("-1.00")
    (position,) = server.positions()
    assert (position.ticket, position.identifier) == (result.order, ticket)
    assert (position.type, position.volume) == (PositionType.SELL, Decimal("0.15"))
    assert (position.price_open, position.magic) == (Decimal("1.09500"), 2)
    assert (position.sl, position.tp) == (Decimal(0), Decimal("1.08"))
    assert emitted(server, 5) == [
        "ORDER_ADD(STARTED)",
        "DEAL_ADD",
        "ORDER_DELETE(FILLED)",
        "HISTORY_ADD(FILLED)",
        "REQUEST",
    ]
    assert server.order_send(closing(ticket, "0.15", OrderType.BUY)).retcode == Retcode.POSITION_CLOSED
    assert server.order_send(closing(result.order, "0.15", OrderType.BUY)).retcode == Retcode.DONE
    assert {deal.position_id for deal in server.deals_by_position(ticket)} == {ticket}
    assert server.positions() == []


def test_reversal_books_the_swap() -> None:
    server = netting(SymbolTerms(name="EURUSD", commission=Decimal(0), swap_long=Decimal(-10)))
    ticket = opened(server)
    server.advance(START + 86_400_000)
    server.order_send(opening("0.20", SELL))
    assert server.deals_by_position(ticket)[-1].swap == Decimal("-1.00")
    assert server.positions()[0].swap == 0


@pytest.mark.parametrize(
    ("quirks", "left"),
    [(Quirks(), Decimal(0)), (Quirks(netting_zero_levels="KEEP"), Decimal("1.09"))],
)
def test_adding_deal_sets_the_levels(quirks: Quirks, left: Decimal) -> None:
    server = netting(quirks=quirks)
    opened(server, opening(sl="1.09"))
    opened(server, opening())
    assert server.positions()[0].sl == left
    opened(server, opening(sl="1.08", tp="1.10"))
    assert (server.positions()[0].sl, server.positions()[0].tp) == (Decimal("1.08"), Decimal("1.10"))


def test_levels_of_a_netted_position_can_be_set_by_symbol() -> None:
    server = netting()
    ticket = opened(server)
    assert server.order_send(stops(0, "1.09")).retcode == Retcode.DONE
    assert server.order_send(stops(ticket, "1.08")).retcode == Retcode.DONE
    assert server.order_send(stops(0, "1.08", symbol="GBPUSD")).retcode == Retcode.POSITION_CLOSED
    opened(server, opening("0.20", sl="1.08"))
    quoted(server, "1.08000")
    deal = server.deals_by_position(ticket)[-1]
    assert (deal.reason, deal.volume, server.positions()) == (DealReason.SL, Decimal("0.30"), [])


def test_each_symbol_is_netted_separately() -> None:
    server = netting()
    opened(server)
    opened(server, opening("0.10", SELL, symbol="GBPUSD"))
    assert [position.symbol for position in server.positions()] == ["EURUSD", "GBPUSD"]


def test_pending_order_changes_the_netted_position() -> None:
    server = netting()
    ticket = opened(server)
    turning = placed(server, waiting(OrderType.SELL_STOP, "1.09", "0.30"))
    quoted(server, "1.09000")
    (position,) = server.positions()
    assert (position.ticket, position.identifier, position.volume) == (turning, ticket, Decimal("0.20"))
    assert server.deals_by_position(ticket)[-1].entry is DealEntry.INOUT


def test_portions_of_one_order_close_and_open() -> None:
    server = netting()
    ticket = opened(server)
    server.add_rule(Rule(effect=Fills(volumes=(Decimal("0.10"), Decimal("0.05"), Decimal("0.05")))))
    result = server.order_send(opening("0.20", SELL, sl="1.10", filling=OrderFilling.IOC))
    assert entries(server, ticket)[-1] == (DealEntry.OUT, Decimal("0.10"))
    (position,) = server.positions()
    assert (position.identifier, position.volume) == (result.order, Decimal("0.10"))
    assert position.sl == Decimal("1.10")


def test_only_the_opening_volume_needs_margin() -> None:
    server = netting(FREE)
    opened(server, opening("9.00"))
    assert server.account().margin == Decimal("9855.00")
    assert server.order_send(opening("1.00")).retcode == Retcode.NO_MONEY
    check = server.order_check(opening("10.00", SELL))
    assert (check.retcode, check.margin) == (0, Decimal("1095.00"))
    assert server.order_send(opening("10.00", SELL)).retcode == Retcode.DONE


@pytest.mark.parametrize("mode", [SymbolTradeMode.CLOSEONLY, SymbolTradeMode.LONGONLY])
def test_restricted_symbol_allows_reducing_and_refuses_reversing(mode: SymbolTradeMode) -> None:
    server = netting()
    opened(server, opening("0.30"))
    server.set_trade_mode("EURUSD", mode)
    wanted = Retcode.CLOSE_ONLY if mode is SymbolTradeMode.CLOSEONLY else Retcode.LONG_ONLY
    assert server.order_send(opening("0.31", SELL)).retcode == wanted
    assert server.order_send(opening("0.10", SELL)).retcode == Retcode.DONE
    assert server.order_send(opening("0.20", SELL)).retcode == Retcode.DONE


def test_volume_limit_counts_the_net_position() -> None:
    server = netting(SymbolTerms(name="EURUSD", volume_limit=Decimal("0.30")))
    opened(server, opening("0.30"))
    assert server.order_send(opening("0.01")).retcode == Retcode.LIMIT_VOLUME
    assert server.order_send(opening("0.61", SELL)).retcode == Retcode.LIMIT_VOLUME
    assert server.order_send(opening("0.60", SELL)).retcode == Retcode.DONE


def test_limit_of_positions_allows_trades_in_symbols_with_a_position() -> None:
    server = netting(limit_positions=1)
    opened(server)
    placed(server)
    assert server.order_send(opening(symbol="GBPUSD")).retcode == Retcode.LIMIT_POSITIONS
    assert server.order_send(waiting(symbol="GBPUSD", price="1.2")).retcode == Retcode.LIMIT_POSITIONS
    opened(server)


def test_close_that_names_its_position_cannot_reverse_it() -> None:
    server = netting()
    ticket = opened(server)
    before = book_of(server)
    assert server.order_send(closing(ticket, "0.11")).retcode == Retcode.INVALID_CLOSE_VOLUME
    assert server.order_send(closing_by(ticket, ticket)).retcode == Retcode.INVALID
    assert book_of(server) == before


def test_frozen_position_is_not_reduced() -> None:
    server = netting(SymbolTerms(name="EURUSD", freeze_level=50))
    opened(server, opening(sl="1.09460"))
    assert server.order_send(opening("0.10", SELL)).retcode == Retcode.FROZEN


def test_manual_trades_are_netted() -> None:
    server = netting()
    ticket = opened(server)
    assert server.manual_open("EURUSD", OrderType.BUY, Decimal("0.10")) == ticket
    assert server.positions()[0].magic == 0
    turned = server.manual_open("EURUSD", SELL, Decimal("0.30"))
    assert turned == server.positions()[0].ticket != ticket
    assert server.manual_open("EURUSD", OrderType.BUY, Decimal("0.10")) == ticket
    assert [deal.reason for deal in server.history_deals(*EVER)][2:] == [DealReason.CLIENT] * 3


def test_close_of_a_closed_position_opens_where_the_server_ignores_its_ticket() -> None:
    gone = MoveMarket(bid=Decimal("1.08000"), ask=Decimal("1.08010"))
    for quirks, retcode, left in (
        (Quirks(), Retcode.POSITION_CLOSED, []),
        (Quirks(netting_position="IGNORED"), Retcode.DONE, [PositionType.SELL]),
    ):
        server = netting(FREE, quirks=quirks)
        ticket = opened(server, opening("0.10", sl="1.09"))
        server.add_rule(Rule(effect=gone))
        assert server.order_send(closing(ticket, "0.10")).retcode == retcode
        assert [position.type for position in server.positions()] == left
        assert server.deals_by_position(ticket)[-1].reason is DealReason.SL
