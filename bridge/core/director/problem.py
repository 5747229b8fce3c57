"""Reasons for which a directive is refused, in the words that the Director reads."""

import json
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.director.listing import NotANumber

_SHOWN: Final = 60
"""Characters of a bad value that an error message repeats."""


class Problem(msgspec.Struct, frozen=True):
    """Reason for which a directive, or a command, is refused.

    `message` names the field, the value seen, the rule broken and, where there is one, the remedy, in this order.
    """

    code: str
    message: str


def show(value: object) -> str:
    """Return a value as an error message may repeat it: short, printable, never a million digits."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Decimal():
            return cut(str(value))
        case str():
            return cut(json.dumps(value, ensure_ascii=not value.isprintable()))
        case NotANumber():
            return cut(value.text)
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
        case _:
            return cut(repr(value))


def cut(text: str) -> str:
    """Return the text, shortened to what an error message repeats."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"
