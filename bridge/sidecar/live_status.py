"""Present state of the running sidecar, as far as the journal does not have it."""

from decimal import Decimal

import msgspec

from bridge import __version__
from bridge.core.director.contract import utc_text
from bridge.core.link.messages import TerminalHeartbeat
from bridge.core.link.session import Counters, Session, Sessions
from bridge.core.trade.dispatch import blocked
from bridge.core.units.clock import Clock
from bridge.journal.tables.halts import Halt
from bridge.sidecar.deliverer import Deliverer
from bridge.sidecar.link_worker import LinkWorker
from bridge.sidecar.runtime import PollNote, Runtime


class LiveTerminal(msgspec.Struct, frozen=True, kw_only=True):
    """State of the terminal in its last heartbeat. Money is in account currency."""

    broker_connected: bool
    trade_allowed: bool
    trade_forbidden_by: str
    """Setting to change; empty while trading is allowed."""
    balance: Decimal
    equity: Decimal
    margin: Decimal
    ping_ms: float
    """Round trip to the broker."""
    timer_max_ms: float
    """Longest timer call of the terminal's program since the previous heartbeat."""


class LiveSession(msgspec.Struct, frozen=True, kw_only=True):
    """Session of a terminal."""

    epoch: int
    instance_id: str
    ready: bool
    """Its first scan is in the journal."""
    alive: bool
    """A message came within three heartbeats, or a synchronous send is under way."""
    silent_s: float
    busy: bool
    """A synchronous send is under way."""
    reports_waiting: int
    """Reports received and not in the journal yet."""
    heartbeat: LiveTerminal | None
    """None before the first one."""


class LiveOfficer(msgspec.Struct, frozen=True, kw_only=True):
    """State of one officer: its terminal and its polls."""

    officer: str
    session: LiveSession | None
    blocked: str
    """Reason for which nothing may be dispatched, other than a quarantine; empty where something may."""
    poll_interval_s: float
    poll: PollNote | None
    """None before the first poll has ended."""
    dispatch_trouble: str
    """Internal error on which its dispatch fails; empty while it works."""
    refusal: str = ""
    """Reason for which the journal refused its terminal, such as another account; empty where it did not."""
    refusal_remedy: str = ""
    unanswered_challenges: int = 0
    """Hellos in a row after which a terminal went away at the sidecar's proof: its link key is another one."""


class LiveDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """Delivery to the Director."""

    in_flight: int
    paused_s: float
    """Seconds for which nothing is posted from now on; 0 while delivery goes on."""
    failures: int
    """Failures in a row that were the Director's or the network's."""
    circuit_open: bool
    """The Director refuses every request until an operator acts."""


class LiveStatus(msgspec.Struct, frozen=True, kw_only=True):
    """State of the whole sidecar. Times are UTC, durations in seconds."""

    version: str
    pid: int
    started_at: str
    now: str
    opens_paused: list[str]
    """Reasons for which nothing is opened for any officer; empty while something may be."""
    journal_trouble: str
    """Reason for which the last write to the journal failed; empty where it worked."""
    journal_remedy: str = ""
    """Remedy for that; empty where it worked, and of a sidecar before this field."""
    journal_lost: str
    """Finding about the journal's files, with its remedy; empty while they are where they were."""
    journal_waits_s: float
    """Seconds for which a step has waited for another program's lock on the journal; 0 while none waits."""
    stops_not_stored: list[Halt]
    """Halts that are in force in this process and not in the journal yet."""
    delivery: LiveDelivery
    link: Counters
    """Messages that came over the link and were dropped, since the start."""
    officers: list[LiveOfficer]
    alert_trouble: str = ""
    """Reason for which alerts cannot be sent; empty while they can be, and without [alerts]."""
    link_endpoint: str = ""
    """Address at which terminals connect; empty of a sidecar before this field."""


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
