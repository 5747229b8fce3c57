"""States of a command, as two tables that one generator builds.

Theory of operation:

1. A command is one request to the broker. Reports about it come late, twice, and in any order.
2. `(state, input) -> (state, outputs)`. Every pair stands in the table; each output becomes one event.
3. PLANNED is the only state from which a command may be dispatched, and DISPATCH the only input that the sidecar
   gives by its own decision. DISPATCH in any other state raises: it would be a second send.
4. A command that has ended for the bridge need not have ended for the broker. A fill counts in every state: it is
   money.
5. UNKNOWN is not an end. Evidence still resolves it, or an operator who has looked at the account.

ORDER_TABLE is for commands that make an order of their own (OPEN, CLOSE), AMEND_TABLE for those that change what is
there (MODIFY, CANCEL). An amendment makes no order, and sent twice it does no more than once; its evidence is the
target as the broker shows it (`amend_effects`). No state of a command is set other than by these tables.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, assert_never

from bridge.core.link.messages import CommandKind


class CommandState(StrEnum):
    """State of a command."""

    PLANNED = "PLANNED"
    """Journaled; certainly not sent."""
    DISPATCHED = "DISPATCHED"
    """A dispatch row is committed: the terminal may have it."""
    SUBMITTED = "SUBMITTED"
    """The terminal's ledger has the intent: the broker may have it."""
    PLACED = "PLACED"
    """The broker accepted it; no deal is known yet."""
    PARTIAL = "PARTIAL"
    """Deals are known for some of its volume."""
    FILLED = "FILLED"
    """Deals are known for all of its volume."""
    REJECTED = "REJECTED"
    """The broker refused it."""
    REPLACED = "REPLACED"
    """The broker refused it in a closed market, and another command has taken its place."""
    CANCELLED = "CANCELLED"
    """The order, or what was left of it, is off the broker's book."""
    NEVER_SENT = "NEVER_SENT"
    """Ended without having been sent: expired, or refused on this side of the broker."""
    DONE = "DONE"
    """A MODIFY or CANCEL took effect: the target was seen as requested."""
    UNRESOLVED = "UNRESOLVED"
    """Sent, and the answer leaves the outcome open. It is being reconciled."""
    UNKNOWN = "UNKNOWN"
    """Sent, perhaps; nothing was found twice. An operator must look; evidence still resolves it."""

    @property
    def over(self) -> bool:
        """True where nothing more is expected of it."""
        match self:
            case (
                CommandState.FILLED
                | CommandState.REJECTED
                | CommandState.REPLACED
                | CommandState.CANCELLED
                | CommandState.NEVER_SENT
                | CommandState.DONE
            ):
                return True
            case (
                CommandState.PLANNED
                | CommandState.DISPATCHED
                | CommandState.SUBMITTED
                | CommandState.PLACED
                | CommandState.PARTIAL
                | CommandState.UNRESOLVED
                | CommandState.UNKNOWN
            ):
                return False
            case _:
                assert_never(self)

    @property
    def unresolved(self) -> bool:
        """True where a new session must ask for its outcome."""
        return not self.over and self is not CommandState.PLANNED

    @property
    def in_flight(self) -> bool:
        """True where it may still change a position."""
        return not self.over and self is not CommandState.UNKNOWN


