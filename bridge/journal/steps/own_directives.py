"""Directives of the bridge's own: an operator's, and those that the configuration requires."""

import hashlib

from bridge.core.director.contract import OPERATOR_PREFIX
from bridge.core.trade.events import system_error
from bridge.journal.database.words import AuditKind, OwnAction
from bridge.journal.steps.step import Step, json_text
from bridge.journal.tables import directives
from bridge.journal.tables.directives import OwnDirective


def add_own(step: Step, own: OwnDirective) -> bool:
    """Put a directive of the bridge's own into the inbox. Return False where its id is there already."""
    body = json_text(own)
    fingerprint = hashlib.sha256(body.encode()).hexdigest()
    added = directives.add_own(step.connection, step.officer, own, body, fingerprint=fingerprint, at=step.now)
    if added:
        step.audit(AuditKind.DIRECTIVE, own.directive_id, body, own.directive_id)
    return added


def cancel_pending(step: Step, *, nonce: str, why: str) -> None:
    """Order the cancellation of the officer's pending orders, as `silent_director` requires, and emit SYSTEM_ERROR.

    `nonce` makes the directive's id unique: random letters or digits, drawn once for each silence.
    """
    directive_id = f"{OPERATOR_PREFIX}silence:{nonce}"
    add_own(step, OwnDirective(directive_id=directive_id, action=OwnAction.CANCEL_PENDING, why=why))
    message = f"{why}: the pending orders are cancelled, as silent_director says"
    step.emit(
        [system_error(step.officer, step.now, code="DIRECTOR_SILENT", message=message, subject=directive_id)]
    )
