"""Dispatch: everything that goes to the terminal. Commands are sent and expire; their outcomes are asked for.

Whatever these functions return is committed with the step before it is sent.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from bridge.core.link.messages import Command, Inquire, StatusRequest, StatusRequestItem
from bridge.core.settings import LinkSettings, OfficerSettings
from bridge.core.trade import dispatch, earlier_sends, transitions
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.dispatch import Gate
from bridge.core.trade.records import CommandRecord
from bridge.core.units import broker_time
from bridge.core.units.broker_time import Offset
from bridge.core.units.clock import has_passed, utc_of_ms
from bridge.journal.database.words import AuditKind
from bridge.journal.steps import inbox, market_waits, unsent
from bridge.journal.steps.earlier_journal import possible_send
from bridge.journal.steps.plan import plan
from bridge.journal.steps.risk_limits import RiskCheck
from bridge.journal.steps.sessions import measured_offsets, offsets
from bridge.journal.steps.step import Step
from bridge.journal.tables import commands, dispatches

UNRESOLVED_STATES: Final = tuple(state for state in CommandState if state.unresolved)
"""States of commands whose outcome a new session must ask for."""
OPEN_OUTCOMES: Final = tuple(state for state in UNRESOLVED_STATES if state is not CommandState.UNKNOWN)
"""States of commands whose outcome is asked for from time to time."""
WITH_TERMINAL: Final = (CommandState.DISPATCHED, CommandState.SUBMITTED)
MAY_BE_SENT: Final = (*WITH_TERMINAL, CommandState.UNRESOLVED)
NEEDS_WORK: Final = (CommandState.PLANNED, *MAY_BE_SENT)
"""States in which a command is dispatched, expires, or becomes UNKNOWN with time."""
ENDED_PER_STEP: Final = 64
"""Directives and commands that one step ends unsent at most: what is sent by the same step waits for no more."""
HISTORY_MARGIN: Final = timedelta(hours=1)
"""Margin before a command's dispatch in which the terminal searches the broker's history."""
BEFORE_ANY_ACCOUNT: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""No MetaTrader 5 account is older."""
MAX_REQUEST_DOUBLINGS: Final = 6
"""The distance between status requests doubles so many times at most."""
NO_LEDGER: Final = "0" * 32
"""Id of no ledger, for a command that this journal never dispatched (an old copy): none can confirm its absence."""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that may go to the terminal now."""

    commands: list[Command] = []
    inquiries: list[Inquire] = []
    """Symbols that directives wait for."""
    idle: bool = False
    """True where nothing of the officer waits for its time: nothing changes before something comes in."""
    more: bool = False
    """True where more directives and commands are to be ended: advance again at once."""


def advance(step: Step, settings: OfficerSettings, link: LinkSettings, gate: Gate | None) -> Work:
    """Expire what is too late, plan the directives whose turn it is, and dispatch what may go now."""
    blocked = dispatch.blocked(gate, step.quarantine)
    room = ENDED_PER_STEP - inbox.refuse_halted(step, settings, ENDED_PER_STEP)
    room -= unsent.refuse(step, settings, room)
    inbox.withdraw_cancelled(step, settings)
    room -= inbox.expire(step, settings, blocked, room)
    inquiries = plan(step, settings, link, gate) if gate is not None and not blocked else []
    for command in commands.expired(step.connection, step.officer, step.earliest, room):
        ended = transitions.expire_command(command, step.now, waited_for=blocked)
        step.apply_outcome(ended, command)
        room -= 1
    commands.restamp(step.connection, step.officer, MAY_BE_SENT, step.latest)
    if step.trusted:
        _give_up(step, link)
    more = room <= 0
    if gate is None or blocked:
        return Work(more=more)
    planned = commands.planned(step.connection, step.officer, step.latest, opens=not gate.opens_paused)
    in_flight = commands.count_in_flight(step.connection, step.officer, WITH_TERMINAL)
    due = dispatch.choose(
        planned, gate, quarantine=step.quarantine, in_flight=in_flight, now=step.now, latest=step.latest
    )
    known = offsets(step)
    allowed = RiskCheck(step, settings, gate, known)
    sent = [
        _dispatch(step, command, gate, link, known)
        for command in due
        if market_waits.left_to_do(step, settings, command) and allowed(command)
    ]
    return Work(commands=sent, inquiries=inquiries, more=more)


def _give_up(step: Step, link: LinkSettings) -> None:
    """Make the commands UNKNOWN that no report has named for too long."""
    since = step.now - timedelta(seconds=link.unknown_after_s)
    for command in commands.overdue(step.connection, step.officer, MAY_BE_SENT, since):
        step.apply_outcome(transitions.give_up(command, step.now), command)


def _dispatch(
    step: Step, command: CommandRecord, gate: Gate, link: LinkSettings, known: list[Offset]
) -> Command:
    sent = transitions.dispatch_command(command, step.now)
    expires_server_ms = 0
    if sent.order.expires_ms:
        expires = utc_of_ms(sent.order.expires_ms)
        expires_server_ms = max(broker_time.expiry_server_ms(expires, measured_offsets(step), step.now), 0)
    message = dispatch.message(
        sent,
        gate,
        deadline_s=link.command_deadline_s,
        now=step.latest,
        expires_server_ms=expires_server_ms,
        search_from_server_ms=_search_from_ms(step, sent, known),
    )
    commands.update(step.connection, sent)
    dispatches.add(
        step.connection,
        sent.client_order_id,
        attempt=sent.attempt,
        epoch=gate.epoch,
        deadline_ms=message.deadline_ms,
        deadline_after_ms=message.deadline_ms - gate.clock_ms,
        at=step.now,
    )
    step.note_dispatch(sent.client_order_id)
    subject = f"{sent.client_order_id} attempt {sent.attempt}"
    epoch = f"epoch {gate.epoch}"
    step.audit(AuditKind.DISPATCH, subject, epoch, sent.directive_id, content=sent.client_order_id)
    return message


def _search_from_ms(step: Step, command: CommandRecord, known: list[Offset]) -> int:
    """Return the broker's time from which its history is searched before the command is sent; 0: not at all."""
    taken = possible_send(step, command)
    if taken is None:
        return 0
    since = earlier_sends.search_from(taken.issued_at, taken.received_at)
    return 1 if since is None else max(broker_time.to_server_ms(since, known), 1)


