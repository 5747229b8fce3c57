"""Requirements of each action and order type, and the fields beyond the contract's."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bridge.core.director.actions import ACTIONS, Intent, intent_of
from bridge.core.director.contract import Action, Directive, OrderType, TimeInForce
from bridge.core.director.times import NEVER
from tests.unit.core.director.test_poll import item_text, read_one


def read(**changed: str | None) -> Directive:
    item = read_one(item_text(**changed))
    assert item.directive is not None, item.problem
    return item.directive


def refusal(**changed: str | None) -> tuple[str, str]:
    item = read_one(item_text(**changed))
    assert item.problem is not None and item.directive is None
    return item.problem.code, item.problem.message


LATER = '"2026-01-05T00:00:00Z"'
BARE: dict[str, str | None] = dict.fromkeys(("quantity", "price", "stop_loss", "take_profit", "order_type"))
"""Without what only an opening needs."""


@pytest.mark.parametrize("order_type", list(OrderType))
@pytest.mark.parametrize("action", ["OPEN_LONG", "OPEN_SHORT"])
def test_an_opening_may_be_of_any_type(action: str, order_type: OrderType) -> None:
    limit = "1.0940" if order_type is OrderType.STOP_LIMIT else None
    directive = read(action=f'"{action}"', order_type=f'"{order_type}"', limit_price=limit)
    assert (directive.action, directive.order_type) == (action, order_type)
    assert directive.limit_price == (None if limit is None else Decimal(limit))


@pytest.mark.parametrize(
    ("changed", "code", "says"),
    [
        (
            {"order_type": '"LIMIT"', "price": None},
            "MISSING_FIELD",
            "price is missing; order_type LIMIT requires it",
        ),
        (
            {"order_type": '"STOP"', "price": None},
            "MISSING_FIELD",
            "price is missing; order_type STOP requires it",
        ),
        ({"order_type": '"STOP_LIMIT"', "price": None}, "MISSING_FIELD", "price is missing"),
        ({"order_type": '"STOP_LIMIT"'}, "MISSING_FIELD", "limit_price is missing"),
        (
            {"order_type": '"LIMIT"', "time_in_force": '"GTD"', "expires_at": None},
            "MISSING_FIELD",
            "order_expires_at is missing; time_in_force GTD requires it, or expires_at",
        ),
        *(
            (
                {"order_type": f'"{order_type}"', "limit_price": "1.0940"},
                "INVALID_VALUE",
                f"limit_price 1.0940 is not allowed for order_type {order_type}; leave it out, or use STOP_LIMIT",
            )
            for order_type in ("MARKET", "LIMIT", "STOP")
        ),
        *(
            (
                {"order_type": '"LIMIT"', "time_in_force": f'"{word}"', "order_expires_at": LATER},
                "INVALID_VALUE",
                f"order_expires_at 2026-01-05T00:00:00.000Z is not allowed with time_in_force {word}; use GTD",
            )
            for word in ("GTC", "DAY")
        ),
        (
            {"order_expires_at": LATER},
            "INVALID_VALUE",
            "order_expires_at 2026-01-05T00:00:00.000Z is not allowed for order_type MARKET; leave it out",
        ),
        (
            {"action": '"MODIFY"', "order_expires_at": LATER},
            "INVALID_VALUE",
            "order_expires_at 2026-01-05T00:00:00.000Z is not allowed for MODIFY; leave it out",
        ),
        (
            {"time_in_force": '"IOC"'},
            "INVALID_VALUE",
            'unknown time_in_force "IOC"; supported: GTC, DAY, GTD',
        ),
        ({"time_in_force": "1"}, "INVALID_TYPE", "time_in_force"),
        ({"limit_price": "0"}, "INVALID_VALUE", "limit_price 0 must be greater than 0"),
        ({"limit_price": '"one"'}, "INVALID_VALUE", 'limit_price "one" must be a number'),
        ({"order_expires_at": '"2026-01-04T10:00:00Z"'}, "INVALID_VALUE", "order_expires_at "),
        ({"order_expires_at": '"soon"'}, "INVALID_VALUE", "must be a time with its zone"),
        ({"deviation_points": "1.5"}, "INVALID_VALUE", "must be a whole number of points, at most 100000"),
        ({"deviation_points": "100001"}, "INVALID_VALUE", "must be a whole number of points"),
        ({"deviation_points": "-1"}, "INVALID_VALUE", "must not be negative"),
        ({"deviation_points": '"20.5"'}, "INVALID_VALUE", "must be a whole number of points"),
        (
            {"action": '"MODIFY"', **BARE},
            "MISSING_FIELD",
            "stop_loss or take_profit or price or limit_price is missing; MODIFY requires a new value",
        ),
        (
            {"action": '"MODIFY_SL"', **BARE, "take_profit": "1"},
            "MISSING_FIELD",
            "stop_loss is missing; MODIFY_SL requires a new value",
        ),
        (
            {"action": '"MODIFY_TP"', **BARE, "stop_loss": "1"},
            "MISSING_FIELD",
            "take_profit is missing; MODIFY_TP requires a new value",
        ),
        ({"action": '"MODIFY"', **BARE, "stop_loss": "-1"}, "INVALID_VALUE", "must not be negative"),
        ({"action": '"MODIFY"', **BARE, "price": "0"}, "INVALID_VALUE", "must be greater than 0"),
        (
            {"action": '"CLOSE"', "order_type": '"LIMIT"'},
            "UNKNOWN_ORDER_TYPE",
            "order_type LIMIT is not allowed for CLOSE; use MARKET",
        ),
        (
            {"action": '"CLOSE"', "order_type": '"ICEBERG"'},
            "UNKNOWN_ORDER_TYPE",
            'unknown order_type "ICEBERG"; supported: MARKET',
        ),
    ],
)
def test_missing_or_contradicting_field_is_refused_by_name(
    changed: dict[str, str | None], code: str, says: str
) -> None:
    found, message = refusal(**changed)
    assert found == code
    assert says in message


@pytest.mark.parametrize("points", ["0", "1", "100000", "20.0", "2e1"])
def test_a_whole_number_of_points_is_taken_in_any_spelling(points: str) -> None:
    assert read(deviation_points=points).deviation_points == int(float(points))


def test_a_pending_opening_says_how_long_it_stays() -> None:
    directive = read(
        order_type='"STOP_LIMIT"',
        limit_price="1.0955",
        time_in_force='"GTD"',
        order_expires_at='"2026-01-09T23:00:00+01:00"',
    )
    assert directive.time_in_force is TimeInForce.GTD
    assert directive.order_expires_at == datetime(2026, 1, 9, 22, 0, tzinfo=UTC)
    assert directive.expires_at == datetime(2026, 1, 4, 10, 5, tzinfo=UTC)


def test_gtd_without_an_expiry_uses_the_directives() -> None:
    assert read(order_type='"LIMIT"', time_in_force='"GTD"').order_expires_at is None


@pytest.mark.parametrize("action", [each for each in ACTIONS if intent_of(each) is not Intent.OPEN])
def test_only_an_opening_must_say_of_which_type_it_is(action: Action) -> None:
    directive = read(action=f'"{action}"', **BARE | {"stop_loss": "1.08", "take_profit": "1.2"})
    assert (directive.action, directive.order_type) == (action, OrderType.MARKET)


@pytest.mark.parametrize(
    ("action", "changed"),
    [
        ("MODIFY", {"stop_loss": "0"}),
        ("MODIFY", {"take_profit": "0.00"}),
        ("MODIFY", {"price": "1.08"}),
        ("MODIFY", {"limit_price": "1.08"}),
        ("MODIFY_SL", {"stop_loss": "0"}),
        ("MODIFY_TP", {"take_profit": "1.2"}),
        ("CANCEL", {}),
        ("CLOSE", {}),
    ],
)
def test_change_needs_one_value_and_zero_removes_a_level(action: str, changed: dict[str, str]) -> None:
    directive = read(action=f'"{action}"', **BARE | changed)
    for name, text in changed.items():
        assert getattr(directive, name) == Decimal(text)


@pytest.mark.parametrize("order_type", [each for each in OrderType if each.pending])
@pytest.mark.parametrize("action", ["MODIFY", "CANCEL"])
def test_a_change_may_name_the_type_of_its_order(action: str, order_type: OrderType) -> None:
    directive = read(action=f'"{action}"', order_type=f'"{order_type}"')
    assert directive.order_type is order_type


MEANINGLESS: dict[str, str | None] = {
    "stop_loss": "0",
    "take_profit": "0",
    "price": "0",
    "signal_id": "77",
    "limit_price": '""',
    "time_in_force": '"FOK"',
    "order_expires_at": '"soon"',
}


@pytest.mark.parametrize("action", [Action.CLOSE, Action.CLOSE_POSITION, Action.CLOSE_LONG, Action.CANCEL])
def test_field_without_a_meaning_never_stops_a_close_or_cancel_and_is_named(action: Action) -> None:
    item = read_one(item_text(action=f'"{action}"', order_type='""', quantity=None, **MEANINGLESS))
    bare = read_one(
        item_text(action=f'"{action}"', order_type=None, quantity=None, **dict.fromkeys(MEANINGLESS))
    )
    assert item.problem is None
    assert item.directive == bare.directive is not None
    assert {"stop_loss", "take_profit", "price", "time_in_force", "order_expires_at"} <= {*item.ignored}
    assert bare.ignored == ()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.0937999999999999", "1.0938"),
        ("0.30000000000000004", "0.3"),
        ('"1.0938"', "1.0938"),
        ('"0.30000000000000004"', "0.3"),
        ("100.00000000000001", "100"),
        ("1.09380", "1.09380"),
    ],
)
def test_number_is_read_without_the_noise_of_binary_fractions(text: str, number: str) -> None:
    assert str(read(action='"MODIFY_SL"', order_type=None, stop_loss=text).stop_loss) == number


def test_expiry_that_is_never_reached_or_not_set_is_taken() -> None:
    assert read(expires_at='"9999-12-31T23:59:59.9999999Z"').expires_at == NEVER
    assert read(expires_at='"0001-01-01T00:00:00Z"').expires_at is None
    assert read(expires_at='"2026-01-04T10:04:59.9999999Z"').expires_at == datetime(
        2026, 1, 4, 10, 4, 59, 999_999, tzinfo=UTC
    )


@pytest.mark.parametrize("level", ["1e-11", "0.00000000004", '"1e-17"'])
def test_level_that_rounds_to_zero_is_refused_and_removes_no_stop(level: str) -> None:
    code, message = refusal(action='"MODIFY_SL"', order_type=None, stop_loss=level)
    assert code == "INVALID_VALUE"
    assert "must have at most 10 decimals" in message
