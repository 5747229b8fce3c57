"""What every step of the journal does the same way: audit rows, events, states of directives.

A `Step` lives inside one transaction. It knows the time, and the account that the officer is bound to.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

import msgspec

from bridge.core.director.contract import OPERATOR_PREFIX, encode_event, utc_text
from bridge.core.trade.directive_states import CommandProgress, DirectiveState, directive_state
from bridge.core.trade.events import DIRECTIVE_SUBJECT, event_key, system_error
from bridge.core.trade.records import CommandRecord, NewEvent, Outcome
from bridge.core.units.clock_trust import ClockUncertainty
from bridge.journal.database import audit
from bridge.journal.tables import holdings, rows
from bridge.journal.tables.rows import Account


class Step:
    """One officer's side of one transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        officer: str,
        now: datetime,
        *,
        extra_fields: bool,
        uncertainty: ClockUncertainty | None = None,
    ) -> None:
        self.connection = connection
        self.now = now
        self.trusted = uncertainty is None
        """Nothing speaks against the clock. Nothing that can wait is decided by time while something does."""
        self.earliest = now if uncertainty is None else now - uncertainty.earlier
        """What is over by then is over by every clock that may be right."""
        self.latest = now if uncertainty is None else now + uncertainty.later
        """What is not over by then is over by none."""
        self._extra_fields = extra_fields
        row = connection.execute(
            "SELECT server, login, quarantine FROM officers WHERE officer = ?", (officer,)
        ).fetchone()
        if row is None:
            # An officer that the configuration has gained since.
            connection.execute("INSERT INTO officers (officer) VALUES (?)", (officer,))
        self.account = Account(officer, row["server"], row["login"]) if row else Account(officer)
        self.quarantine: str = row["quarantine"] if row else ""
        self.events = 0
        """How many events were created."""

    @property
    def officer(self) -> str:
        return self.account.officer

    def rebind_account(self, server: str, login: int) -> None:
        """The officer is bound to this account from here on, in this very step too."""
        self.account = Account(self.officer, server, login)

    def audit(self, kind: str, subject: str, body: str = "", directive_id: str | None = None) -> str:
        """One audit row of this officer. Returns its hash, which no other row has: not even one of a copy of this
        journal that was put back."""
        return audit.append(
            self.connection,
            at=self.now,
            kind=kind,
            officer=self.officer,
            directive_id=directive_id,
            subject=subject,
            body=body,
        )

    @contextmanager
    def contained(self) -> Iterator[None]:
        """Undo what the body wrote, where it raises, and nothing else of the step. It raises all the same."""
        self.connection.execute("SAVEPOINT contained")
        try:
            yield
        except BaseException:
            # Where the disk was full SQLite has rolled everything back by itself.
            with suppress(sqlite3.OperationalError):
                self.connection.execute("ROLLBACK TO contained")
                self.connection.execute("RELEASE contained")
            raise
        self.connection.execute("RELEASE contained")

    def tell(self, new_events: Iterable[NewEvent]) -> None:
        """Put events into the outbox. The same happening, found again, is told once."""
        for emitted in new_events:
            new_event = _as_the_director_knows_it(emitted)
            event = new_event.event
            key = event_key(
                officer=self.officer,
                server=self.account.server,
                login=self.account.login,
                new_event=new_event,
            )
            body = encode_event(event, extra_fields=self._extra_fields).decode()
            cursor = self.connection.execute(
                "INSERT INTO events (officer, directive_id, event_type, event_class, subject, key, body,"
                " created_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued') ON CONFLICT (key) DO NOTHING",
                (
                    self.officer,
                    event.directive_id,
                    event.event_type,
                    event.event_class,
                    new_event.subject,
                    key,
                    body,
                    utc_text(self.now),
                ),
            )
            if cursor.rowcount:
                self.events += 1
                self.audit("event", event.event_type, body, event.directive_id)

    def quarantine_officer(self, why: str) -> None:
        """Dispatch nothing more for this officer until a person has looked. The first reason stands."""
        if self.quarantine:
            return
        self.quarantine = why
        self.connection.execute("UPDATE officers SET quarantine = ? WHERE officer = ?", (why, self.officer))
        noted = self.audit("quarantine", why)
        message = f"{why}. Nothing is sent until a person has looked: see 'execution-officer rebind --help'"
        self.tell(
            [
                system_error(
                    self.officer, self.now, code="QUARANTINED", message=message, subject=f"quarantine:{noted}"
                )
            ]
        )

    def apply(self, outcome: Outcome, before: CommandRecord | None) -> None:
        """Write what folding came to: command, positions, events, hold, and the directive's state."""
        after = outcome.command
        if after is not None and after != before:
            rows.update_command(self.connection, after)
            if before is None or after.state is not before.state:
                self.audit(
                    "command", f"{after.client_order_id} {after.state}", after.reason, after.directive_id
                )
        for position in outcome.positions:
            holdings.save_position(self.connection, self.account, position)
        self.tell(outcome.events)
        if after is not None and after != before:
            self.refresh_directive(after.directive_id)
        if outcome.quarantine:
            self.quarantine_officer(outcome.quarantine)

    def refresh_directive(self, directive_id: str) -> None:
        """Bring the directive's state in line with its commands."""
        commands = rows.commands_of(self.connection, self.officer, directive_id)
        state = directive_state(
            [
                CommandProgress(command.state, filled=command.filled > 0, expired=command.reason == "EXPIRED")
                for command in commands
            ]
        )
        ended = (
            commands[-1] if commands and state in (DirectiveState.REJECTED, DirectiveState.EXPIRED) else None
        )
        self.set_directive_state(
            directive_id, state, ended.reason if ended else "", ended.message if ended else ""
        )

    def set_directive_state(
        self, directive_id: str, state: DirectiveState, code: str = "", message: str = ""
    ) -> None:
        """The directive's state, where it is another one now."""
        self.connection.execute(
            "UPDATE directives SET state = ?, state_at = ?, error_code = ?, error_message = ?"
            " WHERE officer = ? AND directive_id = ? AND state <> ?",
            (state, utc_text(self.now), code, message, self.officer, directive_id, state),
        )


def _as_the_director_knows_it(new_event: NewEvent) -> NewEvent:
    """What a person ordered at the bridge is none of the Director's directives: its events name none."""
    event, subject = new_event.event, new_event.subject
    if _is_ours(event.opening_directive_id):
        event = msgspec.structs.replace(event, opening_directive_id=None)
    if _is_ours(event.directive_id):
        if subject == DIRECTIVE_SUBJECT:
            # Without its directive it would be the same as of any other.
            subject = f"{subject}:{event.directive_id}"
        event = msgspec.structs.replace(event, directive_id=None)
    return NewEvent(event=event, subject=subject)


def _is_ours(directive_id: str | None) -> bool:
    return directive_id is not None and directive_id.startswith(OPERATOR_PREFIX)


def json_text(value: object) -> str:
    """A value as JSON text for an audit row."""
    return msgspec.json.encode(value).decode()
