"""Dispatch worker: sends commands that the journal has committed to the terminals."""

import asyncio

from bridge.core.settings import OfficerSettings
from bridge.faultpoint import faultpoint
from bridge.journal.database.errors import JournalLostError, JournalUnavailableError
from bridge.journal.steps.dispatch import Work
from bridge.log_codes import LogCode
from bridge.sidecar.link_worker import LinkWorker
from bridge.sidecar.runtime import Runtime

LOOK_S = 0.5
"""Seconds between checks of expiry and open outcomes when nothing wakes the worker."""
IDLE_LOOK_S = 5.0
"""The same where nothing waits for its time. Whatever changes that wakes the worker."""


class Dispatcher:
    """Sends commands for all officers. It never waits for a terminal, so that none delays another."""

    def __init__(self, runtime: Runtime, links: LinkWorker) -> None:
        self._runtime = runtime
        self._links = links
        self._begun: dict[str, list[asyncio.Future[Work]]] = {
            officer.id: [] for officer in runtime.settings.officers
        }
        """By officer, the steps that were submitted behind steps of other workers."""
        self._ask_from = dict.fromkeys(self._begun, 0.0)
        """By officer, the time from which open outcomes are asked for again, on the monotonic clock."""

    async def run(self) -> None:
        """Dispatch until cancelled."""
        begin_otherwise, self._runtime.begin_dispatch = self._runtime.begin_dispatch, self._begin
        try:
            await self._work()
        finally:
            # Nothing is dispatched that this worker would not send.
            self._runtime.begin_dispatch = begin_otherwise

    async def _work(self) -> None:
        while True:
            self._runtime.progress.expect("dispatch", self._runtime.clock.monotonic(), IDLE_LOOK_S)
            await self._store_stops()
            idle = not self._runtime.stops_waiting or bool(self._runtime.journal_lost)
            for officer in self._runtime.settings.officers:
                try:
                    idle &= await self._dispatch(officer)
                except JournalLostError:
                    # Logged once; nothing will be stored before a restart.
                    break
                except JournalUnavailableError as error:
                    self._runtime.log.error(LogCode.DISPATCH_NOT_STORED, officer=officer.id, error=str(error))
                    idle = False
            await self._runtime.dispatch_wake_up.wait(self._runtime.clock, IDLE_LOOK_S if idle else LOOK_S)

    async def _store_stops(self) -> None:
        """Store the halts and flattens that are in force in memory only, where no other step has done it."""
        try:
            await self._runtime.store_stops()
        except JournalLostError:
            pass  # logged once
        except JournalUnavailableError as error:
            self._runtime.log.error(LogCode.STOPS_NOT_STORED, error=str(error))

    def _begin(self, officer: str) -> None:
        """Submit the officer's step now, so that it shares the commit of the step before it."""
        self._begun[officer].append(self._submit(officer))
        self._runtime.dispatch_wake_up.set()

    def _submit(self, officer: str) -> asyncio.Future[Work]:
        gate = self._links.gate(officer)
        now, uncertainty = self._runtime.now(), self._runtime.uncertainty
        return self._runtime.submit(
            lambda journal: journal.advance(officer, gate, now, uncertainty=uncertainty)
        )

    async def _dispatch(self, officer: OfficerSettings) -> bool:
        """Send what may go now. Return True where nothing of the officer waits for its time."""
        begun = self._begun[officer.id]
        if not begun:
            begun.append(self._submit(officer.id))
        idle = True
        while begun:
            # One that fails leaves the others for the next turn: they may have dispatched commands.
            idle = await self._send(officer, begun.pop(0))
        return idle

    async def _send(self, officer: OfficerSettings, submitted: asyncio.Future[Work]) -> bool:
        """Send what a step allows. Return True where nothing of the officer waits for its time."""
        try:
            work = await self._runtime.outcome(submitted)
        except JournalUnavailableError:
            raise
        except Exception as error:
            # An error of the bridge itself. This officer's step left nothing behind; the other officers go on.
            await self._failed(officer.id, error)
            return False
        self._runtime.dispatch_trouble.pop(officer.id, None)
        if work.more:
            self._runtime.dispatch_wake_up.set()
        faultpoint("dispatch.committed")
        if work.idle:
            return True
        for inquiry in work.inquiries:
            await self._links.inquire(officer.id, inquiry)
        for command in work.commands:
            # A command that does not leave is reconciled by the next session.
            sent = await self._links.send(officer.id, command.epoch, command)
            self._runtime.log.info(
                LogCode.COMMAND_SENT if sent else LogCode.COMMAND_NOT_SENT,
                officer=officer.id,
                client_order_id=command.order.client_order_id,
                kind=command.order.kind,
                symbol=command.order.symbol,
                volume=str(command.order.volume),
                attempt=command.attempt,
            )
            faultpoint("dispatch.sent")
        await self._ask(officer.id)
        return False

    async def _ask(self, officer: str) -> None:
        """Ask for open outcomes that are due, where some time is over since the last look at them."""
        now = self._runtime.clock.monotonic()
        if now < self._ask_from[officer]:
            return
        self._ask_from[officer] = now + LOOK_S
        await self._links.status_request(officer)

    async def _failed(self, officer: str, error: Exception) -> None:
        """Report once, in the log and to the Director, that nothing is sent, expired or closed for this officer."""
        known = officer in self._runtime.dispatch_trouble
        self._runtime.dispatch_trouble[officer] = f"{type(error).__name__}: {error}"
        if known:
            return
        self._runtime.log.error(LogCode.DISPATCH_FAILED, officer=officer, exc_info=error)
        now, subject = self._runtime.now(), f"dispatch:{self._runtime.occurrence_id()}"
        message = f"internal error, and nothing is sent: {self._runtime.dispatch_trouble[officer]}"
        await self._runtime.step(
            lambda journal: journal.emit_trouble(officer, "INTERNAL", message, subject, now)
        )
