"""Weekly sessions: opening times, and trades in a closed market or without a quote."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.market.hours import is_open, opens_at, read_session
from bridge.simulator.broker.market.symbols import SHIPPED
from bridge.simulator.broker.scenario import RandomWalk, SymbolTerms
from bridge.simulator.mt5.types import (
    OrderType,
    Retcode,
    SymbolInfo,
    Tick,
    TradeAction,
    TradeRequest,
    TradeSession,
)
from tests.unit.simulator.broker.build import START, broker, opening, stops

WEEK = ("MON 00:05-23:55", "TUE 00:05-23:55", "WED 00:05-12:00", "WED 12:30-23:55", "FRI 00:05-22:00:30")


def hours(*sessions: str) -> SymbolInfo:
    return msgspec.structs.replace(SHIPPED["EURUSD"], sessions=tuple(map(read_session, sessions)))


def at(text: str) -> int:
    """Return a server time in January 2026; the fifth is a Monday."""
    return int(datetime.fromisoformat(f"2026-01-{text}").replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("05 00:04:59", "05 00:05"),
        ("05 00:05", None),
        ("05 23:54:59", None),
        ("05 23:55", "06 00:05"),
        ("07 12:00", "07 12:30"),
        ("07 23:55", "09 00:05"),
        ("09 22:00:29", None),
        ("09 22:00:30", "12 00:05"),
        ("10 12:00", "12 00:05"),
        ("11 23:59:59", "12 00:05"),
    ],
)
def test_week_of_sessions_with_breaks_and_a_holiday(now: str, opens: str | None) -> None:
    symbol = hours(*WEEK)
    assert is_open(symbol, at(now)) is (opens is None)
    if opens is not None:
        assert opens_at(symbol, at(now)) == at(opens)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("04 21:59:59", "04 22:00"),
        ("04 22:00", None),
        ("05 00:00", None),
        ("05 05:59:59", None),
        ("05 06:00", "10 23:00"),
        ("10 23:00", None),
        ("11 00:59:59", None),
        ("11 01:00", "11 22:00"),
        ("12 02:00", None),
    ],
)
def test_session_runs_past_midnight(now: str, opens: str | None) -> None:
    symbol = hours("SUN 22:00-30:00", "SAT 23:00-25:00")
    assert is_open(symbol, at(now)) is (opens is None)
    if opens is not None:
        assert opens_at(symbol, at(now)) == at(opens)


def test_single_weekly_session_opens_again_after_a_week() -> None:
    assert opens_at(hours("MON 09:00-10:00"), at("05 10:00:00.500")) == at("12 09:00")


def test_symbol_without_sessions_is_open_and_a_closed_market_has_no_opening_time() -> None:
    assert is_open(SHIPPED["EURUSD"], at("11 03:00"))
    shut = msgspec.structs.replace(hours(*WEEK), session_open=False)
    assert not is_open(shut, at("05 12:00"))
    assert opens_at(shut, at("05 12:00")) is None


def test_session_text_is_parsed() -> None:
    assert read_session("SUN 22:05-24:00") == TradeSession(day=0, from_s=79_500, to_s=86_400)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MON",
        "MON 9:00-10:00",
        "Mon 09:00-10:00",
        "XYZ 09:00-10:00",
        "MON 09:00-10:60",
        "MON 09:00-10:00 ",
    ],
)
def test_malformed_session_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not like"):
        read_session(text)


@pytest.mark.parametrize(
    "text", ["MON 10:00-10:00", "MON 10:00-09:00", "MON 10:00-48:00:01", "MON 24:00-25:00"]
)
def test_session_outside_its_day_and_the_next_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not begin"):
        read_session(text)


def test_closed_market_refuses_trades_and_has_no_quotes_until_it_opens() -> None:
    server = broker(
        SymbolTerms(name="EURUSD", sessions=("MON 10:00-10:01", "MON 10:02-10:03")),
        random_walk=RandomWalk(step_points=9),
    )
    server.advance(START)
    assert server.order_send(opening()).retcode == Retcode.DONE
    (position,) = server.positions()
    server.advance(START + 60_000)
    last = server.tick("EURUSD")
    assert server.order_send(opening()).retcode == Retcode.MARKET_CLOSED
    assert server.order_send(stops(position.ticket, "1.0", "1.2")).retcode == Retcode.MARKET_CLOSED
    server.advance(START + 119_000)
    assert server.tick("EURUSD") == last
    server.advance(START + 125_000)
    assert server.tick("EURUSD") != last
    assert server.order_send(opening()).retcode == Retcode.DONE


@pytest.mark.parametrize("name", list(SHIPPED))
def test_symbol_without_a_quote_is_listed_and_not_traded(name: str) -> None:
    server = broker(SymbolTerms(name=name, quoted=False), random_walk=RandomWalk())
    server.advance(START + 5_000)
    assert server.tick(name) == Tick(time_msc=0, bid=ZERO, ask=ZERO)
    symbol = server.symbol(name)
    assert symbol is not None
    assert (symbol.bid, symbol.ask, symbol.spread) == (ZERO, ZERO, 0)
    # Where the profit is in dollars it needs no rate.
    assert symbol.trade_tick_value == (0 if name == "USDJPY" else 1)
    pending = TradeRequest(
        action=TradeAction.PENDING,
        symbol=name,
        type=OrderType.BUY_LIMIT,
        volume=Decimal("0.10"),
        price=Decimal(1),
    )
    for request in (opening(symbol=name), pending):
        assert server.order_check(request).retcode == Retcode.PRICE_OFF
        assert server.order_send(request).retcode == Retcode.PRICE_OFF
    bid = Decimal("1.5")
    server.set_quote(name, bid, bid)
    assert server.order_send(opening(symbol=name)).retcode == Retcode.DONE
