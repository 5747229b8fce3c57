"""Prices and stops: their side of the market, their distance from it, and the words for both."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from bridge.core.link.reports import NotSentReason
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import Side
from bridge.simulator.broker.market.symbols import SHIPPED
from bridge.simulator.mt5.types import OrderType, Retcode, Tick
from bridge.simulator.terminal.levels import Pending, risk_limit_pending, risk_limit_stops
from bridge.simulator.terminal.not_sent import NotSent

SYMBOL = replace(SHIPPED["EURUSD"], trade_stops_level=20)
TICK = Tick(time_msc=0, bid=Decimal("1.10002"), ask=Decimal("1.10012"))


def said(retcode: Retcode, words: str) -> pytest.RaisesExc[NotSent]:
    """A refusal of the terminal's own, in these words."""

    def fits(answer: NotSent) -> bool:
        return (answer.reason, answer.retcode, answer.message) == (NotSentReason.CHECK, retcode, words)

    return pytest.RaisesExc(NotSent, check=fits)


@pytest.mark.parametrize(
    ("side", "sl", "tp", "words"),
    [
        (Side.BUY, "1.09982", "1.10022", ""),
        (Side.BUY, "0", "0", ""),
        (Side.SELL, "1.10032", "1.09992", ""),
        (
            Side.BUY,
            "1.0999",
            "0",
            "stop loss 1.09990 is 12 points from the bid 1.10002; this symbol wants at least 20",
        ),
        (Side.BUY, "1.10002", "0", "stop loss 1.10002 is not below the bid 1.10002"),
        (Side.BUY, "0", "1.10000", "take profit 1.10000 is not above the bid 1.10002"),
        (Side.SELL, "1.10000", "0", "stop loss 1.10000 is not above the ask 1.10012"),
        (
            Side.SELL,
            "0",
            "1.10011",
            "take profit 1.10011 is 1 points from the ask 1.10012; this symbol wants at least 20",
        ),
    ],
)
def test_stops(side: Side, sl: str, tp: str, words: str) -> None:
    if not words:
        risk_limit_stops(SYMBOL, TICK, side, Decimal(sl), Decimal(tp))
        return
    with said(Retcode.INVALID_STOPS, words):
        risk_limit_stops(SYMBOL, TICK, side, Decimal(sl), Decimal(tp))


def pending(type: OrderType, price: str, *, stoplimit: str = "0", sl: str = "0", tp: str = "0") -> Pending:
    return Pending(
        type=type, price=Decimal(price), stoplimit=Decimal(stoplimit), sl=Decimal(sl), tp=Decimal(tp)
    )


@pytest.mark.parametrize(
    ("type", "good", "bad", "words"),
    [
        (OrderType.BUY_LIMIT, "1.09992", "1.10012", "price 1.10012 is not below the ask 1.10012"),
        (OrderType.BUY_STOP, "1.10032", "1.10000", "price 1.10000 is not above the ask 1.10012"),
        (OrderType.SELL_LIMIT, "1.10022", "1.10002", "price 1.10002 is not above the bid 1.10002"),
        (OrderType.SELL_STOP, "1.09982", "1.10010", "price 1.10010 is not below the bid 1.10002"),
        (
            OrderType.BUY_LIMIT,
            "1.09000",
            "1.10000",
            "price 1.10000 is 12 points from the ask 1.10012; this symbol wants at least 20",
        ),
    ],
)
def test_a_pending_price(type: OrderType, good: str, bad: str, words: str) -> None:
    risk_limit_pending(SYMBOL, TICK, pending(type, good))
    with said(Retcode.INVALID_PRICE, words):
        risk_limit_pending(SYMBOL, TICK, pending(type, bad))


def test_the_limit_price_of_a_stop_limit_order() -> None:
    risk_limit_pending(SYMBOL, TICK, pending(OrderType.BUY_STOP_LIMIT, "1.10100", stoplimit="1.10080"))
    risk_limit_pending(SYMBOL, TICK, pending(OrderType.SELL_STOP_LIMIT, "1.09900", stoplimit="1.09920"))
    with said(Retcode.INVALID_PRICE, "limit price 1.10101 is not below the price 1.10100"):
        risk_limit_pending(SYMBOL, TICK, pending(OrderType.BUY_STOP_LIMIT, "1.10100", stoplimit="1.10101"))
    with said(
        Retcode.INVALID_PRICE,
        "limit price 1.09910 is 10 points from the price 1.09900; this symbol wants at least 20",
    ):
        risk_limit_pending(SYMBOL, TICK, pending(OrderType.SELL_STOP_LIMIT, "1.09900", stoplimit="1.09910"))
    anywhere = replace(SYMBOL, trade_stops_level=0)
    risk_limit_pending(anywhere, TICK, pending(OrderType.BUY_STOP_LIMIT, "1.10100", stoplimit="1.10100"))


def test_the_stops_of_a_pending_order_stand_around_its_price() -> None:
    risk_limit_pending(SYMBOL, TICK, pending(OrderType.BUY_STOP, "1.10500", sl="1.10480", tp="1.10520"))
    with said(Retcode.INVALID_STOPS, "stop loss 1.10500 is not below the price 1.10500"):
        risk_limit_pending(SYMBOL, TICK, pending(OrderType.BUY_STOP, "1.10500", sl="1.10500"))
    with said(Retcode.INVALID_STOPS, "take profit 1.09820 is not below the limit price 1.09820"):
        risk_limit_pending(
            SYMBOL, TICK, pending(OrderType.SELL_STOP_LIMIT, "1.09800", stoplimit="1.09820", tp="1.09820")
        )


def test_a_change_answers_for_what_it_moves_alone() -> None:
    # The market has come near: as a new order this one would be refused for its price and its stop.
    near = pending(OrderType.BUY_LIMIT, "1.10010", sl="1.10000", tp="1.20000")
    with pytest.raises(NotSent):
        risk_limit_pending(SYMBOL, TICK, near)
    risk_limit_pending(SYMBOL, TICK, replace(near, tp=Decimal("1.30000")), near)
    risk_limit_pending(SYMBOL, TICK, replace(near, sl=ZERO), near)
    with pytest.raises(NotSent, match=r"stop loss 1\.10005 is 5 points from the price 1\.10010"):
        risk_limit_pending(SYMBOL, TICK, replace(near, sl=Decimal("1.10005")), near)
    with pytest.raises(NotSent, match=r"price 1\.10009 is 3 points from the ask"):
        risk_limit_pending(SYMBOL, TICK, replace(near, price=Decimal("1.10009")), near)
    # Stops stand around the price, so they answer where it moves.
    with pytest.raises(NotSent, match=r"stop loss 1\.10000 is not below the price 1\.09900"):
        risk_limit_pending(SYMBOL, TICK, replace(near, price=Decimal("1.09900")), near)
