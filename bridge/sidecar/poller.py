"""Poll worker of one officer: ask the Director, journal its directives, wait."""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Final

from bridge.core.director.contract import utc_text
from bridge.core.director.delivery import next_poll
from bridge.core.director.listing import BatchError
from bridge.core.director.poll import Item, ListReader
from bridge.core.director.responses import Failed, FailureKind, Polled
from bridge.core.settings import OfficerSettings, SilentDirector
from bridge.core.trade.precedence import in_order
from bridge.faultpoint import faultpoint
from bridge.journal.database.errors import JournalUnavailableError
from bridge.log_codes import LogCode
from bridge.sidecar.live_status import PollNote
from bridge.sidecar.ports import Director
from bridge.sidecar.runtime import Runtime

INTAKE_ITEMS: Final = 64
"""Most directives in one step, so that a long list does not keep the journal from other workers: about 0.1 s."""
SHORT_BODY: Final = 2_048
"""Most characters of a list that is read at once: within a few milliseconds."""
SHORT_ITEMS: Final = 16
"""Most directives in a step that shares its commit with others, which wait for it."""


class Poller:
    """Polls for one officer until cancelled."""

    def __init__(self, runtime: Runtime, director: Director, officer: OfficerSettings) -> None:
        self._runtime = runtime
        self._director = director
        self._officer = officer.id
        self._settings = officer
        self._risk_limits = officer.risk_limits
        self._silent_since: float | None = None
        """Time at which polls began to fail, monotonic; None while they work."""
        self._silence_handled = False
        self._silence = ""
        """Id of the present silence."""
        self._log = runtime.log.bind(officer=officer.id)
        self._failures = 0
        self._incomplete = False
        """True while the Director's list goes on elsewhere."""
        self._listed = False
        """True once a whole list of the Director is in the journal."""
        self._reader = ListReader()
        self._left: deque[list[Item]] = deque()
        """Portions of what was listed that are not in the journal yet. Each is one step."""

    async def run(self) -> None:
        """Poll until cancelled."""
        worker = f"polls of {self._officer}"
        while True:
            clock = self._runtime.clock
            self._runtime.progress.expect(
                worker, clock.monotonic(), self._runtime.settings.director.timeout_s
            )
            failure = await self._poll()
            # What is left was listed an interval ago: a close may be listed by now.
            interval_s = 0.0 if self._left else self._runtime.poll_interval_s(self._officer)
            wait = next_poll(
                failure, interval_s=interval_s, failures=self._failures, uniform=self._runtime.uniform
            )
            self._failures = self._failures + 1 if failure is not None else 0
            await self._watch_silence(failing=failure is not None)
            self._runtime.polls[self._officer] = PollNote(
                at=utc_text(self._runtime.now()),
                failure="" if failure is None else f"{failure.kind}: {failure.detail}",
                failures=self._failures,
                kind=None if failure is None else failure.kind,
                failing_s=self._silent_s(),
            )
            self._runtime.progress.expect(worker, clock.monotonic(), wait)
            await clock.sleep(wait)

    async def _watch_silence(self, *, failing: bool) -> None:
        """Cancel pending orders when the Director is silent for too long and the configuration asks for it.

        A Director that cannot be reached cannot cancel them itself.
        """
        monotonic = self._runtime.clock.monotonic()
        if not failing:
            self._silent_since, self._silence_handled = None, False
            return
        if self._silent_since is None:
            self._silent_since, self._silence = monotonic, self._runtime.occurrence_id()
        silent_s = self._silent_s()
        if (
            self._silence_handled
            or self._risk_limits.silent_director is SilentDirector.KEEP
            or silent_s < self._risk_limits.silent_director_after_s
        ):
            return
        now, why = (
            self._runtime.now(),
            f"the Director could not be reached for more than {self._risk_limits.silent_director_after_s:g} s",
        )
        nonce = self._silence
        try:
            await self._runtime.step(
                lambda journal: journal.cancel_pending(self._officer, now, nonce=nonce, why=why)
            )
        except JournalUnavailableError as error:
            self._log.error(LogCode.PENDING_ORDERS_NOT_CANCELLED, error=str(error))
            return
        self._silence_handled = True
        self._log.warning(LogCode.PENDING_ORDERS_CANCELLED, reason=why)
        self._runtime.dispatch_wake_up.set()

    def _silent_s(self) -> float:
        return 0.0 if self._silent_since is None else self._runtime.clock.monotonic() - self._silent_since

    async def _poll(self) -> Failed | None:
        clock, figures = self._runtime.clock, self._runtime.figures
        began = clock.monotonic()
        answer = await self._director.poll(self._officer)
        figures.polled(self._officer, clock.monotonic() - began)
        faultpoint("poll.answered")
        if isinstance(answer, Polled) and answer.date is not None:
            self._runtime.watch.confirm(answer.date, clock.now(), clock.monotonic())
        answered = clock.monotonic()
        failure = await self._read(answer) if isinstance(answer, Polled) else answer
        # Where the Director has no answer, all that is left is stored.
        most_s = self._runtime.poll_interval_s(self._officer) if failure is None else math.inf
        unstored = await self._take(answered, most_s)
        failure = failure or unstored
        if failure is None and not self._left:
            self._listed = True
        if failure is not None:
            figures.poll_failed(self._officer, failure.kind)
            self._log.repeated(
                LogCode.POLL_FAILED, first=self._failures == 0, kind=failure.kind, detail=failure.detail
            )
        elif self._failures:
            self._log.info(LogCode.POLL_RECOVERED, failures=self._failures)
        return failure

    async def _read(self, answer: Polled) -> Failed | None:
        """Put what is newly listed behind what is left, in the order in which it is stored."""
        read = partial(self._portions, answer.body, self._runtime.now())
        try:
            # In a thread: a long list must not delay the terminals' heartbeats.
            self._left, more = await asyncio.to_thread(read) if len(answer.body) > SHORT_BODY else read()
        except BatchError as error:
            return Failed(FailureKind.MALFORMED, 200, str(error))
        if more and not self._incomplete:
            self._log.warning(LogCode.LIST_INCOMPLETE, field=more)
        self._incomplete = bool(more)
        return None

    def _portions(self, body: str, now: datetime) -> tuple[deque[list[Item]], str]:
        """Return them in portions, and the field by which the Director's list goes on elsewhere."""
        batch = self._reader.read(body)
        items = [*chain.from_iterable(self._left), *batch]
        portions = deque(
            part[start : start + INTAKE_ITEMS]
            for part in in_order(items, self._settings, now)
            for start in range(0, len(part), INTAKE_ITEMS)
        )
        return portions, batch.more

    async def _take(self, answered: float, most_s: float) -> Failed | None:
        """Store what is left, for so long after the answer at most: then a close may be listed that goes first."""
        clock, took = self._runtime.clock, bool(self._left)
        while self._left:
            failure = await self._journal(self._left.popleft())
            if failure is not None:
                # None of these is in the journal, and nothing is lost: the Director lists them again.
                self._left.clear()
                self._reader.forget()
                return failure
            if clock.monotonic() - answered >= most_s:
                break
        if took:
            self._runtime.figures.taken_in(self._officer, clock.monotonic() - answered)
        return None

    async def _journal(self, items: Sequence[Item]) -> Failed | None:
        now, uncertainty, first = self._runtime.now(), self._runtime.uncertainty, not self._listed
        try:
            taken = await self._runtime.step(
                lambda journal: journal.intake(
                    self._officer, items, now, first_listing=first, uncertainty=uncertainty
                ),
                alone=len(items) > SHORT_ITEMS,
                # What is new is dispatched and reported by steps that share the commit.
                followers=(
                    partial(self._runtime.begin_dispatch, self._officer),
                    self._runtime.begin_delivery,
                ),
            )
        except JournalUnavailableError as error:
            return Failed(FailureKind.NETWORK, None, str(error))
        if taken.new or taken.rejected or taken.changed:
            self._log.info(
                LogCode.DIRECTIVES_RECEIVED, new=taken.new, rejected=taken.rejected, changed=taken.changed
            )
            for directive_id, fields in taken.ignored:
                self._log.info(LogCode.FIELDS_IGNORED, directive=directive_id, fields=list(fields))
        return None
