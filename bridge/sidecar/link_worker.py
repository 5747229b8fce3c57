"""Link worker: receives frames, manages sessions, journals reports and acknowledges them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

from bridge.core.link import messages
from bridge.core.link.messages import Message, RefusalCode, Welcome
from bridge.core.link.session import Sessions
from bridge.core.link.session_effects import Admit, Effect, Ended, HeartbeatReceived, Reports, Send
from bridge.core.trade.dispatch import Gate
from bridge.core.units.broker_time import OffsetWatch
from bridge.core.units.clock_trust import ClockUncertainty
from bridge.core.units.decimals import ZERO
from bridge.faultpoint import faultpoint
from bridge.journal.database.errors import JournalUnavailableError
from bridge.journal.journal import Journal
from bridge.journal.steps.apply_reports import Applied
from bridge.journal.steps.sessions import NotOpened
from bridge.log_codes import LogCode
from bridge.sidecar.clock_report import ClockReport
from bridge.sidecar.ports import TerminalLink
from bridge.sidecar.runtime import Runtime
from bridge.sidecar.scan_requests import ScanRequests
from bridge.sidecar.symbol_requests import SymbolRequests
from bridge.wake_up import WakeUp

TICK_S = 1.0
"""Most seconds between looks at the sessions. What is due sooner, such as a heartbeat, is done at its time."""
ASK_AGAIN_S = 5.0
"""Seconds before a symbol is asked for again: the terminal may have to search ten thousand symbols."""
REFUSAL_LOG_S = 60.0
"""Seconds between log records for refusals of one kind; those between are counted."""
STORE_AGAIN_S = 5.0
"""Seconds between attempts to store the loss of a terminal."""
OVERLAP_MS = 3_600_000
"""Time before the watermark at which a scan begins: history may arrive late, and broker clocks jump an hour."""


class LinkWorker:
    """Owns the sessions. Every message to a terminal is sent here."""

    def __init__(self, runtime: Runtime, link: TerminalLink, sessions: Sessions) -> None:
        self._runtime = runtime
        self._link = link
        self._sessions = sessions
        self._intake_lock = asyncio.Lock()
        """Held while messages of terminals are processed."""
        self._reports: dict[tuple[str, int], list[tuple[int, bytes]]] = {}
        self._offsets: dict[str, OffsetWatch] = {}
        self._scans = ScanRequests()
        self._symbols = SymbolRequests()
        started = runtime.clock.monotonic()
        self._caught_up = started
        """Time up to which every message of the terminals has been processed."""
        self._present = {officer.id: started for officer in runtime.settings.officers}
        """By officer, the time at which its terminal was last present."""
        self._asked: dict[tuple[str, int, str], float] = {}
        """Time of the last inquiry, by officer, epoch and symbol."""
        self._refusals: dict[tuple[str, str], tuple[float, int]] = {}
        """By code and configured officer, the time of the last log record and the number of refusals since."""
        self.not_opened: dict[str, NotOpened] = {}
        """By officer, the refusal of the last terminal that proved its key, until one is admitted."""
        self._unanswered: set[str] = set()
        """Officers whose challenges nobody answers, and the log has it."""
        self._reported_lost: set[str] = set()
        """Officers whose terminal's loss is in the journal."""
        self._unstored_loss: dict[str, float] = {}
        """By officer, the time of the last failed attempt to store its terminal's loss."""
        self._clock_report = ClockReport(runtime)
        self._tick_wake_up = WakeUp()

    @property
    def endpoint(self) -> str:
        """Address at which terminals connect."""
        return self._link.endpoint

    async def receive(self) -> None:
        """Process messages of terminals until cancelled."""
        while True:
            received = await self._link.receive()
            drained = self._runtime.clock.monotonic()
            async with self._intake_lock:
                for peer, frame in received:
                    await self._handle(self._sessions.receive(peer, frame, self._runtime.clock.monotonic()))
                await self._apply()
                self._caught_up = drained
            # While messages wait nothing above suspends: a peer that floods the link must not keep the event loop.
            await asyncio.sleep(0)

    @asynccontextmanager
    async def without_session(self, officer: str, why: str) -> AsyncIterator[None]:
        """End the officer's session, and process no messages while the body runs.

        All earlier messages of the session are in the journal then, and no later one is processed.
        """
        async with self._intake_lock:
            await self._handle(self._sessions.drop(officer, why))
            yield

    async def tick(self) -> None:
        """Send heartbeats and watch liveness until cancelled."""
        while True:
            now = self._runtime.clock.monotonic()
            # No message waits longer than a tick, even if its signal was lost.
            if not self._link.wake_receiver() and not self._intake_lock.locked():
                self._caught_up = now
            # Not `now`: a receiver that processes nothing makes no progress.
            self._runtime.progress.expect("link", self._caught_up)
            await self._handle(self._sessions.tick(now, self._caught_up))
            self._watch_challenges(now)
            await self._request_scans()
            await self._request_symbols()
            await self._watch_presence()
            await self._clock_report.look()
            await self._tick_wake_up.wait(self._runtime.clock, self._until_tick())

    def _watch_challenges(self, now: float) -> None:
        """Log once where nobody answers an officer's challenges."""
        for officer in self._runtime.settings.officers:
            count = self._sessions.unanswered(officer.id, now)
            if count and officer.id not in self._unanswered:
                self._runtime.log.warning(
                    LogCode.CHALLENGES_UNANSWERED,
                    officer=officer.id,
                    count=count,
                    remedy="compare the terminal's link key with the officer's .linkkey file",
                )
            (self._unanswered.add if count else self._unanswered.discard)(officer.id)

    def _until_tick(self) -> float:
        """Return the seconds until the next look: until what is due next."""
        now = self._runtime.clock.monotonic()
        due = min(self._sessions.next_beat, self._scans.next_after(now), self._symbols.next_after(now))
        return min(max(due - now, 0.0), TICK_S)

    def gate(self, officer: str) -> Gate | None:
        """Return the present state of the officer's terminal; None without a session."""
        session = self._sessions.session(officer)
        if session is None:
            return None
        now = self._runtime.clock.monotonic()
        beat = session.heartbeat
        return Gate(
            epoch=session.epoch,
            instance_id=session.instance_id,
            ready=session.ready,
            alive=self._sessions.alive(officer, now),
            broker_connected=beat is not None and beat.broker_connected,
            trade_allowed=beat is not None and beat.trade_allowed,
            opens_paused=self._runtime.opens_paused,
            clock_ms=session.clock_ms(now),
            equity=beat.equity if beat is not None else None,
            margin=beat.margin if beat is not None else ZERO,
        )

    async def send(self, officer: str, epoch: int, message: Message) -> bool:
        """Send to the officer's terminal if its session is still that one. Return False if nothing was sent."""
        session = self._sessions.session(officer)
        if session is None or session.epoch != epoch:
            return False
        if self._link.send(session.peer, messages.encode(message)):
            return True
        # A new session will reconcile the commands that were dispatched.
        await self._handle(self._sessions.gone(session.peer))
        return False

    async def inquire(self, officer: str, inquiry: messages.Inquire) -> None:
        """Ask the terminal for a symbol, but not again while its answer may be under way."""
        now = self._runtime.clock.monotonic()
        asked = (officer, inquiry.epoch, inquiry.symbol)
        if now - self._asked.get(asked, -ASK_AGAIN_S) < ASK_AGAIN_S:
            return
        self._asked = {key: at for key, at in self._asked.items() if now - at < ASK_AGAIN_S} | {asked: now}
        await self.send(officer, inquiry.epoch, inquiry)

    async def _request_scans(self) -> None:
        """Ask terminals for the scans that are due."""
        for officer, epoch in self._scans.take(self._runtime.clock.monotonic(), self._may_scan):
            await self.send(officer, epoch, messages.ScanRequest(epoch=epoch))

    async def _request_symbols(self) -> None:
        """Ask terminals for the configured symbols, so that the journal has them before the first directive."""
        for officer, inquiry in self._symbols.take(self._runtime.clock.monotonic(), self._may_answer):
            await self.inquire(officer, inquiry)

    def _may_answer(self, officer: str, epoch: int) -> bool:
        gate = self.gate(officer)
        return gate is not None and gate.epoch == epoch and gate.ready and gate.broker_connected

    def _may_scan(self, officer: str, epoch: int) -> bool:
        gate = self.gate(officer)
        return gate is not None and gate.epoch == epoch and gate.broker_connected

    async def end_sessions(self) -> None:
        """End all sessions with a bye, before the socket closes."""
        for officer in self._runtime.settings.officers:
            await self._handle(self._sessions.drop(officer.id, "the sidecar stops"))

    async def _handle(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send():
                    if not self._link.send(effect.peer, messages.encode(effect.message)):
                        await self._handle(self._sessions.gone(effect.peer))
                    if isinstance(effect.message, messages.Refused):
                        self._log_refusal(effect.officer, effect.message)
                case Admit():
                    # It holds a key: the limits of strangers end before its reports begin.
                    self._link.set_proved(self._sessions.proved_peers())
                    await self._apply()
                    await self._admit(effect)
                case Reports():
                    self._reports.setdefault((effect.officer, effect.epoch), []).append(
                        (effect.seq, effect.raw)
                    )
                case HeartbeatReceived():
                    await self._observe_heartbeat(effect)
                case Ended():
                    await self._store_end(effect)

    def _log_refusal(self, officer: str, refused: messages.Refused) -> None:
        """Log at most one refusal a minute for each code and officer: a peer can try as often as it likes."""
        kind, now = (refused.code, officer), self._runtime.clock.monotonic()
        since, suppressed = self._refusals.get(kind, (-REFUSAL_LOG_S, 0))
        if now - since < REFUSAL_LOG_S:
            self._refusals[kind] = since, suppressed + 1
            return
        self._refusals[kind] = now, 0
        self._runtime.log.warning(
            LogCode.TERMINAL_REFUSED,
            refusal=refused.code,
            message=refused.message,
            remedy=refused.remedy,
            suppressed=suppressed,
        )

    async def _admit(self, effect: Admit) -> None:
        officer, log = effect.officer, self._runtime.log.bind(officer=effect.officer)
        now, uncertainty = self._runtime.now(), self._runtime.uncertainty
        try:
            opened = await self._runtime.step(
                lambda journal: journal.open_epoch(
                    officer, effect.hello, effect.prove, now, uncertainty=uncertainty
                )
            )
        except JournalUnavailableError as error:
            log.error(LogCode.SESSION_NOT_OPENED, error=str(error))
            refusal = self._sessions.refuse(
                effect.peer, RefusalCode.BUSY, "the journal cannot be written", "see the sidecar's log"
            )
            await self._handle(refusal)
            return
        if isinstance(opened, NotOpened):
            self.not_opened[officer] = opened
            await self._handle(self._sessions.refuse(effect.peer, opened.code, opened.message, opened.remedy))
            return
        welcome = Welcome(
            epoch=opened.epoch,
            heartbeat_ms=int(self._runtime.settings.link.heartbeat_s * 1000),
            ledger_mark=opened.ledger_mark,
            watermark_server_ms=opened.watermark_server_ms,
            overlap_ms=OVERLAP_MS,
            max_message_bytes=messages.MAX_MESSAGE_BYTES,
            stored_epoch=opened.stored_epoch,
            stored_seq=opened.stored_seq,
        )
        monotonic = self._runtime.clock.monotonic()
        await self._handle(self._sessions.admit(effect.peer, welcome, monotonic))
        session = self._sessions.session(officer)
        if session is None or session.epoch != opened.epoch:
            # The journal took longer than a handshake may last, or another instance was faster.
            return
        self.not_opened.pop(officer, None)
        self._present[officer] = monotonic
        self._reported_lost.discard(officer)
        self._offsets[officer] = OffsetWatch(opened.offset_s)
        settings = self._runtime.settings.officer(officer)
        self._symbols.begin(officer, opened.epoch, settings.inquiries() if settings else {}, monotonic)
        if effect.prove.poll_interval_s is not None:
            self._runtime.poll_intervals[officer] = effect.prove.poll_interval_s
        log.info(
            LogCode.TERMINAL_CONNECTED,
            epoch=opened.epoch,
            account=effect.prove.account.login,
            server=effect.prove.account.server,
            program=effect.prove.program,
        )
        if opened.quarantine:
            log.error(LogCode.OFFICER_QUARANTINED, reason=opened.quarantine)
        self._runtime.delivery_wake_up.set()
        await self._request_status(officer, first=True)

    async def _request_status(self, officer: str, *, first: bool) -> None:
        gate = self.gate(officer)
        if gate is None or not (first or gate.ready):
            return
        now, uncertainty = self._runtime.now(), self._runtime.uncertainty
        try:
            requests = await self._runtime.step(
                lambda journal: journal.request_status(
                    officer, gate, now, first=first, uncertainty=uncertainty
                )
            )
        except JournalUnavailableError as error:
            self._runtime.log.error(LogCode.STATUS_NOT_REQUESTED, officer=officer, error=str(error))
            return
        for request in requests:
            await self.send(officer, gate.epoch, request)

    async def status_request(self, officer: str) -> None:
        """Ask again about commands that have been unresolved for a while."""
        await self._request_status(officer, first=False)

    async def _apply(self) -> None:
        """Store the received reports in the journal, then acknowledge them."""
        waiting, self._reports = self._reports, {}
        for (officer, epoch), reports in waiting.items():
            now, uncertainty = self._runtime.now(), self._runtime.uncertainty
            faultpoint("reports.received")
            try:
                applied = await self._runtime.step(
                    partial(_apply, officer, epoch, reports, now, uncertainty),
                    followers=(
                        partial(self._runtime.begin_dispatch, officer),
                        self._runtime.begin_delivery,
                    ),
                )
            except JournalUnavailableError as error:
                # Not stored, so not acknowledged: the terminal reconnects and repeats them.
                self._runtime.log.error(LogCode.REPORTS_NOT_STORED, officer=officer, error=str(error))
                await self._handle(self._sessions.drop(officer, "the journal cannot be written"))
                continue
            if applied.quarantined:
                self._runtime.log.error(
                    LogCode.REPORTS_QUARANTINED, officer=officer, count=applied.quarantined
                )
            if applied.scanned:
                further = applied.further_scan_after
                self._scans.note_scan(officer, epoch, further, self._runtime.clock.monotonic())
                self._tick_wake_up.set()
            for report in applied.symbols:
                self._symbols.note_answer(officer, epoch, report, self._runtime.clock.monotonic())
                self._tick_wake_up.set()
            await self._handle(self._sessions.committed(officer, epoch, applied.acked, ready=applied.scanned))
            faultpoint("reports.acknowledged")
            if applied.scanned:
                # The dispatch behind the reports has not seen that the session is ready.
                self._runtime.dispatch_wake_up.set()

    async def _observe_heartbeat(self, effect: HeartbeatReceived) -> None:
        now = self._runtime.clock.now()
        self._runtime.figures.heartbeat(effect.officer, effect.heartbeat)
        watch = self._offsets.get(effect.officer)
        if watch is None or not self._runtime.watch.trusted:
            # An untrusted clock measures nothing.
            return
        seconds = watch.observe(effect.heartbeat.server_ms, now)
        if seconds is not None:
            self._runtime.log.info(LogCode.BROKER_CLOCK_CHANGED, officer=effect.officer, seconds=seconds)
            try:
                await self._runtime.step(lambda journal: journal.note_offset(effect.officer, seconds, now))
            except JournalUnavailableError as error:
                self._runtime.log.error(
                    LogCode.BROKER_CLOCK_NOT_STORED, officer=effect.officer, error=str(error)
                )

    async def _store_end(self, effect: Ended) -> None:
        self._runtime.log.warning(
            LogCode.SESSION_ENDED, officer=effect.officer, epoch=effect.epoch, reason=effect.why
        )
        self._runtime.poll_intervals.pop(effect.officer, None)
        # Its connection is a stranger's from now on.
        self._link.set_proved(self._sessions.proved_peers())
        now = self._runtime.now()
        try:
            await self._runtime.step(
                lambda journal: journal.end_epoch(effect.officer, effect.epoch, effect.why, now)
            )
        except JournalUnavailableError as error:
            self._runtime.log.error(LogCode.SESSION_END_NOT_STORED, officer=effect.officer, error=str(error))

    async def _watch_presence(self) -> None:
        caught_up = self._caught_up
        for officer in self._present:
            session = self._sessions.session(officer)
            if session is not None:
                busy = session.busy and self._sessions.alive(officer, caught_up)
                self._present[officer] = caught_up if busy else session.last_seen
            silent = caught_up - self._present[officer]
            if silent < self._runtime.settings.link.lost_after_s:
                self._unstored_loss.pop(officer, None)
            elif officer not in self._reported_lost:
                await self._report_lost(officer, silent)

    async def _report_lost(self, officer: str, silent_s: float) -> None:
        """Report a terminal that is lost. While the journal cannot be written this is retried, and logged once."""
        monotonic = self._runtime.clock.monotonic()
        tried = self._unstored_loss.get(officer)
        if tried is not None and monotonic - tried < STORE_AGAIN_S:
            return
        try:
            await self._runtime.step(partial(_lose, officer, silent_s, self._runtime.now()))
        except JournalUnavailableError as error:
            if tried is None:
                self._runtime.log.error(LogCode.TERMINAL_LOSS_NOT_STORED, officer=officer, error=str(error))
            self._unstored_loss[officer] = monotonic
            return
        self._unstored_loss.pop(officer, None)
        self._reported_lost.add(officer)
        self._runtime.delivery_wake_up.set()


def _apply(
    officer: str,
    epoch: int,
    reports: list[tuple[int, bytes]],
    now: datetime,
    uncertainty: ClockUncertainty | None,
    journal: Journal,
) -> Applied:
    return journal.apply_reports(officer, epoch, reports, now, uncertainty=uncertainty)


def _lose(officer: str, silent_s: float, now: datetime, journal: Journal) -> None:
    journal.link_lost(officer, f"the terminal has been silent for {silent_s:.0f} s", now)
