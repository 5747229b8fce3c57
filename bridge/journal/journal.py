"""The journal: each method is one step.

A method reads, asks the core, writes and commits, or fails as a whole with JournalUnavailableError. A row with a
word that this version does not know raises UnknownWordError, and nothing is stored. The methods are synchronous and
used by one thread (`database.thread`).
"""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from bridge.core.director.poll import Item
from bridge.core.link.messages import Hello, Prove, StatusRequest
from bridge.core.settings import Settings
from bridge.core.trade.dispatch import Gate
from bridge.core.trade.events import system_error
from bridge.core.units.clock_trust import ClockUncertainty
from bridge.journal.database import file, lock
from bridge.journal.database.errors import JournalOfficersError
from bridge.journal.database.identity import FileIdentity
from bridge.journal.database.lock_wait import STEP_WAIT_S, LockWait
from bridge.journal.operator_steps import OperatorSteps
from bridge.journal.steps import dispatch, intake, outbox, own_directives, risk_limits, sessions, unsent
from bridge.journal.steps.apply_reports import Applied, apply_reports
from bridge.journal.steps.dispatch import Work
from bridge.journal.steps.intake import Taken
from bridge.journal.steps.sessions import NotOpened, Opened
from bridge.journal.steps.step import Step
from bridge.journal.tables import commands, directives, events, officers, orders, positions
from bridge.journal.tables.events import Delivery, Outgoing, Queue

T = TypeVar("T")


