"""Evidence of a command that was stored before the command was planned.

A journal that was restored from a backup, or made anew, receives reports of orders, deals and positions whose
command it does not know, and stores them as foreign or unusable. When the Director lists the directive again, its
command gets the same client order id as before. A record with that id shows that the command was sent.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from bridge.core.link.messages import ProtocolError
from bridge.core.link.reports import CommandReport, decode_report
from bridge.core.settings import LinkSettings, OfficerSettings
from bridge.core.trade import transitions
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.records import CommandRecord
from bridge.journal.database.file import is_file_error
from bridge.journal.database.words import ReportKind
from bridge.journal.steps.apply_reports import ReportBatch
from bridge.journal.steps.step import Step
from bridge.journal.tables import commands, positions, reports
from bridge.journal.tables.reports import StoredReport

_AT_THE_BROKER: Final = (ReportKind.DEAL, ReportKind.ORDER, ReportKind.POSITION)


def apply_evidence(
    step: Step, settings: OfficerSettings, link: LinkSettings, epoch: int, planned: Sequence[CommandRecord]
) -> None:
    """Apply the stored reports that bear the ids of commands that were just planned, in the session `epoch`.

    A command is never sent where a record of the broker bears its id. Where none of them says what became of it,
    it is UNKNOWN at once.
    """
    known = [
        (command, stored)
        for command in planned
        if (stored := reports.bearing(step.connection, step.account, command.client_order_id))
    ]
    successors: list[CommandRecord] = []
    for command, stored in known:
        successors += _apply(step, settings, link, command, stored)
    for command, _ in known:
        _apply_positions(step, ReportBatch(step, settings, epoch, link), command.client_order_id)
    for command, stored in known:
        _conclude(step, command.client_order_id, stored)
    if successors:
        apply_evidence(step, settings, link, epoch, successors)


def _apply(
    step: Step,
    settings: OfficerSettings,
    link: LinkSettings,
    command: CommandRecord,
    stored: Sequence[StoredReport],
) -> list[CommandRecord]:
    """Apply the stored reports. Return the commands that took its place."""
    successors: list[CommandRecord] = []
    # Its attempts were dispatched by the journal that was lost. The next one needs a number of its own.
    attempts = [_attempt(report) for report in stored if report.kind is ReportKind.COMMAND]
    # A deal of it that was parked may have been applied with the record of another command.
    present = commands.load(step.connection, step.officer, command.client_order_id) or command
    commands.update(step.connection, msgspec.structs.replace(present, attempt=max([1, *attempts])))
    for report in stored:
        batch = ReportBatch(step, settings, report.epoch, link)
        try:
            with step.contained():
                batch.take(report.seq, report.body.encode(), stored=True)
        except Exception as error:
            if is_file_error(error):
                raise
            batch.store_unusable(report.seq, report.body.encode(), f"{type(error).__name__}: {error}")
        successors += batch.successors
    return successors


def _apply_positions(step: Step, batch: ReportBatch, client_order_id: int) -> None:
    """Apply everything else that is stored of the positions in which the command has a lot."""
    for identifier in positions.with_lot_of(step.connection, step.account, client_order_id):
        batch.allocate_again(identifier)
        batch.take_position_again(identifier, foreign=True)


def _conclude(step: Step, client_order_id: int, stored: Sequence[StoredReport]) -> None:
    """Make a command UNKNOWN that a record of the broker bears the id of, and none of them moved."""
    after = commands.load(step.connection, step.officer, client_order_id)
    if after is not None and after.state is CommandState.PLANNED:
        if any(report.kind in _AT_THE_BROKER for report in stored):
            step.apply_outcome(transitions.id_found(after, step.now), after)


def _attempt(report: StoredReport) -> int:
    """Return the attempt that a command's report is about; 0 for one that cannot be read."""
    try:
        decoded = decode_report(report.body.encode())
    except ProtocolError:
        return 0
    return decoded.attempt if isinstance(decoded, CommandReport) else 0
