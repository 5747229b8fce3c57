"""Directives that cannot be carried out, and that an earlier journal may have carried out.

After a loss the Director lists what it listed before: a directive that has expired since, that a limit forbids now,
or one in which a field is missing. Whether it was carried out is known once a scan has shown the broker's records.
Until then the Director is not notified that it is refused. Where a record bears the id of one of its orders, the
directive takes its state from that, also where it was refused meanwhile.
"""

from datetime import timedelta
from typing import Final

from bridge.core.director.problem import Problem
from bridge.core.settings import LinkSettings, OfficerSettings
from bridge.core.trade import events
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.units.clock import has_passed
from bridge.journal.steps import broker_positions, earlier_journal
from bridge.journal.steps.evidence import apply_evidence
from bridge.journal.steps.planned_commands import add_commands
from bridge.journal.steps.step import Step
from bridge.journal.tables import directives

LOOK_S: Final = 30
"""Longest wait for a scan, in seconds: without a terminal a directive is refused all the same."""
_REFUSED: Final = (DirectiveState.REJECTED, DirectiveState.EXPIRED, DirectiveState.CANCELLED)


def is_looked_for(step: Step) -> bool:
    """Return True where a scan of the present session has shown the broker's records."""
    return broker_positions.is_listed(step)


def state_of(problem: Problem) -> DirectiveState:
    """Return the state of a directive that ends by the problem."""
    return DirectiveState.EXPIRED if problem.code == "EXPIRED" else DirectiveState.REJECTED


def refuse(step: Step, settings: OfficerSettings, room: int) -> int:
    """Refuse those that no record shows, at most `room`, once a scan has shown the records. Return the number."""
    waiting = directives.unsent(step.connection, step.officer, [DirectiveState.RECEIVED])
    looked_for, refused = bool(waiting) and is_looked_for(step), 0
    for each in waiting:
        if refused >= room:
            break
        if not (looked_for or has_passed(timedelta(seconds=LOOK_S), each.received_at, step.now)):
            continue
        if earlier_journal.sent_orders(step, settings, each.directive_id):
            # The next scan takes it back; of a quarantined officer an operator adopts it.
            continue
        refused += 1
        step.set_directive_state(each.directive_id, state_of(each.problem), each.problem)
        code, message = each.problem.code, each.problem.message
        step.emit([events.rejected(step.officer, each.directive_id, step.now, code=code, message=message)])
    return refused


def take_back(step: Step, settings: OfficerSettings, link: LinkSettings, epoch: int) -> None:
    """Let those take their state from the broker's records that these show, after a scan of the session `epoch`.

    One that was refused, and that no record shows, is not looked for again: their number would grow.
    """
    looked_for = is_looked_for(step)
    for each in directives.unsent(step.connection, step.officer, [DirectiveState.RECEIVED, *_REFUSED]):
        if sent := earlier_journal.sent_orders(step, settings, each.directive_id):
            # Nothing may be sent for it any more.
            planned = add_commands(step, each.directive_id, sent, step.now)
            apply_evidence(step, settings, link, epoch, planned)
        elif looked_for and each.state is not DirectiveState.RECEIVED:
            directives.end_search(step.connection, step.officer, each.directive_id)
