"""Transactions of the journal: each step is one, and fails as a whole.

Before the work of a step the stop requests are stored that count already. Before and after it the journal's files
must be those that were opened.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from bridge.core.settings import Settings
from bridge.core.trade.executors import DispatchClock
from bridge.core.units.clock_trust import ClockUncertainty
from bridge.faultpoint import faultpoint
from bridge.journal.database import content, file, foreign_sql
from bridge.journal.database.errors import JournalLostError, JournalUnavailableError
from bridge.journal.database.identity import FileIdentity
from bridge.journal.database.lock_wait import LockWait
from bridge.journal.database.rescue import rescue
from bridge.journal.operator.stop_requests import StopRequests, StoredStops
from bridge.journal.steps.step import Opening, Step
from bridge.journal.tables import directives

T = TypeVar("T")


class Transactions:
    """The journal's connection, and everything that holds for every step."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        settings: Settings,
        *,
        wait: LockWait | None,
        identity: FileIdentity | None,
        monotonic: Callable[[], float],
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._identity = identity
        self._lost = ""
        """Finding about the files; empty while they are where they were."""
        self.unchecked: Path | None = None
        """Path of a journal that was not checked as a whole yet."""
        self.wait = wait or LockWait()
        self.stops = StopRequests()
        """Halts and flattens that count before they are stored. The next transaction stores them."""
        self._monotonic = monotonic
        started = monotonic()
        self._dispatch_clock = DispatchClock(started)
        self._opening = Opening(started, directives.last_id(connection))
        self._by = ""
        """User of the operator command that is being performed; empty where there is none."""
        self._emits = False
        """True where the present transaction has put an event into the outbox."""
        self._emitted = False

    @contextmanager
    def acting(self, by: str) -> Iterator[None]:
        """Store this user in the operator's audit rows of the body's steps. For the journal's thread."""
        self._by = by
        try:
            yield
        finally:
            self._by = ""

    def take_emitted(self) -> bool:
        """Return True once after transactions that have put events into the outbox. For the journal's thread."""
        emitted, self._emitted = self._emitted, False
        return emitted

    def foreign_objects(self) -> list[str]:
        """Return the tables, views and indexes in the file that are not the bridge's, such as 'view mine'."""
        return self._read("schema", lambda: content.foreign_objects(self._connection))

    def store_stops(self) -> None:
        """Store the stop requests that were accepted and are not in the journal yet."""
        waiting = self.stops.waiting
        if waiting:
            self._step("stop requests", waiting[0].officer, waiting[0].at, lambda step: None)

    def look_at_files(self) -> str:
        """Return the finding about the journal's files; empty while they are where they were. For any thread."""
        if self._identity is not None and not self._lost:
            self._lost = self._identity.difference()
        return self._lost

    def rescue(self, at: datetime) -> Path | None:
        """Copy the content of a journal whose files are gone to a new file beside them; None where that failed."""
        return None if self._identity is None else rescue(self._connection, self._identity.real, at)

    def _check_files(self, name: str) -> None:
        """Raise JournalLostError once a file was removed or replaced, until the journal is opened again.

        A file that was put back may have been changed meanwhile.
        """
        if finding := self.look_at_files():
            raise JournalLostError(name, finding)

    def _read(self, name: str, read: Callable[[], T]) -> T:
        self._check_files(name)
        try:
            return self.wait.attempt(read)
        except sqlite3.Error as error:
            raise _unavailable(name, error) from error

    def _step(
        self,
        name: str,
        officer: str,
        now: datetime,
        work: Callable[[Step], T],
        uncertainty: ClockUncertainty | None = None,
    ) -> T:
        self._check_files(name)
        results: list[T] = []
        stops: list[StoredStops] = []

        self._emits = False

        def run() -> None:
            # First: what an operator has stopped must not be dispatched by this transaction.
            stops.append(self.stops.store(lambda stop: self._new_step(stop.officer, stop.at, by=stop.by)))
            results.append(work(self._new_step(officer, now, uncertainty, by=self._by)))
            self._check_files(name)
            faultpoint(f"journal.{name}.before_commit")

        try:
            file.transaction(self._connection, run, self.wait)
        except sqlite3.Error as error:
            raise _unavailable(name, error) from error
        self._emitted = self._emitted or self._emits
        faultpoint(f"journal.{name}.committed")
        self.stops.committed(stops[0])
        return results[0]

    def _new_step(
        self, officer: str, now: datetime, uncertainty: ClockUncertainty | None = None, by: str = ""
    ) -> Step:
        return Step(
            self._connection,
            officer,
            now,
            extra_fields=self._settings.director.extra_fields,
            uncertainty=uncertainty,
            dispatch_clock=self._dispatch_clock,
            monotonic=self._monotonic(),
            opening=self._opening,
            on_event=self._note_event,
            by=by,
        )

    def _note_event(self) -> None:
        self._emits = True


def _unavailable(name: str, error: sqlite3.Error) -> JournalUnavailableError:
    """Return the error of a step, with the remedy where another program's object in the file is the cause."""
    if altered := foreign_sql.explain(error, content.own_names()):
        return JournalUnavailableError(name, altered.what, altered.remedy)
    return JournalUnavailableError(name, str(error))
