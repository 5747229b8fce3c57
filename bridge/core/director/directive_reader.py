"""Conversion of one JSON object to a Directive, checked field by field.

The rules of each action and order type are in `actions`. A field that breaks one is refused with its name, its
value, the rule and the remedy. A field without a meaning for the action is not read, so that it cannot stop one.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, Never, TypeVar, assert_never

from bridge.core.director.actions import (
    ACTIONS,
    ORDER_TYPES,
    ActionRule,
    Intent,
    rule_of,
    supported_actions,
)
from bridge.core.director.contract import (
    OPERATOR_PREFIX,
    Action,
    Directive,
    OrderType,
    TimeInForce,
    utc_text,
)
from bridge.core.director.listing import Members, NotANumber
from bridge.core.director.problem import Problem, cut, show
from bridge.core.director.times import is_not_set, parse_expiry, parse_time
from bridge.core.units.decimals import AmountError, check_amount, read_decimal, without_noise

MAX_ID_LENGTH: Final = 128
MAX_SYMBOL_LENGTH: Final = 64
MAX_DEVIATION_POINTS: Final = 100_000
_NOT_STORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_TIME_REMEDY: Final = "send one like 2026-01-04T10:00:00Z"

FIELDS_OF_SOME_ACTIONS: Final = (
    "quantity",
    "price",
    "stop_loss",
    "take_profit",
    "target_directive_id",
    "limit_price",
    "time_in_force",
    "order_expires_at",
    "deviation_points",
)
"""Fields of which an action's rule says whether they have a meaning for it."""


class RefusedError(Exception):
    """The object is no directive that can be carried out; `problem` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(code, message)


def read_directive_id(members: Members) -> str:
    """Return the directive's id. Raises RefusedError."""
    directive_id = _required_text(members, "directive_id", MAX_ID_LENGTH, _check_storable)
    _check_prefix("directive_id", directive_id)
    return directive_id


def check_repeated(members: Members) -> None:
    """Raise RefusedError where a field stands more than once: parsers differ in which of them they take."""
    if members.repeated:
        names = ", ".join(show(name) for name in members.repeated[:3])
        _refuse("DUPLICATE_KEY", f"{names} more than once in the directive; each field may stand once")


def read_directive(directive_id: str, members: Mapping[str, object]) -> Directive:
    """Return the object as a Directive. Raises RefusedError."""
    action = _action(members)
    rule = rule_of(action)
    # Only an OPEN must say how it is filled.
    order_type = OrderType.MARKET
    if "order_type" in rule.required or members.get("order_type") not in (None, ""):
        order_type = _member(members, "order_type", OrderType, "UNKNOWN_ORDER_TYPE")
    issued_at = _issued_at(members)
    without_meaning = ignored_fields(members, rule)
    members = {name: value for name, value in members.items() if name not in without_meaning}
    # Level 0 removes the level of what a MODIFY changes; an order is sent without the field instead.
    removable = rule.intent is Intent.MODIFY
    directive = Directive(
        directive_id=directive_id,
        signal_id=_signal_id(members),
        symbol=_required_text(members, "symbol", MAX_SYMBOL_LENGTH),
        action=action,
        order_type=order_type,
        quantity=_quantity(members, rule),
        price=_amount(members, "price"),
        stop_loss=_amount(members, "stop_loss", zero_allowed=removable),
        take_profit=_amount(members, "take_profit", zero_allowed=removable),
        issued_at=issued_at,
        expires_at=_time_after(members, "expires_at", issued_at),
        target_directive_id=_optional_text(members, "target_directive_id", MAX_ID_LENGTH, _check_storable),
        limit_price=_amount(members, "limit_price"),
        time_in_force=_time_in_force(members),
        order_expires_at=_time_after(members, "order_expires_at", issued_at),
        deviation_points=_points(members, "deviation_points"),
    )
    if directive.target_directive_id is not None:
        _check_prefix("target_directive_id", directive.target_directive_id)
    _check_rule(directive, rule)
    if rule.intent is Intent.OPEN:
        _check_order_type(directive)
        _check_lifetime(directive)
    return directive


def ignored_fields(members: Mapping[str, object], rule: ActionRule) -> frozenset[str]:
    """Return the fields that have a value and no meaning for the action.

    Every field of an OPEN has one. An expiry in a MODIFY is refused instead: it is meant to change the order's.
    """
    if rule.intent is Intent.OPEN:
        return frozenset()
    given = {name for name in FIELDS_OF_SOME_ACTIONS if members.get(name) is not None}
    kept = {"order_expires_at"} if rule.intent is Intent.MODIFY else set()
    return frozenset(given - rule.acts_on - kept)


