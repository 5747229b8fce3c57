"""Waits for a closed market: successors of commands that the broker refused, and their check before a send."""

from datetime import datetime, timedelta

from bridge.core.link.messages import CommandKind
from bridge.core.link.reports import CommandReport
from bridge.core.settings import OfficerSettings
from bridge.core.trade import market_waits, transitions
from bridge.core.trade.command_states import CommandInput, CommandState
from bridge.core.trade.market_waits import Wait, successor, target_of
from bridge.core.trade.records import CommandRecord
from bridge.core.units import broker_time
from bridge.core.units.decimals import ZERO
from bridge.journal.steps import broker_positions
from bridge.journal.steps.planned_commands import audit_planned, client_order_ids
from bridge.journal.steps.sessions import offsets
from bridge.journal.steps.step import Step
from bridge.journal.tables import commands, directives, symbols


def wait_of(
    step: Step,
    settings: OfficerSettings,
    report: CommandReport,
    command: CommandRecord | None,
    *,
    submitted: bool,
) -> Wait | None:
    """Return how long the command waits that the report found in a closed market; None where it does not wait."""
    if command is None:
        return None
    waits = market_waits.may_wait(
        report,
        command,
        opens_wait=settings.opens_wait_for_market,
        submitted=submitted,
        at=step.earliest,
    )
    return Wait(_opens_at(step, command.order.symbol)) if waits else None


def _opens_at(step: Step, symbol: str) -> datetime | None:
    """Return the next opening of the broker's symbol by its sessions; None where it is open by them, or unknown."""
    terms = symbols.named(step.connection, step.account, symbol)
    if terms is None:
        return None
    now_ms = broker_time.to_server_ms(step.now, offsets(step))
    opens_ms = market_waits.next_opening(terms.sessions, now_ms)
    return None if opens_ms is None else step.now + timedelta(milliseconds=opens_ms - now_ms)


def replace(step: Step, settings: OfficerSettings, command: CommandRecord) -> CommandRecord:
    """Plan the successor of a command that has just become REPLACED, and return it."""
    return _add(step, successor(command, *_identity(step, settings, command)))


def left_to_do(step: Step, settings: OfficerSettings, command: CommandRecord) -> bool:
    """Return True where a command whose turn it is may go out as it was planned.

    What a CLOSE that waited is to close may have been closed meanwhile, in part or whole. On a netting account the
    rest would be another directive's.
    """
    if command.not_before is None or command.order.kind is not CommandKind.CLOSE:
        return True
    order = command.order
    lot = next(
        (
            lot
            for lot in broker_positions.to_close(step)
            if (lot.identifier, lot.client_order_id) == (order.position, order.opener)
        ),
        None,
    )
    closing = commands.volume_closing(step.connection, step.officer, order.position, order.opener)
    left = ZERO if lot is None else lot.volume - (closing - order.volume)
    if left >= order.volume:
        return True
    if left <= ZERO:
        message = f"position {order.position} was closed while this waited for the market"
        step.apply_outcome(
            transitions.abandon(command, step.now, code="NO_POSITION", message=message), command
        )
        return False
    step.apply_outcome(transitions.advance(command, CommandInput.MARKET_CLOSED_REFUSED, step.now), command)
    _add(step, successor(command, *_identity(step, settings, command), left))
    return False


def _identity(step: Step, settings: OfficerSettings, command: CommandRecord) -> tuple[int, int]:
    """Return client order id and number of the command's successor."""
    client_order_id = client_order_ids(step, settings, command.directive_id)(target_of(command.order))
    return client_order_id, commands.next_number(step.connection, step.officer, command.directive_id)


def _add(step: Step, record: CommandRecord) -> CommandRecord:
    place = directives.place(step.connection, step.officer, record.directive_id)
    commands.add(step.connection, record, step.now, place=place)
    audit_planned(step, record)
    step.refresh_directive(record.directive_id)
    return record


def is_replaced(before: CommandRecord | None, after: CommandRecord | None) -> bool:
    """Return True where a report has just made the command REPLACED."""
    if after is None or after.state is not CommandState.REPLACED:
        return False
    return before is None or before.state is not CommandState.REPLACED
