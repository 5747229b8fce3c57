"""Conversion of the body of a poll to directives, one at a time.

The Director's list is split so that one bad item never spoils the others, and so that each item keeps its exact
text for the journal. Every number is read as the decimal it was written as. An item that is no usable directive
comes back with the reason, in words for the Director: field, value, rule, remedy.
"""

import hashlib
import json
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.director.actions import rule_of
from bridge.core.director.contract import CONTRACT_DIRECTIVE_FIELDS, DIRECTIVE_ADDITIONS, Directive
from bridge.core.director.directive_reader import (
    RefusedError,
    check_repeated,
    ignored_fields,
    read_amount,
    read_directive,
    read_directive_id,
)
from bridge.core.director.listing import MAX_DEPTH, BatchError, Known, Members, NotANumber, TooDeep, split
from bridge.core.director.problem import Problem, show
from bridge.core.director.times import is_not_set, parse_expiry, parse_time
from bridge.core.units.decimals import AmountError, plain

_NUMBERS: Final = ("quantity", "price", "stop_loss", "take_profit", "limit_price", "deviation_points")
_TIMES: Final = ("issued_at", "expires_at", "order_expires_at")


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
    ignored: tuple[str, ...] = ()
    """Fields that have a value and no meaning for the action, and were not read."""


class Batch(list[Item]):
    """Items in the Director's order."""

    more: str = ""
    """Field by which the answer says that its list goes on elsewhere; empty where there is none."""


def read_batch(body: str) -> Batch:
    """Return the items of `{"directives": [...]}`. Raises BatchError."""
    return ListReader().read(body)


class ListReader:
    """Reader of one list after the other: an item of the last list with the same text is not read again.

    A Director lists a directive until it has an event of it: in a burst some thousands, poll after poll.
    """

    def __init__(self) -> None:
        self._texts: set[str] = set()
        """Texts of the items of the last list."""

    def read(self, body: str) -> Batch:
        """Return the items that the last list did not have. Raises BatchError."""
        try:
            listing = split(body, self._texts)
            batch = Batch(
                _read_item(raw, value) for raw, value in listing.items if not isinstance(value, Known)
            )
        except RecursionError:
            raise BatchError("the answer is nested too deeply") from None
        except ValueError as error:
            if isinstance(error, BatchError):
                raise
            raise BatchError(f"the answer is not JSON: {error}") from None
        batch.more = listing.more
        self._texts = {raw for raw, _ in listing.items}
        return batch

    def forget(self) -> None:
        """Return all items of the next list."""
        self._texts = set()


def _read_item(raw: str, value: object) -> Item:
    if not isinstance(value, Members):
        fingerprint = hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()
        refused = Problem("INVALID_DIRECTIVE", f"directive {show(value)} must be a JSON object")
        if isinstance(value, TooDeep):
            refused = Problem("INVALID_DIRECTIVE", f"directive is nested more than {MAX_DEPTH} levels deep")
        return Item(raw=raw, directive_id=None, fingerprint=fingerprint, directive=None, problem=refused)
    directive: Directive | None = None
    problem: Problem | None = None
    directive_id: str | None = None
    ignored: tuple[str, ...] = ()
    try:
        directive_id = read_directive_id(value)
        check_repeated(value)
        directive = read_directive(directive_id, value)
        ignored = tuple(sorted(ignored_fields(value, rule_of(directive.action))))
    except RefusedError as refusal:
        problem = refusal.problem
        if "directive_id" in value.repeated:
            directive_id = None
    return Item(
        raw=raw,
        directive_id=directive_id,
        fingerprint=_fingerprint(value),
        directive=directive,
        problem=problem,
        ignored=ignored,
    )


def _fingerprint(members: Members) -> str:
    # Additions count where they are given: a journal's digests stay right when this bridge learns a new one.
    given = [name for name in DIRECTIVE_ADDITIONS[1:] if members.get(name) is not None]
    fields = [*CONTRACT_DIRECTIVE_FIELDS, DIRECTIVE_ADDITIONS[0], *given]
    normal: list[object] = [[name, _normal(name, members.get(name))] for name in fields]
    normal.append(members.repeated)
    # Escaped, so that a lone surrogate in a text cannot stop the digest.
    return hashlib.sha256(json.dumps(normal, ensure_ascii=True).encode()).hexdigest()


def _normal(name: str, value: object) -> object:
    if isinstance(value, Decimal) or (isinstance(value, str) and value and name in _NUMBERS):
        try:
            return ["number", plain(read_amount(value).normalize())]
        except AmountError:
            return ["number", str(value)] if isinstance(value, Decimal) else value
    if isinstance(value, str) and name in _TIMES and not is_not_set(value):
        moment = parse_time(value) if name == "issued_at" else parse_expiry(value)
        return ["time", moment.isoformat()] if moment is not None else value
    if isinstance(value, NotANumber):
        return ["not a number", value.text]
    if isinstance(value, dict):
        return ["object", [[key, _normal("", item)] for key, item in value.items()]]
    if isinstance(value, list):
        return ["list", [_normal("", item) for item in value]]
    return value
