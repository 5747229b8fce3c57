"""States of one lot of a position, as a table.

`(state, input) -> (state, outputs)`; each output becomes one event. No state of a position is set other than by
this table.
"""

from enum import StrEnum
from typing import Final


class PositionState(StrEnum):
    """State of one lot of a position."""

    SHOWN = "SHOWN"
    """The broker shows it with a client order id of ours, and no deal that opened it is known yet."""
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class PositionInput(StrEnum):
    """Effect of a deal on a lot of ours, and who made the deal; or what the broker shows of it."""

    ENTERED = "ENTERED"
    REDUCED_BY_COMMAND = "REDUCED_BY_COMMAND"
    REDUCED_OTHERWISE = "REDUCED_OTHERWISE"
    CLOSED_BY_COMMAND = "CLOSED_BY_COMMAND"
    CLOSED_BY_SL = "CLOSED_BY_SL"
    CLOSED_BY_TP = "CLOSED_BY_TP"
    CLOSED_OTHERWISE = "CLOSED_OTHERWISE"
    """By a manual trade, by a stop-out, by another program."""
    REVISED_NONE_OPEN = "REVISED_NONE_OPEN"
    """The broker annulled a deal, or deals were allocated anew; no volume is open after that."""
    REVISED_SOME_OPEN = "REVISED_SOME_OPEN"
    """The broker annulled a deal, or deals were allocated anew; volume is open after that."""
    SEEN = "SEEN"
    """The broker shows it, whatever its deals say."""
    GONE = "GONE"
    """Its deals leave no volume, and the broker does not show it any more."""
    WRITTEN_OFF = "WRITTEN_OFF"
    """The broker does not show it any more, no deal shows its close, and an operator has ended it."""


class PositionOutput(StrEnum):
    """Event to emit for a transition."""

    OPENED = "POSITION_OPENED"
    REDUCED = "ORDER_PARTIAL_FILL (out)"
    SL = "SL_TRIGGERED"
    TP = "TP_TRIGGERED"
    CLOSED = "POSITION_CLOSED"


_P = PositionState
_PI = PositionInput
_PO = PositionOutput
Transition = tuple[PositionState, tuple[PositionOutput, ...]]
_Row = dict[PositionInput, Transition | None]

_MOVES: Final[_Row] = {
    _PI.ENTERED: (_P.OPEN, ()),
    # The command's own events report the volume that it closed.
    _PI.REDUCED_BY_COMMAND: (_P.OPEN, ()),
    _PI.REDUCED_OTHERWISE: (_P.OPEN, (_PO.REDUCED,)),
    _PI.CLOSED_BY_COMMAND: (_P.CLOSED, (_PO.CLOSED,)),
    _PI.CLOSED_BY_SL: (_P.CLOSED, (_PO.SL, _PO.CLOSED)),
    _PI.CLOSED_BY_TP: (_P.CLOSED, (_PO.TP, _PO.CLOSED)),
    _PI.CLOSED_OTHERWISE: (_P.CLOSED, (_PO.CLOSED,)),
    # The event of an annulment is the deal's, whatever it does to the position.
    _PI.REVISED_NONE_OPEN: (_P.CLOSED, ()),
    _PI.REVISED_SOME_OPEN: (_P.OPEN, ()),
    # The difference is raised by itself (`compare_positions`).
    _PI.SEEN: (_P.OPEN, ()),
    _PI.GONE: (_P.CLOSED, (_PO.CLOSED,)),
    _PI.WRITTEN_OFF: (_P.CLOSED, (_PO.CLOSED,)),
}
_FIRST: Final[_Row] = dict.fromkeys(_PI) | {
    _PI.ENTERED: (_P.OPEN, (_PO.OPENED,)),
    _PI.SEEN: (_P.SHOWN, ()),
}

POSITION_TABLE: Final[dict[PositionState | None, _Row]] = {
    # No deal is known yet. A deal that takes volume off (None) waits for the deal that put it on.
    None: _FIRST,
    _P.SHOWN: _FIRST,
    _P.OPEN: _MOVES,
    # Observed at brokers: closed while the opening order was still being filled.
    _P.CLOSED: _MOVES | {_PI.GONE: (_P.CLOSED, ()), _PI.WRITTEN_OFF: (_P.CLOSED, ())},
}


def step_position(state: PositionState | None, what: PositionInput) -> Transition | None:
    """Return the state after the input, and the events to emit; None where the deal waits for an earlier one."""
    return POSITION_TABLE[state][what]
