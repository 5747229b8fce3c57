"""Swaps by the symbol's mode, the night that counts three times, and reopening by the clock."""

from decimal import Decimal

import msgspec
import pytest

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.execution.triggers import DAY_MS
from bridge.simulator.broker.scenario import SwapMode, SymbolTerms
from bridge.simulator.mt5.types import DealEntry, DealReason, OrderType, SymbolSwapMode
from tests.unit.simulator.broker.build import START, broker, opened, opening


def terms(mode: SwapMode, *, long: str = "-5", short: str = "-3", symbol: str = "EURUSD") -> SymbolTerms:
    """Return a symbol with these swaps and no commission."""
    return SymbolTerms(
        name=symbol,
        commission=ZERO,
        swap_mode=mode,
        swap_long=Decimal(long),
        swap_short=Decimal(short),
    )


@pytest.mark.parametrize(
    ("mode", "swap"),
    [
        ("CURRENCY_DEPOSIT", "-5.00"),
        ("CURRENCY_SYMBOL", "-5.48"),  # euros at 1.095
        ("CURRENCY_MARGIN", "-5.48"),
        ("POINTS", "-5.00"),
        ("INTEREST_CURRENT", "-15.21"),  # 5 % of 109 500 dollars for a 360th of a year
        ("INTEREST_OPEN", "-15.21"),
        ("DISABLED", "0"),
    ],
)
def test_swap_of_a_lot_and_night_is_charged_by_the_mode(mode: SwapMode, swap: str) -> None:
    server = broker(terms(mode))
    opened(server, opening("1.00"))
    server.advance(START + DAY_MS)
    assert server.positions()[0].swap == Decimal(swap)
    symbol = server.symbol("EURUSD")
    assert symbol is not None
    assert symbol.swap_mode is SymbolSwapMode[mode]


def test_swap_in_points_is_converted_into_the_account_currency() -> None:
    server = broker(terms("POINTS", symbol="USDJPY"))
    opened(server, opening("1.00", symbol="USDJPY"))
    server.advance(START + DAY_MS)
    assert server.positions()[0].swap == Decimal("-3.33")  # 500 yen


@pytest.mark.parametrize(
    ("mode", "side", "price"),
    [
        ("REOPEN_CURRENT", OrderType.BUY, "1.09505"),
        ("REOPEN_CURRENT", OrderType.SELL, "1.09507"),
        ("REOPEN_BID", OrderType.BUY, "1.09505"),
        ("REOPEN_BID", OrderType.SELL, "1.09497"),
    ],
)
def test_position_is_reopened_at_midnight_by_the_points_of_its_swap(
    mode: SwapMode, side: OrderType, price: str
) -> None:
    server = broker(terms(mode))
    identifier = opened(server, opening(type=side))
    server.advance(START + DAY_MS)
    (held,) = server.positions()
    assert (held.identifier, held.price_open, held.swap) == (identifier, Decimal(price), ZERO)
    assert held.ticket != identifier
    _, out, into = server.deals_by_position(identifier)
    midnight = START - START % DAY_MS + DAY_MS
    assert (out.entry, into.entry, out.time_msc) == (DealEntry.OUT, DealEntry.IN, midnight)
    assert out.reason is into.reason is DealReason.ROLLOVER
    server.advance(START + 2 * DAY_MS)
    assert len(server.deals_by_position(identifier)) == 5


def test_one_night_counts_three_times_and_those_of_the_weekend_do_not() -> None:
    server = broker(
        SymbolTerms(name="EURUSD", swap_long=Decimal("-5"), swap_triple="WED"),
    )
    opened(server, opening("1.00"))
    charged = []
    for day in range(1, 8):  # from the night after Monday
        server.advance(START + day * DAY_MS)
        charged.append(server.positions()[0].swap / -5)
    assert charged == [1, 2, 5, 6, 7, 7, 7]


def test_position_is_reopened_with_a_gap_after_midnight() -> None:
    one = msgspec.structs.replace(terms("REOPEN_CURRENT"), reopen_gap_ms=300_000)
    server = broker(one)
    identifier = opened(server)
    midnight = START - START % DAY_MS + DAY_MS
    server.advance(midnight + 200_000)
    assert server.positions() == []
    server.advance(midnight + 2 * DAY_MS)
    assert [deal.time_msc - midnight for deal in server.deals_by_position(identifier)[1:]] == [
        0,
        300_000,
        DAY_MS,
        DAY_MS + 300_000,
        2 * DAY_MS,
    ]
