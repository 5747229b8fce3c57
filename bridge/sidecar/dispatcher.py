"""Dispatch worker: sends commands that the journal has committed to the terminals."""

from bridge.core.settings import OfficerSettings
from bridge.faultpoint import faultpoint
from bridge.journal.database.errors import JournalLostError, JournalUnavailableError
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

    async def run(self) -> None:
        """Dispatch until cancelled."""
        while True:
            self._runtime.progress.expect("dispatch", self._runtime.clock.monotonic(), IDLE_LOOK_S)
            await self._store_stops()
            idle = not self._runtime.stops_waiting
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
        except JournalUnavailableError as error:
            self._runtime.log.error(LogCode.STOPS_NOT_STORED, error=str(error))

    async def _dispatch(self, officer: OfficerSettings) -> bool:
        """Send what may go now. Return True where nothing of the officer waits for its time."""
        gate = self._links.gate(officer.id)
        now, uncertainty = self._runtime.now(), self._runtime.uncertainty
        try:
            work = await self._runtime.step(
                lambda journal: journal.advance(officer.id, gate, now, uncertainty=uncertainty)
            )
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
        await self._links.status_request(officer.id)
        return False

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
