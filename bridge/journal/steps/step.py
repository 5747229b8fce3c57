"""Shared parts of every step: audit rows, events, states of directives.

A `Step` lives inside one transaction. It knows the time, and the account that the officer is bound to.
"""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import msgspec

from bridge.core.director.contract import OPERATOR_PREFIX, Action, encode_event
from bridge.core.director.problem import Problem
from bridge.core.trade.directive_states import CommandProgress, DirectiveState, directive_state
from bridge.core.trade.earlier_sends import Unbroken
from bridge.core.trade.events import DIRECTIVE_SUBJECT, event_key, system_error
from bridge.core.trade.executors import Dispatch, DispatchClock
from bridge.core.trade.lost_orders import LostOrder
from bridge.core.trade.records import CommandRecord, NewEvent, Outcome
from bridge.core.units.clock_trust import ClockUncertainty
from bridge.journal.database import audit, file
from bridge.journal.database.operator_marks import EVERYTHING
from bridge.journal.database.words import AuditKind, HaltSetter
from bridge.journal.tables import commands, directives, dispatches, events, halts, officers, positions


class Opening(msgspec.Struct, frozen=True):
    """The journal as it was opened."""

    monotonic: float
    """Time of the process's monotonic clock, in seconds."""
    last_id: int
    """Place of the last directive in the inbox."""


