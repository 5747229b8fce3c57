"""The journal's steps: one method, one transaction, one meaning.

Every method reads, asks the core, writes and commits, or fails as a whole with JournalUnavailableError. It is
synchronous and used by one thread (see `thread`).
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from bridge.core.director.poll import Item
from bridge.core.link.messages import Hello, Prove, StatusRequest
from bridge.core.settings import Settings
from bridge.core.trade.dispatch import Gate
from bridge.core.trade.events import system_error
from bridge.core.units.clock_trust import ClockUncertainty
from bridge.faultpoint import faultpoint
from bridge.journal.database import file
from bridge.journal.database.errors import JournalUnavailableError
from bridge.journal.operator import halt, rebind, resolve
from bridge.journal.operator.halt import Flattened, Halt
from bridge.journal.operator.rebind import Rebound
from bridge.journal.operator.resolve import Resolved
from bridge.journal.steps import apply_reports, dispatch, intake, outbox, risk_limits, sessions
from bridge.journal.steps.apply_reports import Applied
from bridge.journal.steps.dispatch import Work
from bridge.journal.steps.intake import Taken
from bridge.journal.steps.outbox import Outgoing, RefusedEvent
from bridge.journal.steps.sessions import NotOpened, Opened
from bridge.journal.steps.step import Step

T = TypeVar("T")


@contextmanager
def opened(path: Path, settings: Settings) -> Iterator["Journal"]:
    """Own and open the journal for as long as the context lasts. Raises the JournalErrors of `database`."""
    with file.locked(path):
        connection = file.open_writer(path)
        try:
            yield Journal(connection, settings)
        finally:
            connection.close()


class Journal:
    """The one writer of the journal.

    `uncertainty` is how far from `now` the time may be; None where the clock is trusted.
    """

    def __init__(self, connection: sqlite3.Connection, settings: Settings) -> None:
        self._connection = connection
        self._settings = settings
        self._officers = {officer.id: officer for officer in settings.officers}

    def intake(
        self,
        officer: str,
        items: Sequence[Item],
        now: datetime,
        *,
        uncertainty: ClockUncertainty | None = None,
    ) -> Taken:
        """What a poll brought. A batch of which everything is known costs no transaction."""
        fresh = self._read("intake", lambda: intake.news(self._connection, officer, items))
        if not fresh:
            return Taken()
        return self._step(
            "intake",
            officer,
            now,
            lambda step: intake.take(step, self._officers[officer], fresh),
            uncertainty,
        )

    def open_epoch(
        self,
        officer: str,
        hello: Hello,
        prove: Prove,
        now: datetime,
        *,
        uncertainty: ClockUncertainty | None = None,
    ) -> Opened | NotOpened:
        """A terminal has proved itself: bind or compare its account and ledger, and give it an epoch."""
        return self._step(
            "session",
            officer,
            now,
            lambda step: sessions.open_epoch(step, self._officers[officer], hello, prove),
            uncertainty,
        )

    def end_epoch(self, officer: str, epoch: int, why: str, now: datetime) -> None:
        """A session is over."""
        self._step("session end", officer, now, lambda step: sessions.end_epoch(step, epoch, why))

    def link_lost(self, officer: str, why: str, now: datetime) -> None:
        """The officer's terminal has been silent for too long."""
        self._step("link", officer, now, lambda step: sessions.link_lost(step, why))

    def note_offset(self, officer: str, seconds: int, now: datetime) -> None:
        """The broker's clock has another distance from UTC."""
        self._step("clock", officer, now, lambda step: sessions.note_offset(step, seconds))

    def apply(
        self,
        officer: str,
        epoch: int,
        reports: Sequence[tuple[int, bytes]],
        now: datetime,
        *,
        uncertainty: ClockUncertainty | None = None,
    ) -> Applied:
        """One batch of reports of one epoch, at least one."""
        grace = timedelta(seconds=self._settings.link.unknown_grace_s)
        settings = self._officers[officer]
        return self._step(
            "reports",
            officer,
            now,
            lambda step: apply_reports.apply(step, settings, epoch, reports, grace=grace),
            uncertainty,
        )

    def advance(
        self, officer: str, gate: Gate | None, now: datetime, *, uncertainty: ClockUncertainty | None = None
    ) -> Work:
        """Expire, plan, dispatch. The work may be sent once this has returned."""
        settings = self._officers[officer]
        # A day that a wrong clock alone names begins with no equity.
        dated = uncertainty in (None, ClockUncertainty())
        if not self._read(
            "dispatch",
            lambda: (
                self._has_work(officer)
                or (dated and risk_limits.is_news(self._connection, officer, settings.risk_limits, gate, now))
            ),
        ):
            return Work()

        def work(step: Step) -> Work:
            if dated:
                risk_limits.note(step, settings.risk_limits, gate)
            return dispatch.advance(step, settings, self._settings.link, gate)

        return self._step("dispatch", officer, now, work, uncertainty)

    def request_status(
        self,
        officer: str,
        gate: Gate,
        now: datetime,
        *,
        first: bool,
        uncertainty: ClockUncertainty | None = None,
    ) -> list[StatusRequest]:
        """Questions about commands in doubt. They may be sent once this has returned."""
        if not self._read("status_request", lambda: self._is_uncertain(officer)):
            return []
        return self._step(
            "status_request",
            officer,
            now,
            lambda step: dispatch.request_status(step, self._settings.link, gate, first=first),
            uncertainty,
        )

    def due(self, limit: int, busy: Collection[tuple[str, str | None]]) -> list[Outgoing]:
        """Events that may be posted now."""
        return self._read("outbox", lambda: outbox.due(self._connection, limit=limit, busy=busy))

    def delivered(self, event: Outgoing, event_id: str | None, now: datetime) -> None:
        """The Director took the event."""
        self._step("delivered", event.officer, now, lambda step: outbox.delivered(step, event, event_id))

    def refused_once(self, event: Outgoing, why: str, now: datetime) -> None:
        """The Director refused the event; it will be tried again."""
        self._step("refused", event.officer, now, lambda step: outbox.refused_once(step, event, why))

    def set_aside(self, event: Outgoing, why: str, now: datetime) -> None:
        """The Director refused the event for good."""
        self._step("refused", event.officer, now, lambda step: outbox.set_aside(step, event, why))

    def refused(
        self, officer: str, *, directive_id: str | None = None, dismissed: bool = False
    ) -> list[RefusedEvent]:
        """The events that the Director refused for good, oldest first; those that a person dismissed as well."""
        return self._read(
            "outbox",
            lambda: outbox.refused(self._connection, officer, directive_id=directive_id, dismissed=dismissed),
        )

    def retry(self, officer: str, events: Collection[RefusedEvent], now: datetime) -> None:
        """A person has refused events offered once more."""
        self._step("retry", officer, now, lambda step: outbox.retry(step, events))

    def dismiss(self, officer: str, events: Collection[RefusedEvent], now: datetime, *, note: str) -> None:
        """A person has seen refused events, and leaves them."""
        self._step("dismiss", officer, now, lambda step: outbox.dismiss(step, events, note))

    def trouble(self, officer: str, code: str, message: str, subject: str, now: datetime) -> None:
        """Something on our side that a person must see, told once for each subject."""
        self._step(
            "trouble",
            officer,
            now,
            lambda step: step.tell(
                [system_error(officer, now, code=code, message=message, subject=f"trouble:{subject}")]
            ),
        )

    def check_rebind(self, officer: str, *, account: bool) -> None:
        """Whether `rebind` would go through. Raises StillUnresolvedError."""
        if account:
            self._read("rebind", lambda: rebind.check_settled(self._connection, officer))

    def rebind(self, officer: str, now: datetime, *, account: bool, why: str) -> Rebound:
        """A person accepts another ledger, or another account. Raises StillUnresolvedError."""
        return self._step("rebind", officer, now, lambda step: rebind.rebind(step, account=account, why=why))

    def known_symbols(self, officer: str) -> set[str]:
        """What symbols the officer's terminal was asked for, and what its broker calls them."""
        return self._read("symbols", lambda: halt.known_symbols(self._connection, officer))

    def halt(self, officer: str, now: datetime, *, symbol: str, why: str) -> Halt:
        """A person stops opens: of one symbol, or of all where it is empty."""
        return self._step("halt", officer, now, lambda step: halt.halt(step, symbol=symbol, why=why))

    def resume(self, officer: str, now: datetime, *, symbol: str | None, why: str) -> list[Halt]:
        """A person lifts one halt, or with None all of the officer's."""
        return self._step("resume", officer, now, lambda step: halt.resume(step, symbol=symbol, why=why))

    def flatten(self, officer: str, now: datetime, *, nonce: str, why: str) -> Flattened:
        """A person has everything of the officer's closed and cancelled, and its opens stopped."""
        return self._step("flatten", officer, now, lambda step: halt.flatten(step, nonce=nonce, why=why))

    def cancel_pending(self, officer: str, now: datetime, *, nonce: str, why: str) -> None:
        """The configuration has the officer's pending orders cancelled."""
        self._step(
            "cancel pending", officer, now, lambda step: halt.cancel_pending(step, nonce=nonce, why=why)
        )

    def has_directive(self, officer: str, directive_id: str) -> bool:
        """Whether the officer's inbox holds it."""
        return self._read("inbox", lambda: resolve.knows(self._connection, officer, directive_id))

    def resolve(
        self,
        officer: str,
        now: datetime,
        *,
        directive_id: str,
        verdict: resolve.Verdict,
        note: str,
        client_order_id: int | None = None,
        price: Decimal | None = None,
        quantity: Decimal | None = None,
    ) -> Resolved:
        """A person says what became of a command in doubt. Raises CannotResolveError."""
        return self._step(
            "resolve",
            officer,
            now,
            lambda step: resolve.resolve(
                step,
                directive_id=directive_id,
                verdict=verdict,
                note=note,
                client_order_id=client_order_id,
                price=price,
                quantity=quantity,
            ),
        )

    def _has_work(self, officer: str) -> bool:
        row = self._connection.execute(
            "SELECT EXISTS (SELECT 1 FROM directives WHERE officer = ?1 AND state = 'RECEIVED')"
            " OR EXISTS (SELECT 1 FROM commands WHERE officer = ?1"
            " AND state IN ('PLANNED', 'DISPATCHED', 'SUBMITTED', 'UNRESOLVED'))",
            (officer,),
        ).fetchone()
        return bool(row[0])

    def _is_uncertain(self, officer: str) -> bool:
        marks = ", ".join("?" * len(dispatch.UNRESOLVED_STATES))
        row = self._connection.execute(
            # The marks are question marks, as many as there are states.
            f"SELECT EXISTS (SELECT 1 FROM commands WHERE officer = ? AND state IN ({marks}))",  # noqa: S608
            (officer, *dispatch.UNRESOLVED_STATES),
        ).fetchone()
        return bool(row[0])

    def _read(self, name: str, read: Callable[[], T]) -> T:
        try:
            return read()
        except sqlite3.Error as error:
            raise JournalUnavailableError(name, str(error)) from error

    def _step(
        self,
        name: str,
        officer: str,
        now: datetime,
        work: Callable[[Step], T],
        uncertainty: ClockUncertainty | None = None,
    ) -> T:
        results: list[T] = []

        def run() -> None:
            extra_fields = self._settings.director.extra_fields
            step = Step(self._connection, officer, now, extra_fields=extra_fields, uncertainty=uncertainty)
            results.append(work(step))
            faultpoint(f"journal.{name}.before_commit")

        try:
            file.transaction(self._connection, run)
        except sqlite3.Error as error:
            raise JournalUnavailableError(name, str(error)) from error
        faultpoint(f"journal.{name}.committed")
        return results[0]
