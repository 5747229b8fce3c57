"""Members that an enum does not have yet, to see that code which was never taught them refuses them."""

from enum import StrEnum
from typing import Any, TypeVar, cast

E = TypeVar("E", bound=StrEnum)


def untaught(kind: type[E], name: str = "UNTAUGHT") -> E:
    """Return the extra member of a copy of the enum. The type checker takes it for one of the enum's own.

    Raises ValueError for a name that the enum has.
    """
    if name in kind.__members__:
        raise ValueError(f"{name} is a member of {kind.__name__}; use a name that it does not have")
    members = {member.name: member.value for member in kind} | {name: name}
    extended: Any = cast(Any, StrEnum)(kind.__name__, members)
    return cast(E, extended[name])
