"""Reader of the sidecar's present state, from its workers."""

from bridge import __version__
from bridge.core.director.contract import utc_text
from bridge.core.link.messages import TerminalHeartbeat
from bridge.core.link.session import Session, Sessions
from bridge.core.trade.dispatch import blocked
from bridge.core.units.clock import Clock
from bridge.sidecar.deliverer import Deliverer
from bridge.sidecar.link_worker import LinkWorker
from bridge.sidecar.live_status import LiveDelivery, LiveOfficer, LiveSession, LiveStatus, LiveTerminal
from bridge.sidecar.runtime import Runtime


class StatusReader:
    """Reads the state of the sidecar's workers, and changes nothing."""

    def __init__(
        self, runtime: Runtime, sessions: Sessions, links: LinkWorker, deliverer: Deliverer, *, pid: int
    ) -> None:
        self._runtime = runtime
        self._sessions = sessions
        self._links = links
        self._deliverer = deliverer
        self._pid = pid
        self.started_at = utc_text(runtime.clock.now())

    def read(self) -> LiveStatus:
        """Return the present state."""
        runtime, clock = self._runtime, self._runtime.clock
        runtime.look_at_journal()
        return LiveStatus(
            version=__version__,
            pid=self._pid,
            started_at=self.started_at,
            now=utc_text(runtime.now()),
            opens_paused=runtime.why_opens_paused,
            journal_trouble=runtime.journal_trouble,
            journal_remedy=runtime.journal_remedy,
            journal_lost=runtime.journal_lost,
            journal_waits_s=round(runtime.journal_waits_s, 1),
            stops_not_stored=[stop.halt for stop in runtime.stops_waiting],
            delivery=LiveDelivery(
                in_flight=self._deliverer.in_flight,
                paused_s=round(self._deliverer.paused_s, 1),
                failures=self._deliverer.failures,
                circuit_open=runtime.circuit_open,
            ),
            link=self._sessions.counters,
            alert_trouble=runtime.alert_trouble,
            link_endpoint=self._links.endpoint,
            officers=[self._officer(officer.id, clock) for officer in runtime.settings.officers],
        )

    def _officer(self, officer: str, clock: Clock) -> LiveOfficer:
        session = self._sessions.session(officer)
        now = clock.monotonic()
        refused = self._links.not_opened.get(officer)
        return LiveOfficer(
            officer=officer,
            session=None if session is None else _session(session, now, self._sessions.alive(officer, now)),
            blocked=blocked(self._links.gate(officer), ""),
            poll_interval_s=self._runtime.poll_interval_s(officer),
            poll=self._runtime.polls.get(officer),
            dispatch_trouble=self._runtime.dispatch_trouble.get(officer, ""),
            refusal="" if refused is None else refused.message,
            refusal_remedy="" if refused is None else refused.remedy,
            unanswered_challenges=self._sessions.unanswered(officer, now),
        )


def _session(session: Session, now: float, alive: bool) -> LiveSession:
    return LiveSession(
        epoch=session.epoch,
        instance_id=session.instance_id,
        ready=session.ready,
        alive=alive,
        silent_s=round(now - session.last_seen, 3),
        busy=session.busy,
        reports_waiting=session.seq - session.acked,
        heartbeat=None if session.heartbeat is None else _terminal(session.heartbeat),
    )


def _terminal(beat: TerminalHeartbeat) -> LiveTerminal:
    return LiveTerminal(
        broker_connected=beat.broker_connected,
        trade_allowed=beat.trade_allowed,
        trade_forbidden_by=beat.trade_forbidden_by,
        balance=beat.balance,
        equity=beat.equity,
        margin=beat.margin,
        ping_ms=beat.ping_us / 1000,
        timer_max_ms=beat.timer_max_us / 1000,
    )
