"""A journal on a real file, with the inputs of the Director, the terminal, the sidecar and the clock."""

import json
import sqlite3
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from bridge.core.director.contract import OrderType
from bridge.core.director.poll import read_batch
from bridge.core.link.messages import (
    PROTOCOL_MAX,
    PROTOCOL_MIN,
    AccountIdentity,
    Command,
    Hello,
    LedgerIdentity,
    Order,
    Prove,
    StatusRequest,
)
from bridge.core.link.reports import AnyReport, SymbolReport, encode_report
from bridge.core.settings import DirectorSettings, LinkSettings, OfficerSettings, RiskLimits, Settings
from bridge.core.trade.dispatch import Gate
from bridge.core.units.clock_trust import ClockUncertainty
from bridge.core.units.mt5_terms import MarginMode, TradeMode
from bridge.journal.database import audit, file
from bridge.journal.journal import Journal
from bridge.journal.steps.apply_reports import Applied
from bridge.journal.steps.dispatch import Work
from bridge.journal.steps.intake import Taken
from bridge.journal.steps.sessions import NotOpened, Opened
from bridge.journal.tables.events import Outgoing

OFFICER: Final = "eo-001"
OTHER: Final = "eo-002"
PREFIX: Final = 0xAB
NOW: Final = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
OFFSET_S: Final = 7200
"""The broker's clock is two hours ahead of UTC."""
OPEN_S: Final = 3600.0
"""Seconds for which the journal has been open when a test begins."""
INSTANCE_ID: Final = "b0" * 16
LEDGER: Final = "1e" * 16
OTHER_LEDGER: Final = "2e" * 16
ACCOUNT: Final = AccountIdentity(
    login=501,
    server="Broker-Demo",
    margin_mode=MarginMode.RETAIL_HEDGING,
    trade_mode=TradeMode.DEMO,
    currency="USD",
)


def settings(
    *,
    extra_fields: bool = True,
    allow_real: bool = False,
    link: LinkSettings | None = None,
    risk_limits: RiskLimits | None = None,
    symbols: dict[str, str] | None = None,
    opens_wait_for_market: bool = False,
) -> Settings:
    """Two officers; everything else as it is by default."""
    return Settings(
        director=DirectorSettings(url="http://127.0.0.1:1", extra_fields=extra_fields),
        officers=[
            OfficerSettings(
                id=OFFICER,
                order_id_prefix=PREFIX,
                allow_real=allow_real,
                risk_limits=risk_limits or RiskLimits(),
                symbols=symbols or {},
                opens_wait_for_market=opens_wait_for_market,
            ),
            OfficerSettings(id=OTHER, order_id_prefix=PREFIX + 1),
        ],
        link=link or LinkSettings(),
    )


def directive(directive_id: object = "dir-1", **changes: object) -> str:
    """One opening directive as the Director writes it; None leaves a field out."""
    fields: dict[str, object] = {
        "directive_id": directive_id,
        "symbol": "EURUSD",
        "action": "OPEN_LONG",
        "order_type": "MARKET",
        "quantity": 0.3,
        "stop_loss": 1.09,
        "take_profit": 1.11,
        "issued_at": "2026-01-05T10:00:00Z",
        "expires_at": "2026-01-05T10:05:00Z",
    }
    return json.dumps({name: value for name, value in (fields | changes).items() if value is not None})


def closing(directive_id: str = "dir-close", **changes: object) -> str:
    """One directive that closes all in its symbol."""
    plain: Mapping[str, object] = {
        "action": "CLOSE",
        "quantity": None,
        "stop_loss": None,
        "take_profit": None,
    }
    return directive(directive_id, **{**plain, **changes})


def limit(directive_id: str = "dir-limit", **changes: object) -> str:
    """One directive that orders to buy below the market."""
    plain: Mapping[str, object] = {"order_type": "LIMIT", "price": 1.08, "stop_loss": 1.07}
    return directive(directive_id, **{**plain, **changes})


def cancel(directive_id: str, target: str | None = None, **changes: object) -> str:
    """One directive that cancels what another ordered, or all in its symbol."""
    return closing(directive_id, action="CANCEL", target_directive_id=target, **changes)


