"""The lives of orders and positions, as tables.

Theory of operation:

1. A command is one request to the broker. Reports about it come late, twice, and in any order.
2. `(state, input) -> (state, outputs)`. Every pair stands in the table; an output becomes one event.
3. PLANNED is the only state from which a command may be dispatched, and DISPATCH the only input that the
   sidecar gives by its own decision. DISPATCH anywhere else raises: it would be a second send.
4. What is over for us need not be over for the broker. A fill counts in every state: it is money.
5. UNKNOWN is not an end. Evidence still settles it, or a person who has looked.

COMMAND_TABLE is for commands that make an order of their own (OPEN, CLOSE). Those that change what is there
(MODIFY, CANCEL) have a table of their own in `changes`; what a directive's state is, `directives` says.
"""

from enum import StrEnum
from typing import Final


class CommandState(StrEnum):
    """Where a command stands."""

    PLANNED = "PLANNED"
    """Journaled; certainly not sent."""
    DISPATCHED = "DISPATCHED"
    """A dispatch row is committed: the terminal may have it."""
    SUBMITTED = "SUBMITTED"
    """The terminal's ledger has the intent: the broker may have it."""
    PLACED = "PLACED"
    """The broker took it; no deal is known yet."""
    PARTIAL = "PARTIAL"
    """Deals are known for a part of it."""
    FILLED = "FILLED"
    REJECTED = "REJECTED"
    """The broker refused it."""
    CANCELLED = "CANCELLED"
    """The order, or what was left of it, is off the broker's book."""
    NEVER_SENT = "NEVER_SENT"
    """Over without having been sent: expired, or refused on this side of the broker."""
    DONE = "DONE"
    """A MODIFY or CANCEL: the target was seen as it was to become."""
    UNRESOLVED = "UNRESOLVED"
    """Sent, and the answer leaves the outcome open. Being settled."""
    UNKNOWN = "UNKNOWN"
    """Sent, perhaps; twice nothing was found. A person must look; evidence still settles it."""

    @property
    def over(self) -> bool:
        """True where nothing more is expected of it."""
        return self in _OVER

    @property
    def unresolved(self) -> bool:
        """True where a new session must ask what became of it."""
        return self in _UNRESOLVED_STATES

    @property
    def in_flight(self) -> bool:
        """True where it may still change a position."""
        return not self.over and self is not CommandState.UNKNOWN


_OVER: Final = frozenset(
    {
        CommandState.FILLED,
        CommandState.REJECTED,
        CommandState.CANCELLED,
        CommandState.NEVER_SENT,
        CommandState.DONE,
    }
)
_UNRESOLVED_STATES: Final = frozenset(
    {
        CommandState.DISPATCHED,
        CommandState.SUBMITTED,
        CommandState.PLACED,
        CommandState.PARTIAL,
        CommandState.UNRESOLVED,
        CommandState.UNKNOWN,
    }
)


class CommandInput(StrEnum):
    """What can happen to a command."""

    DISPATCH = "DISPATCH"
    EXPIRE = "EXPIRE"
    """Its directive's time to live is over."""
    NOT_SENT_PASSING = "NOT_SENT_PASSING"
    NOT_SENT_FINAL = "NOT_SENT_FINAL"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    OUTCOME_OPEN = "OUTCOME_OPEN"
    ORDER_SEEN = "ORDER_SEEN"
    """Its order stands, or stood, on the broker's book."""
    ORDER_GONE = "ORDER_GONE"
    """Its order was cancelled or expired with volume unfilled."""
    FILL_PART = "FILL_PART"
    FILL_WHOLE = "FILL_WHOLE"
    """A deal after which all its volume is filled."""
    ABSENT = "ABSENT"
    """Twice, and after the grace time, neither ledger nor broker had an outcome."""
    WITHDRAWN = "WITHDRAWN"
    """The Director cancels what was not sent yet."""
    RESOLVED_FILLED = "RESOLVED_FILLED"
    """A person has looked at the broker's books: it was filled."""
    RESOLVED_REJECTED = "RESOLVED_REJECTED"
    RESOLVED_CANCELLED = "RESOLVED_CANCELLED"


class CommandOutput(StrEnum):
    """What is to be told of it."""

    PLACED = "ORDER_PLACED"
    PART_FILLED = "ORDER_PARTIAL_FILL"
    FILLED = "ORDER_FILLED"
    NEVER_SENT = "ORDER_REJECTED (never sent)"
    REFUSED = "ORDER_REJECTED (refused)"
    CANCELLED = "ORDER_CANCELLED"
    CHANGED = "ORDER_PLACED (a change) or ORDER_CANCELLED (a CANCEL)"
    RESOLVED = "ORDER_FILLED (by a person's word)"
    BROKER_ERROR = "BROKER_ERROR"
    UNKNOWN = "SYSTEM_ERROR (unknown outcome)"


