"""Commands of a directive that is planned: their ids, their storage, and the volume that is left to close."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from bridge.core.settings import OfficerSettings
from bridge.core.trade import planning
from bridge.core.trade.comparison import with_volume
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.trade.planning import PlannedCommand
from bridge.core.trade.records import CommandRecord, PositionRecord
from bridge.core.units.decimals import ZERO
from bridge.core.units.order_ids import make_client_order_id
from bridge.journal.database.words import AuditKind
from bridge.journal.steps.step import Step
from bridge.journal.tables import commands, directives


def add_commands(
    step: Step,
    directive_id: str,
    planned: Sequence[PlannedCommand],
    expires_at: datetime,
) -> list[CommandRecord]:
    """Store the directive's commands, with their audit rows, and return them."""
    records: list[CommandRecord] = []
    place = directives.place(step.connection, step.officer, directive_id)
    for number, each in enumerate(planned, start=1):
        record = CommandRecord(
            officer=step.officer,
            directive_id=directive_id,
            number=number,
            order=msgspec.structs.replace(each.order, directive_id=directive_id),
            opening_directive_id=each.opening_directive_id,
            expires_at=expires_at,
        )
        records.append(record)
        commands.add(step.connection, record, step.now, place=place)
        audit_planned(step, record)
    step.set_directive_state(directive_id, DirectiveState.WORKING)
    return records


def audit_planned(step: Step, record: CommandRecord) -> None:
    """Append the audit row of a command that was just stored."""
    client_order_id = record.client_order_id
    step.audit(
        AuditKind.PLANNED,
        str(client_order_id),
        commands.order_json(record.order),
        record.directive_id,
        content=client_order_id,
    )


def client_order_ids(step: Step, settings: OfficerSettings, directive_id: str) -> planning.ClientOrderIds:
    """Return the function from a command's target to its client order id.

    An id that is taken is replaced by that with the next salt.
    """

    def client_order_id(target: str) -> int:
        salt = 0
        while True:
            candidate = make_client_order_id(settings.prefix, step.officer, directive_id, target, salt)
            if not commands.is_taken(step.connection, candidate):
                return candidate
            salt += 1

    return client_order_id


def left_to_close(step: Step, lot: PositionRecord) -> PositionRecord:
    """Return the lot without the volume that commands in flight are closing: a second close could reverse it."""
    closing = commands.volume_closing(step.connection, step.officer, lot.identifier, lot.client_order_id)
    return with_volume(lot, max(lot.volume - closing, ZERO))
