"""Transactions of the journal: each step is stored as a whole, or fails as a whole.

A step is a transaction of its own, or one of several that share a commit (`together`). Before the work of a step
the stop requests are stored that count already. Before the first step of a commit and before the commit itself the
journal's files must be those that were opened.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from bridge.core.settings import Settings
from bridge.core.trade.executors import DispatchClock
from bridge.core.units.clock_trust import ClockUncertainty
from bridge.faultpoint import faultpoint
from bridge.journal.database import content, file, foreign_sql
from bridge.journal.database.errors import JournalLostError, JournalUnavailableError
from bridge.journal.database.identity import FileIdentity
from bridge.journal.database.lock_wait import LockWait
from bridge.journal.database.rescue import rescue
from bridge.journal.operator.stop_requests import StopRequest, StopRequests, StoredStops
from bridge.journal.steps.step import Opening, Step
from bridge.journal.tables import directives

T = TypeVar("T")


class _Part(NamedTuple):
    """A step that is done, and waits for the commit."""

    name: str
    after: Callable[[], None]
    """To be called after the commit."""


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
        self._officers = {officer.id: officer for officer in settings.officers}
        self._identity = identity
        self._lost = ""
        """Finding about the files; empty while they are where they were."""
        self._looked = False
        """True where the files were looked at since the present group of steps began."""
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
        self._together = False
        """True while steps share a commit."""
        self._parts: list[_Part] = []
        """Steps that wait for the present commit."""
        self._stored_stops: list[StoredStops] = []
        """Stop requests that the present transaction has written."""
        self._emits = False
        """True where the present step has put an event into the outbox."""
        self._emissions = 0
        """Number of steps that have put events into the outbox."""
        self._seen_emissions = 0
        """The same when the outbox was last looked into."""

    @contextmanager
    def acting(self, by: str) -> Iterator[None]:
        """Store this user in the operator's audit rows of the body's steps. For the journal's thread."""
        self._by = by
        try:
            yield
        finally:
            self._by = ""

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let the steps of the body share one commit, so that the disk is synced once for all of them.

        A step that fails in the body leaves nothing, and takes no other with it. Nothing that comes of a step may
        leave the process before this context has ended. Where that raises, nothing of the body is stored.
        """
        self._together, self._parts, self._stored_stops = True, [], []
        self._looked = False
        try:
            yield
            self._commit()
        except BaseException:
            file.roll_back(self._connection)
            raise
        finally:
            self._together = False
        for part in self._parts:
            part.after()
            faultpoint(f"journal.{part.name}.committed")
        for stored in self._stored_stops:
            self.stops.committed(stored)

    @property
    def has_unseen_events(self) -> bool:
        """True where a step has put events into the outbox since it was last looked into. For any thread."""
        return self._emissions != self._seen_emissions

    def _note_look(self) -> None:
        """Note that the outbox is looked into now."""
        self._seen_emissions = self._emissions

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

        A file that was put back may have been changed meanwhile. Steps that share a commit look once, and the
        commit looks again.
        """
        if self._together and self._looked and not self._lost:
            return
        self._looked = True
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
        *,
        after: Callable[[T], None] = lambda result: None,
    ) -> T:
        """Run one step. `after` is called with its result once that is committed."""
        if self._together:
            return self._part(name, officer, now, work, uncertainty, after)
        with self.together():
            return self._part(name, officer, now, work, uncertainty, after)

    def _part(
        self,
        name: str,
        officer: str,
        now: datetime,
        work: Callable[[Step], T],
        uncertainty: ClockUncertainty | None,
        after: Callable[[T], None],
    ) -> T:
        """Run one step inside the present transaction, and undo what it wrote where it fails."""
        self._check_files(name)
        self._emits = False
        try:
            self._begin()
            # First: what an operator has stopped must not be dispatched by this transaction.
            if self.stops.waiting:
                self._store_stops()
            with file.savepoint(self._connection):
                result = work(self._new_step(officer, now, uncertainty, by=self._by))
                faultpoint(f"journal.{name}.before_commit")
        except sqlite3.Error as error:
            raise _unavailable(name, error) from error
        self._emissions += self._emits
        self._parts.append(_Part(name, partial(after, result)))
        return result

    def _begin(self) -> None:
        """Begin the transaction, unless an earlier step of it has. Raises sqlite3.Error."""
        if self._connection.in_transaction:
            return
        self._check_kept()
        self.wait.attempt(lambda: file.begin(self._connection))

    def _commit(self) -> None:
        """Commit what was done. Raises JournalUnavailableError."""
        name = self._parts[-1].name if self._parts else "stop requests"
        try:
            self._check_kept()
            if self._connection.in_transaction:
                self._looked = False
                self._check_files(name)
                file.commit(self._connection)
        except sqlite3.Error as error:
            raise _unavailable(name, error) from error

    def _check_kept(self) -> None:
        """Raise sqlite3.OperationalError where SQLite has ended the transaction by itself, as on a full disk."""
        if (self._parts or self._stored_stops) and not self._connection.in_transaction:
            raise sqlite3.OperationalError("the transaction was undone because of another step in it")

    def _store_stops(self) -> None:
        """Write the stop requests that this transaction has not written yet."""
        with file.savepoint(self._connection):
            stored = self.stops.store(self._stopping_step, without=self._stored_stops)
        if stored.done:
            self._stored_stops.append(stored)

    def _stopping_step(self, stop: StopRequest) -> Step:
        return self._new_step(stop.officer, stop.at, by=stop.by)

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