class CommandInput(StrEnum):
    """Input of the command tables."""

    DISPATCH = "DISPATCH"
    EXPIRE = "EXPIRE"
    """Its directive's time to live has passed."""
    NOT_SENT_PASSING = "NOT_SENT_PASSING"
    """The terminal did not send it, for a reason that passes."""
    NOT_SENT_FINAL = "NOT_SENT_FINAL"
    """The terminal did not send it, for a reason that stays."""
    MARKET_CLOSED_UNSENT = "MARKET_CLOSED_UNSENT"
    """The terminal did not send it, because the market is closed, and it waits for the opening."""
    MARKET_CLOSED_REFUSED = "MARKET_CLOSED_REFUSED"
    """The broker refused it, because the market is closed, or less is to be closed since it waits: another command
    takes its place."""
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    OUTCOME_OPEN = "OUTCOME_OPEN"
    ORDER_SEEN = "ORDER_SEEN"
    """Its order stands, or stood, on the broker's book."""
    ORDER_REAPPEARED = "ORDER_REAPPEARED"
    """Its order stands on the book after an operator had reported the command as ended."""
    ORDER_GONE = "ORDER_GONE"
    """Its order was cancelled or expired with volume unfilled."""
    FILL_PART = "FILL_PART"
    FILL_WHOLE = "FILL_WHOLE"
    """A deal after which all its volume is filled."""
    EFFECT_SEEN = "EFFECT_SEEN"
    """The target of an amendment is as requested."""
    TARGET_GONE = "TARGET_GONE"
    """The position that a MODIFY is about is closed, or the order off the book."""
    TARGET_FILLED = "TARGET_FILLED"
    """The order that a CANCEL is about was filled."""
    NO_EFFECT = "NO_EFFECT"
    """Twice, and after the grace time, the target of an amendment was seen as it had been."""
    ABSENT = "ABSENT"
    """Twice, and after the grace time, neither ledger nor broker had an outcome, or no report came for too long."""
    ID_FOUND = "ID_FOUND"
    """The broker has records with its client order id, and none of them says what became of it."""
    WITHDRAWN = "WITHDRAWN"
    """The Director, or the bridge, cancels a command that was not sent yet."""
    RESOLVED_FILLED = "RESOLVED_FILLED"
    """An operator found it filled; an amendment: in effect."""
    RESOLVED_REJECTED = "RESOLVED_REJECTED"
    RESOLVED_CANCELLED = "RESOLVED_CANCELLED"


class CommandOutput(StrEnum):
    """Event to emit for a transition."""

    PLACED = "ORDER_PLACED"
    PART_FILLED = "ORDER_PARTIAL_FILL"
    FILLED = "ORDER_FILLED"
    NEVER_SENT = "ORDER_REJECTED (never sent)"
    REFUSED = "ORDER_REJECTED (refused)"
    CANCELLED = "ORDER_CANCELLED"
    CHANGED = "ORDER_PLACED (a change) or ORDER_CANCELLED (a CANCEL)"
    RESOLVED = "ORDER_FILLED (resolved by an operator)"
    BROKER_ERROR = "BROKER_ERROR"
    WAITS = "BROKER_ERROR (it waits for the market)"
    UNKNOWN = "SYSTEM_ERROR (unknown outcome)"


class IllegalTransitionError(RuntimeError):
    """Programming error: a second dispatch, or a state that no command of this kind has. Nothing was changed."""


_S = CommandState
_I = CommandInput
_O = CommandOutput
Transition = tuple[CommandState, tuple[CommandOutput, ...]]
Row = dict[CommandInput, Transition]
CommandTable = dict[CommandState, Row]


