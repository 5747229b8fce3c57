"""What goes to the terminal: commands are dispatched, expired, and asked about.

Everything that the methods return is committed with the step before anybody sends it.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.link.messages import Command, Inquire, StatusRequest, StatusRequestItem
from bridge.core.settings import LinkSettings, OfficerSettings
from bridge.core.trade import dispatch, transitions
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.dispatch import Gate
from bridge.core.trade.records import CommandRecord
from bridge.core.units import broker_time
from bridge.core.units.broker_time import Offset
from bridge.core.units.clock import has_passed
from bridge.journal.steps import inbox, plan, risk_limits
from bridge.journal.steps.sessions import offsets
from bridge.journal.steps.step import Step
from bridge.journal.tables import rows

UNRESOLVED_STATES: Final = tuple(state for state in CommandState if state.unresolved)
WITH_TERMINAL: Final = (CommandState.DISPATCHED, CommandState.SUBMITTED)
MAY_BE_SENT: Final = (*WITH_TERMINAL, CommandState.UNRESOLVED)
HISTORY_MARGIN: Final = timedelta(hours=1)
MAX_ASK_DOUBLINGS: Final = 6


class Work(msgspec.Struct, frozen=True):
    """What may go to the terminal now."""

    commands: list[Command] = []
    inquiries: list[Inquire] = []
    """Symbols that directives wait for."""


def advance(step: Step, settings: OfficerSettings, link: LinkSettings, gate: Gate | None) -> Work:
    """Expire what is too late, plan the directives whose turn it is, and dispatch what may go now."""
    blocked = dispatch.blocked(gate, step.quarantine)
    inbox.refuse_halted(step, settings)
    inbox.withdraw_cancelled(step)
    inbox.expire(step, settings, blocked)
    inquiries = plan.plan(step, settings, gate) if gate is not None and not blocked else []
    for command in rows.expired_commands(step.connection, step.officer, step.earliest):
        step.apply(transitions.expire_command(command, step.now, waited_for=blocked), command)
    rows.restamp_commands(step.connection, step.officer, MAY_BE_SENT, step.latest)
    if step.trusted:
        _give_up(step, link)
    if gate is None or blocked:
        return Work()
    planned = rows.planned_commands(step.connection, step.officer, opens=not gate.opens_paused)
    in_flight = rows.count_commands(step.connection, step.officer, WITH_TERMINAL)
    due = dispatch.choose(
        planned, gate, quarantine=step.quarantine, in_flight=in_flight, now=step.now, latest=step.latest
    )
    known = offsets(step)
    allowed = risk_limits.Limits(step, settings, gate, known)
    return Work(
        [_dispatch(step, command, gate, link, known) for command in due if allowed(command)], inquiries
    )


def _give_up(step: Step, link: LinkSettings) -> None:
    """What nobody has spoken of for too long is UNKNOWN."""
    since = step.now - timedelta(seconds=link.unknown_after_s)
    for command in rows.overdue_commands(step.connection, step.officer, MAY_BE_SENT, since):
        step.apply(transitions.give_up(command, step.now), command)


def _dispatch(
    step: Step, command: CommandRecord, gate: Gate, link: LinkSettings, known: list[Offset]
) -> Command:
    sent = transitions.dispatch_command(command, step.now)
    expires_server_ms = 0
    if sent.order.expires_ms:
        expires = datetime.fromtimestamp(sent.order.expires_ms / 1000, UTC)
        expires_server_ms = max(broker_time.to_server_ms(expires, known), 0)
    message = dispatch.message(
        sent, gate, deadline_s=link.command_deadline_s, now=step.latest, expires_server_ms=expires_server_ms
    )
    rows.update_command(step.connection, sent)
    inserted = step.connection.execute(
        "INSERT INTO dispatches (client_order_id, attempt, epoch, instance_id,"
        " ledger_id, dispatched_at, deadline_ms)"
        " SELECT ?, ?, epoch, instance_id, ledger_id, ?, ? FROM sessions WHERE epoch = ?",
        (sent.client_order_id, sent.attempt, utc_text(step.now), message.deadline_ms, gate.epoch),
    )
    if inserted.rowcount != 1:
        raise RuntimeError(f"epoch {gate.epoch} has no session: nothing may be dispatched in it")
    step.audit(
        "dispatch", f"{sent.client_order_id} attempt {sent.attempt}", f"epoch {gate.epoch}", sent.directive_id
    )
    return message


def request_status(step: Step, link: LinkSettings, gate: Gate, *, first: bool) -> list[StatusRequest]:
    """Questions about the commands whose fate is not known.

    At the start of an epoch (`first`) all of them, UNKNOWN ones too; later those that have been silent for a
    while, at growing distances. While the broker is away nothing could be searched: those that are due are asked
    about as soon as it is back.
    """
    if not first and not gate.broker_connected:
        return []
    questions: list[StatusRequest] = []
    known = offsets(step)
    for command in rows.load_commands(step.connection, step.officer, UNRESOLVED_STATES):
        if not first and not _due(command, link, step.now):
            continue
        asked = msgspec.structs.replace(command, request_no=command.request_no + 1, touched_at=step.now)
        rows.update_command(step.connection, asked)
        since = min(command.dispatched_at or step.now, step.earliest) - HISTORY_MARGIN
        questions.append(
            StatusRequest(
                epoch=gate.epoch,
                item=StatusRequestItem(
                    order=asked.order,
                    attempt=asked.attempt,
                    request_no=asked.request_no,
                    ledger=_ledger_of(step, asked),
                    since_server_ms=max(broker_time.to_server_ms(since, known), 0),
                ),
            )
        )
    return questions


def _due(command: CommandRecord, link: LinkSettings, now: datetime) -> bool:
    if command.state is CommandState.UNKNOWN or command.touched_at is None:
        return False
    patience = link.status_request_every_s * 2.0 ** min(command.request_no, MAX_ASK_DOUBLINGS)
    if command.state in WITH_TERMINAL:
        # It may still be on its way, or out at the broker in a synchronous send.
        patience += link.command_deadline_s
    return has_passed(timedelta(seconds=patience), command.touched_at, now)


def _ledger_of(step: Step, command: CommandRecord) -> str:
    row = step.connection.execute(
        "SELECT ledger_id FROM dispatches WHERE client_order_id = ? ORDER BY attempt DESC LIMIT 1",
        (command.client_order_id,),
    ).fetchone()
    # Never dispatched by this journal (an old copy): no ledger can vouch for it.
    return row["ledger_id"] if row else "0" * 32
