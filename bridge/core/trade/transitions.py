"""Transitions of one command, with their events: by evidence, by the bridge's own decisions, by an operator.

Every change of a command's state goes through `advance`, and so through the tables of `command_states`. Nothing
here is sent, stored or timed.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, assert_never

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.trade import events
from bridge.core.trade.command_states import CommandInput, CommandOutput, step_command
from bridge.core.trade.records import CommandRecord, Disposition, Outcome

RESOLVED: Final = "RESOLVED"
"""Reason of a command that an operator resolved."""


class Resolution(StrEnum):
    """Outcome that an operator found for a command whose outcome was open."""

    FILLED = "filled"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


def advance(command: CommandRecord, what: CommandInput, at: datetime) -> Outcome:
    """Return the command after the input, with its events.

    Raises IllegalTransitionError for DISPATCH in any state but PLANNED.
    """
    state, outputs = step_command(command.order.kind, command.state, what)
    after = msgspec.structs.replace(command, state=state)
    new_events = tuple(events.command_event(output, after, at) for output in outputs)
    return Outcome(disposition=Disposition.APPLIED, command=after, events=new_events)


def dispatch_command(command: CommandRecord, at: datetime) -> CommandRecord:
    """Return the command with one more dispatch. Raises IllegalTransitionError where it may have been sent."""
    state, _ = step_command(command.order.kind, command.state, CommandInput.DISPATCH)
    return msgspec.structs.replace(
        command,
        state=state,
        attempt=command.attempt + 1,
        touched_at=at,
        dispatched_at=at,
        absences=0,
        # The reason of an earlier attempt says nothing about this one.
        reason="",
        message="",
    )


def expire_command(command: CommandRecord, at: datetime, *, waited_for: str) -> Outcome:
    """End a command whose time to live has passed, if it was certainly not sent.

    `waited_for` says what keeps commands from being sent at present; empty where nothing does.
    """
    why = waited_for or command.message
    expired = f"expired at {utc_text(command.expires_at)} before it could be sent"
    late = msgspec.structs.replace(command, reason="EXPIRED", message=f"{expired}: {why}" if why else expired)
    return _if_moved(command, advance(late, CommandInput.EXPIRE, at))


def abandon(command: CommandRecord, at: datetime, *, code: str, message: str) -> Outcome:
    """End a command that was certainly not sent, by a limit of the bridge or an operator's decision."""
    ended = msgspec.structs.replace(command, reason=code, message=message)
    return advance(ended, CommandInput.NOT_SENT_FINAL, at)


def give_up(command: CommandRecord, at: datetime) -> Outcome:
    """Mark a command UNKNOWN that no report was about for too long. Evidence still resolves it."""
    return advance(command, CommandInput.ABSENT, at)


def id_found(command: CommandRecord, at: datetime) -> Outcome:
    """Apply that the broker has records with the command's client order id.

    One of which those records showed the outcome already stays as it is. Any other is UNKNOWN, and is not sent: an
    id is not given to another order by chance, so something was executed that the command does not fit.
    """
    known = msgspec.structs.replace(
        command,
        reason=str(CommandInput.ID_FOUND),
        message=(
            f"the broker has records with client order id {command.client_order_id} that do not fit this order; "
            "nothing is sent for it. Look at the account's history for that magic"
        ),
    )
    return _if_moved(command, advance(known, CommandInput.ID_FOUND, at))


def withdraw(command: CommandRecord, at: datetime, *, by: str) -> Outcome:
    """End a command that was not sent yet, at the request of `by`. One that may have been sent stays as it is."""
    ended = msgspec.structs.replace(
        command, reason="WITHDRAWN", message=f"cancelled by {by} before it was sent"
    )
    return advance(ended, CommandInput.WITHDRAWN, at)


def resolve_command(
    command: CommandRecord,
    resolution: Resolution,
    at: datetime,
    *,
    note: str,
    price: Decimal | None = None,
    quantity: Decimal | None = None,
) -> Outcome:
    """End a command whose outcome is open as an operator found it in the account.

    Counts for UNRESOLVED and UNKNOWN commands alone; any other stays as it is. Later deals still count. `price` and
    `quantity` (lots) say how it was filled.
    """
    message = f"resolved by an operator: {note}"
    resolved = msgspec.structs.replace(command, reason=RESOLVED, message=message)
    match resolution:
        case Resolution.FILLED:
            what = CommandInput.RESOLVED_FILLED
        case Resolution.REJECTED:
            what = CommandInput.RESOLVED_REJECTED
        case Resolution.CANCELLED:
            what = CommandInput.RESOLVED_CANCELLED
        case _:
            assert_never(resolution)
    state, outputs = step_command(command.order.kind, command.state, what)
    if state is command.state:
        return Outcome(disposition=Disposition.APPLIED)
    after = msgspec.structs.replace(resolved, state=state)
    filled = quantity or command.order.volume
    new_events = tuple(
        events.resolved_fill(after, at, price=price, quantity=filled)
        if output is CommandOutput.RESOLVED
        else events.command_event(output, after, at)
        for output in outputs
    )
    return Outcome(disposition=Disposition.APPLIED, command=after, events=new_events)


def write_off_order(command: CommandRecord, at: datetime, *, ticket: int, note: str) -> Outcome:
    """End a command whose order the broker no longer has, and shows no end of, by an operator's statement."""
    message = (
        f"order {ticket} is ended without a record: the broker no longer has it and shows no end; an operator "
        f"states: {note}"
    )
    ended = msgspec.structs.replace(command, reason="WRITTEN_OFF", message=message)
    return _if_moved(command, advance(ended, CommandInput.ORDER_GONE, at))


def apply_effect(command: CommandRecord, what: CommandInput, at: datetime) -> Outcome:
    """Apply what the target of a MODIFY or CANCEL shows (`amend_effects`) to that command."""
    message = {
        CommandInput.TARGET_GONE: "the target was closed or taken off the book first",
        CommandInput.TARGET_FILLED: "the order was filled first",
    }.get(what, "")
    known = msgspec.structs.replace(command, reason=str(what), message=message) if message else command
    return advance(known, what, at)


def _if_moved(before: CommandRecord, outcome: Outcome) -> Outcome:
    """Return the outcome where it changed the command's state, else one that leaves the command as it was."""
    moved = outcome.command is not None and outcome.command.state is not before.state
    return outcome if moved else Outcome(disposition=Disposition.APPLIED)