def _common(accepted: tuple[CommandOutput, ...]) -> CommandTable:
    """Return the transitions that all commands share. `accepted` are the outputs of an acceptance."""
    placed: Transition = (_S.PLACED, accepted)
    refused: Transition = (_S.REJECTED, (_O.REFUSED,))
    never_sent: Transition = (_S.NEVER_SENT, (_O.NEVER_SENT,))
    open_outcome: Transition = (_S.UNRESOLVED, (_O.BROKER_ERROR,))
    absent: Transition = (_S.UNKNOWN, (_O.UNKNOWN,))
    replaced: Transition = (_S.REPLACED, (_O.WAITS,))
    return {
        _S.PLANNED: {
            _I.DISPATCH: (_S.DISPATCHED, ()),
            _I.EXPIRE: never_sent,
            _I.NOT_SENT_FINAL: never_sent,
            # It is not sent: the records may be those of an earlier send that the journal has lost.
            _I.ID_FOUND: absent,
            # The journal is older than the ledger (a backup was restored): it was sent all the same.
            _I.SUBMITTED: (_S.SUBMITTED, ()),
            _I.ACCEPTED: placed,
            _I.REFUSED: refused,
            _I.MARKET_CLOSED_REFUSED: replaced,
            _I.OUTCOME_OPEN: open_outcome,
        },
        # EXPIRE moves nothing from here on: the terminal may have it, and only the terminal can call it late.
        _S.DISPATCHED: {
            _I.NOT_SENT_PASSING: (_S.PLANNED, ()),
            _I.NOT_SENT_FINAL: never_sent,
            _I.MARKET_CLOSED_UNSENT: (_S.PLANNED, (_O.WAITS,)),
            _I.SUBMITTED: (_S.SUBMITTED, ()),
            _I.ACCEPTED: placed,
            _I.REFUSED: refused,
            _I.MARKET_CLOSED_REFUSED: replaced,
            _I.OUTCOME_OPEN: open_outcome,
            # The ledger that could have known is lost.
            _I.ABSENT: absent,
            _I.ID_FOUND: absent,
        },
        _S.SUBMITTED: {
            # An intent and its denial contradict each other: neither is believed.
            _I.NOT_SENT_PASSING: (_S.UNRESOLVED, ()),
            _I.NOT_SENT_FINAL: (_S.UNRESOLVED, ()),
            _I.MARKET_CLOSED_UNSENT: (_S.UNRESOLVED, ()),
            _I.ACCEPTED: placed,
            _I.REFUSED: refused,
            _I.MARKET_CLOSED_REFUSED: replaced,
            _I.OUTCOME_OPEN: open_outcome,
            _I.ABSENT: absent,
        },
        _S.PLACED: {
            # The exchange refused what the server had accepted. A lost answer (OUTCOME_OPEN) adds nothing.
            _I.REFUSED: refused,
            _I.MARKET_CLOSED_REFUSED: refused,
            # Accepted, and then neither order nor deal, or no effect, is to be found.
            _I.ABSENT: absent,
        },
        _S.REJECTED: {
            # Observed at brokers: a refusal overtaken by its own execution.
            _I.ACCEPTED: placed,
        },
        _S.REPLACED: {
            # The same. Its successor finds less to close, or the change made.
            _I.ACCEPTED: placed,
        },
        # It was sent after all (a restored ledger was wrong). A late event is better than none.
        _S.NEVER_SENT: {
            _I.ID_FOUND: absent,
            _I.SUBMITTED: (_S.SUBMITTED, ()),
            _I.ACCEPTED: placed,
            _I.OUTCOME_OPEN: open_outcome,
        },
        # Only a command whose outcome was never open gets a successor.
        _S.UNRESOLVED: {
            _I.ACCEPTED: placed,
            _I.REFUSED: refused,
            _I.MARKET_CLOSED_REFUSED: refused,
            _I.ABSENT: absent,
            _I.RESOLVED_REJECTED: refused,
        },
        _S.UNKNOWN: {
            # Its event was emitted, and an operator may have acted on it: proven unsent, it ends, and is never
            # sent again.
            _I.NOT_SENT_PASSING: never_sent,
            _I.NOT_SENT_FINAL: never_sent,
            _I.MARKET_CLOSED_UNSENT: never_sent,
            _I.ACCEPTED: placed,
            _I.REFUSED: refused,
            _I.MARKET_CLOSED_REFUSED: refused,
            _I.RESOLVED_REJECTED: refused,
        },
    }


def _build(accepted: tuple[CommandOutput, ...], own: Mapping[CommandState, Row]) -> CommandTable:
    """Return a whole table: the common transitions and the kind's own. Any other input leaves the state as it is.

    `own` names every state that commands of the kind can have. Only DISPATCH has no entry outside PLANNED.
    """
    common = _common(accepted)
    return {
        state: {each: (state, ()) for each in _I if each is not _I.DISPATCH} | common.get(state, {}) | moves
        for state, moves in own.items()
    }


# The broker's book prevails over any earlier state. Only the events differ: an order for which no event was emitted
# yet is reported as placed first.
_FIRST_EVIDENCE: Final[Row] = {
    _I.ORDER_SEEN: (_S.PLACED, (_O.PLACED,)),
    _I.ORDER_REAPPEARED: (_S.PLACED, (_O.PLACED,)),
    _I.ORDER_GONE: (_S.CANCELLED, (_O.PLACED, _O.CANCELLED)),
    _I.FILL_PART: (_S.PARTIAL, (_O.PLACED, _O.PART_FILLED)),
    _I.FILL_WHOLE: (_S.FILLED, (_O.PLACED, _O.FILLED)),
}
_LATER_EVIDENCE: Final[Row] = {
    _I.ORDER_GONE: (_S.CANCELLED, (_O.CANCELLED,)),
    _I.FILL_PART: (_S.PARTIAL, (_O.PART_FILLED,)),
    _I.FILL_WHOLE: (_S.FILLED, (_O.FILLED,)),
}
# An operator's resolution counts only where no report has said what became of the command.
_RESOLVED: Final[Row] = {
    _I.RESOLVED_FILLED: (_S.FILLED, (_O.RESOLVED,)),
    _I.RESOLVED_CANCELLED: (_S.CANCELLED, (_O.CANCELLED,)),
}
_REAPPEARED: Final[Row] = {_I.ORDER_REAPPEARED: (_S.PLACED, (_O.PLACED,))}

