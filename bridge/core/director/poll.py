"""From the body of a poll to directives, one at a time.

The Director's list is split so that one bad item never spoils the others, and so that each item keeps its
exact text for the journal. Every number is read as the decimal it was written as. An item that is no usable
directive comes back with the reason, in words for the Director: field, value, rule.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Never, TypeVar

import msgspec

from bridge.core.director.contract import (
    CONTRACT_DIRECTIVE_FIELDS,
    DIRECTIVE_ADDITIONS,
    OPERATOR_PREFIX,
    Action,
    Directive,
    OrderType,
    TimeInForce,
    utc_text,
)
from bridge.core.director.listing import MAX_DEPTH, BatchError, Members, NotANumber, TooDeep, split
from bridge.core.units.decimals import AmountError, check_amount, plain

MAX_ID_LENGTH: Final = 128
MAX_SYMBOL_LENGTH: Final = 64
MAX_DEVIATION_POINTS: Final = 100_000

_SHOWN: Final = 60
"""How much of a bad value an error message repeats."""


class Problem(msgspec.Struct, frozen=True):
    """Why an item is no directive that can be carried out."""

    code: str
    message: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One item of the Director's list."""

    raw: str
    """Its text as it came."""
    directive_id: str | None
    """None where it has no usable one."""
    fingerprint: str
    """SHA-256 over the contract's fields; 0.10 and 0.1, or two spellings of one time, are the same."""
    directive: Directive | None
    problem: Problem | None
    """Set exactly where `directive` is None."""


def read_batch(body: str) -> list[Item]:
    """The items of `{"directives": [...]}`, in the Director's order. Raises BatchError."""
    try:
        return [_read_item(raw, value) for raw, value in split(body)]
    except RecursionError:
        raise BatchError("the answer is nested too deeply") from None
    except ValueError as error:
        if isinstance(error, BatchError):
            raise
        raise BatchError(f"the answer is not JSON: {error}") from None