class IllegalTransitionError(RuntimeError):
    """Ours: a command was about to be dispatched that may have been sent. Nothing was changed."""


_S = CommandState
_I = CommandInput
_O = CommandOutput
_Row = dict[CommandInput, tuple[CommandState, tuple[CommandOutput, ...]]]

# What the broker's book says wins over whatever was believed before. Only the events differ: an order of which
# nothing was told yet is told as placed first.
_NEWS_BEFORE_PLACED: Final[_Row] = {
    _I.ACCEPTED: (_S.PLACED, (_O.PLACED,)),
    _I.ORDER_SEEN: (_S.PLACED, (_O.PLACED,)),
    _I.ORDER_GONE: (_S.CANCELLED, (_O.PLACED, _O.CANCELLED)),
    _I.FILL_PART: (_S.PARTIAL, (_O.PLACED, _O.PART_FILLED)),
    _I.FILL_WHOLE: (_S.FILLED, (_O.PLACED, _O.FILLED)),
}

# A person's word counts only where nobody else has said what became of it.
_NO_WORD: Final = (_I.RESOLVED_FILLED, _I.RESOLVED_REJECTED, _I.RESOLVED_CANCELLED)
_BY_WORD: Final[_Row] = {
    _I.RESOLVED_FILLED: (_S.FILLED, (_O.RESOLVED,)),
    _I.RESOLVED_REJECTED: (_S.REJECTED, (_O.REFUSED,)),
    _I.RESOLVED_CANCELLED: (_S.CANCELLED, (_O.CANCELLED,)),
}


def _unmoved(state: CommandState, *inputs: CommandInput) -> _Row:
    return {each: (state, ()) for each in inputs}


