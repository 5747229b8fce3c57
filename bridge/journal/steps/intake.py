"""Intake: the items of a poll, into the inbox.

One transaction for a whole batch. A known and unchanged directive costs one read; a Director that lists the same
directives for ever causes no write.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import msgspec

from bridge.core.director.poll import Item
from bridge.core.director.problem import Problem
from bridge.core.settings import OfficerSettings
from bridge.core.trade import earlier_sends, events, validation
from bridge.core.trade.directive_states import DirectiveState
from bridge.journal.database.file import is_file_error
from bridge.journal.database.words import AuditKind
from bridge.journal.steps import earlier_journal, inbox, unsent
from bridge.journal.steps.step import Step
from bridge.journal.tables import directives, unreadable_directives


class Taken(msgspec.Struct, frozen=True):
    """Numbers of an intake's directives."""

    new: int = 0
    rejected: int = 0
    changed: int = 0
    ignored: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """New directives with fields that mean nothing for their action, and the names of these."""


def unknown_items(connection: sqlite3.Connection, officer: str, items: Sequence[Item]) -> list[Item]:
    """Return the items that are not stored as they are. Reads only."""
    return [item for item in items if not _is_known(connection, officer, item)]


def _is_known(connection: sqlite3.Connection, officer: str, item: Item) -> bool:
    if item.directive_id is None:
        return unreadable_directives.is_known(connection, officer, item.fingerprint)
    # One error event for a changed body is enough, however often the Director changes it.
    return directives.is_known(connection, officer, item.directive_id, item.fingerprint)


def take_items(
    step: Step, settings: OfficerSettings, items: Sequence[Item], *, first_listing: bool, tolerance: timedelta
) -> Taken:
    """Store the items, and reject those that can never be sent. Each directive gets DIRECTIVE_RECEIVED first.

    `first_listing` and `tolerance` are as for `earlier_sends.may_have_been_sent`.
    """
    new = rejected = changed = 0
    ignored: list[tuple[str, tuple[str, ...]]] = []
    may_have_been_sent = partial(
        earlier_sends.may_have_been_sent, unbroken=step.unbroken, tolerance=tolerance
    )
    take_new = partial(_take_new, may_have_been_sent=may_have_been_sent, first_listing=first_listing)
    for item in items:
        # Checked again: the same id may be twice in one batch.
        if _is_known(step.connection, step.officer, item):
            continue
        if item.directive_id is None:
            _take_unreadable(step, item)
            rejected += 1
        elif directives.is_adopted(step.connection, step.officer, item.directive_id):
            _take_adopted(step, settings, item.directive_id, item)
        elif directives.exists(step.connection, step.officer, item.directive_id):
            _take_changed(step, item.directive_id, item)
            changed += 1
        else:
            new += 1
            if item.ignored:
                ignored.append((item.directive_id, item.ignored))
            try:
                with step.contained():
                    accepted = take_new(step, settings, item.directive_id, item)
            except Exception as error:
                if is_file_error(error):
                    # Nothing against the directive: the step fails as a whole.
                    raise
                # An error of the bridge must not hold up the others: the Director would list this one for ever.
                failed = Problem(
                    "INTERNAL_ERROR", f"the bridge failed on it: {type(error).__name__}: {error}"
                )
                unusable = msgspec.structs.replace(item, directive=None, problem=failed)
                accepted = take_new(step, settings, item.directive_id, unusable)
            rejected += not accepted
    return Taken(new, rejected, changed, tuple(ignored))


def _take_unreadable(step: Step, item: Item) -> None:
    problem = _problem_of(item)
    unreadable_directives.add(step.connection, step.officer, item, problem, step.now)
    step.audit(AuditKind.UNREADABLE, item.fingerprint, item.raw)
    subject = f"unreadable:{item.fingerprint}"
    step.emit(
        [
            events.rejected(
                step.officer, None, step.now, code=problem.code, message=problem.message, subject=subject
            )
        ]
    )


def _take_adopted(step: Step, settings: OfficerSettings, directive_id: str, item: Item) -> None:
    """Store the content of a directive of which only the id was known. It was carried out before the loss."""
    expires_at = None if item.directive is None else validation.expiry(item.directive, settings, step.now)
    directives.complete(step.connection, step.officer, directive_id, item, expires_at)
    step.audit(AuditKind.DIRECTIVE, directive_id, item.raw, directive_id)


def _take_changed(step: Step, directive_id: str, item: Item) -> None:
    directives.mark_changed(step.connection, step.officer, directive_id, step.now)
    step.audit(AuditKind.CHANGED, directive_id, item.raw, directive_id)
    step.emit(
        [
            events.system_error(
                step.officer,
                step.now,
                code="DIRECTIVE_CHANGED",
                message="the Director listed this directive again with another body; the first one stands",
                subject="changed",
                directive_id=directive_id,
            )
        ]
    )


def _take_new(
    step: Step,
    settings: OfficerSettings,
    directive_id: str,
    item: Item,
    *,
    may_have_been_sent: Callable[..., bool],
    first_listing: bool,
) -> bool:
    """Store a new directive. Return True where it waits, False where it is rejected or expired."""
    directive = item.directive
    problem = (
        _problem_of(item)
        if directive is None
        else validation.check(directive, settings, step.earliest, step.now)
    )
    if problem is not None and directive is not None and inbox.was_sent(step, settings, directive):
        # It is late or not allowed now; a journal that was lost has sent it.
        problem = None
    issued_at = None if directive is None else directive.issued_at
    search_history = may_have_been_sent(issued_at, first_listing=first_listing)
    was_sent = directive is None and bool(earlier_journal.sent_orders(step, settings, directive_id))
    # One that was issued since the journal was opened is refused at once, also of the first list.
    may_wait = first_listing and may_have_been_sent(issued_at, first_listing=issued_at is None)
    waits = problem is None or was_sent or (may_wait and not unsent.is_looked_for(step))
    state = DirectiveState.RECEIVED if problem is None or waits else unsent.state_of(problem)
    directives.add(
        step.connection,
        step.officer,
        directive_id,
        item,
        expires_at=None if directive is None else validation.expiry(directive, settings, step.now),
        state=state,
        problem=problem,
        search_history=search_history or was_sent,
        at=step.now,
    )
    step.audit(AuditKind.DIRECTIVE, directive_id, item.raw, directive_id)
    step.emit([events.received(step.officer, directive_id, step.now)])
    if problem is not None and not waits:
        step.emit(
            [
                events.rejected(
                    step.officer, directive_id, step.now, code=problem.code, message=problem.message
                )
            ]
        )
    return waits


def _problem_of(item: Item) -> Problem:
    return item.problem or Problem("INVALID_DIRECTIVE", "the directive cannot be read")
