"""Status of a journal and of a sidecar in which everything is as it must be, to be changed by a test."""

from datetime import UTC, datetime
from decimal import Decimal

from msgspec.structs import replace

from bridge.core.director.contract import utc_text
from bridge.core.link.session import Counters
from bridge.journal.views.status import JournalStatus, OfficerStatus
from bridge.sidecar.live_status import LiveDelivery, LiveOfficer, LiveSession, LiveStatus, LiveTerminal

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
OFFICER = "eo-001"
EMPTY = JournalStatus(
    officers=[],
    halts=[],
    positions=[],
    orders=[],
    unresolved=[],
    waiting_for_market=[],
    mismatches=[],
    unclosable=[],
)
JOURNAL = replace(EMPTY, officers=[OfficerStatus(officer=OFFICER)])
BEAT = LiveTerminal(
    broker_connected=True,
    trade_allowed=True,
    trade_forbidden_by="",
    balance=Decimal(1000),
    equity=Decimal(1000),
    margin=Decimal(0),
    ping_ms=31.0,
    timer_max_ms=1.0,
)
SESSION = LiveSession(
    epoch=1,
    instance_id="b0" * 16,
    ready=True,
    alive=True,
    silent_s=0,
    busy=False,
    reports_waiting=0,
    heartbeat=None,
)
OFFICER_STATUS = LiveOfficer(
    officer=OFFICER, session=SESSION, blocked="", poll_interval_s=5, poll=None, dispatch_trouble=""
)
DELIVERY = LiveDelivery(in_flight=0, paused_s=0, failures=0, circuit_open=False)
LIVE = LiveStatus(
    version="1",
    pid=1,
    started_at=utc_text(NOW),
    now=utc_text(NOW),
    opens_paused=[],
    journal_trouble="",
    journal_remedy="",
    journal_lost="",
    journal_waits_s=0,
    stops_not_stored=[],
    delivery=DELIVERY,
    link=Counters(),
    officers=[OFFICER_STATUS],
)
