"""Conversion of TOML tables into the Structs of core.settings, by their annotations.

A new setting needs no line here. Every value is checked, so that all mistakes are reported at once.
"""

import difflib
import math
import types
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import FieldInfo

from bridge.config.problem import Problem, shown
from bridge.core.units.decimals import AmountError, check_amount, parse_amount

S = TypeVar("S", bound=Struct)

_KINDS = {
    str: "text in quotes",
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    bool: "true or false",
    dict: 'a table of texts, as in { EURUSD = "EURUSD.r" }',
}


def read_table(kind: type[S], table: dict[str, Any], at: str = "") -> tuple[S | None, list[Problem]]:
    """Return the Struct for a table, or None and the problems. `at` is the table's own key path.

    The table was parsed by tomllib with parse_float=Decimal: numbers keep their digits.
    """
    problems = list(_unknown_keys(kind, table, at))
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        key = f"{at}.{field.name}" if at else field.name
        if field.name in table:
            values[field.name], found = _read_value(field, table[field.name], key)
            problems += found
        elif field.required:
            what = _rule(*_unwrap(field.type))
            problems.append(Problem(key, None, f"is missing; it {what}", _how_to_add(field, at)))
    return (None if problems else kind(**values)), problems


def _read_value(field: FieldInfo, value: object, key: str) -> tuple[Any, list[Problem]]:
    """Return a key's value in its type, or the problems."""
    kind, metas = _unwrap(field.type)
    if _is_struct(kind):
        if isinstance(value, dict):
            return read_table(kind, value, key)
        return None, [Problem(key, shown(value), "must be a table", f"write it below a line [{key}]")]
    if _is_tables(kind):
        return _read_tables(get_args(kind)[0], metas, value, key)
    try:
        return _read_leaf(kind, field.type, value), []
    except ValueError:  # msgspec's errors are ValueErrors too
        return None, [Problem(key, shown(value), _rule(kind, metas), _how_to_correct(field))]


def _read_tables(
    kind: type[Struct], metas: list[Meta], value: object, key: str
) -> tuple[list[Struct | None] | None, list[Problem]]:
    """Return a list of tables, or the problems: [officers] is one table, [[officers]] a list of them."""
    remedy = f"write each below a line [[{key}]]"
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        return None, [Problem(key, shown(value), "must be a list of tables", remedy)]
    if any(not (m.min_length or 0) <= len(value) <= (m.max_length or math.inf) for m in metas):
        return None, [Problem(key, f"{len(value)} tables", _rule(list, metas), remedy)]
    read = [read_table(kind, each, f"{key}[{index}]") for index, each in enumerate(value)]
    return [item for item, _ in read], [problem for _, problems in read for problem in problems]


def _read_leaf(kind: Any, annotation: Any, value: object) -> object:
    """Return a text, an enumerated word, a number, a boolean, or a list or table of texts. Raises ValueError."""
    if kind is Decimal:
        return _read_amount(value)
    if kind is float and isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("nan passes comparisons that it should fail")
        value = float(value)
    return msgspec.convert(value, annotation)


def _read_amount(value: object) -> Decimal:
    """Return a decimal with all its digits, from a number or a number in quotes. Raises AmountError.

    msgspec does not do it: it supports no bounds on a Decimal, and accepts nan.
    """
    if isinstance(value, str):
        return parse_amount(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return check_amount(Decimal(value))
    raise AmountError("must be a number")


def _unknown_keys(kind: type[Struct], table: dict[str, Any], at: str) -> Iterator[Problem]:
    """Yield a problem for each unknown key. Its value is not shown: it may be an API key in the wrong place."""
    known = [field.name for field in msgspec.structs.fields(kind)]
    for name in table:
        if name in known:
            continue
        key = f"{at}.{name}" if at else name
        if name.lower().replace("-", "").replace("_", "") in ("apikey", "xapikey"):
            yield Problem(
                key if key.isprintable() else shown(name),
                None,
                "the API key must never be in the configuration",
                "put it into an environment variable or a file that only you can read, name that in "
                "director.api_key_env or director.api_key_file, and replace a key that was shared in this file",
            )
            continue
        near = difflib.get_close_matches(name, known, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        remedy = f"{meant}supported: {', '.join(known)}"
        yield Problem(key if key.isprintable() else shown(key), None, "is not a setting", remedy)


def _unwrap(annotation: Any) -> tuple[Any, list[Meta]]:
    """Return the plain type behind Annotated and `| None`, and its bounds. TOML has no null."""
    metas: list[Meta] = []
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            metas += [each for each in annotation.__metadata__ if isinstance(each, Meta)]
            annotation = annotation.__origin__
        elif origin in (Union, types.UnionType):
            annotation = next(each for each in get_args(annotation) if each is not type(None))
        else:
            return annotation, metas


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _is_tables(kind: Any) -> bool:
    return get_origin(kind) is list and _is_struct(get_args(kind)[0])


def _is_words(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrEnum)


def _rule(kind: Any, metas: list[Meta]) -> str:
    """Return the rule for a value of the type, with its bounds."""
    if _is_struct(kind):
        return "must be a table"
    if kind is list or _is_tables(kind):
        words = ["must be a list of tables"]
    elif get_origin(kind) is list:
        item = get_args(kind)[0]
        of = f", each one of {', '.join(item)}" if _is_words(item) else " of texts"
        words = [f"must be a list{of}"]
    elif _is_words(kind):
        words = [f"must be one of {', '.join(kind)}"]
    else:
        words = [f"must be {_kind_name(kind)}"]
    for meta in metas:
        bounds = (
            ("above", meta.gt),
            ("at least", meta.ge),
            ("below", meta.lt),
            ("at most", meta.le),
            ("at least this long:", meta.min_length),
            ("at most this long:", meta.max_length),
            ("like the pattern", meta.pattern),
        )
        words += [f"{word} {bound}" for word, bound in bounds if bound is not None]
    return ", ".join(words)


def _kind_name(kind: Any) -> str:
    if get_origin(kind) is dict and _unwrap(get_args(kind)[1])[0] is int:
        return "a table of whole numbers, as in { XAUUSD = 100 }"
    return _KINDS[get_origin(kind) or kind]


def _how_to_add(field: FieldInfo, at: str) -> str:
    kind, _ = _unwrap(field.type)
    if _is_struct(kind):
        return f"add a table that starts with a line [{field.name}]"
    if _is_tables(kind):
        return f"add a table that starts with a line [[{field.name}]]"
    return f"add a line {field.name} = ... to {at}" if at else f"add a line {field.name} = ..."


def _how_to_correct(field: FieldInfo) -> str:
    if field.required:
        return "correct it"
    default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return "correct it, or remove the line" + ("" if default is None else f" (default {shown(default)})")
