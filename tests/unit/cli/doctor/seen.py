"""Observations of an installation in which everything is as it must be, to be broken one by one."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from bridge import __version__
from bridge.cli.doctor.examination import examine
from bridge.cli.doctor.finding import Finding, Level
from bridge.cli.doctor.observed import (
    Certificate,
    JournalSeen,
    Key,
    Observed,
    OfficerSeen,
    Poll,
    Port,
    PortState,
    SymbolSeen,
)
from bridge.config import Config
from bridge.core.director.contract import OrderType, utc_text
from bridge.core.link.reports import SymbolReport
from bridge.core.settings import DirectorSettings, OfficerSettings, RiskLimits, Settings
from bridge.core.units.broker_time import Offset
from bridge.journal.database.backup_note import BackupNote
from bridge.journal.views.status import OfficerStatus
from bridge.status.command_lines import CommandLines
from bridge.status.look import Look
from tests.unit.status import samples
from tests.unit.status.samples import BEAT, NOW, OFFICER

SHIPPED = "ExecutionOfficer 1.00"
TERMS = SymbolReport(
    asked="EURUSD",
    name="EURUSD",
    volume_min=Decimal("0.01"),
    volume_max=Decimal(100),
    volume_step=Decimal("0.01"),
    order_types=list(OrderType),
)
SESSION = replace(samples.SESSION, heartbeat=BEAT)
LIVE_OFFICER = replace(samples.OFFICER_STATUS, session=SESSION)
LIVE = replace(
    samples.LIVE,
    version=__version__,
    started_at=utc_text(NOW - timedelta(hours=2)),
    officers=[LIVE_OFFICER],
    link_endpoint="tcp://127.0.0.1:5760",
)
BOUND = OfficerStatus(
    officer=OFFICER,
    login=501,
    server="Broker-Demo",
    trade_mode="DEMO",
    margin_mode="RETAIL_HEDGING",
    currency="USD",
    program=SHIPPED,
)
JOURNAL = replace(samples.EMPTY, officers=[BOUND])
CONFIG = Config(
    source=Path("bridge.toml"),
    settings=Settings(
        director=DirectorSettings(url="https://director.example.com", api_key_env="KEY"),
        officers=[OfficerSettings(id=OFFICER, risk_limits=RiskLimits(allowed_symbols=["EURUSD"]))],
    ),
    journal=Path("journal.db"),
    api_key_file=None,
    page_key_file=None,
)
WELL = Observed(
    now=NOW,
    config=CONFIG,
    config_changed_at=NOW - timedelta(hours=3),
    lines=CommandLines(windows=False),
    windows=False,
    api_key=Key(place="the environment variable KEY"),
    link_keys={OFFICER: Key(place="eo-001.linkkey")},
    polls=[Poll(officer=OFFICER, took_s=0.02, ahead_s=0.4)],
    certificate=Certificate(expires=NOW + timedelta(days=60)),
    link=Port(state=PortState.UNSEEN),
    control=None,
    journal=JournalSeen(
        bytes=1_000_000,
        free_bytes=50_000_000_000,
        begun_at=NOW - timedelta(days=100),
        backup=BackupNote(file="backup.db", bytes=1_000_000, at=NOW - timedelta(days=1)),
    ),
    look=Look(sidecar=LIVE, journal=JOURNAL),
    officers={
        OFFICER: OfficerSeen(
            officer=OFFICER,
            offset=Offset(NOW - timedelta(days=3), 7200, NOW),
            symbols=[SymbolSeen(asked="EURUSD", report=TERMS, seen_at=utc_text(NOW))],
        )
    },
    shipped=SHIPPED,
)


def live(**changes: object) -> Observed:
    """The well observations with another state of the sidecar."""
    return replace(WELL, look=replace(WELL.look, sidecar=replace(LIVE, **changes)))


def live_officer(**changes: object) -> Observed:
    """The well observations with another state of the officer in the sidecar."""
    return live(officers=[replace(LIVE_OFFICER, **changes)])


def beat(**changes: object) -> Observed:
    """The well observations with another heartbeat."""
    return live_officer(session=replace(SESSION, heartbeat=replace(BEAT, **changes)))


def journal(**changes: object) -> Observed:
    """The well observations with another content of the journal."""
    return replace(WELL, look=replace(WELL.look, journal=replace(JOURNAL, **changes)))


def bound(**changes: object) -> Observed:
    """The well observations with another row of the officer in the journal."""
    return journal(officers=[replace(BOUND, **changes)])


def file(**changes: object) -> Observed:
    """The well observations with another file of the journal."""
    return replace(WELL, journal=replace(WELL.journal, **changes))


def symbol(**changes: object) -> Observed:
    """The well observations with another answer about the symbol."""
    seen = SymbolSeen(asked="EURUSD", report=replace(TERMS, **changes), seen_at=utc_text(NOW))
    return replace(WELL, officers={OFFICER: replace(WELL.officers[OFFICER], symbols=[seen])})


def stopped() -> Observed:
    """The well observations while no sidecar runs."""
    return replace(
        WELL,
        look=Look(nobody="there is no control file", journal=JOURNAL),
        link=Port(state=PortState.FREE),
    )


def not_ok(observed: Observed) -> list[Finding]:
    """Return the findings that are not ok."""
    return [each for each in examine(observed) if each.level is not Level.OK]
