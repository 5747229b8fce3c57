"""State that the sidecar's workers share: journal, clock, log, and the wake-ups between them."""

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from bridge.core.director.contract import utc_text
from bridge.core.settings import Settings
from bridge.core.units.clock import Clock, Entropy, Uniform
from bridge.core.units.clock_trust import ClockUncertainty, ClockWatch
from bridge.core.units.progress import Progress
from bridge.journal.database.errors import LOST_REMEDY, JournalLostError, JournalUnavailableError
from bridge.journal.database.thread import JournalThread
from bridge.journal.journal import Journal
from bridge.journal.operator.stop_requests import StopRequest
from bridge.log_codes import LogCode
from bridge.logs import EventLog
from bridge.sidecar.figures import Figures
from bridge.sidecar.live_status import PollNote
from bridge.wake_up import WakeUp

T = TypeVar("T")
Follow = Callable[[], None]
"""Submission of a worker's own step, behind a step of another worker."""


class _Trouble(NamedTuple):
    """First failure of the journal since it could last be written."""

    error: JournalUnavailableError
    since: datetime
    name: str
    """Random id, for the key of its event."""


class Runtime:
    """Shared by the poll, link, dispatch and delivery workers."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        thread: JournalThread,
        clock: Clock,
        uniform: Uniform,
        log: EventLog,
        *,
        entropy: Entropy = secrets.token_bytes,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.uniform = uniform
        self._entropy = entropy
        self.log = log
        self._journal = journal
        self._thread = thread
        self._trouble: _Trouble | None = None
        """Reason for which the journal could not be written, since when, and the id of that occurrence."""
        self._reporting: _Trouble | None = None
        """The same while its events are created, which shows whether the journal can be written again."""
        self.dispatch_wake_up = WakeUp()
        self.delivery_wake_up = WakeUp()
        self.begin_dispatch: Callable[[str], None] = lambda officer: self.dispatch_wake_up.set()
        """Begin the dispatch of an officer, behind a step that was just submitted."""
        self.begin_delivery: Follow = self.delivery_wake_up.set
        """Begin to look into the outbox, behind a step that was just submitted."""
        self.circuit_open = False
        """Delivery is paused until an operator acts, and nothing is opened. Half-open trials go on."""
        self._watch = ClockWatch(tolerance=timedelta(seconds=settings.director.max_clock_skew_s))
        self.poll_intervals: dict[str, float] = {}
        """By officer, the poll interval that its terminal's inputs ask for."""
        self.polls: dict[str, PollNote] = {}
        """By officer, the result of its last poll."""
        self.dispatch_trouble: dict[str, str] = {}
        """By officer, the bridge's own error on which its dispatch fails."""
        self.figures = Figures()
        """Figures that the workers measure, for whoever looks."""
        self.alert_trouble = ""
        """Reason for which alerts cannot be sent; empty while they can be."""
        self.progress = Progress()
        """Times by which the workers are due."""
        self._rescuing = False
        """True while the content of a lost journal is copied."""
        self._lost_finding = ""
        self._rescued: Path | None = None
        """Copy of the lost journal's content."""
        self.lost_at: datetime | None = None
        """Time at which that was noticed."""
        self.lost = asyncio.Event()
        """Set once the journal is lost."""

    @property
    def watch(self) -> ClockWatch:
        """Judge of the wall clock. Every access observes the clock first, so that no jump is trusted meanwhile."""
        self._watch.observe(self.clock.now(), self.clock.monotonic())
        return self._watch

    @property
    def opens_paused(self) -> bool:
        """True while nothing may be opened: its events could not be delivered, or the time is unknown."""
        return self.circuit_open or not self.watch.trusted

    @property
    def why_opens_paused(self) -> list[str]:
        """Each reason for which nothing may be opened, with its remedy."""
        refused = (
            "the Director refuses the API key, or one event after the other, so that no fill could be reported; "
            "correct the API key or the address, or see in the log what the Director answers"
        )
        return [refused] * self.circuit_open + [self.watch.trouble] * (not self.watch.trusted)

    @property
    def journal_trouble(self) -> str:
        """Reason for which the journal could not be written, and since when; empty while it can be."""
        trouble = self._trouble or self._reporting
        return "" if trouble is None else f"{trouble.error} (since {utc_text(trouble.since)})"

    @property
    def journal_remedy(self) -> str:
        """Remedy for that; empty while the journal can be written."""
        trouble = self._trouble or self._reporting
        return "" if trouble is None else trouble.error.remedy

    def poll_interval_s(self, officer: str) -> float:
        """Return the seconds between polls for the officer."""
        return self.poll_intervals.get(officer, self.settings.director.poll_interval_s)

    def now(self) -> datetime:
        """Return the time for the stamps of events, aware UTC."""
        return self.watch.now(self.clock.now())

    @property
    def uncertainty(self) -> ClockUncertainty | None:
        """Possible distance of the true time from `now`; None while the clock is trusted."""
        return self.watch.uncertainty

    def occurrence_id(self) -> str:
        """Return a random id for an occurrence that only this process knows, as part of its event's key.

        No id is used twice, not even after an old copy of the journal was restored.
        """
        return self._entropy(8).hex()

    async def step(
        self, work: Callable[[Journal], T], *, alone: bool = False, followers: Iterable[Follow] = ()
    ) -> T:
        """Run one journal step in the journal's thread. Raises JournalUnavailableError.

        `alone`: it takes long, and shares no commit with other steps. `followers` submit steps of their own right
        behind it, which share its commit.
        """
        with self._thread.gathering():
            submitted = self.submit(work, alone=alone)
            for follow in followers:
                follow()
        return await self.outcome(submitted)

    def submit(self, work: Callable[[Journal], T], *, alone: bool = False) -> asyncio.Future[T]:
        """Submit one journal step, for `outcome`."""
        return self._thread.submit(partial(work, self._journal), alone=alone)

    async def outcome(self, submitted: asyncio.Future[T]) -> T:
        """Return the result of a step that was submitted. Raises JournalUnavailableError.

        Events that it created wake the delivery, unless that has read them already. A journal that could not be
        written is reported to the Director once it can be written again.
        """
        try:
            result = await submitted
        except JournalLostError as error:
            self._note_lost(error.finding)
            raise
        except JournalUnavailableError as error:
            self._trouble = self._trouble or _Trouble(error, self.now(), self.occurrence_id())
            raise
        if self._journal.has_unseen_events:
            self.delivery_wake_up.set()
        if self._trouble is not None:
            await self._emit_trouble()
        return result

    @property
    def journal_lost(self) -> str:
        """Finding about the journal's files under this process, with its remedy; empty where there is none."""
        if not self._lost_finding:
            return ""
        saved = f"its content is in {self._rescued}, which can take its place; " if self._rescued else ""
        return f"{self._lost_finding}; {saved}{LOST_REMEDY}"

    async def rescue_journal(self) -> None:
        """Copy the content of a lost journal, which the end of this process would take away."""
        at = self.lost_at or self.now()
        self._rescuing = True
        try:
            self._rescued = await self._thread.run(lambda: self._journal.rescue(at), alone=True)
        finally:
            self._rescuing = False
        if self._rescued is None:
            self.log.error(LogCode.JOURNAL_NOT_RESCUED)
        else:
            self.log.warning(LogCode.JOURNAL_RESCUED, file=str(self._rescued))

    def look_at_journal(self) -> None:
        """Notice at once where the journal's files were removed or replaced."""
        if finding := self._journal.look_at_files():
            self._note_lost(finding)

    def _note_lost(self, finding: str) -> None:
        if not self._lost_finding:
            self._lost_finding, self.lost_at = finding, self.now()
            self.log.critical(LogCode.JOURNAL_LOST, reason=self.journal_lost)
            self.lost.set()

    @property
    def stops_waiting(self) -> tuple[StopRequest, ...]:
        """Halts and flattens that count and are not in the journal yet."""
        return self._journal.stops.waiting

    def accept_stops(self, stops: Collection[StopRequest]) -> None:
        """Let halts and flattens count from now on. `store_stops` stores them, or any other step that writes."""
        self._journal.stops.accept(stops)

    async def store_stops(self) -> None:
        """Store the stop requests that are not in the journal yet. Raises JournalUnavailableError."""
        if self.stops_waiting:
            await self.step(lambda journal: journal.store_stops())
            self.dispatch_wake_up.set()

    async def reach_journal(self) -> None:
        """Return once the journal's thread has had a turn for this."""
        await self._thread.run(lambda: None)

    @property
    def journal_occupied(self) -> bool:
        """True while the journal's thread does what has to be waited for: another program's lock, or a rescue."""
        return self._rescuing or self.journal_waits_s > 0

    @property
    def journal_waits_s(self) -> float:
        """Seconds for which the present step has waited for a lock that another program has on the journal."""
        return self._journal.wait.waiting_s

    def end_journal_waits(self, within_s: float) -> None:
        """Let no step wait longer than that from now for another program's lock."""
        self._journal.wait.end_within(within_s)

    async def _emit_trouble(self) -> None:
        trouble, self._trouble = self._trouble, None
        if trouble is None:
            return
        # Until it is stored nothing shows that the journal can be written: reads succeed meanwhile.
        self._reporting = trouble
        try:
            await self._store_trouble(trouble)
        finally:
            self._reporting = None

    async def _store_trouble(self, trouble: _Trouble) -> None:
        message = f"{trouble.error}. It can be written again; nothing was sent or acknowledged meanwhile"
        for officer in self.settings.officers:
            emit = partial(_emit_one, officer.id, message, trouble.name, self.now())
            try:
                await self._thread.run(partial(emit, self._journal))
            except JournalUnavailableError:
                self._trouble = trouble
                return
        self.delivery_wake_up.set()


def _emit_one(officer: str, message: str, name: str, now: datetime, journal: Journal) -> None:
    journal.emit_trouble(officer, "JOURNAL", message, f"journal:{name}", now)
