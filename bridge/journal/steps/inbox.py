"""The inbox: directives that wait to be planned, and how some of them end there: refused, withdrawn, expired."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec

from bridge.core.director.actions import Intent, intent_of
from bridge.core.director.contract import utc_text
from bridge.core.director.problem import Problem
from bridge.core.link.messages import CommandKind
from bridge.core.settings import OfficerSettings
from bridge.core.trade import events, transitions, validation
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.trade.records import CommandRecord
from bridge.journal.operator import halt
from bridge.journal.steps.intake import directive_of
from bridge.journal.steps.step import Step
from bridge.journal.tables import market, rows


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One directive that was not planned yet."""

    number: int
    """Its place in the inbox."""
    directive_id: str
    body: str
    own: bool
    """The bridge's own, not the Director's."""
    received_at: str


def waiting(
    connection: sqlite3.Connection, officer: str, expired_by: datetime | None = None
) -> list[Waiting]:
    """The officer's directives that were not planned yet, in the order in which they came; with a time only those
    that expire by then."""
    found = connection.execute(
        "SELECT id, directive_id, body, origin, received_at FROM directives"
        " WHERE officer = ?1 AND state = 'RECEIVED' AND (?2 IS NULL OR expires_at <= ?2) ORDER BY id",
        (officer, None if expired_by is None else utc_text(expired_by)),
    )
    return [
        Waiting(
            number=row["id"],
            directive_id=row["directive_id"],
            body=row["body"],
            own=row["origin"] == "operator",
            received_at=row["received_at"],
        )
        for row in found
    ]


def refuse_halted(step: Step, settings: OfficerSettings) -> None:
    """A halt ends every open that is not with the terminal yet. It need not wait for one."""
    if step.connection.execute("SELECT 1 FROM halts WHERE officer = ?", (step.officer,)).fetchone() is None:
        return
    for item in waiting(step.connection, step.officer):
        with contained(step, item):
            directive = None if item.own else directive_of(item.body)
            if directive is None or intent_of(directive.action) is not Intent.OPEN:
                continue
            asked, _ = settings.inquiry(directive.symbol)
            terms = market.load_symbol(step.connection, step.account, asked)
            names = {directive.symbol, asked, terms.name if terms else ""} - {""}
            why = halt.halted(step.connection, step.officer, *names)
            if why:
                refuse(step, item, Problem("HALTED", _halted(why)), DirectiveState.REJECTED)
    for command in rows.planned_commands(step.connection, step.officer):
        why = halt.halted(step.connection, step.officer, *_names(step, command))
        if why and command.order.kind is CommandKind.OPEN:
            step.apply(transitions.abandon(command, step.now, code="HALTED", message=_halted(why)), command)


def _names(step: Step, command: CommandRecord) -> set[str]:
    """What the command's symbol is called: by the broker, and by the Director where it was the Director's wish."""
    row = step.connection.execute(
        "SELECT symbol FROM directives WHERE officer = ? AND directive_id = ?",
        (step.officer, command.directive_id),
    ).fetchone()
    return {command.order.symbol, row["symbol"] or ""} - {""}


def _halted(why: str) -> str:
    return f"nothing is opened until a person resumes: {why}"


def withdraw_cancelled(step: Step) -> None:
    """A CANCEL ends at once what was not sent yet. It need not wait for a terminal."""
    unplanned = {item.directive_id: item for item in waiting(step.connection, step.officer)}
    for item in list(unplanned.values()):
        with contained(step, item):
            _withdraw_target(step, item, unplanned)


def _withdraw_target(step: Step, item: Waiting, unplanned: dict[str, Waiting]) -> None:
    """What the directive cancels, where it is a CANCEL and its target was not sent yet. It is then no more among
    those that are not planned."""
    directive = None if item.own else directive_of(item.body)
    if (
        directive is None
        or intent_of(directive.action) is not Intent.CANCEL
        or directive.target_directive_id is None
    ):
        return
    target, by = directive.target_directive_id, f"directive {item.directive_id}"
    commands = rows.commands_of(step.connection, step.officer, target)
    waits = unplanned.get(target)
    if waits is not None and not waits.own and intent_of(directive_of(waits.body).action) is Intent.OPEN:
        emitted = Problem("WITHDRAWN", f"cancelled by {by} before it was sent")
        step.set_directive_state(target, DirectiveState.CANCELLED, emitted.code, emitted.message)
        step.tell([events.withdrawn(step.officer, target, step.now)])
        del unplanned[target]
    elif commands and all(command.state is CommandState.PLANNED for command in commands):
        for command in commands:
            step.apply(transitions.withdraw(command, step.now, by=by), command)
    else:
        return
    step.set_directive_state(item.directive_id, DirectiveState.DONE)
    step.tell([events.withdrawn(step.officer, item.directive_id, step.now, opener=target)])


@contextmanager
def contained(step: Step, item: Waiting) -> Iterator[None]:
    """Work on one directive. An error of ours refuses that one, and holds up no other."""
    try:
        with step.contained():
            yield
    except Exception as error:
        if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError):
            # The disk's trouble, not the directive's: the step fails as a whole.
            raise
        message = f"the bridge failed on it: {type(error).__name__}: {error}"
        refuse(step, item, Problem("INTERNAL_ERROR", message), DirectiveState.REJECTED)


def expire(step: Step, settings: OfficerSettings, blocked: str) -> None:
    """What waited for too long ends; `blocked` says what kept it, empty where nothing general did."""
    for item in waiting(step.connection, step.officer, expired_by=step.earliest):
        with contained(step, item):
            limit = validation.expiry(directive_of(item.body), settings)
            why = blocked or "an earlier order in its symbol was still in flight, or its symbol was not known"
            message = f"expired at {utc_text(limit)} before it could be sent: {why}"
            refuse(step, item, Problem("EXPIRED", message), DirectiveState.EXPIRED)


def refuse(step: Step, item: Waiting, problem: Problem, state: DirectiveState) -> None:
    """Nothing is sent for the directive; the Director hears why."""
    step.set_directive_state(item.directive_id, state, problem.code, problem.message)
    step.tell(
        [
            events.rejected(
                step.officer, item.directive_id, step.now, code=problem.code, message=problem.message
            )
        ]
    )
