"""Any value that a struct's own declaration allows, for property tests."""

from decimal import Decimal
from typing import TypeVar

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

T = TypeVar("T")

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
VISIBLE = st.characters(exclude_categories=["Cs", "Cc"])
HEX = "0123456789abcdef"

amounts = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places),
    st.integers(-(10**11), 10**11),
    st.integers(0, 10),
)
"""Every number that a broker could mean, and -0 left out."""


def instances(cls: type[T]) -> st.SearchStrategy[T]:
    """Instances of a struct, with every field drawn from its declared type and bounds."""
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    fields = {field.name: _field(field) for field in info.fields}
    return st.builds(cls, **fields)


def _field(field: inspect.Field) -> st.SearchStrategy[object]:
    # No broker has less than nothing of something.
    return amounts.map(abs) if field.name.startswith("volume") else _values(field.type)


def _values(info: inspect.Type) -> st.SearchStrategy[object]:
    match info:
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType(ge=low, le=high, lt=below):
            assert low is not None
            return st.integers(low, high if high is not None else (below or 0) - 1)
        case inspect.DecimalType():
            return amounts
        case inspect.StrType():
            return _texts(info)
        case inspect.EnumType(cls=cls):
            return st.sampled_from(list(cls))
        case inspect.ListType(item_type=item):
            return st.lists(_values(item), max_size=5)
        case inspect.StructType(cls=cls):
            return instances(cls)
        case inspect.UnionType(types=types):
            return st.one_of([_values(each) for each in types])
        case inspect.RawType():
            return st.sampled_from([b"null", b'{"kind":"new","x":1.50}', b"[1]"]).map(msgspec.Raw)
        case _:
            raise AssertionError(f"no strategy for {info}")


def _texts(info: inspect.StrType) -> st.SearchStrategy[str]:
    pattern = info.pattern or ""
    if "{64}" in pattern or "{32}" in pattern:
        size = 64 if "{64}" in pattern else 32
        return st.text(HEX, min_size=size, max_size=size)
    least, most = info.min_length or 0, min(info.max_length or 40, 200)
    if "A-Z" in pattern:
        return st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", min_size=least, max_size=most)
    return st.text(VISIBLE if pattern else CHARACTERS, min_size=least, max_size=most)
