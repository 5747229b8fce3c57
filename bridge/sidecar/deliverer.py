"""Delivery worker: posts events to the Director, in order per directive, a few directives at a time.

One step stores which events the Director has accepted, and reads those that may be posted next. An acceptance that
nothing waits for is stored a little later, with the commit of another step where one comes.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import chain
from typing import NamedTuple

from bridge.core.director.delivery import PauseAll, Retry, SetAside, Tries
from bridge.core.director.responses import Failed, Posted
from bridge.faultpoint import faultpoint
from bridge.journal.database.errors import JournalLostError, JournalUnavailableError
from bridge.journal.journal import Journal
from bridge.journal.tables.events import Delivery, Outgoing, Queue
from bridge.log_codes import LogCode
from bridge.sidecar.ports import Director
from bridge.sidecar.runtime import Runtime

QUEUES = 8
"""Most queues from which events are posted at a time."""
IDLE_LOOK_S = 10.0
"""Seconds between looks otherwise. Every step that creates events wakes the worker."""
UNEXPECTED_BACKOFF_S = 5.0
"""Back-off of a queue after an unexpected error of the bridge itself."""
JOURNAL_RETRY_S = 1.0
"""Seconds between attempts to store a delivery result, or to read the outbox."""
LINGER_S = 0.05
"""Seconds for which an acceptance that nothing waits for is kept, to share the commit of another step."""


class _Look(NamedTuple):
    """Look into the outbox that is under way."""

    number: int
    accepted: list[Delivery]
    """Deliveries that it stores first."""
    limit: int
    """Most events that it returns."""
    found: asyncio.Future[list[Outgoing]]


class Deliverer:
    """Posts events until cancelled."""

    def __init__(self, runtime: Runtime, director: Director, *, linger_s: float = LINGER_S) -> None:
        self._runtime = runtime
        self._director = director
        self._linger_s = linger_s
        self._busy: dict[Queue, asyncio.Task[bool]] = {}
        self._backing_off: dict[Queue, float] = {}
        """Time up to which a queue is left alone, on the monotonic clock."""
        self._paused_until = 0.0
        self._tries = Tries(runtime.uniform)
        self._accepted: list[Delivery] = []
        """Deliveries that are not stored yet. Nothing else is posted from their queues."""
        self._logged = False
        """True once the log says that these cannot be stored."""
        self._under_way: deque[_Look] = deque()
        """Looks that are under way, in the order of their submission."""
        self._looks = 0
        """Number of looks into the outbox."""
        self._full = False
        """True where the last look has found as much as could be posted: more may be due."""

    @property
    def in_flight(self) -> int:
        """Number of events that are being posted, or whose acceptance is not stored."""
        return len(self._busy) + len(self._accepted) + sum(len(look.accepted) for look in self._under_way)

    @property
    def paused_s(self) -> float:
        """Seconds for which nothing is posted from now on."""
        return max(self._paused_until - self._runtime.clock.monotonic(), 0.0)

    @property
    def failures(self) -> int:
        """Failures in a row that were the Director's or the network's."""
        return self._tries.outage

    async def run(self) -> None:
        """Deliver until cancelled. Posts in flight at that time are awaited by `finish`."""
        begin_otherwise, self._runtime.begin_delivery = self._runtime.begin_delivery, self._begin
        try:
            while True:
                await self._runtime.delivery_wake_up.wait(self._runtime.clock, await self._turn())
        finally:
            self._runtime.begin_delivery = begin_otherwise

    def _begin(self) -> None:
        """Look into the outbox behind a step that was just submitted, with its commit: also for its events."""
        self._submit_look()
        self._runtime.delivery_wake_up.set()

    async def finish(self, at_most_s: float) -> None:
        """Wait for the posts in flight. The events of longer ones are posted again after the next start."""
        tasks = list(self._busy.values())
        if tasks:
            await asyncio.wait(tasks, timeout=at_most_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(JournalUnavailableError):
            while self._under_way:
                await self._outcome()
            if self._accepted:
                self._submit_look(post=False)
                await self._outcome()

    async def _turn(self) -> float:
        """Store what was accepted, and begin to post what is due. Return the seconds to the next turn."""
        if not self._under_way:
            self._submit_look()
        while self._under_way:
            look = self._under_way[0].number
            try:
                events = await self._outcome()
            except JournalUnavailableError as error:
                self._log_failed_look(error)
                return JOURNAL_RETRY_S
            for event in sorted(events, key=lambda event: self._tries.turn(event.id))[: self._free]:
                task = asyncio.create_task(self._deliver(event, look))
                self._busy[event.queue] = task
                task.add_done_callback(partial(self._done, event.queue))
        now = self._runtime.clock.monotonic()
        if self._paused_until > now:
            return self._paused_until - now
        return min([now + IDLE_LOOK_S, *self._backing_off.values()]) - now

    @property
    def _free(self) -> int:
        """Number of further events that may be posted now."""
        if self._paused_until > self._runtime.clock.monotonic():
            return 0
        # After a failure one event at a time is the half-open trial; the others wait for its success.
        return max((1 if self._tries.outage else QUEUES) - len(self._busy), 0)

    def _submit_look(self, *, post: bool = True) -> None:
        """Submit the step that stores what was accepted, and with `post` reads what may be posted, where there is
        a need for it.

        One step for both: no later event of a queue is posted before the acceptance of the earlier one is stored.
        """
        now = self._runtime.clock.monotonic()
        self._backing_off = {queue: until for queue, until in self._backing_off.items() if until > now}
        free, accepted = self._free if post else 0, self._accepted
        if not free and not accepted:
            return
        self._accepted = []
        # Trials rotate among the events: after as many as have failed there is one that has not.
        limit = free + (self._tries.failing if self._tries.outage else 0) if free else 0
        ended = {delivery.event.queue for delivery in accepted}
        idle = {*self._busy, *self._backing_off} - ended
        self._looks += 1
        work = partial(_store_and_look, accepted=accepted, limit=limit, idle=idle, now=self._runtime.now())
        self._under_way.append(_Look(self._looks, accepted, limit, self._runtime.submit(work)))

    async def _outcome(self) -> list[Outgoing]:
        """Return the events that the oldest look has found, and that may still be posted."""
        look = self._under_way[0]
        try:
            events = await self._runtime.outcome(asyncio.shield(look.found))
        except asyncio.CancelledError:
            # The step goes on, and `finish` waits for it.
            raise
        except BaseException as error:
            self._under_way.popleft()
            if isinstance(error, JournalUnavailableError):
                # Kept. An event that was answered is not posted again because the journal fails.
                self._accepted[:0] = look.accepted
            raise
        self._under_way.popleft()
        self._logged = False
        self._full = 0 < look.limit <= len(events)
        for delivery in look.accepted:
            faultpoint("delivered.committed")
            event = delivery.event
            self._runtime.log.info(
                LogCode.EVENT_DELIVERED,
                officer=event.officer,
                directive=event.directive_id,
                event_type=event.event_type,
            )
        # An earlier look may have found the same events. What became of them is stored after this look at the
        # earliest, by one that is under way or to come, so their queues are not idle yet.
        unstored = chain(self._accepted, *(later.accepted for later in self._under_way))
        accepted = {delivery.event.queue for delivery in unstored}
        return [
            event
            for event in events
            if event.queue not in self._busy
            and event.queue not in self._backing_off
            and event.queue not in accepted
        ]

    def _log_failed_look(self, error: JournalUnavailableError) -> None:
        if not self._accepted:
            if not isinstance(error, JournalLostError):
                self._runtime.log.error(LogCode.OUTBOX_NOT_READ, error=str(error))
        elif not self._logged:
            event_type = self._accepted[0].event.event_type
            self._runtime.log.error(LogCode.DELIVERY_NOT_STORED, event_type=event_type, error=str(error))
            self._logged = True

    def _done(self, queue: Queue, task: asyncio.Task[bool]) -> None:
        if self._busy.get(queue) is task:
            del self._busy[queue]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._runtime.log.error(LogCode.DELIVERY_FAILED, error=repr(error))
            self._back_off(queue, UNEXPECTED_BACKOFF_S)
        elif not task.cancelled() and task.result():
            # Accepted: stored in its time (`_posted`).
            return
        self._runtime.delivery_wake_up.set()

    async def _deliver(self, event: Outgoing, look: int) -> bool:
        """Post the event, which that look into the outbox has found. Return True where the Director accepts it."""
        answer = await self._director.post(event.body, event.key)
        faultpoint("post.answered")
        if isinstance(answer, Posted):
            self._posted(event, answer, look)
            return True
        await self._failed(event, answer)
        return False

    async def _store(self, event: Outgoing, work: Callable[[Journal], None]) -> None:
        """Store that an event was refused, and retry until it is stored.

        An event that was answered is not posted again because the journal fails. Its queue stays busy, so that no
        more than QUEUES events are posted meanwhile.
        """
        logged = False
        while True:
            try:
                await self._runtime.step(work)
                return
            except JournalUnavailableError as error:
                if not logged:
                    self._runtime.log.error(
                        LogCode.DELIVERY_NOT_STORED, event_type=event.event_type, error=str(error)
                    )
                logged = True
            await self._runtime.clock.sleep(JOURNAL_RETRY_S)

    def _posted(self, event: Outgoing, answer: Posted, look: int) -> None:
        # A later look may have passed over an event of the queue.
        awaited = bool(self._tries.outage) or self._full or event.followed or look != self._looks
        if self._tries.outage:
            self._runtime.log.info(LogCode.DELIVERY_RECOVERED, failures=self._tries.outage)
        self._tries.taken(event.id)
        self._paused_until = 0.0
        self._runtime.circuit_open = False
        self._accepted.append(Delivery(event, answer.event_id))
        del self._busy[event.queue]
        if awaited or not self._linger_s:
            self._runtime.delivery_wake_up.set()
        else:
            asyncio.get_running_loop().call_later(self._linger_s, self._runtime.delivery_wake_up.set)

    async def _failed(self, event: Outgoing, failure: Failed) -> None:
        self._runtime.figures.post_failed(failure.kind)
        # Several queues that fail together are one failure.
        together = self._paused_until > self._runtime.clock.monotonic()
        decision = self._tries.failed(
            event.id, event.queue, failure, refusals=event.refusals, together=together
        )
        log = self._runtime.log.bind(
            event_type=event.event_type,
            directive=event.directive_id,
            kind=failure.kind,
            detail=failure.detail,
        )
        now = self._runtime.now()
        match decision:
            case PauseAll():
                first = self._tries.outage == 1 and not together
                log.repeated(LogCode.DELIVERY_PAUSED, first=first, wait_s=decision.after_s)
                self._paused_until = self._runtime.clock.monotonic() + decision.after_s
                # The circuit stays open while the network is down.
                self._runtime.circuit_open = self._runtime.circuit_open or decision.circuit_open
            case Retry(refused=False):
                log.warning(LogCode.EVENT_NOT_TAKEN, wait_s=decision.after_s)
                self._back_off(event.queue, decision.after_s)
            case Retry():
                log.warning(LogCode.EVENT_REFUSED, wait_s=decision.after_s)
                await self._store(event, lambda journal: journal.count_refusal(event, failure.detail, now))
                self._back_off(event.queue, decision.after_s)
            case SetAside():
                log.error(LogCode.EVENT_SET_ASIDE)
                await self._store(event, lambda journal: journal.set_refused(event, failure.detail, now))

    def _back_off(self, queue: Queue, seconds: float) -> None:
        self._backing_off[queue] = self._runtime.clock.monotonic() + seconds


def _store_and_look(
    journal: Journal, *, accepted: list[Delivery], limit: int, idle: Collection[Queue], now: datetime
) -> list[Outgoing]:
    if accepted:
        journal.set_delivered(accepted, now)
    return journal.due(limit, idle) if limit else []
