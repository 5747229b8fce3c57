"""What the sidecar's parts share: the journal, the clock, the log, and the bells they ring for each other."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.director.responses import FailureKind
from bridge.core.settings import Settings
from bridge.core.units.clock import Clock, Uniform
from bridge.core.units.clock_trust import ClockUncertainty, ClockWatch
from bridge.journal.database.errors import JournalUnavailableError
from bridge.journal.database.thread import JournalThread
from bridge.journal.journal import Journal
from bridge.logs import EventLog

T = TypeVar("T")


class WakeUp:
    """Wakes one sleeper, at once or at its next lying down."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self, clock: Clock, at_most_s: float) -> None:
        """Return when it rings, or when the time is over."""
        if not self._event.is_set():
            waits = [
                asyncio.ensure_future(self._event.wait()),
                asyncio.ensure_future(clock.sleep(at_most_s)),
            ]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
                await asyncio.gather(*waits, return_exceptions=True)
        self._event.clear()


def happening() -> str:
    """A name for something that only this process knows of, for its event's key: none is used twice, not even
    after an old copy of the journal was put back."""
    return secrets.token_hex(8)


class PollNote(msgspec.Struct, frozen=True, kw_only=True):
    """How an officer's last poll ended."""

    at: str
    failure: str
    """What went wrong; empty where nothing did."""
    failures: int
    """How many in a row failed."""
    kind: FailureKind | None = None
    """What kind of failure it was."""
    failing_s: float = 0.0
    """For how long none has worked."""


class Runtime:
    """Shared by polling, linking, dispatching and delivering."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        thread: JournalThread,
        clock: Clock,
        uniform: Uniform,
        log: EventLog,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.uniform = uniform
        self.log = log
        self._journal = journal
        self._thread = thread
        self._trouble: tuple[str, datetime, str] | None = None
        """Why the journal could not be written, since when, and the name of that happening."""
        self.dispatch_wake_up = WakeUp()
        self.delivery_wake_up = WakeUp()
        self.director_locked_out = False
        """Delivery is paused for a reason that a person must mend: nothing new is opened."""
        self._watch = ClockWatch(tolerance=timedelta(seconds=settings.director.max_clock_skew_s))
        self.poll_intervals: dict[str, float] = {}
        """Per officer, where its terminal's inputs say how often to poll."""
        self.polls: dict[str, PollNote] = {}
        """Per officer, how its last poll ended."""
        self.dispatch_trouble: dict[str, str] = {}
        """Per officer, the error of ours on which its dispatch fails."""

    @property
    def watch(self) -> ClockWatch:
        """Judges the wall clock. It has looked just now: a jump must not be trusted until somebody comes by."""
        self._watch.observe(self.clock.now(), self.clock.monotonic())
        return self._watch

    @property
    def opens_paused(self) -> bool:
        """True while nothing new may be opened: nobody would hear of it, or nobody knows the time."""
        return self.director_locked_out or not self.watch.trusted

    @property
    def why_opens_paused(self) -> list[str]:
        """Each reason for which nothing new may be opened, and its remedy."""
        locked_out = (
            "the Director refuses us, or one event after the other (the API key, its address, or what the log "
            "says that it answers): mend that; nobody would hear of an order"
        )
        return [locked_out] * self.director_locked_out + [self.watch.trouble] * (not self.watch.trusted)

    @property
    def journal_trouble(self) -> str:
        """Why the journal could not be written, and since when; empty where it can be."""
        return "" if self._trouble is None else f"{self._trouble[0]} (since {utc_text(self._trouble[1])})"

    def poll_interval_s(self, officer: str) -> float:
        """How often the Director is polled for the officer."""
        return self.poll_intervals.get(officer, self.settings.director.poll_interval_s)

    def now(self) -> datetime:
        """The time that events are stamped with, aware UTC."""
        return self.watch.now(self.clock.now())

    @property
    def uncertainty(self) -> ClockUncertainty | None:
        """How far from `now` the time may be; None while the clock is trusted."""
        return self.watch.uncertainty

    async def step(self, work: Callable[[Journal], T]) -> T:
        """Run one journal step in the journal's thread. Raises JournalUnavailableError.

        A journal that could not be written is told to the Director once it can be again.
        """
        try:
            result = await self._thread.run(lambda: work(self._journal))
        except JournalUnavailableError as error:
            self._trouble = self._trouble or (str(error), self.now(), happening())
            raise
        if self._trouble is not None:
            await self._tell_trouble()
        return result

    async def _tell_trouble(self) -> None:
        trouble, self._trouble = self._trouble, None
        if trouble is None:
            return
        why, _, name = trouble
        message = f"{why}. It can be written again; nothing was sent or acknowledged meanwhile"
        for officer in self.settings.officers:
            tell = partial(_tell, officer.id, message, name, self.now())
            try:
                await self._thread.run(partial(tell, self._journal))
            except JournalUnavailableError:
                self._trouble = trouble
                return
        self.delivery_wake_up.ring()


def _tell(officer: str, message: str, name: str, now: datetime, journal: Journal) -> None:
    journal.emit_trouble(officer, "JOURNAL", message, f"journal:{name}", now)