class _Refusal(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(code, message)


def _read_item(raw: str, value: object) -> Item:
    if not isinstance(value, Members):
        fingerprint = hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()
        refused = Problem("INVALID_DIRECTIVE", f"a directive is a JSON object; this is {_show(value)}")
        if isinstance(value, TooDeep):
            refused = Problem("INVALID_DIRECTIVE", f"the directive is nested more than {MAX_DEPTH} deep")
        return Item(raw=raw, directive_id=None, fingerprint=fingerprint, directive=None, problem=refused)
    directive: Directive | None = None
    problem: Problem | None = None
    directive_id: str | None = None
    try:
        directive_id = _required_text(value, "directive_id", MAX_ID_LENGTH)
        _check_owner("directive_id", directive_id)
        if value.repeated:
            names = ", ".join(_show(name) for name in value.repeated[:3])
            _refuse("DUPLICATE_KEY", f"the directive has {names} more than once; each field may stand once")
        directive = _read_directive(directive_id, value)
    except _Refusal as refusal:
        problem = refusal.problem
        if "directive_id" in value.repeated:
            directive_id = None
    return Item(
        raw=raw,
        directive_id=directive_id,
        fingerprint=_fingerprint(value),
        directive=directive,
        problem=problem,
    )


def _read_directive(directive_id: str, members: Mapping[str, object]) -> Directive:
    action = _word(members, "action", Action, "UNKNOWN_ACTION")
    # Only an opening directive is filled in more ways than one.
    order_type = OrderType.MARKET
    if action.opens or members.get("order_type") is not None:
        order_type = _word(members, "order_type", OrderType, "UNKNOWN_ORDER_TYPE")
    issued_at = _time(members, "issued_at")
    if issued_at is None:
        _refuse("MISSING_FIELD", "field 'issued_at' is missing; it must be a time like 2026-01-04T10:00:00Z")
    directive = Directive(
        directive_id=directive_id,
        signal_id=_optional_text(members, "signal_id", MAX_ID_LENGTH),
        symbol=_required_text(members, "symbol", MAX_SYMBOL_LENGTH),
        action=action,
        order_type=order_type,
        quantity=_amount(members, "quantity"),
        price=_amount(members, "price"),
        stop_loss=_amount(members, "stop_loss", least_is_zero=action.modifies),
        take_profit=_amount(members, "take_profit", least_is_zero=action.modifies),
        issued_at=issued_at,
        expires_at=_later(members, "expires_at", issued_at),
        target_directive_id=_optional_text(members, "target_directive_id", MAX_ID_LENGTH),
        limit_price=_amount(members, "limit_price"),
        time_in_force=_time_in_force(members),
        order_expires_at=_later(members, "order_expires_at", issued_at),
        deviation_points=_points(members, "deviation_points"),
    )
    if directive.target_directive_id is not None:
        _check_owner("target_directive_id", directive.target_directive_id)
    _check_parts(directive)
    return directive


def _check_owner(name: str, directive_id: str) -> None:
    if directive_id.startswith(OPERATOR_PREFIX):
        _refuse(
            "INVALID_VALUE",
            f"field '{name}': {_show(directive_id)} must not begin with {OPERATOR_PREFIX!r}; "
            "that is kept for what a person orders at the bridge itself",
        )


def _check_parts(directive: Directive) -> None:
    """What an action needs, and what it cannot do."""
    action, order_type = directive.action, directive.order_type
    if action.opens and directive.quantity is None:
        _refuse("MISSING_FIELD", f"field 'quantity' is missing; {action} needs one")
    if action.closes and order_type.pending:
        _refuse(
            "UNKNOWN_ORDER_TYPE",
            f"field 'order_type': {order_type} is none for {action}; it closes at MARKET",
        )
    if action.opens and order_type.pending and directive.price is None:
        _refuse("MISSING_FIELD", f"field 'price' is missing; a {order_type} order waits for one")
    if action.opens and order_type is OrderType.STOP_LIMIT and directive.limit_price is None:
        _refuse(
            "MISSING_FIELD", "field 'limit_price' is missing; a STOP_LIMIT order becomes a limit order there"
        )
    if (
        action.opens
        and directive.time_in_force is TimeInForce.GTD
        and directive.order_expires_at is None
        and directive.expires_at is None
    ):
        _refuse(
            "MISSING_FIELD", "field 'order_expires_at' is missing; time_in_force GTD needs it, or expires_at"
        )
    _check_contradictions(directive)
    needed = {
        Action.MODIFY_SL: ("stop_loss",),
        Action.MODIFY_TP: ("take_profit",),
        Action.MODIFY: ("stop_loss", "take_profit", "price", "limit_price"),
    }.get(action, ())
    if needed and all(getattr(directive, name) is None for name in needed):
        named = " or ".join(f"'{name}'" for name in needed)
        _refuse("MISSING_FIELD", f"field {named} is missing; {action} needs something to change to")


def _check_contradictions(directive: Directive) -> None:
    """A field that would be passed over silently may be one that somebody relies on."""
    if (
        directive.limit_price is not None
        and directive.action.opens
        and directive.order_type is not OrderType.STOP_LIMIT
    ):
        _refuse(
            "INVALID_VALUE",
            f"field 'limit_price': only a STOP_LIMIT order has one, not {directive.order_type}",
        )
    if directive.order_expires_at is None:
        return
    if directive.time_in_force in (TimeInForce.GTC, TimeInForce.DAY):
        _refuse(
            "INVALID_VALUE", f"field 'order_expires_at': time_in_force {directive.time_in_force} excludes it"
        )
    if not (directive.action.opens and directive.order_type.pending):
        what = directive.action if not directive.action.opens else f"a {directive.order_type} order"
        _refuse("INVALID_VALUE", f"field 'order_expires_at': {what} has none; it belongs to a pending order")


def _required_text(members: Mapping[str, object], name: str, longest: int) -> str:
    text = _optional_text(members, name, longest)
    if text is None:
        _refuse("MISSING_FIELD", f"field '{name}' is missing; it must be a text")
    return text


def _optional_text(members: Mapping[str, object], name: str, longest: int) -> str | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        _refuse("INVALID_TYPE", f"field '{name}': {_show(value)} must be a text")
    if not value.strip():
        _refuse("INVALID_VALUE", f"field '{name}': {_show(value)} must not be blank")
    if len(value) > longest:
        _refuse("INVALID_VALUE", f"field '{name}': {_show(value)} has more than {longest} characters")
    if not value.isprintable():
        _refuse("INVALID_VALUE", f"field '{name}': {_show(value)} must have printable characters only")
    return value


_Word = TypeVar("_Word", Action, OrderType, TimeInForce)


def _word(members: Mapping[str, object], name: str, words: type[_Word], code: str) -> _Word:
    text = _required_text(members, name, MAX_ID_LENGTH)
    try:
        return words(text)
    except ValueError:
        known = ", ".join(words)
        _refuse(code, f"field '{name}': {_show(text)} is none of those carried out here: {known}")


def _time_in_force(members: Mapping[str, object]) -> TimeInForce | None:
    if members.get("time_in_force") is None:
        return None
    return _word(members, "time_in_force", TimeInForce, "INVALID_VALUE")


def _points(members: Mapping[str, object], name: str) -> int | None:
    """A whole number of points; None where the field is absent or null."""
    points = _amount(members, name, least_is_zero=True)
    if points is None:
        return None
    if points != int(points) or points > MAX_DEVIATION_POINTS:
        _refuse(
            "INVALID_VALUE",
            f"field '{name}': {_show(points)} must be a whole number of points, at most {MAX_DEVIATION_POINTS}",
        )
    return int(points)


def _later(members: Mapping[str, object], name: str, issued_at: datetime) -> datetime | None:
    """A time after `issued_at`; None where the field is absent or null."""
    moment = _time(members, name)
    if moment is not None and moment <= issued_at:
        _refuse(
            "INVALID_VALUE",
            f"field '{name}': {utc_text(moment)} must be after issued_at, {utc_text(issued_at)}",
        )
    return moment


def _amount(members: Mapping[str, object], name: str, *, least_is_zero: bool = False) -> Decimal | None:
    """A positive number, or 0 where that has a meaning; None where the field is absent or null."""
    value = members.get(name)
    if value is None:
        return None
    if isinstance(value, NotANumber):
        _refuse("INVALID_VALUE", f"field '{name}': {_cut(value.text)} must be a finite number")
    if not isinstance(value, Decimal):
        _refuse("INVALID_TYPE", f"field '{name}': {_show(value)} must be a number")
    try:
        amount = check_amount(value)
    except AmountError as error:
        _refuse("INVALID_VALUE", f"field '{name}': {_show(value)} {error}")
    if amount < 0 or (amount == 0 and not least_is_zero):
        rule = "must not be negative" if least_is_zero else "must be greater than 0"
        _refuse("INVALID_VALUE", f"field '{name}': {_show(value)} {rule}")
    return amount


def _time(members: Mapping[str, object], name: str) -> datetime | None:
    text = _optional_text(members, name, MAX_ID_LENGTH)
    if text is None:
        return None
    moment = _parse_time(text)
    if moment is None:
        _refuse(
            "INVALID_VALUE",
            f"field '{name}': {_show(text)} must be a time with its zone, like 2026-01-04T10:00:00Z",
        )
    return moment


def _parse_time(text: str) -> datetime | None:
    try:
        moment = msgspec.convert(text, datetime)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        # msgspec's own errors are ValueErrors, and so is that of a text that is no Unicode.
        return None


def _fingerprint(members: Members) -> str:
    # Additions count where they are given: a journal's digests stay right when this bridge learns a new one.
    given = [name for name in DIRECTIVE_ADDITIONS[1:] if members.get(name) is not None]
    fields = [*CONTRACT_DIRECTIVE_FIELDS, DIRECTIVE_ADDITIONS[0], *given]
    normal: list[object] = [[name, _normal(name, members.get(name))] for name in fields]
    normal.append(members.repeated)
    # Escaped, so that a lone surrogate in a text cannot stop the digest.
    return hashlib.sha256(json.dumps(normal, ensure_ascii=True).encode()).hexdigest()


def _normal(name: str, value: object) -> object:
    if isinstance(value, Decimal):
        try:
            return ["number", plain(check_amount(value).normalize())]
        except AmountError:
            return ["number", str(value)]
    if isinstance(value, str) and name in ("issued_at", "expires_at", "order_expires_at"):
        moment = _parse_time(value)
        return ["time", moment.isoformat()] if moment is not None else value
    if isinstance(value, NotANumber):
        return ["not a number", value.text]
    if isinstance(value, dict):
        return ["object", [[key, _normal("", item)] for key, item in value.items()]]
    if isinstance(value, list):
        return ["list", [_normal("", item) for item in value]]
    return value


def _show(value: object) -> str:
    """A value as an error message may repeat it: short, printable, never a million digits."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Decimal():
            return _cut(str(value))
        case str():
            return _cut(json.dumps(value, ensure_ascii=not value.isprintable()))
        case NotANumber():
            return _cut(value.text)
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
        case _:
            return _cut(repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


def _refuse(code: str, message: str) -> Never:
    raise _Refusal(code, message)