def _action(members: Mapping[str, object]) -> Action:
    text = _required_text(members, "action", MAX_ID_LENGTH)
    action = next((each for each in ACTIONS if each == text), None)
    if action is None:
        _refuse("UNKNOWN_ACTION", f"unknown action {show(text)}; supported: {supported_actions()}")
    return action


def _check_prefix(name: str, directive_id: str) -> None:
    if directive_id.startswith(OPERATOR_PREFIX):
        _refuse(
            "INVALID_VALUE",
            f"{name} {show(directive_id)} must not begin with {OPERATOR_PREFIX!r}, which is reserved for what "
            "an operator orders at the bridge; use another id",
        )


def _check_rule(directive: Directive, rule: ActionRule) -> None:
    """Raise RefusedError where the directive breaks the rule of its action."""
    action = directive.action
    for name in rule.required:
        if getattr(directive, name) is None:
            _refuse("MISSING_FIELD", f"{name} is missing; {action} requires it")
    if directive.order_type not in rule.order_types:
        allowed = " or ".join(rule.order_types)
        _refuse(
            "UNKNOWN_ORDER_TYPE",
            f"order_type {directive.order_type} is not allowed for {action}; use {allowed}",
        )
    if rule.one_of and all(getattr(directive, name) is None for name in rule.one_of):
        _refuse("MISSING_FIELD", f"{' or '.join(rule.one_of)} is missing; {action} requires a new value")
    if directive.order_expires_at is not None and "order_expires_at" not in rule.acts_on:
        _refuse(
            "INVALID_VALUE",
            f"order_expires_at {utc_text(directive.order_expires_at)} is not allowed for {action}; leave it out",
        )


def _check_order_type(directive: Directive) -> None:
    """Raise RefusedError where an OPEN breaks the rule of its order type."""
    order_type = directive.order_type
    rule = ORDER_TYPES[order_type]
    for name in rule.required:
        if getattr(directive, name) is None:
            _refuse("MISSING_FIELD", f"{name} is missing; order_type {order_type} requires it")
    if directive.limit_price is not None and "limit_price" not in rule.acts_on:
        _refuse(
            "INVALID_VALUE",
            f"limit_price {show(directive.limit_price)} is not allowed for order_type {order_type}; "
            "leave it out, or use STOP_LIMIT",
        )
    if directive.order_expires_at is not None and "order_expires_at" not in rule.acts_on:
        _refuse(
            "INVALID_VALUE",
            f"order_expires_at {utc_text(directive.order_expires_at)} is not allowed for order_type {order_type}; "
            "leave it out, or use a pending order type",
        )


def _check_lifetime(directive: Directive) -> None:
    """Raise RefusedError where time_in_force and order_expires_at of an OPEN contradict each other."""
    match directive.time_in_force:
        case None:
            pass
        case TimeInForce.GTC | TimeInForce.DAY:
            if directive.order_expires_at is not None:
                _refuse(
                    "INVALID_VALUE",
                    f"order_expires_at {utc_text(directive.order_expires_at)} is not allowed with time_in_force "
                    f"{directive.time_in_force}; use GTD, or leave it out",
                )
        case TimeInForce.GTD:
            if directive.order_expires_at is None and directive.expires_at is None:
                _refuse(
                    "MISSING_FIELD",
                    "order_expires_at is missing; time_in_force GTD requires it, or expires_at",
                )
        case _:
            assert_never(directive.time_in_force)


def _signal_id(members: Mapping[str, object]) -> str | None:
    """Return the signal's id, which nothing depends on; None where it is no usable text."""
    try:
        return _optional_text(members, "signal_id", MAX_ID_LENGTH, _check_storable)
    except RefusedError:
        return None


def _check_printable(name: str, text: str) -> None:
    if not text.isprintable():
        _refuse("INVALID_VALUE", f"{name} {show(text)} must have printable characters only")


def _check_storable(name: str, text: str) -> None:
    """Check an id, which may be any text: SQLite's functions and a terminal's texts end at a zero, and half of a
    surrogate pair has no UTF-8.
    """
    if _NOT_STORABLE.search(text):
        _refuse("INVALID_VALUE", f"{name} {show(text)} must not hold U+0000 or a half of a surrogate pair")


_Check = Callable[[str, str], None]


def _required_text(
    members: Mapping[str, object], name: str, longest: int, check: _Check = _check_printable
) -> str:
    text = _optional_text(members, name, longest, check)
    if text is None and members.get(name) is not None:
        _refuse("INVALID_VALUE", f'{name} "" must not be blank')
    if text is None:
        _refuse("MISSING_FIELD", f"{name} is missing{_other_spelling(members, name)}; send a string")
    return text


