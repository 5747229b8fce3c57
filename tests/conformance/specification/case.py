"""A numbered case, and the table of them all."""

from collections.abc import Callable
from typing import Final

import msgspec

from tests.conformance.rig import ConformanceRig, Kind

EXPERT_ONLY: Final = (Kind.NATIVE,)
"""For rules of the Expert Advisor alone: its inputs, symbol detection, levels, filling, expiry, checks before the
send. The case has the expected values. The reference terminal has none of these rules: there the broker judges."""

CaseFunction = Callable[[ConformanceRig], None]


class Case(msgspec.Struct, frozen=True):
    """One line of the specification."""

    id: str
    """A letter for the part, and a number."""
    title: str
    """The specified behaviour, as a sentence."""
    function: CaseFunction
    kinds: tuple[Kind, ...] = tuple(Kind)
    """The terminals on which it runs."""

    def __str__(self) -> str:
        return self.id


TABLE: Final[dict[str, Case]] = {}
"""By id, in the order in which they are written."""


def case(
    id: str, title: str, *, kinds: tuple[Kind, ...] = tuple(Kind)
) -> Callable[[CaseFunction], CaseFunction]:
    """Enter the function into the table. Raises ValueError for an id that is taken."""

    def enter(function: CaseFunction) -> CaseFunction:
        if id in TABLE:
            raise ValueError(f"case {id} is in the table already: {TABLE[id].title}")
        TABLE[id] = Case(id, title, function, kinds)
        return function

    return enter