class Step:
    """One officer's part of one transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        officer: str,
        now: datetime,
        *,
        extra_fields: bool,
        uncertainty: ClockUncertainty | None = None,
        dispatch_clock: DispatchClock,
        monotonic: float,
        opening: Opening,
        on_event: Callable[[], None],
        by: str = "",
    ) -> None:
        """`on_event` is called once the outbox has a new event. `by`: user who gave the operator command."""
        self.connection = connection
        self.now = now
        self.trusted = uncertainty is None
        """True while nothing speaks against the clock. Decisions that can wait are not made while it is False."""
        self.earliest = now if uncertainty is None else now - uncertainty.earlier
        """Earliest time that it may be: whatever is over by then is over by every clock that may be right."""
        self.latest = now if uncertainty is None else now + uncertainty.later
        """Latest time that it may be: whatever is not over by then is over by no such clock."""
        self._extra_fields = extra_fields
        self._on_event = on_event
        self._by = by
        self._dispatch_clock = dispatch_clock
        self._monotonic = monotonic
        """Time of the process's monotonic clock, in seconds."""
        self.unbroken = Unbroken(
            since=self.latest - timedelta(seconds=monotonic - opening.monotonic), last_id=opening.last_id
        )
        """Time since which the journal is known to lack nothing."""
        self.known = officers.load_or_add(connection, officer)
        """Officer, as read when the step began or was bound anew; without what the step has stored since."""
        self.account = self.known.account
        self.quarantine = self.known.quarantine
        self.adopting = False
        """True while reports from before a loss are applied to adopted commands: nothing of them is reported."""
        self.lost_orders: list[LostOrder] | None = None
        """Orders that no command has, once a part of the step has looked (`earlier_journal`); None before."""

    @property
    def officer(self) -> str:
        return self.account.officer

    def rebind_account(self) -> None:
        """Use the account that the officer was just bound to, from here on."""
        self.known = officers.load_or_add(self.connection, self.officer)
        self.account = self.known.account

    def note_dispatch(self, client_order_id: int) -> None:
        """Let the age of the command's dispatch be counted from now."""
        self._dispatch_clock.note(client_order_id, self._monotonic)

    def last_dispatch(self, client_order_id: int) -> Dispatch | None:
        """Return the command's last dispatch with its age; None where it never was dispatched."""
        found = dispatches.last(self.connection, client_order_id)
        if found is None:
            return None
        return Dispatch(
            client_order_id=client_order_id,
            instance_id=found.instance_id,
            ledger_id=found.ledger_id,
            deadline_s=found.deadline_after_ms / 1000,
            age_s=self._dispatch_clock.age_s(client_order_id, self._monotonic),
        )

    def resume_former_account(self) -> None:
        """Use the account bound before from here on: the present one is the same, and its server was renamed."""
        present = self.account
        officers.resume_former(self.connection, self.officer)
        self.rebind_account()
        self.audit(
            AuditKind.BOUND,
            f"{self.account.login} at {self.account.server}",
            f"its server is called {present.server} now: the account shows what the journal has of it",
        )

    def audit(
        self,
        kind: AuditKind,
        subject: str,
        body: str = "",
        directive_id: str | None = None,
        *,
        content: int | None = None,
    ) -> str:
        """Append one audit row of this officer. Return its hash: unique, even in a restored copy of the journal.

        `content`: id of the report, event or command that it is about (`audit.append`).
        """
        return audit.append(
            self.connection,
            at=self.now,
            kind=kind,
            officer=self.officer,
            directive_id=directive_id,
            content=content,
            subject=subject,
            body=_with_user(body, self._by) if kind is AuditKind.OPERATOR and self._by else body,
        )

    def contained(self) -> AbstractContextManager[None]:
        """Undo the body's writes where it raises, and nothing else of the step. The error goes on."""
        return file.savepoint(self.connection)

    def _with_own_action(self, new_event: NewEvent) -> NewEvent:
        """Return the event of a change with the action that its directive has, such as MODIFY_SL."""
        event = new_event.event
        if event.directive_id is None or event.action != Action.MODIFY:
            return new_event
        action = directives.action_of(self.connection, self.officer, event.directive_id)
        named = msgspec.structs.replace(event, action=str(action or event.action))
        return msgspec.structs.replace(new_event, event=named)

    def emit(self, new_events: Iterable[NewEvent]) -> bool:
        """Put events into the outbox. An occurrence that is found again has the same key, and is emitted once.

        Return True where at least one is new.
        """
        any_new = False
        for emitted in new_events:
            new_event = self._with_own_action(self._in_the_past(_for_the_director(emitted)))
            event = new_event.event
            key = event_key(
                officer=self.officer,
                server=self.account.server,
                login=self.account.login,
                new_event=new_event,
            )
            body = encode_event(event, extra_fields=self._extra_fields).decode()
            added = events.add(
                self.connection,
                self.officer,
                event,
                subject=new_event.subject,
                key=key,
                body=body,
                at=self.now,
            )
            if added is not None:
                self.audit(AuditKind.EVENT, event.event_type, body, event.directive_id, content=added)
                any_new = True
        if any_new:
            self._on_event()
        return any_new

    def halt_officer(self, why: str) -> None:
        """Open nothing more for this officer until an operator resumes. The first reason stays."""
        self.audit(AuditKind.HALT, EVERYTHING, why)
        halts.add(self.connection, self.officer, halts.ALL, why, HaltSetter.BRIDGE, self.now)

    def _in_the_past(self, new_event: NewEvent) -> NewEvent:
        """Return the event with a time that has come: a broker's clock may be some minutes ahead of its offset."""
        event = new_event.event
        if event.occurred_at <= self.latest:
            return new_event
        past = msgspec.structs.replace(event, occurred_at=self.latest)
        return NewEvent(event=past, subject=new_event.subject)

    def quarantine_officer(self, reason: str) -> None:
        """Dispatch nothing more for this officer until an operator lifts the quarantine. The first reason stays."""
        if self.quarantine:
            return
        self.quarantine = reason
        officers.set_quarantine(self.connection, self.officer, reason)
        noted = self.audit(AuditKind.QUARANTINE, reason)
        message = (
            f"{reason}. Nothing is sent until an operator has checked the account: "
            "see 'execution-officer recover --help' and 'execution-officer rebind --help'"
        )
        self.emit(
            [
                system_error(
                    self.officer, self.now, code="QUARANTINED", message=message, subject=f"quarantine:{noted}"
                )
            ]
        )

    def apply_outcome(self, outcome: Outcome, before: CommandRecord | None) -> None:
        """Write an outcome of the core: command, positions, events, quarantine, and the directive's state.

        `before` is the command as it was stored; None where the outcome has none of its own.
        """
        after = outcome.command
        changed = after is not None and after != before
        if after is not None and changed:
            commands.update(self.connection, after)
            if before is None or after.state is not before.state:
                self.audit(
                    AuditKind.COMMAND,
                    f"{after.client_order_id} {after.state}",
                    after.reason,
                    after.directive_id,
                    content=after.client_order_id,
                )
        for position in outcome.positions:
            positions.save(self.connection, self.account, position)
        self.emit(new_event for new_event in outcome.events if not self._is_past(new_event))
        if after is not None and changed:
            self.refresh_directive(after.directive_id)
        if outcome.quarantine:
            self.quarantine_officer(outcome.quarantine)

    def _is_past(self, new_event: NewEvent) -> bool:
        """Return True for an event of an adopted directive from before the adoption (`operator.recover`)."""
        directive_id = new_event.event.directive_id
        if directive_id is None:
            return False
        until = commands.silent_until(self.connection, self.officer, directive_id)
        return until is not None and (self.adopting or new_event.event.occurred_at <= until)

    def refresh_directive(self, directive_id: str) -> None:
        """Derive the directive's state from its commands."""
        found = commands.of_directive(self.connection, self.officer, directive_id)
        state = directive_state(
            [
                CommandProgress(command.state, filled=command.filled > 0, expired=command.reason == "EXPIRED")
                for command in found
            ]
        )
        ended = found and state in (DirectiveState.REJECTED, DirectiveState.EXPIRED)
        problem = Problem(found[-1].reason, found[-1].message) if ended else None
        self.set_directive_state(directive_id, state, problem)

    def set_directive_state(
        self, directive_id: str, state: DirectiveState, problem: Problem | None = None
    ) -> None:
        """Store the directive's state, where it differs from before."""
        directives.set_state(self.connection, self.officer, directive_id, state, problem, self.now)


def _for_the_director(new_event: NewEvent) -> NewEvent:
    """Return the event without ids of the bridge's own directives: the Director does not know them."""
    event, subject = new_event.event, new_event.subject
    if _is_own(event.opening_directive_id):
        event = msgspec.structs.replace(event, opening_directive_id=None)
    if _is_own(event.directive_id):
        if subject == DIRECTIVE_SUBJECT:
            # Without the id, the subject would be that of every other own directive.
            subject = f"{subject}:{event.directive_id}"
        event = msgspec.structs.replace(event, directive_id=None)
    return NewEvent(event=event, subject=subject)


def _is_own(directive_id: str | None) -> bool:
    return directive_id is not None and directive_id.startswith(OPERATOR_PREFIX)


def _with_user(body: str, by: str) -> str:
    """Return the body of an operator's audit row with the user first."""
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw]) if body else {}
    return msgspec.json.encode({"by": by, **fields}).decode()


def json_text(value: object) -> str:
    """Return a value as JSON text for an audit row."""
    return msgspec.json.encode(value).decode()