def request_status(step: Step, link: LinkSettings, gate: Gate, *, first: bool) -> list[StatusRequest]:
    """Return status requests for the commands whose outcome is open.

    At the start of an epoch (`first`) for all of them, UNKNOWN ones too; later for those without a report for a
    while, at growing distances. While the broker is disconnected nothing could be searched: what is due then is
    requested as soon as it is back. A command that another instance may still execute is not asked for: an answer
    would not count (`executors`).
    """
    if not first and not gate.broker_connected:
        return []
    requests: list[StatusRequest] = []
    known = offsets(step)
    for command in commands.in_states(step.connection, step.officer, UNRESOLVED_STATES):
        if not first and not _is_due(command, link, step.now):
            continue
        sent = step.last_dispatch(command.client_order_id)
        if sent is not None and sent.left_s(gate.instance_id, link.takeover_margin_s):
            continue
        asked = msgspec.structs.replace(
            command,
            # A command that the journal never dispatched has no attempt, and a record shows that it was sent.
            attempt=max(command.attempt, 1),
            request_no=command.request_no + 1,
            touched_at=step.now,
        )
        commands.update(step.connection, asked)
        since = min(command.dispatched_at or step.now, step.earliest) - HISTORY_MARGIN
        if command.silent_until is not None:
            # Adopted: nobody knows when it was sent.
            since = BEFORE_ANY_ACCOUNT
        requests.append(
            StatusRequest(
                epoch=gate.epoch,
                item=StatusRequestItem(
                    order=asked.order,
                    attempt=asked.attempt,
                    request_no=asked.request_no,
                    ledger=sent.ledger_id if sent is not None else NO_LEDGER,
                    since_server_ms=_since_ms(
                        broker_time.to_server_ms(since, known), _search_from_ms(step, asked, known)
                    ),
                ),
            )
        )
    return requests


def _since_ms(dispatched_ms: int, search_from_ms: int) -> int:
    """Return the start of the search for a status reply: an earlier journal may have dispatched it before."""
    return max(min(dispatched_ms, search_from_ms) if search_from_ms else dispatched_ms, 0)


def _is_due(command: CommandRecord, link: LinkSettings, now: datetime) -> bool:
    if command.state is CommandState.UNKNOWN or command.touched_at is None:
        return False
    pause_s = link.status_request_every_s * 2.0 ** min(command.request_no, MAX_REQUEST_DOUBLINGS)
    if command.state in WITH_TERMINAL:
        # It may still be on its way, or at the broker in a synchronous send.
        pause_s += link.command_deadline_s
    return has_passed(timedelta(seconds=pause_s), command.touched_at, now)
