"""Present state of the running sidecar, as far as the journal does not have it.

These are the records alone: commands that show them import no worker of the sidecar.
"""

from decimal import Decimal

import msgspec

from bridge.core.director.responses import FailureKind
from bridge.core.link.session import Counters
from bridge.journal.tables.halts import Halt


class PollNote(msgspec.Struct, frozen=True, kw_only=True):
    """Result of an officer's last poll."""

    at: str
    failure: str
    """Kind and detail of the failure; empty after a poll that worked."""
    failures: int
    """Failed polls in a row."""
    kind: FailureKind | None = None
    failing_s: float = 0.0
    """Seconds since polls began to fail; 0 while they work."""


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
