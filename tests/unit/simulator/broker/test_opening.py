"""Market orders that open a position: records, transactions, answers and refusals."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from msgspec.structs import replace

from bridge.simulator.broker.scenario import AccountTerms, SymbolTerms
from bridge.simulator.mt5.types import (
    DealEntry,
    DealReason,
    DealType,
    OrderFilling,
    OrderReason,
    OrderState,
    OrderType,
    PositionReason,
    PositionType,
    Retcode,
    SymbolTradeMode,
    TradeAction,
    TradeRequest,
)
from tests.unit.simulator.broker.build import (
    EVER,
    START,
    book_of,
    broker,
    emitted,
    nothing_done,
    opened,
    opening,
    waiting,
)


def test_buy_is_filled_at_the_ask_and_opens_a_position_with_the_orders_ticket() -> None:
    server = broker()
    result = server.order_send(opening("0.10", sl="1.09", tp="1.10", comment="abc"))

    assert (result.retcode, result.volume, result.price) == (10009, Decimal("0.10"), Decimal("1.09510"))
    (position,) = server.positions()
    assert (position.ticket, position.identifier) == (result.order, result.order)
    assert (position.type, position.magic, position.reason) == (PositionType.BUY, 77, PositionReason.EXPERT)
    assert (position.sl, position.tp, position.comment) == (Decimal("1.09"), Decimal("1.10"), "abc")
    assert (position.time_msc, position.time_update_msc) == (START, START)


def test_sell_is_filled_at_the_bid() -> None:
    server = broker()
    assert server.order_send(opening(type=OrderType.SELL)).price == Decimal("1.09500")
    assert server.positions()[0].type is PositionType.SELL


def test_order_and_deal_in_history_have_magic_reason_and_position() -> None:
    server = broker()
    result = server.order_send(opening(magic=2**52 - 1))

    order = server.history_order(result.order)
    assert order is not None
    assert (order.state, order.reason, order.magic) == (OrderState.FILLED, OrderReason.EXPERT, 2**52 - 1)
    assert (order.volume_initial, order.volume_current) == (Decimal("0.10"), Decimal(0))
    assert (order.position_id, order.time_done_msc) == (result.order, START)
    deal = server.history_deal(result.deal)
    assert deal is not None
    assert (deal.order, deal.position_id, deal.magic) == (result.order, result.order, 2**52 - 1)
    assert (deal.entry, deal.reason, deal.type) == (DealEntry.IN, DealReason.EXPERT, DealType.BUY)
    assert server.orders() == []
    assert server.order_by_ticket(result.order) is None


def test_fill_sends_the_transactions_of_a_synchronous_send() -> None:
    server = broker()
    result = server.order_send(opening())
    assert emitted(server) == [
        "ORDER_ADD(STARTED)",
        "DEAL_ADD",
        "ORDER_DELETE(FILLED)",
        "HISTORY_ADD(FILLED)",
        "REQUEST",
    ]
    add, deal, *_, request = [transaction for _, transaction in server.transactions(0)]
    assert (add.order, add.volume, add.position) == (result.order, Decimal("0.10"), 0)
    assert (deal.deal, deal.volume, deal.position) == (result.deal, Decimal("0.10"), result.order)
    assert request.result == result
    assert request.request == opening()


def test_transaction_numbers_are_consecutive() -> None:
    server = broker()
    opened(server)
    assert [number for number, _ in server.transactions(0)] == [1, 2, 3, 4, 5]
    opened(server)
    assert [number for number, _ in server.transactions(5)] == [6, 7, 8, 9, 10]


def test_long_comment_is_truncated() -> None:
    server = broker()
    opened(server, opening(comment="0123456789" * 4))
    assert server.positions()[0].comment == "0123456789012345678901234567890"


def test_hedging_account_holds_opposite_positions() -> None:
    server = broker()
    first, second = opened(server), opened(server, opening(type=OrderType.SELL))
    assert [position.ticket for position in server.positions()] == [first, second]


@dataclass(frozen=True)
class Refusal:
    """A request that a default broker refuses."""

    name: str
    request: TradeRequest
    retcode: Retcode


def _pending(action: TradeAction, type: OrderType = OrderType.BUY_LIMIT) -> TradeRequest:
    return TradeRequest(
        action=action, symbol="EURUSD", type=type, volume=Decimal("0.1"), price=Decimal("1.09")
    )


REFUSALS = [
    Refusal("unknown symbol", opening(symbol="EURXXX"), Retcode.INVALID),
    Refusal("volume below minimum", opening("0.001"), Retcode.INVALID_VOLUME),
    Refusal("no volume", opening("0"), Retcode.INVALID_VOLUME),
    Refusal("volume above maximum", opening("500.01"), Retcode.INVALID_VOLUME),
    Refusal("volume off the step", opening("0.015"), Retcode.INVALID_VOLUME),
    Refusal("volume not a number", opening("NaN"), Retcode.INVALID),
    Refusal("negative volume", opening("-0.1"), Retcode.INVALID),
    Refusal("buy: stop loss above the bid", opening(sl="1.09501"), Retcode.INVALID_STOPS),
    Refusal("buy: stop loss at the bid", opening(sl="1.09500"), Retcode.INVALID_STOPS),
    Refusal("buy: take profit below the bid", opening(tp="1.09"), Retcode.INVALID_STOPS),
    Refusal("sell: stop loss below the ask", opening(type=OrderType.SELL, sl="1.09"), Retcode.INVALID_STOPS),
    Refusal("sell: take profit above the ask", opening(type=OrderType.SELL, tp="1.1"), Retcode.INVALID_STOPS),
    Refusal("stop loss finer than a tick", opening(sl="1.090001"), Retcode.INVALID_STOPS),
    Refusal("filling RETURN at market", opening(filling=OrderFilling.RETURN), Retcode.INVALID_FILL),
    Refusal("filling BOC", opening(filling=OrderFilling.BOC), Retcode.INVALID_FILL),
    Refusal("margin", opening("100"), Retcode.NO_MONEY),
    Refusal("pending type at market", opening(type=OrderType.BUY_LIMIT), Retcode.INVALID_ORDER),
    Refusal("market type pending", _pending(TradeAction.PENDING, OrderType.BUY), Retcode.INVALID_ORDER),
    Refusal("close by of nothing", _pending(TradeAction.CLOSE_BY, OrderType.CLOSE_BY), Retcode.INVALID),
    Refusal("modify of no order", _pending(TradeAction.MODIFY), Retcode.INVALID),
    Refusal("removal of no order", _pending(TradeAction.REMOVE), Retcode.INVALID),
    # A request of MQL5 can hold numbers that are no enumerators.
    Refusal("unknown action", replace(opening(), action=99), Retcode.INVALID),
    Refusal("unknown order type", replace(opening(), type=9), Retcode.INVALID_ORDER),
    Refusal("unknown pending type", replace(waiting(), type=-1), Retcode.INVALID_ORDER),
    Refusal("unknown filling", replace(opening(), type_filling=4), Retcode.INVALID_FILL),
    Refusal("unknown pending filling", replace(waiting(), type_filling=4), Retcode.INVALID_FILL),
    Refusal("unknown lifetime", replace(waiting(), type_time=4), Retcode.INVALID_EXPIRATION),
]


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
def test_refused_request_changes_nothing(case: Refusal) -> None:
    server = broker()
    before = book_of(server)
    result = server.order_send(case.request)
    assert result.retcode == case.retcode
    assert nothing_done(result)
    assert book_of(server) == before
    assert emitted(server) == ["REQUEST"]
    assert [(send.retcode, send.executed) for send in server.sends()] == [(case.retcode, False)]


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
def test_order_check_returns_the_code_of_the_send(case: Refusal) -> None:
    server = broker()
    assert server.order_check(case.request).retcode == case.retcode
    assert server.sends() == []


def test_order_check_of_a_good_request_returns_the_account_after_it() -> None:
    server = broker()
    before = book_of(server)
    check = server.order_check(opening("0.10"))
    assert (check.retcode, check.balance, check.comment) == (0, Decimal(10000), "Done")
    assert (check.margin, check.margin_free) == (Decimal("109.50"), Decimal("9890.50"))
    assert book_of(server) == before
    assert emitted(server) == []


def test_stops_within_the_stops_level_are_refused() -> None:
    server = broker(SymbolTerms(name="EURUSD", stops_level=20))
    assert server.order_send(opening(sl="1.09481")).retcode == Retcode.INVALID_STOPS
    assert server.order_send(opening(tp="1.09519")).retcode == Retcode.INVALID_STOPS
    assert server.order_send(opening(sl="1.09480", tp="1.09520")).retcode == Retcode.DONE


def test_filling_that_the_symbol_lacks_is_refused() -> None:
    server = broker(SymbolTerms(name="EURUSD", filling=("IOC",)))
    assert server.order_send(opening(filling=OrderFilling.FOK)).retcode == Retcode.INVALID_FILL
    assert server.order_send(opening(filling=OrderFilling.IOC)).retcode == Retcode.DONE


def test_volume_limit_counts_positions_of_the_same_side() -> None:
    server = broker(SymbolTerms(name="EURUSD", volume_limit=Decimal("0.15")))
    opened(server, opening("0.10"))
    assert server.order_send(opening("0.06")).retcode == Retcode.LIMIT_VOLUME
    assert server.order_send(opening("0.06", OrderType.SELL)).retcode == Retcode.DONE
    assert server.order_send(opening("0.05")).retcode == Retcode.DONE


def test_closed_market_refuses_an_open() -> None:
    server = broker()
    server.set_session("EURUSD", False)
    assert server.order_send(opening()).retcode == Retcode.MARKET_CLOSED
    server.set_session("EURUSD", True)
    assert server.order_send(opening()).retcode == Retcode.DONE


@pytest.mark.parametrize(
    ("mode", "buy", "sell"),
    [
        (SymbolTradeMode.DISABLED, Retcode.TRADE_DISABLED, Retcode.TRADE_DISABLED),
        (SymbolTradeMode.CLOSEONLY, Retcode.CLOSE_ONLY, Retcode.CLOSE_ONLY),
        (SymbolTradeMode.LONGONLY, Retcode.DONE, Retcode.LONG_ONLY),
        (SymbolTradeMode.SHORTONLY, Retcode.SHORT_ONLY, Retcode.DONE),
        (SymbolTradeMode.FULL, Retcode.DONE, Retcode.DONE),
    ],
)
def test_trade_mode_refuses_with_its_return_code(mode: SymbolTradeMode, buy: Retcode, sell: Retcode) -> None:
    server = broker()
    server.set_trade_mode("EURUSD", mode)
    assert server.order_send(opening()).retcode == buy
    assert server.order_send(opening(type=OrderType.SELL)).retcode == sell


def test_account_without_permission_refuses_trades() -> None:
    server = broker(account=AccountTerms(trade_allowed=False))
    assert server.order_send(opening()).retcode == Retcode.TRADE_DISABLED
    assert not server.account().trade_allowed


def test_account_without_expert_permission_accepts_manual_trades() -> None:
    server = broker(account=AccountTerms(trade_expert=False))
    assert server.order_send(opening()).retcode == Retcode.SERVER_DISABLES_AT
    assert server.manual_open("EURUSD", OrderType.BUY, Decimal("0.10"))


class TestInstantExecution:
    """Requests with a price and a deviation."""

    TERMS = SymbolTerms(name="EURUSD", execution="INSTANT")

    def test_missing_price_is_refused(self) -> None:
        assert broker(self.TERMS).order_send(opening()).retcode == Retcode.INVALID_PRICE

    def test_price_within_the_deviation_is_executed(self) -> None:
        result = broker(self.TERMS).order_send(opening(price="1.09505", deviation=5))
        assert (result.retcode, result.price) == (Retcode.DONE, Decimal("1.09510"))

    def test_price_beyond_the_deviation_is_requoted_with_the_market(self) -> None:
        server = broker(self.TERMS)
        result = server.order_send(opening(price="1.09504", deviation=5))
        assert result.retcode == Retcode.REQUOTE
        assert (result.bid, result.ask) == (Decimal("1.09500"), Decimal("1.09510"))
        assert server.positions() == []


def test_market_execution_ignores_the_price() -> None:
    assert broker().order_send(opening(price="2.0")).price == Decimal("1.09510")


def test_symbol_like_a_shipped_one_has_its_own_name() -> None:
    server = broker(SymbolTerms(name="EURUSD.r", like="EURUSD"))
    assert server.symbols() == ["EURUSD.r"]
    symbol = server.symbol("EURUSD.r")
    assert symbol is not None
    assert (symbol.path, symbol.currency_base, symbol.spread) == ("Forex\\EURUSD.r", "EUR", 10)
    assert server.symbol("EURUSD") is None
    assert server.tick("EURUSD") is None
    opened(server, opening(symbol="EURUSD.r"))


def test_deposit_is_the_first_deal() -> None:
    (deal,) = broker().history_deals(*EVER)
    assert (deal.type, deal.profit, deal.symbol, deal.order) == (DealType.BALANCE, Decimal(10000), "", 0)