def _other_spelling(members: Mapping[str, object], name: str) -> str:
    """Return the field of the same name in another spelling, such as directiveId, as a part of a message."""
    plain_name = name.replace("_", "")
    other = next((key for key in members if key.replace("_", "").lower() == plain_name), None)
    return "" if other in (None, name) else f", and {show(other)} is another field"


def _optional_text(
    members: Mapping[str, object], name: str, longest: int, check: _Check = _check_printable
) -> str | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        _refuse("INVALID_TYPE", f"{name} {show(value)} must be a string")
    if not value:
        # Platforms without an absent string send an empty one.
        return None
    if not value.strip():
        _refuse("INVALID_VALUE", f"{name} {show(value)} must not be blank")
    if len(value) > longest:
        _refuse("INVALID_VALUE", f"{name} {show(value)} must have at most {longest} characters")
    check(name, value)
    return value


_Member = TypeVar("_Member", OrderType, TimeInForce)


def _member(members: Mapping[str, object], name: str, kind: type[_Member], code: str) -> _Member:
    text = _required_text(members, name, MAX_ID_LENGTH)
    try:
        return kind(text)
    except ValueError:
        _refuse(code, f"unknown {name} {show(text)}; supported: {', '.join(kind)}")


def _time_in_force(members: Mapping[str, object]) -> TimeInForce | None:
    if members.get("time_in_force") in (None, ""):
        return None
    return _member(members, "time_in_force", TimeInForce, "INVALID_VALUE")


def _points(members: Mapping[str, object], name: str) -> int | None:
    """Return a whole number of points; None where the field is absent or null."""
    points = _amount(members, name, zero_allowed=True)
    if points is None:
        return None
    if points != int(points) or points > MAX_DEVIATION_POINTS:
        _refuse(
            "INVALID_VALUE",
            f"{name} {show(points)} must be a whole number of points, at most {MAX_DEVIATION_POINTS}",
        )
    return int(points)


def _issued_at(members: Mapping[str, object]) -> datetime:
    text = _optional_text(members, "issued_at", MAX_ID_LENGTH)
    if text is None or is_not_set(text):
        _refuse("MISSING_FIELD", f"issued_at is missing; {_TIME_REMEDY}")
    moment = parse_time(text)
    if moment is None:
        _refuse("INVALID_VALUE", f"issued_at {show(text)} must be a time with its zone; {_TIME_REMEDY}")
    return moment


def _time_after(members: Mapping[str, object], name: str, issued_at: datetime) -> datetime | None:
    """Return an expiry after `issued_at`, or NEVER; None where the field is absent, null or not set."""
    text = _optional_text(members, name, MAX_ID_LENGTH)
    if text is None or is_not_set(text):
        return None
    moment = parse_expiry(text)
    if moment is None:
        _refuse("INVALID_VALUE", f"{name} {show(text)} must be a time with its zone; {_TIME_REMEDY}")
    if moment <= issued_at:
        _refuse("INVALID_VALUE", f"{name} {utc_text(moment)} must be after issued_at {utc_text(issued_at)}")
    return moment


def _quantity(members: Mapping[str, object], rule: ActionRule) -> Decimal | None:
    """Return the lots. Without any, a close is one of everything: 0 is refused, as that may be a rounded part."""
    quantity = _amount(members, "quantity", zero_allowed="quantity" not in rule.required)
    if quantity == 0:
        _refuse(
            "INVALID_VALUE",
            f"quantity {show(quantity)} must be greater than 0; leave it out to close everything",
        )
    return quantity


def _amount(members: Mapping[str, object], name: str, *, zero_allowed: bool = False) -> Decimal | None:
    """Return a positive number, or 0 where that is allowed; None where the field is absent or null."""
    value = members.get(name)
    if value is None:
        return None
    if isinstance(value, NotANumber):
        _refuse("INVALID_VALUE", f"{name} {cut(value.text)} must be a finite number")
    if value == "":
        return None
    if not isinstance(value, Decimal | str):
        _refuse("INVALID_TYPE", f"{name} {show(value)} must be a number")
    try:
        amount = read_amount(value)
    except AmountError as error:
        _refuse("INVALID_VALUE", f"{name} {show(value)} {error}")
    if amount < 0 or (amount == 0 and not zero_allowed):
        rule = "must not be negative" if zero_allowed else "must be greater than 0"
        _refuse("INVALID_VALUE", f"{name} {show(value)} {rule}")
    return amount


def read_amount(value: Decimal | str) -> Decimal:
    """Return the number as it is meant: that of a text, and without the noise of a binary fraction.

    Raises AmountError.
    """
    return check_amount(without_noise(read_decimal(value) if isinstance(value, str) else value))


def _refuse(code: str, message: str) -> Never:
    raise RefusedError(code, message)
