"""What goes to the terminal: closes are planned, commands dispatched, expired, and asked about.

Everything that the methods return is committed with the step before anybody sends it.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from bridge.core import brokertime, dispatch, folding, planning, reporting
from bridge.core.batch import Problem
from bridge.core.contract import utc_text
from bridge.core.dispatch import Gate
from bridge.core.lifecycle import CommandState, DirectiveState
from bridge.core.protocol import Command, CommandKind, Settle, SettleItem
from bridge.core.records import CommandRecord
from bridge.core.settings import LinkSettings, OfficerSettings
from bridge.journal import rows
from bridge.journal.intake import add_command, directive_of, tokens
from bridge.journal.sessions import offsets
from bridge.journal.step import Step

IN_FLIGHT: Final = tuple(state for state in CommandState if state.in_flight)
IN_DOUBT: Final = tuple(state for state in CommandState if state.in_doubt)
WITH_TERMINAL: Final = (CommandState.DISPATCHED, CommandState.SUBMITTED)
MAY_BE_SENT: Final = (*WITH_TERMINAL, CommandState.UNCERTAIN)
HISTORY_MARGIN: Final = timedelta(hours=1)
MAX_ASK_DOUBLINGS: Final = 6


def advance(step: Step, settings: OfficerSettings, link: LinkSettings, gate: Gate | None) -> list[Command]:
    """Expire what is too late, plan the closes whose turn it is, and dispatch what may go now."""
    blocked = dispatch.blocked(gate, step.hold)
    _expire_waiting(step, settings, blocked)
    if not blocked:
        _plan_closes(step, settings)
    for command in rows.expired_commands(step.connection, step.officer, step.now):
        step.apply(folding.expire_command(command, step.now, waited_for=blocked), command)
    for command in rows.overdue_commands(
        step.connection, step.officer, MAY_BE_SENT, step.now - timedelta(seconds=link.unknown_after_s)
    ):
        step.apply(folding.give_up(command, step.now), command)
    if gate is None or blocked:
        return []
    planned = rows.planned_commands(
        step.connection, step.officer, CommandKind.CLOSE if gate.opens_paused else None
    )
    in_flight = rows.count_commands(step.connection, step.officer, WITH_TERMINAL)
    due = dispatch.choose(planned, gate, hold=step.hold, in_flight=in_flight, now=step.now)
    return [_dispatch(step, command, gate, link) for command in due]


def _dispatch(step: Step, command: CommandRecord, gate: Gate, link: LinkSettings) -> Command:
    sent = folding.dispatch_command(command, step.now)
    message = dispatch.message(sent, gate, deadline_s=link.command_deadline_s, now=step.now)
    rows.update_command(step.connection, sent)
    inserted = step.connection.execute(
        "INSERT INTO dispatches (token, attempt, epoch, boot, ledger_id, dispatched_at, deadline_ms)"
        " SELECT ?, ?, epoch, boot, ledger_id, ?, ? FROM sessions WHERE epoch = ?",
        (sent.token, sent.attempt, utc_text(step.now), message.deadline_ms, gate.epoch),
    )
    if inserted.rowcount != 1:
        raise RuntimeError(f"epoch {gate.epoch} has no session: nothing may be dispatched in it")
    step.audit("dispatch", f"{sent.token} attempt {sent.attempt}", f"epoch {gate.epoch}", sent.directive_id)
    return message


def _waiting(step: Step) -> list[tuple[int, str, str]]:
    found = step.connection.execute(
        "SELECT id, directive_id, body FROM directives WHERE officer = ? AND state = 'RECEIVED' ORDER BY id",
        (step.officer,),
    )
    return [(row["id"], row["directive_id"], row["body"]) for row in found]


def _expire_waiting(step: Step, settings: OfficerSettings, blocked: str) -> None:
    for _, directive_id, body in _waiting(step):
        limit = planning.expiry(directive_of(body), settings)
        if limit <= step.now:
            why = blocked or "an earlier order in its symbol was still in flight"
            message = f"expired at {utc_text(limit)} before it could be sent: {why}"
            _refuse(step, directive_id, Problem("EXPIRED", message), DirectiveState.EXPIRED)


def _plan_closes(step: Step, settings: OfficerSettings) -> None:
    """A close is planned once no earlier command in its symbol can still change what there is to close."""
    for number, directive_id, body in _waiting(step):
        directive = directive_of(body)
        symbol = settings.broker_symbol(directive.symbol)
        if _earlier_in_flight(step, number, symbol):
            continue
        positions = rows.open_positions(step.connection, step.account)
        planned = planning.plan_close(directive, settings, positions, tokens(step, settings, directive_id))
        if isinstance(planned, Problem):
            _refuse(step, directive_id, planned, DirectiveState.REJECTED)
            continue
        for leg, order in enumerate(planned, start=1):
            add_command(
                step,
                CommandRecord(
                    officer=step.officer,
                    directive_id=directive_id,
                    leg=leg,
                    order=order,
                    expires_at=planning.expiry(directive, settings),
                ),
            )
        step.set_directive_state(directive_id, DirectiveState.WORKING)


def _earlier_in_flight(step: Step, number: int, symbol: str) -> bool:
    marks = ", ".join("?" * len(IN_FLIGHT))
    found = step.connection.execute(
        # The marks are question marks, as many as there are states.
        "SELECT 1 FROM commands c JOIN directives d USING (officer, directive_id)"  # noqa: S608
        f" WHERE c.officer = ? AND c.symbol = ? AND d.id < ? AND c.state IN ({marks}) LIMIT 1",
        (step.officer, symbol, number, *IN_FLIGHT),
    )
    return found.fetchone() is not None


def _refuse(step: Step, directive_id: str, problem: Problem, state: DirectiveState) -> None:
    step.set_directive_state(directive_id, state, problem.code, problem.message)
    step.tell(
        [reporting.rejected(step.officer, directive_id, step.now, code=problem.code, message=problem.message)]
    )


def ask(step: Step, link: LinkSettings, gate: Gate, *, first: bool) -> list[Settle]:
    """Questions about the commands whose fate is not known.

    At the start of an epoch (`first`) all of them, UNKNOWN ones too; later those that have been silent for a
    while, at growing distances.
    """
    questions: list[Settle] = []
    known = offsets(step)
    for command in rows.load_commands(step.connection, step.officer, IN_DOUBT):
        if not first and not _due(command, link, step.now):
            continue
        asked = msgspec.structs.replace(command, ask=command.ask + 1, touched_at=step.now)
        rows.update_command(step.connection, asked)
        since = (command.dispatched_at or step.now) - HISTORY_MARGIN
        questions.append(
            Settle(
                epoch=gate.epoch,
                item=SettleItem(
                    order=asked.order,
                    attempt=asked.attempt,
                    ask=asked.ask,
                    ledger=_ledger_of(step, asked),
                    since_server_ms=max(brokertime.to_server_ms(since, known), 0),
                ),
            )
        )
    return questions


def _due(command: CommandRecord, link: LinkSettings, now: datetime) -> bool:
    if command.state is CommandState.UNKNOWN or command.touched_at is None:
        return False
    patience = link.settle_every_s * 2.0 ** min(command.ask, MAX_ASK_DOUBLINGS)
    if command.state in WITH_TERMINAL:
        # It may still be on its way, or out at the broker in a synchronous send.
        patience += link.command_deadline_s
    return now - command.touched_at >= timedelta(seconds=patience)


def _ledger_of(step: Step, command: CommandRecord) -> str:
    row = step.connection.execute(
        "SELECT ledger_id FROM dispatches WHERE token = ? ORDER BY attempt DESC LIMIT 1", (command.token,)
    ).fetchone()
    # Never dispatched by this journal (an old copy): no ledger can vouch for it.
    return row["ledger_id"] if row else "0" * 32
