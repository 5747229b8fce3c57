"""Delivery worker: posts events to the Director, in order per directive, a few directives at a time."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial

from bridge.core.director.delivery import PauseAll, Retry, SetAside, Tries
from bridge.core.director.responses import Failed, Posted
from bridge.faultpoint import faultpoint
from bridge.journal.database.errors import JournalLostError, JournalUnavailableError
from bridge.journal.journal import Journal
from bridge.journal.tables.events import Delivery, Outgoing
from bridge.log_codes import LogCode
from bridge.sidecar.ports import Director
from bridge.sidecar.runtime import Runtime

QUEUES = 8
"""Most queues from which events are posted at a time."""
LOOK_S = 1.0
"""Seconds until the next look into an outbox that could not be read."""
IDLE_LOOK_S = 10.0
"""Seconds between looks otherwise. Every step that creates events wakes the worker."""
UNEXPECTED_BACKOFF_S = 5.0
"""Back-off of a queue after an unexpected error of the bridge itself."""
JOURNAL_RETRY_S = 1.0
"""Seconds between attempts to store a delivery result."""

Queue = tuple[str, str | None]
"""Officer and directive; None for events without a directive."""


class Deliverer:
    """Posts events until cancelled."""

    def __init__(self, runtime: Runtime, director: Director) -> None:
        self._runtime = runtime
        self._director = director
        self._busy: dict[Queue, asyncio.Task[None]] = {}
        self._backing_off: dict[Queue, float] = {}
        """Time up to which a queue is left alone, on the monotonic clock."""
        self._paused_until = 0.0
        self._tries = Tries(runtime.uniform)
        self._accepted: list[tuple[Delivery, asyncio.Future[None]]] = []
        """Deliveries that are not stored yet, with the future of each."""
        self._storing: asyncio.Task[None] | None = None

    @property
    def in_flight(self) -> int:
        """Number of events that are being posted."""
        return len(self._busy)

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
        while True:
            now = self._runtime.clock.monotonic()
            self._backing_off = {queue: until for queue, until in self._backing_off.items() if until > now}
            if self._paused_until > now:
                wait = self._paused_until - now
            elif await self._start():
                wait = min([now + IDLE_LOOK_S, *self._backing_off.values()]) - now
            else:
                wait = LOOK_S
            await self._runtime.delivery_wake_up.wait(self._runtime.clock, wait)

    async def finish(self, at_most_s: float) -> None:
        """Wait for the posts in flight. The events of longer ones are posted again after the next start."""
        tasks = list(self._busy.values())
        if tasks:
            await asyncio.wait(tasks, timeout=at_most_s)
        if self._storing is not None:
            tasks.append(self._storing)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _start(self) -> bool:
        """Begin to post what may be posted now. Return False where the outbox could not be read."""
        # After a failure one event at a time is the half-open trial; the others wait for its success.
        trial = self._tries.outage > 0
        free = (1 if trial else QUEUES) - len(self._busy)
        if free <= 0:
            return True
        # Trials rotate among the events: after as many as have failed there is one that has not.
        look = free + (self._tries.failing if trial else 0)
        idle = {*self._busy, *self._backing_off}
        try:
            events = await self._runtime.step(lambda journal: journal.due(look, idle))
        except JournalLostError:
            return False
        except JournalUnavailableError as error:
            self._runtime.log.error(LogCode.OUTBOX_NOT_READ, error=str(error))
            return False
        for event in sorted(events, key=lambda event: self._tries.turn(event.id))[:free]:
            task = asyncio.create_task(self._deliver(event))
            self._busy[event.queue] = task
            task.add_done_callback(partial(self._done, event.queue))
        return True

    def _done(self, queue: Queue, task: asyncio.Task[None]) -> None:
        del self._busy[queue]
        self._runtime.delivery_wake_up.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._runtime.log.error(LogCode.DELIVERY_FAILED, error=repr(error))
            self._back_off(queue, UNEXPECTED_BACKOFF_S)

    async def _deliver(self, event: Outgoing) -> None:
        answer = await self._director.post(event.body, event.key)
        faultpoint("post.answered")
        if isinstance(answer, Posted):
            await self._posted(event, answer)
        else:
            await self._failed(event, answer)

    async def _store(self, event: Outgoing, work: Callable[[Journal], None]) -> None:
        """Store an event's delivery result, and retry until it is stored.

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

    async def _store_delivery(self, delivery: Delivery) -> None:
        """Return once the delivery is stored. Those that are accepted while one is stored follow in one commit."""
        stored = asyncio.get_running_loop().create_future()
        self._accepted.append((delivery, stored))
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_accepted())
        await stored

    async def _store_accepted(self) -> None:
        try:
            while self._accepted:
                accepted, self._accepted = self._accepted, []
                deliveries, now = [delivery for delivery, _ in accepted], self._runtime.now()
                try:
                    work = partial(_set_delivered, deliveries=deliveries, now=now)
                    await self._store(deliveries[0].event, work)
                except Exception as error:
                    _complete(accepted, error)
                else:
                    _complete(accepted, None)
        finally:
            self._storing = None

    async def _posted(self, event: Outgoing, answer: Posted) -> None:
        if self._tries.outage:
            self._runtime.log.info(LogCode.DELIVERY_RECOVERED, failures=self._tries.outage)
        self._tries.taken(event.id)
        self._paused_until = 0.0
        self._runtime.circuit_open = False
        await self._store_delivery(Delivery(event, answer.event_id))
        faultpoint("delivered.committed")
        self._runtime.log.info(
            LogCode.EVENT_DELIVERED,
            officer=event.officer,
            directive=event.directive_id,
            event_type=event.event_type,
        )

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


def _complete(accepted: list[tuple[Delivery, asyncio.Future[None]]], error: Exception | None) -> None:
    """Let the tasks of the events go on. Those that were cancelled meanwhile do not wait any more."""
    for _, stored in accepted:
        if stored.done():
            continue
        if error is None:
            stored.set_result(None)
        else:
            stored.set_exception(error)


def _set_delivered(journal: Journal, *, deliveries: list[Delivery], now: datetime) -> None:
    journal.set_delivered(deliveries, now)
