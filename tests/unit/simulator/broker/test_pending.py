"""Pending orders: placing, modifying, removing, fills by a quote, expiry and refusals."""

from dataclasses import dataclass
from decimal import Decimal

import msgspec
import pytest

from bridge.simulator.broker.execution.pending_checks import LAST_DATETIME_MS
from bridge.simulator.broker.execution.triggers import DAY_MS
from bridge.simulator.broker.scenario import AccountTerms, Quirks, SymbolTerms
from bridge.simulator.mt5.types import (
    DealEntry,
    DealReason,
    DealType,
    OrderFilling,
    OrderReason,
    OrderState,
    OrderTime,
    OrderType,
    PositionType,
    Retcode,
    SymbolTradeMode,
    TradeRequest,
)
from tests.unit.simulator.broker.build import (
    EVER,
    START,
    book_of,
    broker,
    change,
    done,
    emitted,
    nothing_done,
    opened,
    opening,
    placed,
    quoted,
    removal,
    waiting,
)

MIDNIGHT = (START // DAY_MS + 1) * DAY_MS
LIMIT, STOP = OrderType.BUY_LIMIT, OrderType.BUY_STOP
SELL_LIMIT, SELL_STOP = OrderType.SELL_LIMIT, OrderType.SELL_STOP
STOP_LIMIT, SELL_STOP_LIMIT = OrderType.BUY_STOP_LIMIT, OrderType.SELL_STOP_LIMIT


def test_pending_order_is_listed_among_the_live_orders() -> None:
    server = broker()
    request = waiting(sl="1.08", tp="1.10", comment="abc", magic=5)
    result = server.order_send(request)
    assert (result.retcode, result.deal, result.volume) == (10009, 0, Decimal("0.10"))
    (order,) = server.orders()
    assert server.order_by_ticket(result.order) == order
    assert (order.ticket, order.type, order.state) == (result.order, LIMIT, OrderState.PLACED)
    assert (order.reason, order.magic, order.comment) == (OrderReason.EXPERT, 5, "abc")
    assert (order.price_open, order.sl, order.tp) == (Decimal("1.09"), Decimal("1.08"), Decimal("1.10"))
    assert (order.price_current, order.position_id) == (Decimal("1.09510"), 0)
    assert (order.volume_initial, order.volume_current) == (Decimal("0.10"), Decimal("0.10"))
    assert (server.positions(), server.history_orders(*EVER)) == ([], [])
    assert server.account().margin == 0
    assert emitted(server) == ["ORDER_ADD(STARTED)", "ORDER_UPDATE(PLACED)", "REQUEST"]


def test_quirks_report_a_pending_order_as_placed_at_once() -> None:
    server = broker(quirks=Quirks(placed_at_once=True, pending_retcode="PLACED"))
    assert server.order_send(waiting()).retcode == Retcode.PLACED
    assert emitted(server) == ["ORDER_ADD(PLACED)", "REQUEST"]


@pytest.mark.parametrize(
    ("type", "price", "away", "met"),
    [
        # A buy waits for the ask, which is a point above the bid; a sell for the bid.
        (LIMIT, "1.09", "1.09000", "1.08999"),
        (SELL_LIMIT, "1.10", "1.09999", "1.10000"),
        (STOP, "1.10", "1.09998", "1.09999"),
        (SELL_STOP, "1.09", "1.09001", "1.09000"),
    ],
)
def test_quote_that_meets_the_price_fills_the_order(type: OrderType, price: str, away: str, met: str) -> None:
    server = broker()
    ticket = placed(server, waiting(type, price, magic=5, comment="abc"))
    quoted(server, away)
    assert server.positions() == []
    after = len(server.transactions(0))
    server.advance(START + 1000)
    quoted(server, met)
    (position,) = server.positions()
    assert (position.ticket, position.identifier, position.magic) == (ticket, ticket, 5)
    order = done(server, ticket)
    assert (order.state, order.position_id, order.time_done_msc) == (OrderState.FILLED, ticket, START + 1000)
    (deal,) = server.deals_by_position(ticket)
    assert (deal.order, deal.magic, deal.reason) == (ticket, 5, DealReason.EXPERT)
    assert (deal.entry, deal.comment) == (DealEntry.IN, "abc")
    assert deal.type is (DealType.BUY if type in (LIMIT, STOP) else DealType.SELL)
    assert emitted(server, after) == ["DEAL_ADD", "ORDER_DELETE(FILLED)", "HISTORY_ADD(FILLED)"]
    quoted(server, away)
    quoted(server, met)
    assert len(server.positions()) == 1


@pytest.mark.parametrize(
    ("type", "price", "quirks", "filled"),
    [
        (LIMIT, "1.09", Quirks(), "1.08001"),
        (LIMIT, "1.09", Quirks(limit_price="ORDER"), "1.09"),
        (STOP, "1.10", Quirks(limit_price="ORDER"), "1.12001"),
    ],
)
def test_gap_fills_at_the_market_or_at_the_limit_price_by_quirk(
    type: OrderType, price: str, quirks: Quirks, filled: str
) -> None:
    server = broker(quirks=quirks)
    ticket = placed(server, waiting(type, price))
    quoted(server, "1.08000" if type is LIMIT else "1.12000")
    assert server.deals_by_position(ticket)[0].price == Decimal(filled)


def test_position_has_the_levels_of_its_order() -> None:
    server = broker()
    ticket = placed(server, waiting(sl="1.08", tp="1.10"))
    quoted(server, "1.08990")
    assert [(p.sl, p.tp) for p in server.positions()] == [(Decimal("1.08"), Decimal("1.10"))]
    quoted(server, "1.08000")
    assert [deal.reason for deal in server.deals_by_position(ticket)] == [DealReason.EXPERT, DealReason.SL]


def test_gap_through_price_and_stop_opens_and_closes_a_position() -> None:
    server = broker()
    ticket = placed(server, waiting(sl="1.08"))
    quoted(server, "1.07000")
    assert [deal.entry for deal in server.deals_by_position(ticket)] == [DealEntry.IN, DealEntry.OUT]


@pytest.mark.parametrize(
    ("type", "request_", "stop", "limit"),
    [
        (LIMIT, waiting(STOP_LIMIT, "1.10", stoplimit="1.099"), "1.10000", "1.09899"),
        (SELL_LIMIT, waiting(SELL_STOP_LIMIT, "1.09", stoplimit="1.091"), "1.09000", "1.09100"),
    ],
)
@pytest.mark.parametrize("keeps", [False, True])
def test_stop_limit_order_becomes_a_limit_order_at_its_stop(
    type: OrderType, request_: TradeRequest, stop: str, limit: str, keeps: bool
) -> None:
    server = broker(quirks=Quirks(stop_limit_keeps_type=keeps))
    ticket = placed(server, request_)
    quoted(server, limit)
    assert server.orders()[0].type is request_.type
    after = len(server.transactions(0))
    quoted(server, stop)
    (order,) = server.orders()
    if keeps:
        assert (order.type, order.price_open) == (request_.type, request_.price)
        assert emitted(server, after) == []
    else:
        assert (order.type, order.price_open, order.price_stoplimit) == (type, request_.stoplimit, Decimal(0))
        assert emitted(server, after) == ["ORDER_UPDATE(PLACED)"]
    quoted(server, limit)
    assert done(server, ticket).state is OrderState.FILLED


def test_order_is_filled_while_the_terminal_is_disconnected() -> None:
    server = broker()
    ticket, other = placed(server), placed(server, waiting(type_time=OrderTime.DAY, price="1.05"))
    server.disconnect()
    quoted(server, "1.08000")
    server.advance(MIDNIGHT)
    assert [order.ticket for order in server.orders()] == [ticket, other]
    assert server.positions() == []
    server.connect()
    assert (server.orders(), [p.ticket for p in server.positions()]) == ([], [ticket])
    assert done(server, other).state is OrderState.EXPIRED
    assert emitted(server, 6) == []


def test_last_datetime_of_mql5_is_an_expiry() -> None:
    server = broker()
    placed(server, waiting(type_time=OrderTime.SPECIFIED, expiration=LAST_DATETIME_MS))
    assert server.orders()[0].time_expiration == LAST_DATETIME_MS


@pytest.mark.parametrize(
    ("type_time", "expiration", "end"),
    [
        (OrderTime.DAY, 0, MIDNIGHT),
        (OrderTime.SPECIFIED, START + 60_000, START + 60_000),
        (OrderTime.SPECIFIED_DAY, MIDNIGHT + 60_000, MIDNIGHT + DAY_MS),
    ],
)
def test_order_expires_at_its_time(type_time: OrderTime, expiration: int, end: int) -> None:
    server = broker()
    ticket = placed(server, waiting(type_time=type_time, expiration=expiration))
    server.advance(end - 1)
    assert server.orders()[0].time_expiration == expiration
    after = len(server.transactions(0))
    server.advance(end + 5000)
    order = done(server, ticket)
    assert (order.state, order.time_done_msc, server.orders()) == (OrderState.EXPIRED, end, [])
    assert emitted(server, after) == ["ORDER_DELETE(EXPIRED)", "HISTORY_ADD(EXPIRED)"]
    quoted(server, "1.08000")
    assert server.positions() == []


def test_gtc_order_is_kept_at_midnight() -> None:
    server = broker()
    placed(server)
    server.advance(MIDNIGHT + DAY_MS)
    assert len(server.orders()) == 1


@pytest.mark.parametrize(
    ("mode", "stops"), [("DAILY", Decimal(0)), ("DAILY_EXCLUDING_STOPS", Decimal("1.08"))]
)
def test_daily_symbol_drops_orders_and_stops_at_midnight(mode: str, stops: Decimal) -> None:
    terms = msgspec.convert({"name": "EURUSD", "orders_gtc": mode}, SymbolTerms)
    server = broker(terms)
    ticket = placed(server)
    opened(server, opening(sl="1.08"))
    server.advance(MIDNIGHT)
    assert done(server, ticket).state is OrderState.EXPIRED
    assert server.positions()[0].sl == stops


def test_modify_changes_price_levels_and_lifetime() -> None:
    server = broker()
    ticket = placed(server)
    request = change(
        ticket, "1.085", sl="1.08", tp="1.10", type_time=OrderTime.SPECIFIED, expiration=START + 60_000
    )
    result = server.order_send(request)
    assert (result.retcode, result.order, result.deal) == (10009, ticket, 0)
    (order,) = server.orders()
    assert (order.price_open, order.sl, order.tp) == (Decimal("1.085"), Decimal("1.08"), Decimal("1.10"))
    assert (order.type_time, order.time_expiration) == (OrderTime.SPECIFIED, START + 60_000)
    assert emitted(server, 3) == ["ORDER_UPDATE(PLACED)", "REQUEST"]
    assert server.order_send(request).retcode == Retcode.NO_CHANGES
    quoted(server, "1.08700")
    assert len(server.orders()) == 1


def test_modify_without_a_limit_price_keeps_it() -> None:
    server = broker()
    ticket = placed(server, waiting(STOP_LIMIT, "1.10", stoplimit="1.099"))
    assert server.order_send(change(ticket, "1.101", stoplimit="1.099")).retcode == Retcode.DONE
    assert server.order_send(change(ticket, "1.101", stoplimit="1.0995")).retcode == Retcode.DONE
    (order,) = server.orders()
    assert (order.price_open, order.price_stoplimit) == (Decimal("1.101"), Decimal("1.0995"))


def test_remove_cancels_the_order() -> None:
    server = broker()
    ticket = placed(server)
    result = server.order_send(removal(ticket))
    assert (result.retcode, result.order) == (10009, ticket)
    assert done(server, ticket).state is OrderState.CANCELED
    assert emitted(server, 3) == ["ORDER_DELETE(CANCELED)", "HISTORY_ADD(CANCELED)", "REQUEST"]
    quoted(server, "1.08000")
    assert server.positions() == []


@pytest.mark.parametrize(
    ("quirks", "retcode"),
    [(Quirks(), Retcode.INVALID), (Quirks(gone_order="ORDER_CHANGED"), Retcode.ORDER_CHANGED)],
)
def test_modify_and_remove_of_a_done_order_are_refused(quirks: Quirks, retcode: Retcode) -> None:
    server = broker(quirks=quirks)
    ticket = placed(server)
    quoted(server, "1.08000")
    before = book_of(server)
    assert server.order_send(removal(ticket)).retcode == retcode
    assert server.order_send(change(ticket, "1.07")).retcode == retcode
    assert server.order_send(removal(999)).retcode == Retcode.INVALID
    assert book_of(server) == before


PLAIN = SymbolTerms(name="EURUSD")


@dataclass(frozen=True)
class Refusal:
    """A pending order that is refused, by the default broker or with the terms of its symbol."""

    name: str
    request: TradeRequest
    retcode: Retcode
    terms: SymbolTerms = PLAIN


NEAR = SymbolTerms(name="EURUSD", stops_level=20)
COARSE = SymbolTerms(name="EURUSD", tick_size=Decimal("0.0005"))
REFUSALS = [
    Refusal("unknown symbol", waiting(symbol="EURXXX"), Retcode.INVALID),
    Refusal("market type", waiting(OrderType.SELL), Retcode.INVALID_ORDER),
    Refusal("close-by type", waiting(OrderType.CLOSE_BY), Retcode.INVALID_ORDER),
    Refusal("no volume", waiting(volume="0"), Retcode.INVALID_VOLUME),
    Refusal("volume off the step", waiting(volume="0.015"), Retcode.INVALID_VOLUME),
    Refusal("no price", waiting(price="0"), Retcode.INVALID_PRICE),
    Refusal("price not a number", waiting(price="NaN"), Retcode.INVALID),
    Refusal("buy limit at the ask", waiting(price="1.09510"), Retcode.INVALID_PRICE),
    Refusal("sell limit at the bid", waiting(SELL_LIMIT, "1.09500"), Retcode.INVALID_PRICE),
    Refusal("buy stop at the ask", waiting(STOP, "1.09510"), Retcode.INVALID_PRICE),
    Refusal("sell stop at the bid", waiting(SELL_STOP, "1.09500"), Retcode.INVALID_PRICE),
    Refusal("buy limit too near", waiting(price="1.09491"), Retcode.INVALID_PRICE, NEAR),
    Refusal("sell stop too near", waiting(SELL_STOP, "1.09481"), Retcode.INVALID_PRICE, NEAR),
    Refusal("price finer than a tick", waiting(price="1.090001"), Retcode.INVALID_PRICE),
    Refusal("price off a coarse tick", waiting(price="1.0903"), Retcode.INVALID_PRICE, COARSE),
    Refusal("no limit behind the stop", waiting(STOP_LIMIT, "1.10"), Retcode.INVALID_PRICE),
    Refusal("limit above a buy's stop", waiting(STOP_LIMIT, "1.10", stoplimit="1.11"), Retcode.INVALID_PRICE),
    Refusal(
        "limit below a sell's stop", waiting(SELL_STOP_LIMIT, "1.09", stoplimit="1.08"), Retcode.INVALID_PRICE
    ),
    Refusal("buy: stop loss above", waiting(sl="1.091"), Retcode.INVALID_STOPS),
    Refusal("buy: take profit below", waiting(tp="1.089"), Retcode.INVALID_STOPS),
    Refusal("sell: stop loss below", waiting(SELL_LIMIT, "1.10", sl="1.09"), Retcode.INVALID_STOPS),
    Refusal("stop loss too near", waiting(sl="1.08981"), Retcode.INVALID_STOPS, NEAR),
    Refusal(
        "stop loss beyond the limit, not the stop",
        waiting(STOP_LIMIT, "1.10", stoplimit="1.098", sl="1.099"),
        Retcode.INVALID_STOPS,
    ),
    Refusal(
        "symbol without stop losses",
        waiting(sl="1.08"),
        Retcode.INVALID_STOPS,
        SymbolTerms(name="EURUSD", orders=("LIMIT",)),
    ),
    Refusal(
        "symbol without limit orders",
        waiting(),
        Retcode.INVALID_ORDER,
        SymbolTerms(name="EURUSD", orders=("MARKET", "STOP", "STOP_LIMIT")),
    ),
    Refusal(
        "symbol without market orders",
        opening(),
        Retcode.INVALID_ORDER,
        SymbolTerms(name="EURUSD", orders=("LIMIT",)),
    ),
    Refusal(
        "filling that the symbol lacks",
        waiting(filling=OrderFilling.FOK),
        Retcode.INVALID_FILL,
        SymbolTerms(name="EURUSD", filling=("IOC",)),
    ),
    Refusal("BOC that the symbol lacks", waiting(filling=OrderFilling.BOC), Retcode.INVALID_FILL),
    Refusal(
        "BOC of a stop order",
        waiting(STOP, "1.10", filling=OrderFilling.BOC),
        Retcode.INVALID_FILL,
        SymbolTerms(name="EURUSD", filling=("BOC",)),
    ),
    Refusal(
        "lifetime that the symbol lacks",
        waiting(type_time=OrderTime.DAY),
        Retcode.INVALID_EXPIRATION,
        SymbolTerms(name="EURUSD", expiration=("GTC",)),
    ),
    Refusal("no expiry", waiting(type_time=OrderTime.SPECIFIED), Retcode.INVALID_EXPIRATION),
    Refusal(
        "expiry now", waiting(type_time=OrderTime.SPECIFIED, expiration=START), Retcode.INVALID_EXPIRATION
    ),
    Refusal(
        "expiry behind the last datetime of MQL5",
        waiting(type_time=OrderTime.SPECIFIED, expiration=LAST_DATETIME_MS + 1000),
        Retcode.INVALID_EXPIRATION,
    ),
    Refusal(
        "day of expiry behind the last datetime of MQL5",
        waiting(type_time=OrderTime.SPECIFIED_DAY, expiration=LAST_DATETIME_MS + 1000),
        Retcode.INVALID_EXPIRATION,
    ),
    Refusal(
        "expiry yesterday",
        waiting(type_time=OrderTime.SPECIFIED_DAY, expiration=START - DAY_MS),
        Retcode.INVALID_EXPIRATION,
    ),
    Refusal(
        "buying where only selling is allowed",
        waiting(),
        Retcode.SHORT_ONLY,
        SymbolTerms(name="EURUSD", trade_mode="SHORTONLY"),
    ),
    Refusal(
        "opening where only closing is allowed",
        waiting(),
        Retcode.CLOSE_ONLY,
        SymbolTerms(name="EURUSD", trade_mode="CLOSEONLY"),
    ),
    Refusal(
        "no trading", waiting(), Retcode.TRADE_DISABLED, SymbolTerms(name="EURUSD", trade_mode="DISABLED")
    ),
    Refusal(
        "volume limit",
        waiting(volume="0.20"),
        Retcode.LIMIT_VOLUME,
        SymbolTerms(name="EURUSD", volume_limit=Decimal("0.15")),
    ),
]


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
def test_refused_order_changes_nothing(case: Refusal) -> None:
    server = broker(case.terms)
    before = book_of(server)
    assert server.order_check(case.request).retcode == case.retcode
    result = server.order_send(case.request)
    assert result.retcode == case.retcode
    assert nothing_done(result)
    assert book_of(server) == before
    assert emitted(server) == ["REQUEST"]


@pytest.mark.parametrize(
    ("request_", "terms"),
    [
        (waiting(filling=OrderFilling.FOK), SymbolTerms(name="EURUSD")),
        (waiting(filling=OrderFilling.BOC), SymbolTerms(name="EURUSD", filling=("BOC",))),
        (waiting(filling=OrderFilling.IOC), SymbolTerms(name="EURUSD", filling=(), execution="INSTANT")),
        (waiting(price="1.09490", sl="1.09470", tp="1.09510"), NEAR),
        (waiting(type_time=OrderTime.SPECIFIED_DAY, expiration=START - 1000), SymbolTerms(name="EURUSD")),
        (waiting(volume="0.15"), SymbolTerms(name="EURUSD", volume_limit=Decimal("0.15"))),
    ],
)
def test_order_at_the_limit_of_each_rule_is_accepted(request_: TradeRequest, terms: SymbolTerms) -> None:
    server = broker(terms)
    assert server.order_check(request_).retcode == 0
    placed(server, request_)


def test_pending_filling_quirk_accepts_return_only() -> None:
    server = broker(quirks=Quirks(pending_filling="RETURN"))
    assert server.order_send(waiting(filling=OrderFilling.FOK)).retcode == Retcode.INVALID_FILL
    placed(server)


def test_closed_market_refuses_placing_modifying_and_removing() -> None:
    server = broker()
    ticket = placed(server)
    server.set_session("EURUSD", False)
    requests = [waiting(), change(ticket, "1.08"), removal(ticket)]
    assert {server.order_send(request).retcode for request in requests} == {Retcode.MARKET_CLOSED}


def test_modify_is_checked_like_placing() -> None:
    server = broker(SymbolTerms(name="EURUSD", expiration=("GTC",)))
    ticket = placed(server)
    refused = [
        (change(ticket, "1.096"), Retcode.INVALID_PRICE),
        (change(ticket, sl="1.10"), Retcode.INVALID_STOPS),
        (change(ticket, type_time=OrderTime.DAY), Retcode.INVALID_EXPIRATION),
        (change(ticket), Retcode.NO_CHANGES),
    ]
    before = book_of(server)
    assert [server.order_send(request).retcode for request, _ in refused] == [code for _, code in refused]
    assert book_of(server) == before


@pytest.mark.parametrize("lifetime", [OrderTime.SPECIFIED, OrderTime.SPECIFIED_DAY])
def test_expiry_behind_the_last_datetime_of_mql5_is_refused_for_a_change_too(lifetime: OrderTime) -> None:
    server = broker()
    ticket = placed(server)
    late = change(ticket, type_time=lifetime, expiration=LAST_DATETIME_MS + 1000)
    assert server.order_send(late).retcode == Retcode.INVALID_EXPIRATION
    last = change(ticket, type_time=lifetime, expiration=LAST_DATETIME_MS)
    assert server.order_send(last).retcode == Retcode.DONE


def test_order_near_its_price_is_frozen() -> None:
    server = broker(SymbolTerms(name="EURUSD", freeze_level=50))
    ticket = placed(server)
    quoted(server, "1.09049")
    assert server.order_send(removal(ticket)).retcode == Retcode.FROZEN
    assert server.order_send(change(ticket, "1.08")).retcode == Retcode.FROZEN
    quoted(server, "1.09050")
    assert server.order_send(removal(ticket)).retcode == Retcode.DONE


def test_number_of_pending_orders_is_limited() -> None:
    server = broker(account=AccountTerms(limit_orders=1))
    assert server.account().limit_orders == 1
    ticket = placed(server)
    assert server.order_send(waiting()).retcode == Retcode.LIMIT_ORDERS
    opened(server)
    server.order_send(removal(ticket))
    placed(server)


def test_volume_limit_counts_positions_and_pending_orders_of_a_direction() -> None:
    server = broker(SymbolTerms(name="EURUSD", volume_limit=Decimal("0.30")))
    opened(server, opening("0.10"))
    placed(server, waiting(volume="0.10"))
    assert server.order_send(waiting(STOP, "1.10", "0.11")).retcode == Retcode.LIMIT_VOLUME
    assert server.order_send(opening("0.11")).retcode == Retcode.LIMIT_VOLUME
    placed(server, waiting(SELL_LIMIT, "1.10", "0.30"))
    placed(server, waiting(STOP, "1.10", "0.10"))


@pytest.mark.parametrize(
    ("quirks", "state"),
    [(Quirks(), OrderState.REJECTED), (Quirks(trigger_no_money="CANCELED"), OrderState.CANCELED)],
)
def test_order_met_without_money_is_rejected(quirks: Quirks, state: OrderState) -> None:
    server = broker(account=AccountTerms(balance=Decimal(1000)), quirks=quirks)
    ticket = placed(server, waiting(volume="1.00"))
    after = len(server.transactions(0))
    quoted(server, "1.08990")
    assert done(server, ticket).state is state
    assert (server.positions(), server.orders()) == ([], [])
    assert emitted(server, after) == [f"ORDER_DELETE({state.name})", f"HISTORY_ADD({state.name})"]


def test_price_beyond_the_sessions_limits_is_refused() -> None:
    server = broker()
    symbol = server.symbol("EURUSD")
    assert symbol is not None
    limits = {"session_price_limit_min": Decimal("1.09"), "session_price_limit_max": Decimal("1.10")}
    server.set_symbol(msgspec.structs.replace(symbol, **limits))
    requests = [waiting(price="1.08999"), waiting(STOP, "1.10001"), waiting(), waiting(STOP, "1.10")]
    assert [server.order_send(request).retcode for request in requests] == [
        Retcode.INVALID_PRICE,
        Retcode.INVALID_PRICE,
        Retcode.DONE,
        Retcode.DONE,
    ]


def test_quote_does_not_fill_orders_of_other_symbols() -> None:
    server = broker()
    placed(server)
    server.set_quote("GBPUSD", Decimal("1.0"), Decimal("1.1"))
    assert len(server.orders()) == 1


def test_close_only_symbol_allows_removing_a_pending_order() -> None:
    server = broker()
    ticket = placed(server)
    server.set_trade_mode("EURUSD", SymbolTradeMode.CLOSEONLY)
    assert server.order_send(removal(ticket)).retcode == Retcode.DONE


def test_sell_order_opens_a_short_position() -> None:
    server = broker()
    placed(server, waiting(SELL_LIMIT, "1.10"))
    quoted(server, "1.10000")
    assert server.positions()[0].type is PositionType.SELL