COMMAND_TABLE: Final[dict[CommandState, _Row]] = {
    _S.PLANNED: _NEWS_BEFORE_PLACED
    | _unmoved(_S.PLANNED, *_NO_WORD)
    | {
        _I.WITHDRAWN: (_S.CANCELLED, (_O.CANCELLED,)),
        _I.DISPATCH: (_S.DISPATCHED, ()),
        _I.EXPIRE: (_S.NEVER_SENT, (_O.NEVER_SENT,)),
        _I.NOT_SENT_PASSING: (_S.PLANNED, ()),
        _I.NOT_SENT_FINAL: (_S.NEVER_SENT, (_O.NEVER_SENT,)),
        # The journal is older than the ledger (a backup was put back): it was sent all the same.
        _I.SUBMITTED: (_S.SUBMITTED, ()),
        _I.REFUSED: (_S.REJECTED, (_O.REFUSED,)),
        _I.OUTCOME_OPEN: (_S.UNRESOLVED, (_O.BROKER_ERROR,)),
        _I.ABSENT: (_S.PLANNED, ()),
    },
    _S.DISPATCHED: _NEWS_BEFORE_PLACED
    | _unmoved(_S.DISPATCHED, _I.WITHDRAWN, *_NO_WORD)
    | {
        # The terminal may have it: only the terminal can say that it is too late.
        _I.EXPIRE: (_S.DISPATCHED, ()),
        _I.NOT_SENT_PASSING: (_S.PLANNED, ()),
        _I.NOT_SENT_FINAL: (_S.NEVER_SENT, (_O.NEVER_SENT,)),
        _I.SUBMITTED: (_S.SUBMITTED, ()),
        _I.REFUSED: (_S.REJECTED, (_O.REFUSED,)),
        _I.OUTCOME_OPEN: (_S.UNRESOLVED, (_O.BROKER_ERROR,)),
        # The ledger that could have known is lost.
        _I.ABSENT: (_S.UNKNOWN, (_O.UNKNOWN,)),
    },
    _S.SUBMITTED: _NEWS_BEFORE_PLACED
    | _unmoved(_S.SUBMITTED, _I.WITHDRAWN, *_NO_WORD)
    | {
        _I.EXPIRE: (_S.SUBMITTED, ()),
        # An intent and its denial contradict each other: neither is believed.
        _I.NOT_SENT_PASSING: (_S.UNRESOLVED, ()),
        _I.NOT_SENT_FINAL: (_S.UNRESOLVED, ()),
        _I.SUBMITTED: (_S.SUBMITTED, ()),
        _I.REFUSED: (_S.REJECTED, (_O.REFUSED,)),
        _I.OUTCOME_OPEN: (_S.UNRESOLVED, (_O.BROKER_ERROR,)),
        _I.ABSENT: (_S.UNKNOWN, (_O.UNKNOWN,)),
    },
    _S.PLACED: _unmoved(_S.PLACED, _I.WITHDRAWN, *_NO_WORD)
    | {
        _I.EXPIRE: (_S.PLACED, ()),
        _I.NOT_SENT_PASSING: (_S.PLACED, ()),
        _I.NOT_SENT_FINAL: (_S.PLACED, ()),
        _I.SUBMITTED: (_S.PLACED, ()),
        _I.ACCEPTED: (_S.PLACED, ()),
        # The exchange turned down what the server had taken.
        _I.REFUSED: (_S.REJECTED, (_O.REFUSED,)),
        # The order is on the book: the lost answer has nothing to add.
        _I.OUTCOME_OPEN: (_S.PLACED, ()),
        _I.ORDER_SEEN: (_S.PLACED, ()),
        _I.ORDER_GONE: (_S.CANCELLED, (_O.CANCELLED,)),
        _I.FILL_PART: (_S.PARTIAL, (_O.PART_FILLED,)),
        _I.FILL_WHOLE: (_S.FILLED, (_O.FILLED,)),
        # Taken, then neither order nor deal to be found.
        _I.ABSENT: (_S.UNKNOWN, (_O.UNKNOWN,)),
    },
    _S.PARTIAL: _unmoved(_S.PARTIAL, _I.WITHDRAWN, *_NO_WORD)
    | {
        _I.EXPIRE: (_S.PARTIAL, ()),
        _I.NOT_SENT_PASSING: (_S.PARTIAL, ()),
        _I.NOT_SENT_FINAL: (_S.PARTIAL, ()),
        _I.SUBMITTED: (_S.PARTIAL, ()),
        _I.ACCEPTED: (_S.PARTIAL, ()),
        _I.REFUSED: (_S.PARTIAL, ()),
        _I.OUTCOME_OPEN: (_S.PARTIAL, ()),
        _I.ORDER_SEEN: (_S.PARTIAL, ()),
        _I.ORDER_GONE: (_S.CANCELLED, (_O.CANCELLED,)),
        _I.FILL_PART: (_S.PARTIAL, (_O.PART_FILLED,)),
        _I.FILL_WHOLE: (_S.FILLED, (_O.FILLED,)),
        # Its deals are evidence enough; the rest of it is told by its order.
        _I.ABSENT: (_S.PARTIAL, ()),
    },
    _S.FILLED: {each: (_S.FILLED, ()) for each in _I if each is not _I.DISPATCH},
    _S.REJECTED: {each: (_S.REJECTED, ()) for each in _I if each is not _I.DISPATCH}
    | {
        # Real world: a refusal overtaken by its own execution.
        _I.ACCEPTED: (_S.PLACED, (_O.PLACED,)),
        _I.ORDER_SEEN: (_S.PLACED, (_O.PLACED,)),
        _I.FILL_PART: (_S.PARTIAL, (_O.PLACED, _O.PART_FILLED)),
        _I.FILL_WHOLE: (_S.FILLED, (_O.PLACED, _O.FILLED)),
    },
    _S.CANCELLED: {each: (_S.CANCELLED, ()) for each in _I if each is not _I.DISPATCH}
    | {
        # Real world: the fill raced the cancellation, or its deal came later than its order.
        _I.FILL_PART: (_S.CANCELLED, (_O.PART_FILLED,)),
        _I.FILL_WHOLE: (_S.FILLED, (_O.FILLED,)),
    },
    _S.NEVER_SENT: {each: (_S.NEVER_SENT, ()) for each in _I if each is not _I.DISPATCH}
    # It was sent after all (a restored ledger lied). The truth is told late rather than never.
    | _NEWS_BEFORE_PLACED
    | {
        _I.SUBMITTED: (_S.SUBMITTED, ()),
        _I.OUTCOME_OPEN: (_S.UNRESOLVED, (_O.BROKER_ERROR,)),
    },
    _S.UNRESOLVED: _NEWS_BEFORE_PLACED
    | _BY_WORD
    | {
        _I.WITHDRAWN: (_S.UNRESOLVED, ()),
        _I.EXPIRE: (_S.UNRESOLVED, ()),
        _I.NOT_SENT_PASSING: (_S.UNRESOLVED, ()),
        _I.NOT_SENT_FINAL: (_S.UNRESOLVED, ()),
        _I.SUBMITTED: (_S.UNRESOLVED, ()),
        _I.REFUSED: (_S.REJECTED, (_O.REFUSED,)),
        _I.OUTCOME_OPEN: (_S.UNRESOLVED, ()),
        _I.ABSENT: (_S.UNKNOWN, (_O.UNKNOWN,)),
    },
    _S.UNKNOWN: _NEWS_BEFORE_PLACED
    | _BY_WORD
    | {
        _I.WITHDRAWN: (_S.UNKNOWN, ()),
        _I.EXPIRE: (_S.UNKNOWN, ()),
        # Somebody was told of it and may have acted by hand: proven unsent, it is over, never sent anew.
        _I.NOT_SENT_PASSING: (_S.NEVER_SENT, (_O.NEVER_SENT,)),
        _I.NOT_SENT_FINAL: (_S.NEVER_SENT, (_O.NEVER_SENT,)),
        _I.SUBMITTED: (_S.UNKNOWN, ()),
        _I.REFUSED: (_S.REJECTED, (_O.REFUSED,)),
        _I.OUTCOME_OPEN: (_S.UNKNOWN, ()),
        _I.ABSENT: (_S.UNKNOWN, ()),
    },
}


