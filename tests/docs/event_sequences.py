"""Sequences of events, as the tests on both terminals expect them."""

from collections.abc import Sequence
from typing import Final

from bridge.core.director.contract import EventType
from tests.conformance.specification.expectations import CANCELLED, PLACED
from tests.rig.rig import CLOSED, OPENED, REFUSED

_FILL: Final = OPENED[OPENED.index(EventType.ORDER_FILLED) :]
_SEQUENCES: Final[tuple[tuple[str, Sequence[EventType]], ...]] = (
    ("an open at the market", OPENED),
    ("a pending order; its fill may come days later", (*PLACED, *_FILL)),
    ("an open whose stop loss is hit", (*OPENED, EventType.SL_TRIGGERED, EventType.POSITION_CLOSED)),
    ("a close of one position", CLOSED),
    ("a MODIFY that took effect", PLACED),
    ("a CANCEL that took effect; the order's own directive has the last one, too", CANCELLED),
    ("a directive that is not carried out", REFUSED),
)


def event_sequences() -> str:
    """Return the table."""
    rows = ("".join(f"| {what} | {_names(types)} |\n") for what, types in _SEQUENCES)
    return "| what | events of its directive |\n| --- | --- |\n" + "".join(rows)


def _names(types: Sequence[EventType]) -> str:
    return ", ".join(f"`{each}`" for each in types)
