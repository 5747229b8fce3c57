"""The life of a command that changes what is there: a MODIFY or a CANCEL.

It makes no order of its own, and sent twice it does no more than once. So the evidence of it is not a deal but
the target as it is seen at the broker: `effect` compares the two, and CHANGE_TABLE says what follows. The states
are those of `lifecycle`; FILLED, PARTIAL and CANCELLED are none of its.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Final

from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import OrderReport
from bridge.core.trade.command_states import CommandOutput, CommandState, IllegalTransitionError
from bridge.core.trade.records import PositionRecord
from bridge.core.units.mt5_terms import OrderState


class ChangeInput(StrEnum):
    """What can happen to a command that changes something."""

    DISPATCH = "DISPATCH"
    EXPIRE = "EXPIRE"
    """Its directive's time to live is over."""
    NOT_SENT_PASSING = "NOT_SENT_PASSING"
    NOT_SENT_FINAL = "NOT_SENT_FINAL"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    OUTCOME_OPEN = "OUTCOME_OPEN"
    EFFECT_SEEN = "EFFECT_SEEN"
    """The target is as the command would make it."""
    TARGET_GONE = "TARGET_GONE"
    """A MODIFY: the position is closed, the order off the book."""
    TARGET_FILLED = "TARGET_FILLED"
    """A CANCEL: the order was filled."""
    NO_EFFECT = "NO_EFFECT"
    """Twice, and after the grace time, the target was seen as it had been."""
    ABSENT = "ABSENT"
    """Nobody has said anything of it for too long."""
    WITHDRAWN = "WITHDRAWN"
    RESOLVED_DONE = "RESOLVED_DONE"
    """A person has looked: it took effect."""
    RESOLVED_REJECTED = "RESOLVED_REJECTED"


_S = CommandState
_I = ChangeInput
_O = CommandOutput
_Row = dict[ChangeInput, tuple[CommandState, tuple[CommandOutput, ...]]]

_ANSWERS: Final[_Row] = {
    _I.ACCEPTED: (_S.PLACED, ()),
    _I.REFUSED: (_S.REJECTED, (_O.REFUSED,)),
    _I.OUTCOME_OPEN: (_S.UNRESOLVED, (_O.BROKER_ERROR,)),
}
_EVIDENCE: Final[_Row] = {
    _I.EFFECT_SEEN: (_S.DONE, (_O.CHANGED,)),
    _I.TARGET_GONE: (_S.REJECTED, (_O.REFUSED,)),
    _I.TARGET_FILLED: (_S.REJECTED, (_O.REFUSED,)),
    _I.NO_EFFECT: (_S.REJECTED, (_O.REFUSED,)),
}
_BY_WORD: Final[_Row] = {
    _I.RESOLVED_DONE: (_S.DONE, (_O.CHANGED,)),
    _I.RESOLVED_REJECTED: (_S.REJECTED, (_O.REFUSED,)),
}


def _still(state: CommandState) -> _Row:
    """The row in which nothing moves; the lines that follow say what does."""
    return {each: (state, ()) for each in _I if each is not _I.DISPATCH}


