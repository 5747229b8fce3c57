"""The outbox of events: results of their delivery."""

from collections.abc import Collection
from itertools import groupby
from typing import Final

from bridge.journal.database.words import AuditKind
from bridge.journal.steps.step import Step, json_text
from bridge.journal.tables import events
from bridge.journal.tables.events import Delivery, Outgoing, RefusedEvent

MAX_ERROR: Final = 500
"""Characters that are stored of the Director's answer."""


def set_delivered(step: Step, delivery: Delivery) -> None:
    """Store that the Director accepted the event."""
    event, event_id = delivery.event, delivery.event_id
    events.set_delivered(step.connection, event.id, event_id, step.now)
    step.audit(AuditKind.DELIVERED, event.event_type, event_id or "", event.directive_id, content=event.id)


def count_refusal(step: Step, event: Outgoing, error: str) -> None:
    """Store that the Director refused the event; it is offered again later."""
    events.count_refusal(step.connection, event.id, error[:MAX_ERROR])


def set_refused(step: Step, event: Outgoing, error: str) -> None:
    """Store that the Director refused the event for good: the next event of its directive may go."""
    events.set_refused(step.connection, event.id, error[:MAX_ERROR], step.now)
    step.audit(AuditKind.REFUSED, event.event_type, error[:MAX_ERROR], event.directive_id, content=event.id)


def retry(step: Step, refused: Collection[RefusedEvent]) -> None:
    """Queue refused events again: each in its place, before the events queued behind it."""
    events.requeue(step.connection, refused)
    _audit_by_directive(step, "retry", refused, "")


def dismiss(step: Step, refused: Collection[RefusedEvent], note: str) -> None:
    """Store that an operator has dismissed refused events: they stay refused, and need no action any more."""
    events.dismiss(step.connection, refused, step.now)
    _audit_by_directive(step, "dismiss", refused, note)


def _audit_by_directive(step: Step, order: str, refused: Collection[RefusedEvent], note: str) -> None:
    """Append one audit row for each directive, so that its timeline has it."""
    by_directive = sorted(refused, key=lambda event: (event.directive_id or "", event.id))
    for directive_id, group in groupby(by_directive, key=lambda event: event.directive_id):
        body = json_text({"events": [event.event_type for event in group], "note": note})
        step.audit(AuditKind.OPERATOR, order, body, directive_id)
