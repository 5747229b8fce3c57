"""How long a pending order stays: in the symbol's terms, and never longer than asked."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bridge.core.director.contract import TimeInForce
from bridge.core.link.reports import NotSentReason
from bridge.simulator.broker.market.symbols import SHIPPED
from bridge.simulator.mt5.types import OrderTime, Retcode, SymbolExpiration
from bridge.simulator.terminal.expiry import DAY_MS, Expiry, choose_expiry
from bridge.simulator.terminal.not_sent import NotSent

ALL = (
    SymbolExpiration.GTC | SymbolExpiration.DAY | SymbolExpiration.SPECIFIED | SymbolExpiration.SPECIFIED_DAY
)
FOREVER = 2**62


def at(text: str) -> int:
    """A time on the broker's clock, in server milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


NOW = at("2026-01-05 10:00:00.500")


def chosen(asked: TimeInForce, modes: SymbolExpiration, expires: int = 0, now: int = NOW) -> Expiry:
    return choose_expiry(asked, expires, replace(SHIPPED["EURUSD"], expiration_mode=modes), now)


def refusal(asked: TimeInForce, modes: SymbolExpiration, expires: int = 0, now: int = NOW) -> str:
    with pytest.raises(NotSent) as raised:
        chosen(asked, modes, expires, now)
    assert (raised.value.reason, raised.value.retcode) == (NotSentReason.CHECK, Retcode.INVALID_EXPIRATION)
    return raised.value.message


@pytest.mark.parametrize(
    ("asked", "modes", "time", "expiration"),
    [
        (TimeInForce.GTC, ALL, OrderTime.GTC, ""),
        (TimeInForce.GTC, SymbolExpiration.DAY | SymbolExpiration.SPECIFIED, OrderTime.DAY, ""),
        (TimeInForce.DAY, ALL, OrderTime.DAY, ""),
        (
            TimeInForce.DAY,
            SymbolExpiration.GTC | SymbolExpiration.SPECIFIED_DAY,
            OrderTime.SPECIFIED_DAY,
            "2026-01-05 23:59:59",
        ),
        (TimeInForce.GTD, ALL, OrderTime.SPECIFIED, "2026-01-07 12:00:00"),
        (
            TimeInForce.GTD,
            SymbolExpiration.GTC | SymbolExpiration.SPECIFIED_DAY,
            OrderTime.SPECIFIED_DAY,
            "2026-01-06 23:59:59",
        ),
    ],
)
def test_the_first_that_the_symbol_has(
    asked: TimeInForce, modes: SymbolExpiration, time: OrderTime, expiration: str
) -> None:
    expiry = chosen(asked, modes, at("2026-01-07 12:00:00.900") if asked is TimeInForce.GTD else 0)
    assert expiry == Expiry(type_time=time, expiration=at(expiration) if expiration else 0)


@pytest.mark.parametrize(
    ("asked", "modes", "words"),
    [
        (
            TimeInForce.GTC,
            SymbolExpiration.SPECIFIED | SymbolExpiration.SPECIFIED_DAY,
            "a GTC order needs GTC or DAY; EURUSD allows SPECIFIED, SPECIFIED_DAY",
        ),
        (TimeInForce.DAY, SymbolExpiration.GTC, "a DAY order needs DAY or SPECIFIED_DAY; EURUSD allows GTC"),
        (
            TimeInForce.GTD,
            SymbolExpiration.NONE,
            "a GTD order needs SPECIFIED or SPECIFIED_DAY; EURUSD allows none",
        ),
    ],
)
def test_a_symbol_without_it_is_named_with_what_it_allows(
    asked: TimeInForce, modes: SymbolExpiration, words: str
) -> None:
    assert refusal(asked, modes, FOREVER if asked is TimeInForce.GTD else 0) == words


def test_an_expiry_that_has_passed() -> None:
    assert refusal(TimeInForce.GTD, ALL, at("2026-01-05 10:00:00.400")) == (
        "the expiry 2026.01.05 10:00:00 has passed: it is 2026.01.05 10:00:00 at the broker"
    )
    assert "needs its expiry on the broker's clock" in refusal(TimeInForce.GTD, ALL, 0)


def test_a_symbol_of_whole_days_does_not_live_past_its_hour() -> None:
    days = SymbolExpiration.SPECIFIED_DAY
    assert refusal(TimeInForce.GTD, days, at("2026-01-05 23:59:59")) == (
        "EURUSD lets orders expire at the end of a day only, and none ends between now and 2026.01.05 23:59:59"
    )
    assert chosen(TimeInForce.GTD, days, at("2026-01-06")).expiration == at("2026-01-05 23:59:59")


@given(
    st.sampled_from(TimeInForce),
    st.integers(0, 15).map(SymbolExpiration),
    st.integers(1, 40 * DAY_MS),
    st.integers(0, 3 * DAY_MS),
)
def test_never_later_than_asked(asked: TimeInForce, modes: SymbolExpiration, now: int, ahead: int) -> None:
    expires = now + ahead if asked is TimeInForce.GTD else 0
    try:
        expiry = chosen(asked, modes, expires, now)
    except NotSent as answer:
        assert answer.retcode == Retcode.INVALID_EXPIRATION
        return
    today = now // DAY_MS
    asked_end = {
        TimeInForce.GTC: FOREVER,
        TimeInForce.DAY: (today + 1) * DAY_MS,
        TimeInForce.GTD: expires,
    }[asked]
    end = {
        OrderTime.GTC: FOREVER,
        OrderTime.DAY: (today + 1) * DAY_MS,
        OrderTime.SPECIFIED: expiry.expiration,
        # Whatever hour it names, it lives until its day is over.
        OrderTime.SPECIFIED_DAY: expiry.expiration // DAY_MS * DAY_MS + DAY_MS,
    }[expiry.type_time]
    assert end <= asked_end
    assert expiry.expiration % 1_000 == 0
    assert SymbolExpiration[expiry.type_time.name] in modes
    if asked is TimeInForce.GTD:
        assert expiry.expiration > now
