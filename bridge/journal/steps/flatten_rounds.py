"""Rounds of a flatten: repeated until nothing is left. A refused command is followed by a new one, never repeated.

Each round is a directive of its own, so each of its commands has a new client order id. A round waits in the inbox
until its pause is over, and leaves out the symbols in which a command is still in flight. It ends without a command
where nothing of ours is left or in flight, where an operator has resumed opens, or after a week.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.director.problem import Problem
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.trade.events import ROUND, system_error
from bridge.core.units.clock import has_passed
from bridge.journal.database.words import OwnAction
from bridge.journal.steps.own_directives import add_own
from bridge.journal.steps.step import Step
from bridge.journal.steps.symbol_selection import SymbolSelection
from bridge.journal.tables import commands, halts
from bridge.journal.tables.directives import OwnDirective

OWN_TIME_TO_LIVE: Final = timedelta(days=7)
"""Time for which a directive of the bridge's own is tried: more than a weekend and a day."""
PAUSE_S: Final = 5
"""Pause between the first two rounds, in seconds; it doubles from round to round."""
MAX_PAUSE_S: Final = 300

NOTHING_OPEN: Final = Problem("NOTHING_OPEN", "there was nothing to close or cancel")


def pause(rounds: int) -> timedelta:
    """Return the pause after so many rounds without success, at least one."""
    return timedelta(seconds=min(PAUSE_S * 2 ** min(rounds - 1, 10), MAX_PAUSE_S))


def flatten_of(own: OwnDirective) -> str:
    """Return the id of the flatten that `own` is, or is a round of."""
    return own.directive_id if own.round == 0 else own.directive_id.partition(ROUND)[0]


def add_round(step: Step, own: OwnDirective, ordered_at: str) -> None:
    """Put the round after `own`, a flatten or one of its rounds, into the inbox."""
    number = own.round + 1
    flatten = flatten_of(own)
    add_own(
        step,
        msgspec.structs.replace(
            own,
            directive_id=f"{flatten}{ROUND}" if number == 1 else f"{flatten}{ROUND}:{number}",
            action=OwnAction.FLATTEN_REST,
            ordered_at=ordered_at,
            round=number,
            not_before=utc_text(step.now + pause(number - 1)) if number > 1 else "",
        ),
    )


def is_due(
    step: Step,
    own: OwnDirective,
    ordered_at: str,
    *,
    left: bool,
    certain: bool,
    selection: SymbolSelection,
) -> bool:
    """Return True where the round's commands may be planned now. A round that is no longer needed is ended.

    `left`: something of ours is open, or pending on the broker's book, in the symbols that are meant. `certain`:
    nothing in flight may still open something, and the broker's whole list of this session is known.
    """
    if not halts.set_by_operator_before(step.connection, step.officer, own.symbol, ordered_at):
        # An operator's halt after a resume is another one.
        _end(step, own, Problem("RESUMED", "an operator has resumed opens: nothing more is closed"))
    elif step.earliest >= datetime.fromisoformat(ordered_at) + OWN_TIME_TO_LIVE:
        message = f"the flatten of {ordered_at} is given up after {OWN_TIME_TO_LIVE.days} days"
        _end(step, own, Problem("EXPIRED", message), DirectiveState.EXPIRED)
        if left:
            emitted = f"{message}, and not everything is closed and cancelled: check the account"
            subject = f"flatten:{own.directive_id}"
            step.emit(
                [
                    system_error(
                        step.officer, step.now, code="FLATTEN_FAILED", message=emitted, subject=subject
                    )
                ]
            )
    elif not left:
        unknown = commands.unknown_opens(step.connection, step.officer)
        if certain and not any(map(selection.holds_command, unknown)):
            _end(step, own, NOTHING_OPEN)
            _complete(step, own)
    else:
        return _is_pause_over(step, own)
    return False


def _is_pause_over(step: Step, own: OwnDirective) -> bool:
    if not own.not_before:
        return True
    distance = pause(own.round - 1)
    return has_passed(distance, datetime.fromisoformat(own.not_before) - distance, step.now)


def _end(
    step: Step, own: OwnDirective, problem: Problem, state: DirectiveState = DirectiveState.DONE
) -> None:
    step.set_directive_state(own.directive_id, state, problem)
    flatten = flatten_of(own)
    if not commands.of_directive(step.connection, step.officer, flatten):
        # It had nothing to close itself, and waited for this.
        step.set_directive_state(flatten, state, problem)


def _complete(step: Step, own: OwnDirective) -> None:
    """Mark the flatten as done: whatever became of its own commands, nothing is open any more."""
    flatten = flatten_of(own)
    if commands.of_directive(step.connection, step.officer, flatten):
        step.set_directive_state(flatten, DirectiveState.DONE)
