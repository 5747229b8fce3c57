"""The Director's list, split item by item, each with its own exact text.

Every number is read as the decimal it was written as; what cannot be one, or is nested too deeply, is marked.
"""

import json
import re
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

MAX_DEPTH: Final = 64
"""Levels of lists and objects within an item. A contract's directive has one."""

_MARKS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""Texts, and what opens or closes. A text that never ends is one match to the body's end: looked for again from
each escaped quotation mark, it would cost the square of its length."""


class BatchError(ValueError):
    """The body is no list of directives at all; nothing of it is journaled. The message says why."""


class Members(dict[str, object]):
    """A JSON object that remembers which of its keys came twice."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.repeated = sorted(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)


class TooDeep(msgspec.Struct, frozen=True):
    """An item that is nested too deeply to be read."""


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


def split(body: str) -> list[tuple[str, object]]:
    """The items with their own text. Walked by hand: the standard decoder keeps no text."""
    at = _expect(body, _skip(body, 0), "{")
    items: list[tuple[str, object]] | None = None
    at = _skip(body, at)
    while not body.startswith("}", at):
        _expect(body, at, '"')
        key, at = _decoder.raw_decode(body, at)
        at = _skip(body, _expect(body, _skip(body, at), ":"))
        if key == "directives":
            if items is not None:
                raise BatchError('the answer has "directives" twice')
            items, at = _split_list(body, at)
        else:
            _, at = _decoder.raw_decode(body, at)
        at = _skip(body, at)
        if not body.startswith("}", at):
            at = _skip(body, _expect(body, at, ","))
    if body[at + 1 :].strip():
        raise BatchError("the answer goes on after its end")
    if items is None:
        raise BatchError('the answer has no "directives"')
    return items


def _split_list(body: str, at: int) -> tuple[list[tuple[str, object]], int]:
    items: list[tuple[str, object]] = []
    if not body.startswith("[", at):
        raise BatchError('"directives" is not a list')
    at = _skip(body, at + 1)
    while not body.startswith("]", at):
        end, depth = _span(body, at)
        value: object = TooDeep()
        if depth <= MAX_DEPTH:
            value, end = _decoder.raw_decode(body, at)
        items.append((body[at:end], value))
        at = _skip(body, end)
        if not body.startswith("]", at):
            at = _skip(body, _expect(body, at, ","))
            if body.startswith("]", at):
                raise BatchError(f"the answer should have a directive at character {at}, and has ']'")
    return items, at + 1


def _span(body: str, at: int) -> tuple[int, int]:
    """Where the list or object that begins here ends, and how deep it is nested. Anything else has depth 0."""
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
        raise BatchError(f"the answer should have {mark!r} at character {at}, and has {found!r}")
    return at + len(mark)
