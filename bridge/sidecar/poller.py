"""Poll worker of one officer: ask the Director, journal its directives, wait."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from bridge.core.director.contract import utc_text
from bridge.core.director.delivery import next_poll
from bridge.core.director.listing import BatchError
from bridge.core.director.poll import Item, read_batch
from bridge.core.director.responses import Failed, FailureKind, Polled
from bridge.core.settings import OfficerSettings, SilentDirector
from bridge.core.trade.precedence import sendable_first
from bridge.faultpoint import faultpoint
from bridge.journal.database.errors import JournalUnavailableError
from bridge.log_codes import LogCode
from bridge.sidecar.live_status import PollNote
from bridge.sidecar.ports import Director
from bridge.sidecar.runtime import Runtime

INTAKE_ITEMS: Final = 500
"""Most directives in one step, so that a long list does not keep the journal from other workers."""
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

    async def run(self) -> None:
        """Poll until cancelled."""
        worker = f"polls of {self._officer}"
        while True:
            clock = self._runtime.clock
            self._runtime.progress.expect(
                worker, clock.monotonic(), self._runtime.settings.director.timeout_s
            )
            failure = await self._poll()
            wait = next_poll(
                failure,
                interval_s=self._runtime.poll_interval_s(self._officer),
                failures=self._failures,
                uniform=self._runtime.uniform,
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
        failure = await self._take(answer) if isinstance(answer, Polled) else answer
        if failure is not None:
            figures.poll_failed(self._officer, failure.kind)
            self._log.repeated(
                LogCode.POLL_FAILED, first=self._failures == 0, kind=failure.kind, detail=failure.detail
            )
        elif self._failures:
            self._log.info(LogCode.POLL_RECOVERED, failures=self._failures)
        return failure

    async def _take(self, answer: Polled) -> Failed | None:
        clock = self._runtime.clock
        answered = clock.monotonic()
        try:
            if len(answer.body) > SHORT_BODY:
                # In a thread: a long list must not delay the terminals' heartbeats.
                items = await asyncio.to_thread(read_batch, answer.body)
            else:
                items = read_batch(answer.body)
        except BatchError as error:
            return Failed(FailureKind.MALFORMED, 200, str(error))
        for part in sendable_first(items, self._settings, self._runtime.now()):
            for start in range(0, len(part), INTAKE_ITEMS):
                failure = await self._journal(part[start : start + INTAKE_ITEMS])
                if failure is not None:
                    return failure
        if items.more and not self._incomplete:
            self._log.warning(LogCode.LIST_INCOMPLETE, field=items.more)
        self._incomplete = bool(items.more)
        if items:
            self._runtime.figures.taken_in(self._officer, clock.monotonic() - answered)
        self._listed = True
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
            # None of these is in the journal, and nothing is lost: the Director lists them again.
            return Failed(FailureKind.NETWORK, None, str(error))
        if taken.new or taken.rejected or taken.changed:
            self._log.info(
                LogCode.DIRECTIVES_RECEIVED, new=taken.new, rejected=taken.rejected, changed=taken.changed
            )
            for directive_id, fields in taken.ignored:
                self._log.info(LogCode.FIELDS_IGNORED, directive=directive_id, fields=list(fields))
        return None