def modify(directive_id: str, target: str | None = None, **changes: object) -> str:
    """One directive that changes what another opened or ordered, or all in its symbol."""
    return closing(directive_id, action="MODIFY", target_directive_id=target, **changes)


def server_ms(moment: datetime = NOW) -> int:
    """The broker's clock at a moment."""
    return int(moment.timestamp() + OFFSET_S) * 1000


def terms(symbol: str, **changes: object) -> SymbolReport:
    """A symbol of five digits that takes hundredths of a lot, but for the changes."""
    report = SymbolReport(
        asked=symbol,
        name=symbol,
        digits=5,
        point=Decimal("0.00001"),
        tick_size=Decimal("0.00001"),
        volume_min=Decimal("0.01"),
        volume_max=Decimal(100),
        volume_step=Decimal("0.01"),
        order_types=list(OrderType),
    )
    return msgspec.structs.replace(report, **changes)


@cache
def _empty_journal() -> bytes:
    """Return the content of a new journal. A copy costs a test less than the migrations do."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        file.create(path)
        return path.read_bytes()


class JournalBench:
    """The journal of two officers. Time does not pass by itself."""

    def __init__(self, path: Path, settings: Settings, *, new: bool = True) -> None:
        self.path = path
        self.settings = settings
        self.now = NOW
        self.monotonic_s = 0.0
        """The sidecar's monotonic clock; `later` moves it with the wall clock."""
        self.uncertainty: ClockUncertainty | None = None
        """Possible error of `now`; None while the clock is trusted."""
        self.epoch = 0
        self.officer = OFFICER
        """Officer whose terminal joins, reports and gets commands."""
        self._seq = 0
        if new:
            path.touch(mode=0o600, exist_ok=False)
            path.write_bytes(_empty_journal())
        self.open()
        # It has been open for a while: what is issued now cannot have been carried out before.
        self.monotonic_s += OPEN_S

    def open(self) -> None:
        """Open the journal, as after a start."""
        self.connection = file.open_writer(self.path)
        self.journal = Journal(self.connection, self.settings, monotonic=lambda: self.monotonic_s)

    def close(self) -> None:
        """Close the journal, as at a stop."""
        self.connection.close()

    def later(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.now += timedelta(seconds=seconds)
        self.monotonic_s += max(seconds, 0)

    # The Director

    def take(self, *items: str, officer: str = OFFICER, first_listing: bool = False) -> Taken:
        """Store the items of a poll."""
        batch = read_batch(f'{{"directives": [{", ".join(items)}]}}')
        return self.journal.intake(
            officer, batch, self.now, first_listing=first_listing, uncertainty=self.uncertainty
        )

    def due(self, limit: int = 100, busy: frozenset[tuple[str, str | None]] = frozenset()) -> list[Outgoing]:
        """Return the events that may be posted now."""
        return self.journal.due(limit, busy)

    # The terminal

    def try_join(
        self,
        *,
        account: AccountIdentity = ACCOUNT,
        ledger: LedgerIdentity | None = None,
        instance_id: str = INSTANCE_ID,
        measured_ms: int | None = None,
        officer: str | None = None,
    ) -> Opened | NotOpened:
        """Ask for an epoch, as an authenticated terminal does."""
        officer = officer or self.officer
        hello = Hello(
            min_version=PROTOCOL_MIN,
            max_version=PROTOCOL_MAX,
            officer=officer,
            instance_id=instance_id,
            nonce="00" * 32,
        )
        prove = Prove(
            proof="00" * 32,
            account=account,
            ledger=ledger or LedgerIdentity(id=LEDGER, mark=0),
            program="bench 1",
            server_ms=server_ms(self.now) if measured_ms is None else measured_ms,
        )
        return self.journal.open_epoch(officer, hello, prove, self.now, uncertainty=self.uncertainty)

    def join(
        self,
        *,
        ledger: LedgerIdentity | None = None,
        instance_id: str = INSTANCE_ID,
        account: AccountIdentity = ACCOUNT,
        measured_ms: int | None = None,
    ) -> Opened:
        """Open an epoch for the terminal."""
        opened = self.try_join(
            ledger=ledger, instance_id=instance_id, account=account, measured_ms=measured_ms
        )
        assert isinstance(opened, Opened), opened
        self.epoch, self._seq = opened.epoch, 0
        return opened

    def report(self, *reports: AnyReport) -> Applied:
        """Let the terminal send these reports in one batch."""
        return self.report_raw(*(encode_report(report) for report in reports))

    def report_raw(self, *raws: bytes) -> Applied:
        """Let the terminal send these texts in one batch."""
        numbered = list(enumerate(raws, start=self._seq + 1))
        self._seq += len(raws)
        return self.journal.apply_reports(
            self.officer, self.epoch, numbered, self.now, uncertainty=self.uncertainty
        )

    # The sidecar

    def gate(self, **changes: object) -> Gate:
        """Return a gate that allows everything, but for the changes."""
        good = Gate(
            epoch=self.epoch,
            instance_id=INSTANCE_ID,
            ready=True,
            alive=True,
            broker_connected=True,
            trade_allowed=True,
            clock_ms=1000,
        )
        return msgspec.structs.replace(good, **changes)

    def look(self, **changes: object) -> Work:
        """Advance once; inquiries are not answered."""
        return self.journal.advance(
            self.officer, self.gate(**changes), self.now, uncertainty=self.uncertainty
        )

    def advance(self, **changes: object) -> list[Command]:
        """Return the commands that may be sent now. The terminal knows every symbol that it is asked for."""
        work = self.look(**changes)
        if work.inquiries:
            # Numbered apart, so that what a test reports keeps its own numbers.
            answers = [(0, encode_report(terms(inquiry.symbol))) for inquiry in work.inquiries]
            self.journal.apply_reports(
                self.officer, self.epoch, answers, self.now, uncertainty=self.uncertainty
            )
            return [*work.commands, *self.advance(**changes)]
        return work.commands

    def sent(self, *items: str) -> list[Command]:
        """Store these directives, and return the commands that may be sent."""
        self.take(*items)
        return self.advance()

    def planned(self, *items: str) -> None:
        """Store and plan these directives; no open is sent."""
        self.take(*items)
        assert self.advance(opens_paused=True) == []

    def request_status(self, *, first: bool = False, **changes: object) -> list[StatusRequest]:
        """Return the status requests for unresolved commands."""
        return self.journal.request_status(
            self.officer, self.gate(**changes), self.now, first=first, uncertainty=self.uncertainty
        )

    # Content of the file

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query as plain tuples."""
        return [tuple(row) for row in self.connection.execute(query, values)]

    def emitted(self, directive_id: str | None = "dir-1") -> list[str]:
        """Return the types of a directive's events, in order."""
        found = self.rows("SELECT event_type FROM events WHERE directive_id IS ? ORDER BY id", directive_id)
        return [row[0] for row in found]

    def bodies(self, event_type: str) -> list[dict[str, Any]]:
        """Return the bodies of all events of one type, in order."""
        found = self.rows("SELECT body FROM events WHERE event_type = ? ORDER BY id", event_type)
        return [json.loads(row[0]) for row in found]

    def directive_state(self, directive_id: str = "dir-1") -> str:
        [(state,)] = self.rows("SELECT state FROM directives WHERE directive_id = ?", directive_id)
        assert isinstance(state, str)
        return state

    def command_state(self, client_order_id: int) -> str:
        [(state,)] = self.rows("SELECT state FROM commands WHERE client_order_id = ?", client_order_id)
        assert isinstance(state, str)
        return state

    def order(self, directive_id: str = "dir-1", number: int = 1) -> Order:
        """Return the order of the directive's command."""
        [(body,)] = self.rows(
            "SELECT body FROM commands WHERE directive_id = ? AND number = ?", directive_id, number
        )
        return msgspec.json.decode(body, type=Order)

    def quarantine(self) -> str:
        [(quarantine,)] = self.rows("SELECT quarantine FROM officers WHERE officer = ?", OFFICER)
        assert isinstance(quarantine, str)
        return quarantine

    def content(self) -> list[str]:
        """Return the content of the file as SQL."""
        return list(self.connection.iterdump())

    def chain_break(self) -> str:
        """Return the first break of the audit's chain; empty where it holds."""
        return audit.first_break(self.connection)


def begun(connection: sqlite3.Connection) -> list[str]:
    """Return a list to which each later BEGIN on the connection is added."""
    seen: list[str] = []
    connection.set_trace_callback(lambda text: seen.append(text) if text.startswith("BEGIN") else None)
    return seen