@contextmanager
def opened(
    path: Path,
    settings: Settings,
    *,
    lock_wait_s: float = 0.0,
    wait_s: float = file.OPEN_S,
    step_wait_s: float = STEP_WAIT_S,
    at_once: bool | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator["Journal"]:
    """Own and open the journal while the context lasts. Raises the JournalErrors of `database`.

    A long journal is not checked as a whole: `whole_check` does that behind the start (`at_once` overrides that).
    Another owner is waited for `lock_wait_s` seconds; a lock of another program `wait_s` during the opening, and
    `step_wait_s` in each step. `monotonic` is as for `Journal`.
    """
    with lock.locked(path, wait_s=lock_wait_s):
        whole = not file.is_long(path) if at_once is None else at_once
        connection = file.open_writer(path, wait_s=wait_s, whole=whole)
        try:
            _check_officers(connection, path, settings)
            identity = FileIdentity(path)
            journal = Journal(
                connection, settings, wait=LockWait(step_wait_s), identity=identity, monotonic=monotonic
            )
            journal.unchecked = None if whole else path.absolute()
            yield journal
        finally:
            connection.close()


def _check_officers(connection: sqlite3.Connection, path: Path, settings: Settings) -> None:
    """Raise JournalOfficersError where accounts are bound, and none of an officer of the configuration."""
    bound, configured = officers.bound(connection), [officer.id for officer in settings.officers]
    if bound and not set(bound) & set(configured):
        raise JournalOfficersError(path, bound, configured)


class Journal(OperatorSteps):
    """The one writer of the journal.

    `now` is the time, aware UTC. `uncertainty` is its possible error; None while the clock is trusted.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        settings: Settings,
        *,
        wait: LockWait | None = None,
        identity: FileIdentity | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`wait`: how long each step waits for a lock of another program. `identity`: files that must stay where
        they are; None: not watched. `monotonic` is the process's clock for the age of dispatches, in seconds."""
        super().__init__(connection, settings, wait=wait, identity=identity, monotonic=monotonic)
        self._scanned: set[str] = set()
        """Officers of which a scan was completed since the journal was opened."""

    def intake(
        self,
        officer: str,
        items: Sequence[Item],
        now: datetime,
        *,
        first_listing: bool = False,
        uncertainty: ClockUncertainty | None = None,
    ) -> Taken:
        """Store the items of a poll. A batch without a new item costs no transaction.

        `first_listing`: they are of the first list that the Director has given for the officer since the journal
        was opened.
        """
        fresh = self._read("intake", lambda: intake.unknown_items(self._connection, officer, items))
        if not fresh:
            return Taken()
        tolerance = timedelta(seconds=self._settings.director.max_clock_skew_s)
        return self._step(
            "intake",
            officer,
            now,
            lambda step: intake.take_items(
                step, self._officers[officer], fresh, first_listing=first_listing, tolerance=tolerance
            ),
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
        """Open an epoch for an authenticated terminal, after its account and ledger were bound or compared."""
        others = [each for each in self._settings.officers if each.id != officer]
        return self._step(
            "session",
            officer,
            now,
            lambda step: sessions.open_epoch(
                step, self._officers[officer], self._settings.link, hello, prove, others=others
            ),
            uncertainty,
        )

    def end_epoch(self, officer: str, epoch: int, reason: str, now: datetime) -> None:
        """Store the end of a session."""
        self._step("session end", officer, now, lambda step: sessions.end_epoch(step, epoch, reason))

    def link_lost(self, officer: str, reason: str, now: datetime) -> None:
        """Store that the officer's terminal has been silent for too long."""
        self._step("link", officer, now, lambda step: sessions.link_lost(step, reason))

    def note_offset(self, officer: str, seconds: int, now: datetime) -> None:
        """Store the broker's distance from UTC, in seconds, which several measurements have found."""
        self._step("clock", officer, now, lambda step: sessions.note_offset(step, seconds, confirmed=True))

    def apply_reports(
        self,
        officer: str,
        epoch: int,
        batch: Sequence[tuple[int, bytes]],
        now: datetime,
        *,
        uncertainty: ClockUncertainty | None = None,
    ) -> Applied:
        """Store and apply a batch of reports of one epoch, at least one: (seq, raw JSON)."""
        settings, link = self._officers[officer], self._settings.link

        def work(step: Step) -> Applied:
            done = apply_reports(step, settings, epoch, batch, link)
            if done.scanned and not step.quarantine:
                unsent.take_back(step, settings, link, epoch)
            return done

        def note_scan(applied: Applied) -> None:
            if applied.scanned:
                self._scanned.add(officer)

        return self._step("reports", officer, now, work, uncertainty, after=note_scan)

    def advance(
        self, officer: str, gate: Gate | None, now: datetime, *, uncertainty: ClockUncertainty | None = None
    ) -> Work:
        """Expire, plan and dispatch. The work may be sent once this has returned."""
        settings = self._officers[officer]
        # A wrong clock may name a wrong day: no equity is stored by it.
        dated = uncertainty in (None, ClockUncertainty())
        if not self._read(
            "dispatch",
            lambda: (
                self._has_work(officer)
                or (
                    dated
                    and risk_limits.is_new_equity(self._connection, officer, settings.risk_limits, gate, now)
                )
            ),
        ):
            return Work(
                idle=not risk_limits.follow_equity(settings.risk_limits)
                and not self._read("dispatch", lambda: self._has_open_outcome(officer))
            )

        def work(step: Step) -> Work:
            if dated:
                risk_limits.note_equity(step, settings.risk_limits, gate)
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
        """Return status requests for unresolved commands. They may be sent once this has returned."""
        if not self._read("status_request", lambda: self._has_unresolved(officer)):
            return []
        return self._step(
            "status_request",
            officer,
            now,
            lambda step: dispatch.request_status(step, self._settings.link, gate, first=first),
            uncertainty,
        )

    def due(self, limit: int, busy: Collection[Queue]) -> list[Outgoing]:
        """Return the events that may be posted now: the oldest of each queue that is not busy."""
        self._note_look()
        return self._read("outbox", lambda: events.due(self._connection, limit=limit, busy=busy))

    def set_delivered(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Store that the Director accepted these events, at least one, in one transaction."""

        def work(step: Step) -> None:
            for delivery in deliveries:
                officer = delivery.event.officer
                own = step if officer == step.officer else self._new_step(officer, now)
                outbox.set_delivered(own, delivery)

        self._step("delivered", deliveries[0].event.officer, now, work)

    def count_refusal(self, event: Outgoing, error: str, now: datetime) -> None:
        """Store that the Director refused the event; it will be offered again."""
        self._step("refused", event.officer, now, lambda step: outbox.count_refusal(step, event, error))

    def set_refused(self, event: Outgoing, error: str, now: datetime) -> None:
        """Store that the Director refused the event for good."""
        self._step("refused", event.officer, now, lambda step: outbox.set_refused(step, event, error))

    def emit_trouble(self, officer: str, code: str, message: str, subject: str, now: datetime) -> None:
        """Emit SYSTEM_ERROR for a trouble of the bridge, once for each subject."""
        trouble = system_error(officer, now, code=code, message=message, subject=f"trouble:{subject}")
        self._step("trouble", officer, now, lambda step: step.emit([trouble]))

    def has_scanned(self, officer: str) -> bool:
        """Return True where a terminal of the officer has completed a scan since this journal was opened."""
        return officer in self._scanned

    def cancel_pending(self, officer: str, now: datetime, *, nonce: str, why: str) -> None:
        """Order the cancellation of the officer's pending orders, as the configuration requires."""
        self._step(
            "cancel pending",
            officer,
            now,
            lambda step: own_directives.cancel_pending(step, nonce=nonce, why=why),
        )

    def left_open(self) -> dict[str, tuple[int, int]]:
        """Return the numbers of open positions and orders by officer, of those that the configuration lacks."""

        def read() -> dict[str, tuple[int, int]]:
            lots, resting = positions.count_open(self._connection), orders.count_on_book(self._connection)
            return {
                officer: (lots.get(officer, 0), resting.get(officer, 0))
                for officer in sorted(lots.keys() | resting.keys())
                if officer not in self._officers
            }

        return self._read("officers", read)

    def _has_work(self, officer: str) -> bool:
        return directives.any_waiting(self._connection, officer) or commands.any_in_states(
            self._connection, officer, dispatch.NEEDS_WORK
        )

    def _has_open_outcome(self, officer: str) -> bool:
        return commands.any_in_states(self._connection, officer, dispatch.OPEN_OUTCOMES)

    def _has_unresolved(self, officer: str) -> bool:
        return commands.any_in_states(self._connection, officer, dispatch.UNRESOLVED_STATES)
