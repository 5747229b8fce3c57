"""From a directive to orders: what is refused, and which position each leg closes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.batch import Problem
from bridge.core.contract import Action, Directive, OrderType
from bridge.core.planning import check, comment, expiry, plan_close, plan_open
from bridge.core.protocol import CommandKind, Order
from bridge.core.records import PositionRecord
from bridge.core.settings import OfficerSettings
from bridge.core.terms import Side

from .samples import HELD, NOW, OFFICER

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
CLOSE = msgspec.structs.replace(
    LONG, action=Action.CLOSE, quantity=None, price=None, stop_loss=None, take_profit=None
)


def tokens(leg: int) -> int:
    return 100 + leg


def position(identifier: int, volume: str, **changed: object) -> PositionRecord:
    held = msgspec.structs.replace(
        HELD,
        identifier=identifier,
        symbol="EURUSD.r",
        volume_in=Decimal(volume),
        directive_id=f"dir-{identifier}",
    )
    return msgspec.structs.replace(held, **changed)


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize(("late_ms", "expired"), [(-1, False), (0, True), (1, True)])
def test_a_directive_expires_at_its_very_moment(action: Action, late_ms: int, expired: bool) -> None:
    now = NOW + timedelta(minutes=5, milliseconds=late_ms)
    directive = msgspec.structs.replace(SHORT if action is Action.OPEN_SHORT else LONG, action=action)
    problem = check(directive, SETTINGS, now)
    assert (problem is not None) is expired
    if problem:
        assert problem.code == "EXPIRED"
        assert "2026-01-04T10:05:00.000Z" in problem.message


def test_without_an_expiry_it_lives_as_long_as_the_officer_allows_from_its_issue() -> None:
    directive = msgspec.structs.replace(LONG, expires_at=None)
    settings = msgspec.structs.replace(SETTINGS, time_to_live_s=60.0)
    assert expiry(directive, settings) == NOW + timedelta(seconds=60)
    assert expiry(LONG, settings) == LONG.expires_at


def test_the_last_moment_of_the_calendar_is_an_expiry_like_any_other() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    directive = msgspec.structs.replace(LONG, issued_at=last, expires_at=None)
    assert expiry(directive, SETTINGS) >= last
    assert check(directive, SETTINGS, last + timedelta(milliseconds=1)) is None


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
    problem = check(directive, settings, NOW)
    assert (problem is not None) is refused
    if problem:
        assert problem == Problem(
            "LIMIT_QUANTITY", "field 'quantity': 1.01 is over this officer's max_quantity of 1.00"
        )


@pytest.mark.parametrize(
    "action", [Action.CLOSE, Action.CLOSE_POSITION, Action.CLOSE_LONG, Action.CLOSE_SHORT]
)
def test_no_limit_and_no_level_keeps_anybody_from_closing(action: Action) -> None:
    directive = msgspec.structs.replace(
        LONG, action=action, quantity=Decimal(50), stop_loss=Decimal(2), take_profit=Decimal(1)
    )
    assert check(directive, SETTINGS, NOW) is None


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
def test_levels_on_the_wrong_side_are_refused(
    stop_loss: str | None, price: str | None, take_profit: str | None, wrong: str, long: bool
) -> None:
    # A short is a long in the mirror: each level at 2.19 less itself.
    mirror: Callable[[Decimal], Decimal] = (
        (lambda level: level) if long else (lambda level: Decimal("2.19") - level)
    )
    stop, at, target = [
        None if each is None else mirror(Decimal(each)) for each in (stop_loss, price, take_profit)
    ]
    directive = msgspec.structs.replace(LONG if long else SHORT, stop_loss=stop, price=at, take_profit=target)
    problem = check(directive, SETTINGS, NOW)
    assert (problem is not None) is bool(wrong)
    if problem:
        assert problem.code == "INVALID_STOPS"
        assert problem.message.startswith(f"field '{wrong}': ")
        assert f"must be {'below' if long else 'above'}" in problem.message


@pytest.mark.parametrize(("directive", "side"), [(LONG, Side.BUY), (SHORT, Side.SELL)])
def test_an_opening_is_one_order_with_everything_the_directive_says(directive: Directive, side: Side) -> None:
    assert plan_open(directive, SETTINGS, tokens) == Order(
        token=101,
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


def test_an_opening_without_quantity_never_becomes_an_order() -> None:
    with pytest.raises(ValueError, match="dir-1"):
        plan_open(msgspec.structs.replace(LONG, quantity=None), SETTINGS, tokens)


OWN = [
    position(1, "0.10"),
    position(2, "0.20", side=Side.SELL),
    position(3, "0.30"),
    position(4, "0.40", symbol="GBPUSD"),
    position(5, "0.50", directive_id="dir-1"),
]


@pytest.mark.parametrize(
    ("action", "quantity", "target", "legs"),
    [
        (Action.CLOSE, None, None, [(1, "0.10"), (2, "0.20"), (3, "0.30"), (5, "0.50")]),
        (Action.CLOSE_POSITION, None, None, [(1, "0.10"), (2, "0.20"), (3, "0.30"), (5, "0.50")]),
        (Action.CLOSE_LONG, None, None, [(1, "0.10"), (3, "0.30"), (5, "0.50")]),
        (Action.CLOSE_SHORT, None, None, [(2, "0.20")]),
        (Action.CLOSE, None, "dir-1", [(1, "0.10"), (5, "0.50")]),
        (Action.CLOSE, None, "dir-3", [(3, "0.30")]),
        (Action.CLOSE, "0.05", None, [(1, "0.05")]),
        (Action.CLOSE, "0.10", None, [(1, "0.10")]),
        (Action.CLOSE, "0.15", None, [(1, "0.10"), (2, "0.05")]),
        (Action.CLOSE_LONG, "0.35", None, [(1, "0.10"), (3, "0.25")]),
        (Action.CLOSE, "0.2", "dir-5", None),
        (Action.CLOSE, "99", "dir-2", [(2, "0.20")]),
        (Action.CLOSE_LONG, None, "dir-2", None),
        (Action.CLOSE, None, "dir-4", None),
        (Action.CLOSE, None, "dir-9", None),
    ],
)
def test_a_close_takes_its_own_positions_oldest_first(
    action: Action, quantity: str | None, target: str | None, legs: list[tuple[int, str]] | None
) -> None:
    directive = msgspec.structs.replace(
        CLOSE, action=action, quantity=Decimal(quantity) if quantity else None, target_directive_id=target
    )
    planned = plan_close(directive, SETTINGS, OWN, tokens)
    if legs is None:
        assert isinstance(planned, Problem)
        assert planned.code == "NO_POSITION"
        assert f"opened by {target}" in planned.message
        return
    assert isinstance(planned, list)
    assert [(order.position, str(order.volume)) for order in planned] == legs
    assert [order.token for order in planned] == [101 + at for at in range(len(legs))]
    sides = {held.identifier: held.side for held in OWN}
    for order in planned:
        assert (order.kind, order.symbol) == (CommandKind.CLOSE, "EURUSD.r")
        assert order.side is sides[order.position].opposite
        assert order.deviation_points == 15


def test_a_close_with_nothing_to_close_says_what_was_looked_for() -> None:
    planned = plan_close(
        msgspec.structs.replace(CLOSE, action=Action.CLOSE_SHORT), SETTINGS, [OWN[0]], tokens
    )
    assert planned == Problem(
        "NO_POSITION", "there is no open SELL position in EURUSD.r opened by this officer"
    )
    planned = plan_close(CLOSE, SETTINGS, [], tokens)
    assert planned == Problem("NO_POSITION", "there is no open position in EURUSD.r opened by this officer")


@pytest.mark.parametrize("empty_at", [0, 1, 2])
def test_a_position_with_nothing_open_shields_none_behind_it(empty_at: int) -> None:
    held = [position(1, "0.10"), position(2, "0.20")]
    held.insert(empty_at, position(9, "0.30", volume_out=Decimal("0.30")))
    planned = plan_close(CLOSE, SETTINGS, held, tokens)
    assert isinstance(planned, list)
    assert [order.position for order in planned] == [1, 2]


VOLUMES = st.integers(1, 1000).map(lambda hundredths: Decimal(hundredths) / 100)


@given(st.lists(VOLUMES, min_size=1, max_size=6), st.none() | VOLUMES)
def test_a_close_takes_exactly_what_was_asked_for_and_never_more_than_there_is(
    volumes: list[Decimal], quantity: Decimal | None
) -> None:
    held = [position(number, str(volume)) for number, volume in enumerate(volumes, 1)]
    planned = plan_close(msgspec.structs.replace(CLOSE, quantity=quantity), SETTINGS, held, tokens)
    assert isinstance(planned, list)
    closed = {order.position: order.volume for order in planned}
    assert sum(closed.values()) == min(sum(volumes), quantity or sum(volumes))
    assert list(closed) == list(range(1, len(closed) + 1))
    for number, volume in closed.items():
        assert 0 < volume <= volumes[number - 1]
        if number < len(closed):
            assert volume == volumes[number - 1]


@given(st.text())
def test_a_comment_is_short_plain_ascii(directive_id: str) -> None:
    text = comment(directive_id)
    assert text.isascii() and len(text) == min(len(directive_id), 26)
    if directive_id.isascii():
        assert directive_id.startswith(text)
