"""An opening directive: what is refused before anything is sent, and the one order that it becomes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.core.director.actions import ACTIONS, Intent, intent_of
from bridge.core.director.contract import Action, Directive, OrderType, TimeInForce
from bridge.core.director.problem import Problem
from bridge.core.director.times import NEVER
from bridge.core.link.messages import CommandKind, Order
from bridge.core.settings import OfficerSettings, RiskLimits
from bridge.core.trade.planning import PlannedCommand, comment, on_tick, plan_open
from bridge.core.trade.validation import check, check_volume, expiry
from bridge.core.units.mt5_terms import Side
from bridge.core.units.order_ids import OPENING
from tests.unit.core.samples import NOW, OFFICER, TERMS

SETTINGS = OfficerSettings(
    id=OFFICER, symbols={"EURUSD": "EURUSD.r"}, deviation_points=15, max_quantity=Decimal("1.00")
)
LONG = Directive(
    directive_id="dir-1",
    symbol="EURUSD",
    action=Action.OPEN_LONG,
    order_type=OrderType.MARKET,
    issued_at=NOW,
    quantity=Decimal("0.10"),
    price=Decimal("1.0950"),
    stop_loss=Decimal("1.0900"),
    take_profit=Decimal("1.1000"),
    expires_at=NOW + timedelta(minutes=5),
)
SHORT = msgspec.structs.replace(
    LONG, action=Action.OPEN_SHORT, stop_loss=Decimal("1.1000"), take_profit=Decimal("1.0900")
)
LATER = NOW + timedelta(days=1)


def client_order_ids(target: str) -> int:
    return {OPENING: 101}[target]


def planned(directive: Directive, settings: OfficerSettings = SETTINGS) -> Order:
    number = plan_open(directive, settings, TERMS, client_order_ids)
    assert isinstance(number, PlannedCommand)
    assert number.opening_directive_id == ""
    return number.order


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize(("late_ms", "expired"), [(-1, False), (0, True), (1, True)])
def test_a_directive_expires_at_its_very_moment(action: Action, late_ms: int, expired: bool) -> None:
    now = NOW + timedelta(minutes=5, milliseconds=late_ms)
    directive = msgspec.structs.replace(SHORT if action is Action.OPEN_SHORT else LONG, action=action)
    problem = check(directive, SETTINGS, now, NOW)
    assert (problem is not None) is expired
    if problem:
        assert problem.code == "EXPIRED"
        assert "2026-01-04T10:05:00.000Z" in problem.message


@pytest.mark.parametrize(("late_ms", "expired"), [(-1, False), (0, True)])
def test_a_pending_order_that_would_have_left_the_book_already_is_not_sent(
    late_ms: int, expired: bool
) -> None:
    directive = msgspec.structs.replace(
        LONG, order_type=OrderType.LIMIT, order_expires_at=NOW + timedelta(minutes=2)
    )
    problem = check(directive, SETTINGS, NOW + timedelta(minutes=2, milliseconds=late_ms), NOW)
    assert (problem is not None) is expired
    if problem:
        assert problem.code == "EXPIRED"
        assert problem.message.startswith("order_expires_at 2026-01-04T10:02:00.000Z has passed")


def test_without_an_expiry_it_lives_as_long_as_the_officer_allows_from_its_issue() -> None:
    directive = msgspec.structs.replace(LONG, expires_at=None)
    settings = msgspec.structs.replace(SETTINGS, time_to_live_s=60.0)
    assert expiry(directive, settings, NOW) == NOW + timedelta(seconds=60)
    assert expiry(LONG, settings, NOW) == LONG.expires_at


@pytest.mark.parametrize("received_s", [-3600, 0, 30])
def test_life_without_an_expiry_counts_from_the_earlier_of_issue_and_receipt(received_s: int) -> None:
    directive = msgspec.structs.replace(LONG, expires_at=None)
    settings = msgspec.structs.replace(SETTINGS, time_to_live_s=60.0)
    received_at = NOW + timedelta(seconds=received_s)
    assert expiry(directive, settings, received_at) == min(NOW, received_at) + timedelta(seconds=60)


def test_the_last_moment_of_the_calendar_is_an_expiry_like_any_other() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    directive = msgspec.structs.replace(LONG, issued_at=last, expires_at=None)
    assert expiry(directive, SETTINGS, last) >= last
    assert check(directive, SETTINGS, last - timedelta(milliseconds=1), last) is None


@pytest.mark.parametrize("action", [Action.OPEN_LONG, Action.OPEN_SHORT])
@pytest.mark.parametrize(
    ("quantity", "most", "refused"),
    [("1.00", "1.00", False), ("1.01", "1.00", True), ("0.99", "1.00", False), ("1000", None, False)],
)
def test_an_opening_over_the_officers_limit_is_refused(
    action: Action, quantity: str, most: str | None, refused: bool
) -> None:
    settings = msgspec.structs.replace(SETTINGS, max_quantity=Decimal(most) if most else None)
    directive = msgspec.structs.replace(
        LONG if action is Action.OPEN_LONG else SHORT, quantity=Decimal(quantity)
    )
    problem = check(directive, settings, NOW, NOW)
    assert (problem is not None) is refused
    if problem:
        assert problem == Problem("LIMIT_QUANTITY", "quantity 1.01 is above this officer's max_quantity 1.00")


@pytest.mark.parametrize(
    ("risk_limits", "problem"),
    [
        (RiskLimits(allowed_actions=[Action.OPEN_LONG]), None),
        (
            RiskLimits(allowed_actions=[Action.OPEN_SHORT]),
            Problem(
                "LIMIT_ACTION",
                "action OPEN_LONG is not in this officer's allowed_actions: OPEN_SHORT",
            ),
        ),
        (
            RiskLimits(allowed_actions=[]),
            Problem("LIMIT_ACTION", "action OPEN_LONG is not in this officer's allowed_actions: none"),
        ),
        (RiskLimits(allowed_symbols=["GBPUSD", "EURUSD"]), None),
        (
            # As the Director spells it, not as the broker does.
            RiskLimits(allowed_symbols=["GBPUSD", "EURUSD.r"]),
            Problem(
                "LIMIT_SYMBOL",
                "symbol EURUSD is not in this officer's allowed_symbols: GBPUSD, EURUSD.r",
            ),
        ),
    ],
)
def test_opening_outside_the_allowed_actions_or_symbols_is_refused(
    risk_limits: RiskLimits, problem: Problem | None
) -> None:
    assert check(LONG, msgspec.structs.replace(SETTINGS, risk_limits=risk_limits), NOW, NOW) == problem


@pytest.mark.parametrize("action", [each for each in ACTIONS if intent_of(each) is not Intent.OPEN])
def test_limits_and_levels_hold_back_openings_only(action: Action) -> None:
    directive = msgspec.structs.replace(
        LONG, action=action, quantity=Decimal(50), stop_loss=Decimal(2), take_profit=Decimal(1)
    )
    risk_limits = RiskLimits(allowed_actions=[], allowed_symbols=[])
    assert check(directive, msgspec.structs.replace(SETTINGS, risk_limits=risk_limits), NOW, NOW) is None


LEVELS: list[tuple[str | None, str | None, str | None, str]] = [
    # stop loss, price, take profit of a long; the field that is on the wrong side
    ("1.09", "1.095", "1.10", ""),
    ("1.09", None, "1.10", ""),
    (None, "1.095", "1.10", ""),
    ("1.09", "1.095", None, ""),
    ("1.09", None, None, ""),
    (None, None, "1.10", ""),
    (None, None, None, ""),
    ("1.095", "1.095", "1.10", "stop_loss"),
    ("1.096", "1.095", "1.10", "stop_loss"),
    ("1.09", "1.10", "1.10", "price"),
    ("1.09", "1.11", "1.10", "price"),
    ("1.10", None, "1.09", "stop_loss"),
    ("1.10", None, "1.10", "stop_loss"),
    (None, "1.10", "1.09", "price"),
    ("1.11", "1.10", None, "stop_loss"),
]


@pytest.mark.parametrize(("stop_loss", "price", "take_profit", "wrong"), LEVELS)
@pytest.mark.parametrize("long", [True, False])
@pytest.mark.parametrize("order_type", list(OrderType))
def test_levels_on_the_wrong_side_are_refused(
    stop_loss: str | None,
    price: str | None,
    take_profit: str | None,
    wrong: str,
    long: bool,
    order_type: OrderType,
) -> None:
    # A short is a long in the mirror: each level at 2.19 less itself.
    mirror: Callable[[Decimal], Decimal] = (
        (lambda level: level) if long else (lambda level: Decimal("2.19") - level)
    )
    stop, at, target = [
        None if each is None else mirror(Decimal(each)) for each in (stop_loss, price, take_profit)
    ]
    directive = msgspec.structs.replace(
        LONG if long else SHORT, order_type=order_type, stop_loss=stop, price=at, take_profit=target
    )
    if order_type is OrderType.STOP_LIMIT:
        # It is filled at its limit; the price that wakes it may lie beyond any level.
        wrong = "limit_price" if wrong == "price" else wrong
        directive = msgspec.structs.replace(directive, limit_price=at, price=mirror(Decimal("1.5")))
    problem = check(directive, SETTINGS, NOW, NOW)
    assert (problem is not None) is bool(wrong)
    if problem:
        assert problem.code == "INVALID_STOPS"
        assert problem.message.startswith(f"{wrong} ")
        assert f"must be {'below' if long else 'above'}" in problem.message


@pytest.mark.parametrize(("directive", "side"), [(LONG, Side.BUY), (SHORT, Side.SELL)])
def test_an_opening_is_one_order_with_everything_the_directive_says(directive: Directive, side: Side) -> None:
    assert planned(directive) == Order(
        client_order_id=101,
        kind=CommandKind.OPEN,
        symbol="EURUSD.r",
        side=side,
        volume=Decimal("0.10"),
        stop_loss=directive.stop_loss,
        take_profit=directive.take_profit,
        price=Decimal("1.0950"),
        deviation_points=15,
        comment="dir-1",
    )


@pytest.mark.parametrize(("own", "allowed"), [(None, 15), (0, 0), (40, 40)])
def test_the_directives_own_slippage_wins_over_the_officers(own: int | None, allowed: int) -> None:
    assert planned(msgspec.structs.replace(LONG, deviation_points=own)).deviation_points == allowed


def test_the_officers_greatest_spread_goes_with_every_opening() -> None:
    settings = msgspec.structs.replace(SETTINGS, risk_limits=RiskLimits(max_spread_points=25))
    for order_type in OrderType:
        directive = msgspec.structs.replace(LONG, order_type=order_type, limit_price=Decimal("1.0955"))
        assert planned(directive, settings).max_spread_points == 25


@pytest.mark.parametrize("order_type", [each for each in OrderType if each.pending])
@pytest.mark.parametrize(("directive", "side"), [(LONG, Side.BUY), (SHORT, Side.SELL)])
def test_a_pending_opening_waits_for_its_price_without_slippage(
    order_type: OrderType, directive: Directive, side: Side
) -> None:
    limit = Decimal("1.0955") if order_type is OrderType.STOP_LIMIT else None
    pending = msgspec.structs.replace(
        directive, order_type=order_type, limit_price=limit, order_expires_at=LATER
    )
    assert planned(pending) == Order(
        client_order_id=101,
        kind=CommandKind.OPEN,
        symbol="EURUSD.r",
        side=side,
        volume=Decimal("0.10"),
        order_type=order_type,
        stop_loss=directive.stop_loss,
        take_profit=directive.take_profit,
        price=Decimal("1.0950"),
        limit_price=limit,
        time_in_force=TimeInForce.GTD,
        expires_ms=int(LATER.timestamp()) * 1000,
        deviation_points=None,
        comment="dir-1",
    )


SOON = LONG.expires_at
LIFETIMES: list[tuple[TimeInForce | None, datetime | None, datetime | None, TimeInForce, datetime | None]] = [
    # asked for, the order's expiry, the directive's expiry; the order's time in force, and until when
    (None, None, None, TimeInForce.GTC, None),
    (None, None, SOON, TimeInForce.GTD, SOON),
    (None, LATER, SOON, TimeInForce.GTD, LATER),
    (None, LATER, None, TimeInForce.GTD, LATER),
    (TimeInForce.GTC, LATER, SOON, TimeInForce.GTC, None),
    (TimeInForce.GTC, None, SOON, TimeInForce.GTC, None),
    (TimeInForce.DAY, None, SOON, TimeInForce.DAY, None),
    (TimeInForce.DAY, LATER, SOON, TimeInForce.DAY, None),
    (TimeInForce.GTD, LATER, SOON, TimeInForce.GTD, LATER),
    (TimeInForce.GTD, None, SOON, TimeInForce.GTD, SOON),
]


@pytest.mark.parametrize(("asked", "order_expires", "expires", "time_in_force", "until"), LIFETIMES)
def test_pending_order_expires_as_the_directive_says(
    asked: TimeInForce | None,
    order_expires: datetime | None,
    expires: datetime | None,
    time_in_force: TimeInForce,
    until: datetime | None,
) -> None:
    directive = msgspec.structs.replace(
        LONG,
        order_type=OrderType.LIMIT,
        time_in_force=asked,
        order_expires_at=order_expires,
        expires_at=expires,
    )
    order = planned(directive)
    assert order.time_in_force is time_in_force
    assert order.expires_ms == (0 if until is None else int(until.timestamp()) * 1000)
    # A market order does not wait on the book.
    market = planned(msgspec.structs.replace(directive, order_type=OrderType.MARKET))
    assert (market.time_in_force, market.expires_ms) == (TimeInForce.GTC, 0)


def test_a_type_that_the_symbol_does_not_take_is_refused_and_named() -> None:
    terms = msgspec.structs.replace(TERMS, order_types=[OrderType.MARKET, OrderType.LIMIT])
    stop = msgspec.structs.replace(LONG, order_type=OrderType.STOP)
    assert plan_open(stop, SETTINGS, terms, client_order_ids) == Problem(
        "UNKNOWN_ORDER_TYPE", "order_type STOP is not allowed for EURUSD.r; use MARKET or LIMIT"
    )
    # Without the terminal's list the broker decides.
    silent = msgspec.structs.replace(TERMS, order_types=[])
    assert isinstance(plan_open(stop, SETTINGS, silent, client_order_ids), PlannedCommand)


def test_an_opening_without_quantity_never_becomes_an_order() -> None:
    with pytest.raises(ValueError, match="dir-1"):
        plan_open(msgspec.structs.replace(LONG, quantity=None), SETTINGS, TERMS, client_order_ids)


@pytest.mark.parametrize(
    ("quantity", "least", "most", "step", "rule"),
    [
        ("0.01", "0.01", "100", "0.01", ""),
        ("100", "0.01", "100", "0.01", ""),
        ("100.00", "0.01", "100", "0.01", ""),
        ("0.30", "0.01", "100", "0.1", ""),
        ("0.009", "0.01", "100", "0.001", "is below EURUSD.r's minimum 0.01"),
        ("100.01", "0.01", "100", "0.01", "is above EURUSD.r's maximum 100"),
        (
            "0.015",
            "0.01",
            "100",
            "0.01",
            "is not a multiple of EURUSD.r's step 0.01; the next below is 0.010",
        ),
        ("0.35", "0.1", "100", "0.1", "is not a multiple of EURUSD.r's step 0.1; the next below is 0.30"),
        # An unknown limit is no rule.
        ("0.00001", "0", "0", "0", ""),
        ("1000000", "0.01", "0", "0", ""),
    ],
)
def test_a_quantity_that_the_symbol_does_not_take_is_refused_and_never_rounded(
    quantity: str, least: str, most: str, step: str, rule: str
) -> None:
    terms = msgspec.structs.replace(
        TERMS, volume_min=Decimal(least), volume_max=Decimal(most), volume_step=Decimal(step)
    )
    expected = Problem("INVALID_QUANTITY", f"quantity {quantity} {rule}") if rule else None
    assert check_volume(Decimal(quantity), terms) == expected
    directive = msgspec.structs.replace(LONG, quantity=Decimal(quantity))
    outcome = plan_open(directive, SETTINGS, terms, client_order_ids)
    assert outcome == expected or (
        isinstance(outcome, PlannedCommand) and str(outcome.order.volume) == quantity
    )


@pytest.mark.parametrize(
    ("price", "tick", "point", "rounded"),
    [
        # As it came where it fits, to the nearest tick where it does not, to the even one where two are.
        ("1.0950", "0.00001", "0.00001", "1.0950"),
        ("1.095004", "0.00001", "0.00001", "1.09500"),
        ("1.095006", "0.00001", "0.00001", "1.09501"),
        ("1.095005", "0.00001", "0.00001", "1.09500"),
        ("1.095015", "0.00001", "0.00001", "1.09502"),
        ("4200.30", "0.25", "0.01", "4200.25"),
        ("4200.40", "0.25", "0.01", "4200.50"),
        ("4200.375", "0.25", "0.01", "4200.50"),
        # Without a tick size the point.
        ("1.095006", "0", "0.00001", "1.09501"),
        # Nothing known: as it came.
        ("1.09500612", "0", "0", "1.09500612"),
        # A price is never rounded away.
        ("0.000001", "0.00001", "0.00001", "0.00001"),
        # 0 takes a level away.
        ("0", "0.25", "0.01", "0"),
        (None, "0.25", "0.01", None),
    ],
)
def test_a_price_goes_to_the_nearest_tick_in_decimal(
    price: str | None, tick: str, point: str, rounded: str | None
) -> None:
    terms = msgspec.structs.replace(TERMS, tick_size=Decimal(tick), point=Decimal(point))
    found = on_tick(None if price is None else Decimal(price), terms)
    assert (None if found is None else str(found)) == rounded


@given(st.integers(1, 10**9), st.integers(1, 10**4), st.integers(0, 6))
def test_a_price_on_the_grid_is_at_most_half_a_tick_away_and_stays_there(
    digits: int, tick: int, places: int
) -> None:
    terms = msgspec.structs.replace(TERMS, tick_size=Decimal(tick).scaleb(-places))
    price = Decimal(digits).scaleb(-7)
    found = on_tick(price, terms)
    assert found is not None and found > 0
    assert found % terms.tick_size == 0
    assert abs(found - price) <= terms.tick_size / 2 or found == terms.tick_size
    assert on_tick(found, terms) == found


def test_all_prices_of_an_opening_go_to_the_grid() -> None:
    terms = msgspec.structs.replace(TERMS, tick_size=Decimal("0.0005"))
    directive = msgspec.structs.replace(
        LONG,
        order_type=OrderType.STOP_LIMIT,
        price=Decimal("1.0951"),
        limit_price=Decimal("1.0954"),
        stop_loss=Decimal("1.0902"),
        take_profit=Decimal("1.1003"),
    )
    number = plan_open(directive, SETTINGS, terms, client_order_ids)
    assert isinstance(number, PlannedCommand)
    order = number.order
    assert [str(each) for each in (order.price, order.limit_price, order.stop_loss, order.take_profit)] == [
        "1.0950",
        "1.0950",
        "1.0900",
        "1.1005",
    ]


@pytest.mark.parametrize(
    ("action", "asked", "sent"),
    [
        (Action.OPEN_LONG, "1.09499", "1.0945"),
        (Action.OPEN_LONG, "1.0950", "1.0950"),
        (Action.OPEN_LONG, "1.0949999999999999", "1.0950"),
        (Action.OPEN_SHORT, "1.09501", "1.0955"),
        (Action.OPEN_SHORT, "1.0950000000000002", "1.0950"),
    ],
)
def test_limit_price_off_the_grid_is_never_made_worse(action: Action, asked: str, sent: str) -> None:
    terms = msgspec.structs.replace(TERMS, tick_size=Decimal("0.0005"))
    directive = msgspec.structs.replace(
        LONG,
        action=action,
        order_type=OrderType.LIMIT,
        price=Decimal(asked),
        stop_loss=None,
        take_profit=None,
    )
    planned = plan_open(directive, SETTINGS, terms, client_order_ids)
    assert isinstance(planned, PlannedCommand)
    assert str(planned.order.price) == sent


def test_quantity_with_the_noise_of_a_float_is_the_quantity_meant() -> None:
    directive = msgspec.structs.replace(LONG, quantity=Decimal("0.3000000001"))
    planned = plan_open(directive, SETTINGS, TERMS, client_order_ids)
    assert isinstance(planned, PlannedCommand)
    assert planned.order.volume == Decimal("0.30")


def test_pending_order_that_never_expires_stays_until_it_is_cancelled() -> None:
    directive = msgspec.structs.replace(LONG, order_type=OrderType.LIMIT, expires_at=NEVER)
    planned = plan_open(directive, SETTINGS, TERMS, client_order_ids)
    assert isinstance(planned, PlannedCommand)
    assert (planned.order.time_in_force, planned.order.expires_ms) == (TimeInForce.GTC, 0)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        (TimeInForce.DAY, TimeInForce.DAY),
        (TimeInForce.GTC, TimeInForce.GTC),
        # A date that no terminal can hold.
        (TimeInForce.GTD, TimeInForce.GTC),
    ],
)
def test_directive_that_never_expires_changes_no_time_in_force_that_it_names(
    asked: TimeInForce, sent: TimeInForce
) -> None:
    directive = msgspec.structs.replace(
        LONG, order_type=OrderType.LIMIT, expires_at=NEVER, time_in_force=asked
    )
    planned = plan_open(directive, SETTINGS, TERMS, client_order_ids)
    assert isinstance(planned, PlannedCommand)
    assert (planned.order.time_in_force, planned.order.expires_ms) == (sent, 0)


@given(st.text())
@example("a\nb\x7f")
def test_a_comment_is_short_plain_ascii(directive_id: str) -> None:
    text = comment(directive_id)
    assert text.isascii() and text.isprintable() and len(text) == min(len(directive_id), 26)
    if directive_id.isascii() and directive_id.isprintable():
        assert directive_id.startswith(text)
