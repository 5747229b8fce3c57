"""Splitting of the Director's list into items, each with its own exact text.

Every number is read as the decimal it was written as; a number that cannot be one, and an item that is nested too
deeply, are marked.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import Container
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

import msgspec

MAX_KEY: Final = 40
"""Characters of a key that an error message repeats."""
MAX_DEPTH: Final = 64
"""Maximum of levels of lists and objects within an item. A directive of the contract has one."""

_NEXT: Final = re.compile(
    r"(@odata\.)?next(_?(page|link|cursor|url)\w*)?|has_?(more|next)(_?page)?|more", re.ASCII | re.IGNORECASE
)
"""Fields with which answers of the usual frameworks name a next page, or say that there is one."""
_MARKS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""Strings and brackets. A string that never ends is one match to the body's end: a search from each escaped
quotation mark would cost the square of its length."""


class BatchError(ValueError):
    """The body is no list of directives; nothing of it is journaled. The message says why."""


class Members(dict[str, object]):
    """JSON object that remembers which of its keys it had twice."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.repeated = sorted(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)


class TooDeep(msgspec.Struct, frozen=True):
    """Item that is nested too deeply to be read."""


class Known(msgspec.Struct, frozen=True):
    """Item with a text that the caller knows: it was not read."""


class NotANumber(msgspec.Struct, frozen=True):
    """NaN, Infinity, or digits that no decimal can hold."""

    text: str


def _number(text: str) -> object:
    try:
        return Decimal(text)
    except InvalidOperation:
        return NotANumber(text)


_decoder = json.JSONDecoder(
    object_pairs_hook=Members,
    parse_float=_number,
    parse_int=_number,
    parse_constant=NotANumber,
)


class Listing(NamedTuple):
    """Items of an answer, each with its own text, which the standard decoder does not keep."""

    items: list[tuple[str, object]]
    more: str = ""
    """Field by which the answer says that its list goes on elsewhere; empty where there is none."""


def split(body: str, known: Container[str] = ()) -> Listing:
    """Return the items of the Director's answer. Raises BatchError.

    `known`: texts of items of other answers. An item with one of them is not read again.
    """
    at = _skip(body, 0)
    if body.startswith("[", at):
        raise BatchError('the answer is a bare list; it must be an object with the list as "directives"')
    at = _expect(body, at, "{")
    items: list[tuple[str, object]] | None = None
    others: dict[str, object] = {}
    at = _skip(body, at)
    while not body.startswith("}", at):
        _expect(body, at, '"')
        key, at = _decoder.raw_decode(body, at)
        at = _skip(body, _expect(body, _skip(body, at), ":"))
        if key == "directives":
            if items is not None:
                raise BatchError('the answer has "directives" twice')
            items, at = ([], at + 4) if body.startswith("null", at) else _split_list(body, at, known)
        else:
            others[key], at = _decoder.raw_decode(body, at)
        at = _skip(body, at)
        if not body.startswith("}", at):
            at = _skip(body, _expect(body, at, ","))
    if body[at + 1 :].strip():
        raise BatchError("the answer goes on after its end")
    if items is None:
        names = ", ".join(json.dumps(key[:MAX_KEY]) for key in list(others)[:3]) or "nothing"
        raise BatchError(f'the answer has no "directives" at its top; it has {names}')
    if not items and others.get("success") is False:
        raise BatchError('the answer has "success" false, and no directive')
    return Listing(items, next(filter(None, itertools.starmap(_announced, others.items())), ""))


def _announced(key: str, value: object) -> str:
    """Return the name of a field that announces another page; empty for any other field."""
    if key in ("links", "_links") and isinstance(value, Members):
        return f"{key}.next" if value.get("next") else ""
    return key if _NEXT.fullmatch(key) and value and not isinstance(value, NotANumber) else ""


def _split_list(body: str, at: int, known: Container[str]) -> tuple[list[tuple[str, object]], int]:
    items: list[tuple[str, object]] = []
    if not body.startswith("[", at):
        raise BatchError('"directives" is not a list')
    at = _skip(body, at + 1)
    while not body.startswith("]", at):
        end, depth = _span(body, at)
        value: object = TooDeep()
        if depth <= MAX_DEPTH and body[at:end] not in known:
            value, end = _decoder.raw_decode(body, at)
        text = body[at:end]
        items.append((text, Known() if text in known else value))
        at = _skip(body, end)
        if not body.startswith("]", at):
            at = _skip(body, _expect(body, at, ","))
            if body.startswith("]", at):
                raise BatchError(f"the answer has ']' at character {at}; a directive must be there")
    return items, at + 1


def _span(body: str, at: int) -> tuple[int, int]:
    """Return the end of the list or object that begins here, and its depth. Anything else has depth 0."""
    depth = deepest = 0
    if not body.startswith(("{", "["), at):
        return at, 0
    for mark in _MARKS.finditer(body, at):
        if mark[0] in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif mark[0] in "}]":
            depth -= 1
            if depth == 0:
                return mark.end(), deepest
    raise BatchError("the answer breaks off within a directive")


def _skip(body: str, at: int) -> int:
    while at < len(body) and body[at] in " \t\r\n":
        at += 1
    return at


def _expect(body: str, at: int, mark: str) -> int:
    if not body.startswith(mark, at):
        found = body[at : at + 20] or "its end"
        raise BatchError(f"the answer has {found!r} at character {at}; {mark!r} must be there")
    return at + len(mark)