CHANGE_TABLE: Final[dict[CommandState, _Row]] = {
    # A target that meanwhile is as wished, or gone, is the terminal's to find out: it looks before it sends.
    _S.PLANNED: _still(_S.PLANNED)
    | _ANSWERS
    | {
        _I.DISPATCH: (_S.DISPATCHED, ()),
        _I.EXPIRE: (_S.NEVER_SENT, (_O.NEVER_SENT,)),
        _I.NOT_SENT_FINAL: (_S.NEVER_SENT, (_O.NEVER_SENT,)),
        _I.WITHDRAWN: (_S.NEVER_SENT, (_O.NEVER_SENT,)),
        # The journal is older than the ledger (a backup was put back): it was sent all the same.
        _I.SUBMITTED: (_S.SUBMITTED, ()),
    },
    _S.DISPATCHED: _still(_S.DISPATCHED)
    | _ANSWERS
    | {
        _I.NOT_SENT_PASSING: (_S.PLANNED, ()),
        _I.NOT_SENT_FINAL: (_S.NEVER_SENT, (_O.NEVER_SENT,)),
        _I.SUBMITTED: (_S.SUBMITTED, ()),
        _I.EFFECT_SEEN: (_S.DONE, (_O.CHANGED,)),
        # TARGET_GONE moves nothing: the terminal that has the command says so itself, as `not_sent`.
        _I.NO_EFFECT: (_S.REJECTED, (_O.REFUSED,)),
        _I.ABSENT: (_S.UNKNOWN, (_O.UNKNOWN,)),
    },
    _S.SUBMITTED: _still(_S.SUBMITTED)
    | _ANSWERS
    | _EVIDENCE
    | {
        # An intent and its denial contradict each other: the target itself will tell.
        _I.NOT_SENT_PASSING: (_S.UNRESOLVED, ()),
        _I.NOT_SENT_FINAL: (_S.UNRESOLVED, ()),
        _I.ABSENT: (_S.UNKNOWN, (_O.UNKNOWN,)),
    },
    # PLACED: the server took it; the target has not been seen since.
    _S.PLACED: _still(_S.PLACED)
    | _EVIDENCE
    | {
        _I.REFUSED: (_S.REJECTED, (_O.REFUSED,)),
        # Taken, and gone before anybody looked: a stop that was moved and then hit.
        _I.TARGET_GONE: (_S.DONE, (_O.CHANGED,)),
        _I.ABSENT: (_S.UNKNOWN, (_O.UNKNOWN,)),
    },
    _S.UNRESOLVED: _still(_S.UNRESOLVED)
    | _EVIDENCE
    | _BY_WORD
    | {
        _I.ACCEPTED: (_S.PLACED, ()),
        _I.REFUSED: (_S.REJECTED, (_O.REFUSED,)),
        _I.ABSENT: (_S.UNKNOWN, (_O.UNKNOWN,)),
    },
    _S.UNKNOWN: _still(_S.UNKNOWN)
    | _EVIDENCE
    | _BY_WORD
    | {
        _I.ACCEPTED: (_S.PLACED, ()),
        _I.REFUSED: (_S.REJECTED, (_O.REFUSED,)),
        # Somebody was told of it and may have acted by hand: proven unsent, it is over, never sent anew.
        _I.NOT_SENT_PASSING: (_S.NEVER_SENT, (_O.NEVER_SENT,)),
        _I.NOT_SENT_FINAL: (_S.NEVER_SENT, (_O.NEVER_SENT,)),
    },
    _S.DONE: _still(_S.DONE),
    _S.REJECTED: _still(_S.REJECTED)
    | {
        # Real world: a refusal overtaken by its own execution.
        _I.ACCEPTED: (_S.PLACED, ()),
    },
    # It was sent after all (a restored ledger lied). The truth is told late rather than never.
    _S.NEVER_SENT: _still(_S.NEVER_SENT)
    | {
        _I.SUBMITTED: (_S.SUBMITTED, ()),
        _I.ACCEPTED: (_S.PLACED, ()),
        _I.OUTCOME_OPEN: (_S.UNRESOLVED, (_O.BROKER_ERROR,)),
    },
}


def step_change(state: CommandState, what: ChangeInput) -> tuple[CommandState, tuple[CommandOutput, ...]]:
    """The state after the input, and what is to be told. Raises IllegalTransitionError for a second dispatch."""
    try:
        return CHANGE_TABLE[state][what]
    except KeyError:
        raise IllegalTransitionError(f"a change that is {state} cannot take {what}") from None


def effect_on_order(wanted: Order, seen: OrderReport) -> ChangeInput | None:
    """What the target, a pending order, tells of the change; None where it tells nothing (yet)."""
    gone = seen.off_the_book
    if wanted.kind is CommandKind.CANCEL:
        if not gone:
            return None
        filled = seen.state is OrderState.FILLED or not seen.volume_current
        return ChangeInput.TARGET_FILLED if filled else ChangeInput.EFFECT_SEEN
    if gone:
        return ChangeInput.TARGET_GONE
    as_wanted = (
        _same(wanted.stop_loss, seen.stop_loss)
        and _same(wanted.take_profit, seen.take_profit)
        and _same(wanted.price, seen.price)
        and _same(wanted.limit_price, seen.limit_price)
    )
    return ChangeInput.EFFECT_SEEN if as_wanted else None


def effect_on_position(wanted: Order, seen: PositionRecord) -> ChangeInput | None:
    """What the target, a position, tells of the change; None where it tells nothing (yet)."""
    if not seen.volume:
        return ChangeInput.TARGET_GONE
    as_wanted = _same(wanted.stop_loss, seen.stop_loss) and _same(wanted.take_profit, seen.take_profit)
    return ChangeInput.EFFECT_SEEN if as_wanted else None


def _same(wanted: Decimal | None, seen: Decimal | None) -> bool:
    """None wants it left as it is; 0 wants none."""
    return wanted is None or wanted == (seen or 0)
