"""The officer's limits on opening, each at its edge."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest

from bridge.core.settings import OfficerSettings, RiskLimits
from bridge.core.trade.risk_limits import Exposure, Funds, forbidden
from bridge.core.units.daily_window import parse_window
from tests.unit.core.samples import OFFICER, OPEN_ORDER

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
NOTHING = Exposure()
WELL = Funds(equity=Decimal(10_000), margin=Decimal(1000), day_opening=Decimal(10_000), peak=Decimal(10_000))


def refusal(
    risk_limits: RiskLimits,
    *,
    exposure: Exposure = NOTHING,
    funds: Funds | None = WELL,
    now: datetime = NOON,
    volume: str = "0.30",
) -> tuple[str, str] | None:
    order = msgspec.structs.replace(OPEN_ORDER, volume=Decimal(volume))
    problem = forbidden(order, OfficerSettings(id=OFFICER, risk_limits=risk_limits), exposure, funds, now)
    return None if problem is None else (problem.code, problem.message)


def test_without_limits_nothing_is_forbidden() -> None:
    much = Exposure(positions=10**6, symbol_quantity=Decimal(10**6), recent_orders=10**6)
    ruined = Funds(equity=Decimal(-5), margin=Decimal(100), day_opening=Decimal(10**6), peak=Decimal(10**6))
    assert refusal(RiskLimits(), exposure=much, funds=ruined) is None


@pytest.mark.parametrize(
    ("there", "volume", "refused"),
    [
        ("0.70", "0.30", False),
        ("0.70", "0.31", True),
        ("0.71", "0.30", True),
        ("0", "1", False),
        ("0", "1.01", True),
    ],
)
def test_the_symbols_quantity_may_reach_its_limit_and_not_pass_it(
    there: str, volume: str, refused: bool
) -> None:
    risk_limits = RiskLimits(max_symbol_quantity=Decimal(1))
    found = refusal(risk_limits, exposure=Exposure(symbol_quantity=Decimal(there)), volume=volume)
    total = Decimal(there) + Decimal(volume)
    assert found == (
        (
            "LIMIT_SYMBOL_QUANTITY",
            f"quantity {volume} would make {total} lots in EURUSD, above this officer's max_symbol_quantity 1",
        )
        if refused
        else None
    )


@pytest.mark.parametrize(("there", "refused"), [(1, False), (2, True), (3, True)])
def test_so_many_positions_and_orders_and_no_more(there: int, refused: bool) -> None:
    found = refusal(RiskLimits(max_positions=2), exposure=Exposure(positions=there))
    message = f"{there} positions and pending orders are open; this officer's max_positions is 2"
    assert found == (("LIMIT_POSITIONS", message) if refused else None)


@pytest.mark.parametrize(("sent", "refused"), [(0, False), (2, False), (3, True), (4, True)])
def test_so_many_orders_a_minute_and_no_more(sent: int, refused: bool) -> None:
    found = refusal(RiskLimits(max_orders_per_minute=3), exposure=Exposure(recent_orders=sent))
    message = f"{sent} orders were sent in the last minute; this officer's max_orders_per_minute is 3"
    assert found == (("LIMIT_RATE", message) if refused else None)


@pytest.mark.parametrize(
    ("window", "at", "refused"),
    [
        ("21:55-22:10", "21:54:59", False),
        ("21:55-22:10", "21:55:00", True),
        ("21:55-22:10", "22:09:59", True),
        ("21:55-22:10", "22:10:00", False),
        # Past midnight.
        ("23:30-00:30", "23:29:59", False),
        ("23:30-00:30", "23:30:00", True),
        ("23:30-00:30", "00:00:00", True),
        ("23:30-00:30", "00:29:59", True),
        ("23:30-00:30", "00:30:00", False),
        ("23:30-00:30", "12:00:00", False),
        # From a time to the same time is no time at all.
        ("12:00-12:00", "12:00:00", False),
        ("00:00-23:59", "12:00:00", True),
    ],
)
def test_nothing_is_opened_within_closed_hours(window: str, at: str, refused: bool) -> None:
    now = datetime.fromisoformat(f"2026-01-05T{at}+00:00")
    risk_limits = RiskLimits(closed_hours=["03:00-03:01", window])
    message = f"nothing is opened between {window} UTC (closed_hours)"
    assert refusal(risk_limits, now=now) == (("CLOSED_HOURS", message) if refused else None)
    elsewhere = now.astimezone(timezone(timedelta(hours=9)))
    assert refusal(risk_limits, now=elsewhere) == refusal(risk_limits, now=now)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "21:55",
        "21:55-",
        "-22:10",
        "21:55 - 22:10",
        "9:00-10:00",
        "24:00-25:00",
        "21.55-22.10",
        "ab:cd-ef:gh",
    ],
)
def test_a_window_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not like|Invalid|hour must"):
        parse_window(text)


@pytest.mark.parametrize(
    ("equity", "refused"), [("9500.01", False), ("9500.00", True), ("9499.99", True), ("10500", False)]
)
def test_a_days_loss_stops_opening_once_it_is_reached(equity: str, refused: bool) -> None:
    funds = msgspec.structs.replace(WELL, equity=Decimal(equity), peak=Decimal(20_000))
    found = refusal(RiskLimits(max_daily_loss=Decimal(500)), funds=funds)
    lost = Decimal(10_000) - Decimal(equity)
    message = f"the account lost {lost} since the day began at 10000; max_daily_loss is 500"
    assert found == (("LIMIT_DAILY_LOSS", message) if refused else None)


@pytest.mark.parametrize(
    ("equity", "fallen", "refused"),
    [("9001", "9.99", False), ("9000", "10.00", True), ("0", "100.00", True), ("10000", "0", False)],
)
def test_a_drawdown_stops_opening_once_it_is_reached(equity: str, fallen: str, refused: bool) -> None:
    funds = msgspec.structs.replace(WELL, equity=Decimal(equity), day_opening=Decimal(equity))
    found = refusal(RiskLimits(max_drawdown_percent=Decimal(10)), funds=funds)
    message = f"equity {equity} is {fallen} % below its peak of 10000; max_drawdown_percent is 10"
    assert found == (("LIMIT_DRAWDOWN", message) if refused else None)


@pytest.mark.parametrize("limit", ["max_daily_loss", "max_drawdown_percent", "min_margin_level_percent"])
def test_account_without_equity_opens_nothing_under_a_limit_on_it(limit: str) -> None:
    empty = Funds(equity=Decimal(0), margin=Decimal(0), day_opening=Decimal(0), peak=Decimal(0))
    message = "equity 0 must be above 0 to measure a loss or a margin level by"
    measured = msgspec.structs.replace(RiskLimits(), **{limit: Decimal(10)})
    assert refusal(measured, funds=empty) == ("NO_EQUITY", message)
    assert refusal(RiskLimits(), funds=empty) is None


@pytest.mark.parametrize(
    ("margin", "level", "refused"),
    [("0", "", False), ("5000", "200.00", False), ("5000.01", "200.00", True), ("6000", "166.67", True)],
)
def test_a_margin_level_below_the_least_stops_opening(margin: str, level: str, refused: bool) -> None:
    funds = msgspec.structs.replace(WELL, margin=Decimal(margin))
    found = refusal(RiskLimits(min_margin_level_percent=Decimal(200)), funds=funds)
    message = f"the margin level is {level} %; min_margin_level_percent is 200"
    assert found == (("LIMIT_MARGIN_LEVEL", message) if refused else None)


def test_account_without_a_heartbeat_is_held_to_the_other_limits() -> None:
    strict = RiskLimits(
        max_daily_loss=Decimal(1),
        max_drawdown_percent=Decimal(1),
        min_margin_level_percent=Decimal(10**6),
        max_positions=1,
    )
    assert refusal(strict, funds=None) is None
    found = refusal(strict, funds=None, exposure=Exposure(positions=1))
    assert found is not None and found[0] == "LIMIT_POSITIONS"