def step_command(state: CommandState, what: CommandInput) -> tuple[CommandState, tuple[CommandOutput, ...]]:
    """The state after the input, and what is to be told. Raises IllegalTransitionError for a second dispatch."""
    try:
        return COMMAND_TABLE[state][what]
    except KeyError:
        raise IllegalTransitionError(f"a command that is {state} may not be dispatched") from None


class PositionState(StrEnum):
    """Where a position stands."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class PositionInput(StrEnum):
    """What a deal did to a position of ours, and who made it."""

    ENTERED = "ENTERED"
    REDUCED_BY_COMMAND = "REDUCED_BY_COMMAND"
    REDUCED_OTHERWISE = "REDUCED_OTHERWISE"
    CLOSED_BY_COMMAND = "CLOSED_BY_COMMAND"
    CLOSED_BY_SL = "CLOSED_BY_SL"
    CLOSED_BY_TP = "CLOSED_BY_TP"
    CLOSED_OTHERWISE = "CLOSED_OTHERWISE"
    """By hand, by a stop-out, by another program."""


class PositionOutput(StrEnum):
    """What is to be told of it."""

    OPENED = "POSITION_OPENED"
    REDUCED = "ORDER_PARTIAL_FILL (out)"
    SL = "SL_TRIGGERED"
    TP = "TP_TRIGGERED"
    CLOSED = "POSITION_CLOSED"


_P = PositionState
_PI = PositionInput
_PO = PositionOutput
_PositionRow = dict[PositionInput, tuple[PositionState, tuple[PositionOutput, ...]]]

_CLOSINGS: Final[_PositionRow] = {
    # The command's own events say what was taken off.
    _PI.REDUCED_BY_COMMAND: (_P.OPEN, ()),
    _PI.REDUCED_OTHERWISE: (_P.OPEN, (_PO.REDUCED,)),
    _PI.CLOSED_BY_COMMAND: (_P.CLOSED, (_PO.CLOSED,)),
    _PI.CLOSED_BY_SL: (_P.CLOSED, (_PO.SL, _PO.CLOSED)),
    _PI.CLOSED_BY_TP: (_P.CLOSED, (_PO.TP, _PO.CLOSED)),
    _PI.CLOSED_OTHERWISE: (_P.CLOSED, (_PO.CLOSED,)),
}

POSITION_TABLE: Final[dict[PositionState | None, _PositionRow]] = {
    # None: not known yet. A deal that takes volume off waits until the deal that put it on is known.
    None: {_PI.ENTERED: (_P.OPEN, (_PO.OPENED,))},
    _P.OPEN: {_PI.ENTERED: (_P.OPEN, ())} | _CLOSINGS,
    # Real world: closed while a further part of the opening order was still being filled.
    _P.CLOSED: {_PI.ENTERED: (_P.OPEN, ())} | _CLOSINGS,
}


def step_position(
    state: PositionState | None, what: PositionInput
) -> tuple[PositionState, tuple[PositionOutput, ...]] | None:
    """The state after the input, and what is to be told; None where the deal must wait for an earlier one."""
    return POSITION_TABLE[state].get(what)