ORDER_TABLE: Final[CommandTable] = _build(
    (_O.PLACED,),
    {
        _S.PLANNED: _FIRST_EVIDENCE | {_I.WITHDRAWN: (_S.CANCELLED, (_O.CANCELLED,))},
        _S.DISPATCHED: _FIRST_EVIDENCE,
        _S.SUBMITTED: _FIRST_EVIDENCE,
        _S.PLACED: _LATER_EVIDENCE,
        # Its deals are evidence enough; its order shows the rest.
        _S.PARTIAL: _LATER_EVIDENCE,
        _S.FILLED: _REAPPEARED,
        # A cancelled order of a refused request adds nothing.
        _S.REJECTED: _FIRST_EVIDENCE | {_I.ORDER_GONE: (_S.REJECTED, ())},
        _S.REPLACED: _FIRST_EVIDENCE | {_I.ORDER_GONE: (_S.REPLACED, ())},
        _S.CANCELLED: _REAPPEARED
        | {
            # Observed at brokers: the fill raced the cancellation, or its deal came later than its order.
            _I.FILL_PART: (_S.CANCELLED, (_O.PART_FILLED,)),
            _I.FILL_WHOLE: (_S.FILLED, (_O.FILLED,)),
        },
        _S.NEVER_SENT: _FIRST_EVIDENCE,
        _S.UNRESOLVED: _FIRST_EVIDENCE | _RESOLVED,
        _S.UNKNOWN: _FIRST_EVIDENCE | _RESOLVED,
    },
)

_EVIDENCE: Final[Row] = {
    _I.EFFECT_SEEN: (_S.DONE, (_O.CHANGED,)),
    _I.TARGET_GONE: (_S.REJECTED, (_O.REFUSED,)),
    _I.TARGET_FILLED: (_S.REJECTED, (_O.REFUSED,)),
    _I.NO_EFFECT: (_S.REJECTED, (_O.REFUSED,)),
}
_AMEND_RESOLVED: Final[Row] = {
    _I.RESOLVED_FILLED: (_S.DONE, (_O.CHANGED,)),
    _I.RESOLVED_CANCELLED: (_S.REJECTED, (_O.REFUSED,)),
}

AMEND_TABLE: Final[CommandTable] = _build(
    (),
    {
        # A target that meanwhile is as requested, or gone, is for the terminal to find: it looks before it sends.
        _S.PLANNED: {_I.WITHDRAWN: (_S.NEVER_SENT, (_O.NEVER_SENT,))},
        _S.DISPATCHED: {
            _I.EFFECT_SEEN: (_S.DONE, (_O.CHANGED,)),
            # TARGET_GONE moves nothing: the terminal that has the command reports so itself, as `not_sent`.
            _I.NO_EFFECT: (_S.REJECTED, (_O.REFUSED,)),
        },
        _S.SUBMITTED: _EVIDENCE,
        # The server accepted it; the target has not been seen since.
        _S.PLACED: _EVIDENCE
        | {
            # Accepted, and gone before it was seen again: a stop that was moved and then hit.
            _I.TARGET_GONE: (_S.DONE, (_O.CHANGED,)),
        },
        _S.UNRESOLVED: _EVIDENCE | _AMEND_RESOLVED,
        _S.UNKNOWN: _EVIDENCE | _AMEND_RESOLVED,
        _S.DONE: {},
        _S.REJECTED: {},
        _S.REPLACED: {},
        _S.NEVER_SENT: {},
    },
)


def table_of(kind: CommandKind) -> CommandTable:
    """Return the table of commands of this kind."""
    match kind:
        case CommandKind.OPEN | CommandKind.CLOSE:
            return ORDER_TABLE
        case CommandKind.MODIFY | CommandKind.CANCEL:
            return AMEND_TABLE
        case _:
            assert_never(kind)


def step_command(kind: CommandKind, state: CommandState, what: CommandInput) -> Transition:
    """Return the state after the input, and the events to emit.

    Raises IllegalTransitionError for a second dispatch, and for a state that no command of this kind has.
    """
    row = table_of(kind).get(state)
    if row is None:
        raise IllegalTransitionError(f"state {state} is none of a {kind} command")
    if what not in row:
        raise IllegalTransitionError(
            f"command in state {state} must not take {what}; only a PLANNED one is sent"
        )
    return row[what]
