"""A flatten goes on until nothing is left: what was refused is followed by another command, never by the same one.

Each round is a directive of its own, so each of its commands is a new one with a new token. A round waits in the
inbox until its distance from the one before is over, and leaves out the symbols in which something is not settled
yet. It ends without a command where nothing of ours is left or under way, where a person has resumed, or after a
week.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.trade.events import ROUND, system_error
from bridge.core.units.clock import has_passed
from bridge.journal.operator import halt
from bridge.journal.operator.halt import FLATTEN_REST, Own
from bridge.journal.steps.step import Step

OWN_TIME_TO_LIVE: Final = timedelta(days=7)
"""So long what a person ordered is tried: over a weekend and a day."""
PAUSE_S: Final = 5
"""Between the first two rounds; it doubles from round to round."""
MAX_PAUSE_S: Final = 300


def pause(rounds: int) -> timedelta:
    """How long to wait after so many commands that came to nothing, at least one."""
    return timedelta(seconds=min(PAUSE_S * 2 ** min(rounds - 1, 10), MAX_PAUSE_S))


def order_round(step: Step, own: Own, ordered_at: str) -> None:
    """Put the round after `own`, a flatten or a round of one, into the inbox."""
    number = own.round + 1
    flatten = own.directive_id if own.round == 0 else own.directive_id.partition(ROUND)[0]
    halt.order_own(
        step,
        msgspec.structs.replace(
            own,
            directive_id=f"{flatten}{ROUND}" if number == 1 else f"{flatten}{ROUND}:{number}",
            action=FLATTEN_REST,
            ordered_at=ordered_at,
            round=number,
            not_before=utc_text(step.now + pause(number - 1)) if number > 1 else "",
        ),
    )


def is_due(step: Step, own: Own, ordered_at: str, *, left: bool) -> bool:
    """Whether the round's commands may be planned now. A round that has become needless is ended.

    `left`: whether anything of ours is open, or waits on the broker's book.
    """
    if not _stands(step, ordered_at):
        _end(step, own, "RESUMED", "a person has resumed: nothing more is closed")
    elif step.earliest >= datetime.fromisoformat(ordered_at) + OWN_TIME_TO_LIVE:
        message = f"the flatten of {ordered_at} is given up after {OWN_TIME_TO_LIVE.days} days"
        step.set_directive_state(own.directive_id, DirectiveState.EXPIRED, "EXPIRED", message)
        if left:
            emitted = f"{message}, and not everything is closed and cancelled: look at the account"
            subject = f"flatten:{own.directive_id}"
            step.tell(
                [
                    system_error(
                        step.officer, step.now, code="FLATTEN_FAILED", message=emitted, subject=subject
                    )
                ]
            )
    elif not left and not _may_open_yet(step):
        _end(step, own, "NOTHING_OPEN", "there was nothing to close or cancel")
    else:
        return left and _rested(step, own)
    return False


def _rested(step: Step, own: Own) -> bool:
    """Whether the round's distance from the one before is over."""
    if not own.not_before:
        return True
    distance = pause(own.round - 1)
    return has_passed(distance, datetime.fromisoformat(own.not_before) - distance, step.now)


def _end(step: Step, own: Own, code: str, message: str) -> None:
    step.set_directive_state(own.directive_id, DirectiveState.DONE, code, message)


def _stands(step: Step, ordered_at: str) -> bool:
    """Whether the halt of the flatten stands. One that a person set after a resume is another."""
    found = step.connection.execute(
        "SELECT 1 FROM halts WHERE officer = ? AND symbol = ? AND set_by = 'person' AND since <= ?",
        (step.officer, halt.ALL, ordered_at),
    )
    return found.fetchone() is not None


def _may_open_yet(step: Step) -> bool:
    """Whether an open may yet turn out to have been filled."""
    found = step.connection.execute(
        "SELECT 1 FROM commands WHERE officer = ? AND kind = 'OPEN' AND state = 'UNKNOWN' LIMIT 1",
        (step.officer,),
    )
    return found.fetchone() is not None
