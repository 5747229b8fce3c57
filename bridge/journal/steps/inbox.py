"""The inbox: directives that end before they are planned, because they are refused, withdrawn or expired."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bridge.core.director.actions import Intent, intent_of
from bridge.core.director.contract import Directive, utc_text
from bridge.core.director.problem import Problem
from bridge.core.settings import OfficerSettings
from bridge.core.trade import events, transitions, validation
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.units.order_ids import OPENING, make_client_order_id
from bridge.journal.database.file import is_file_error
from bridge.journal.steps.earlier_journal import earlier_closes
from bridge.journal.steps.step import Step
from bridge.journal.tables import commands, directives, halts, reports, symbols
from bridge.journal.tables.directives import Waiting

_NEVER_EXECUTED: Final = (CommandState.PLANNED, CommandState.REPLACED)
"""States of the commands of a directive that nothing was executed for: what is planned can be withdrawn."""


def refuse_halted(step: Step, settings: OfficerSettings, room: int) -> int:
    """Refuse opens that a halt forbids and that the terminal does not have yet, at most `room`. Return the number.

    No terminal is needed. Those that are left are not planned or sent meanwhile, and hold nothing up.
    """
    if not halts.any_in_force(step.connection, step.officer):
        return 0
    refused = 0
    for item in directives.waiting(step.connection, step.officer):
        if refused >= room:
            return refused
        with contained(step, item):
            if reason := why_halted(step, settings, item):
                refused += 1
                refuse(step, item, Problem("HALTED", _halted(reason)), DirectiveState.REJECTED)
    for command in commands.halted(step.connection, step.officer, room - refused):
        asked = directives.symbol_of(step.connection, step.officer, command.directive_id)
        reason = halts.reason(step.connection, step.officer, {command.order.symbol, asked} - {""})
        ended = transitions.abandon(command, step.now, code="HALTED", message=_halted(reason))
        step.apply_outcome(ended, command)
        refused += 1
    return refused


def why_halted(step: Step, settings: OfficerSettings, item: Waiting) -> str:
    """Return the reason for which a halt forbids the directive; empty where none does.

    Raises msgspec.ValidationError for a directive that cannot be read.
    """
    if item.own or intent_of(item.directive.action) is not Intent.OPEN:
        return ""
    asked, _ = settings.inquiry(item.directive.symbol)
    terms = symbols.load(step.connection, step.account, asked)
    names = {item.directive.symbol, asked, terms.name if terms else ""} - {""}
    reason = halts.reason(step.connection, step.officer, names)
    return "" if reason and was_sent(step, settings, item.directive) else reason


def _halted(reason: str) -> str:
    return f"opens are halted until an operator resumes them: {reason}"


def was_sent(step: Step, settings: OfficerSettings, directive: Directive) -> bool:
    """Return True where records bear the id of an order of the open or the close: a journal that was lost sent it.

    It is not refused, withdrawn or expired as one that was never sent: planning applies the records (`evidence`),
    or an operator adopts it.
    """
    intent = intent_of(directive.action)
    if intent is Intent.CLOSE:
        return bool(earlier_closes(step, settings, directive.directive_id))
    if intent is not Intent.OPEN:
        return False
    own_id = make_client_order_id(settings.prefix, step.officer, directive.directive_id, OPENING)
    return bool(reports.bearing(step.connection, step.account, own_id))


def withdraw_cancelled(step: Step, settings: OfficerSettings) -> None:
    """Let a CANCEL end what was not sent yet. No terminal is needed."""
    unplanned = {item.directive_id: item for item in directives.waiting(step.connection, step.officer)}
    for item in list(unplanned.values()):
        with contained(step, item):
            _withdraw_target(step, settings, item, unplanned)


def _withdraw_target(
    step: Step, settings: OfficerSettings, item: Waiting, unplanned: dict[str, Waiting]
) -> None:
    """Withdraw the directive's target, and remove it from `unplanned`, where it is a CANCEL and the target was not
    sent yet."""
    directive = None if item.own else item.directive
    if directive is None or intent_of(directive.action) is not Intent.CANCEL:
        return
    if directive.target_directive_id is None:
        return
    target, by = directive.target_directive_id, f"directive {item.directive_id}"
    planned = commands.of_directive(step.connection, step.officer, target)
    unsent = [command for command in planned if command.state is CommandState.PLANNED]
    waits = unplanned.get(target)
    if waits is not None and not waits.own and intent_of(waits.directive.action) is Intent.OPEN:
        if was_sent(step, settings, waits.directive):
            return
        withdraw(step, waits, by)
        del unplanned[target]
    elif unsent and all(command.state in _NEVER_EXECUTED for command in planned):
        for command in unsent:
            step.apply_outcome(transitions.withdraw(command, step.now, by=by), command)
    else:
        return
    step.set_directive_state(item.directive_id, DirectiveState.DONE)
    step.emit([events.withdrawn(step.officer, item.directive_id, step.now, opener=target)])


@contextmanager
def contained(step: Step, item: Waiting) -> Iterator[None]:
    """Work on one directive. An error of the bridge rejects that one, and holds up no other."""
    try:
        with step.contained():
            yield
    except Exception as error:
        if is_file_error(error):
            # Nothing against the directive: the step fails as a whole.
            raise
        message = f"the bridge failed on it: {type(error).__name__}: {error}"
        refuse(step, item, Problem("INTERNAL_ERROR", message), DirectiveState.REJECTED)


def has_expired(step: Step, settings: OfficerSettings, item: Waiting) -> bool:
    """Return True where the directive's life is over, and nothing was sent for it.

    Raises msgspec.ValidationError for a directive that cannot be read.
    """
    if item.expires_at is None or item.expires_at > step.earliest:
        return False
    return not was_sent(step, settings, item.directive)


def expire(step: Step, settings: OfficerSettings, blocked: str, room: int) -> int:
    """End directives that waited for too long, at most `room`. Return the number.

    `blocked` is the reason that kept all of them; empty: none. Those that are left are not planned meanwhile, and
    hold nothing up.
    """
    ended = 0
    for item in directives.waiting(step.connection, step.officer, expired_by=step.earliest):
        if ended >= room:
            break
        with contained(step, item):
            if not has_expired(step, settings, item):
                continue
            ended += 1
            limit = validation.expiry(item.directive, settings, item.received_at)
            reason = (
                blocked or "an earlier order in its symbol was still in flight, or its symbol was not known"
            )
            message = f"expired at {utc_text(limit)} before it could be sent: {reason}"
            refuse(step, item, Problem("EXPIRED", message), DirectiveState.EXPIRED)
    return ended


def withdraw(step: Step, item: Waiting, by: str) -> None:
    """Cancel a directive that was not planned yet, and emit it. `by` names the canceller."""
    problem = Problem("WITHDRAWN", f"cancelled by {by} before it was sent")
    step.set_directive_state(item.directive_id, DirectiveState.CANCELLED, problem)
    step.emit([events.withdrawn(step.officer, item.directive_id, step.now)])


def refuse(step: Step, item: Waiting, problem: Problem, state: DirectiveState) -> None:
    """End a directive for which nothing was sent, and emit ORDER_REJECTED."""
    step.set_directive_state(item.directive_id, state, problem)
    step.emit(
        [
            events.rejected(
                step.officer, item.directive_id, step.now, code=problem.code, message=problem.message
            )
        ]
    )
