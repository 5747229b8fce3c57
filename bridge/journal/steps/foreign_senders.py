"""Halt of an officer whose client order ids somebody else uses, too."""

from datetime import timedelta
from typing import Final

from bridge.core.link.reports import DealReport, OrderReport, decode_report
from bridge.core.trade import foreign_senders as core
from bridge.core.trade.foreign_senders import Record
from bridge.core.trade.records import CommandRecord, NewEvent
from bridge.core.units.broker_time import to_server_ms
from bridge.journal.steps.earlier_journal import possible_send
from bridge.journal.steps.sessions import offsets
from bridge.journal.steps.step import Step
from bridge.journal.tables import commands, deals, dismissed_orders, officers, orders, reports, sessions

MILLISECOND: Final = timedelta(milliseconds=1)
LATE: Final = timedelta(hours=1)
"""Margin for a record that enters the history late, and for a change of the broker's clock."""


def check_volume(step: Step, client_order_id: int) -> None:
    """Halt the officer where more lots bear a command's id than it ordered. Once for each volume."""
    command = commands.load(step.connection, step.officer, client_order_id)
    if command is None or command.order.kind.changes:
        return
    volume = core.traded_volume(
        orders.of_command(step.connection, step.account, client_order_id),
        deals.of_command(step.connection, step.account, client_order_id),
    )
    if volume > command.order.volume:
        _halt(step, core.volume_exceeded(command, volume, step.now))


def check_found(step: Step, client_order_id: int, epoch: int) -> None:
    """Halt the officer where a search before the send found a command's order, and no earlier journal sent it.

    What an earlier journal sent lately was in the scans of the session, and no command is sent under the id of a
    stored record.
    """
    command = commands.load(step.connection, step.officer, client_order_id)
    if command is None:
        return
    stored = reports.bearing(step.connection, step.account, client_order_id)
    records = (decode_report(each.body.encode()) for each in stored)
    if possible_send(step, command) is None or any(
        _is_newer(step, record, epoch) for record in records if isinstance(record, Record)
    ):
        _halt(step, core.sent_elsewhere(command, step.now))


def check_unsent(step: Step, command: CommandRecord, record: DealReport | OrderReport, epoch: int) -> None:
    """Halt the officer where a record bears the id of a command that the terminal has not sent.

    `command` as it was before the record. In the session's first scan it may be of an earlier journal, or of the
    terminal itself, whose ledger was restored: then it is no evidence.
    """
    if command.state not in core.UNSENT or reports.ledger_has(
        step.connection, step.account, command.client_order_id
    ):
        return
    never_with_terminal = step.last_dispatch(command.client_order_id) is None
    if _is_newer(step, record, epoch) or (never_with_terminal and possible_send(step, command) is None):
        _halt(step, core.sent_elsewhere(command, step.now))


def check_id(step: Step, record: Record, prefix: int, epoch: int) -> None:
    """Halt the officer where a record bears an id of its own that neither journal nor ledger has. Once for each id.

    A record of the session's first scan may be older than the journal: an operator recovers it. What comes later
    arrived while the terminal was connected, but for the past of a position that a search has found (`found`).
    """
    if (
        core.bears_own_id(record, prefix)
        and _is_later(step, record, epoch)
        and commands.load(step.connection, step.officer, record.magic) is None
        and not reports.ledger_has(step.connection, step.account, record.magic)
        and record.magic not in dismissed_orders.all_ids(step.connection, step.officer)
    ):
        _halt(step, core.unknown_id(step.officer, record, step.now))


def _is_newer(step: Step, record: Record, epoch: int) -> bool:
    """Return True where the record arrived after the session's first scan, and the last scan had reported it if it
    had been there. Both times are the broker's: its offset from UTC may be known too late."""
    watermark_ms = officers.load_or_add(step.connection, step.officer).watermark_server_ms
    scanned = sessions.first_scan_at(step.connection, epoch) is not None
    return scanned and not core.made_before(record, watermark_ms - LATE // MILLISECOND)


def _is_later(step: Step, record: Record, epoch: int) -> bool:
    """Return True where the record arrived after the session's first scan, and was not made long before it."""
    scanned_at = sessions.first_scan_at(step.connection, epoch)
    return scanned_at is not None and not core.made_before(
        record, to_server_ms(scanned_at - LATE, offsets(step))
    )


def _halt(step: Step, raised: NewEvent) -> None:
    if step.emit([raised]):
        step.halt_officer((raised.event.error_message or "").removesuffix(core.HALTED))
