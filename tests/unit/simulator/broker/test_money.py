"""Money: profit, margin and conversion of the shipped symbols."""

from decimal import Decimal

import pytest

from bridge.simulator.broker.book.money import Rates, cents
from bridge.simulator.broker.market.symbols import FIRST_QUOTES, SHIPPED
from bridge.simulator.mt5.types import OrderType, PositionType
from tests.unit.simulator.broker.build import broker, closing, opened, opening

RATES = Rates(SHIPPED, FIRST_QUOTES)


@pytest.mark.parametrize(
    ("symbol", "opened_at", "closed_at", "profit"),
    [
        ("EURUSD", "1.09500", "1.09600", "100.00"),
        ("GBPUSD", "1.27000", "1.26000", "-1000.00"),
        ("XAUUSD", "2400.00", "2401.50", "150.00"),
        ("USDJPY", "149.012", "150.012", "666.61"),  # 100 000 yen at 150.012
    ],
)
def test_profit_of_a_lot(symbol: str, opened_at: str, closed_at: str, profit: str) -> None:
    arguments = SHIPPED[symbol], PositionType.BUY, Decimal(1), Decimal(opened_at), Decimal(closed_at)
    assert RATES.profit(*arguments) == Decimal(profit)


def test_profit_of_a_sell_is_the_loss_of_a_buy() -> None:
    prices = Decimal("1.1"), Decimal("1.0")
    assert RATES.profit(SHIPPED["EURUSD"], PositionType.SELL, Decimal(1), *prices) == Decimal(10000)


@pytest.mark.parametrize(
    ("symbol", "margin", "tick_value"),
    [
        ("EURUSD", "1095.00", "1.00000"),
        ("GBPUSD", "1270.00", "1.00000"),
        ("USDJPY", "1000.00", "0.66661"),
        ("XAUUSD", "2400.00", "1.00000"),
    ],
)
def test_margin_and_tick_value_of_a_lot(symbol: str, margin: str, tick_value: str) -> None:
    assert RATES.margin(SHIPPED[symbol], Decimal(1), 100) == Decimal(margin)
    assert RATES.tick_value(SHIPPED[symbol]) == Decimal(tick_value)


def test_currency_without_a_rate_is_refused_by_name() -> None:
    with pytest.raises(LookupError, match="CHF"):
        RATES.convert(Decimal(1), "CHF")


def test_cents_round_half_up() -> None:
    assert [cents(Decimal(text)) for text in ("0.005", "-0.005", "0.0049")] == [
        Decimal("0.01"),
        Decimal("-0.01"),
        Decimal("0.00"),
    ]


def test_divided_swap_sums_to_the_whole() -> None:
    swap, volume = Decimal("-1.00"), Decimal("0.30")
    first = RATES.swap_share(swap, Decimal("0.10"), volume)
    second = RATES.swap_share(swap - first, Decimal("0.10"), volume - Decimal("0.10"))
    last = RATES.swap_share(swap - first - second, Decimal("0.10"), Decimal("0.10"))
    assert (first, first + second + last) == (Decimal("-0.33"), swap)


def test_account_is_valued_at_the_current_quotes() -> None:
    server = broker()
    ticket = opened(server, opening("1.00"))
    server.set_quote("EURUSD", Decimal("1.10000"), Decimal("1.10010"))
    account = server.account()
    assert (account.balance, account.profit) == (Decimal("9996.50"), Decimal("490.00"))
    assert (account.equity, account.margin) == (Decimal("10486.50"), Decimal("1100.00"))
    assert (account.margin_free, account.margin_level) == (Decimal("9386.50"), Decimal("953.32"))
    assert server.positions()[0].profit == Decimal("490.00")
    server.order_send(closing(ticket, "1.00"))
    assert server.account().balance == Decimal("10483.00")
    assert server.account().margin_level == 0


def test_profit_in_yen_is_converted_to_dollars() -> None:
    server = broker()
    ticket = opened(server, opening("1.00", OrderType.SELL, symbol="USDJPY"))
    server.set_quote("USDJPY", Decimal("148.988"), Decimal("149.000"))
    server.order_send(closing(ticket, "1.00", OrderType.BUY, symbol="USDJPY"))
    # 1.000 yen on 100 000 dollars at 149.000.
    assert server.deals_by_position(ticket)[-1].profit == Decimal("671.14")
