"""The officer's limits, asked of the journal just before a command goes out."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bridge.core.director.contract import utc_text
from bridge.core.link.messages import CommandKind
from bridge.core.settings import OfficerSettings, RiskLimits
from bridge.core.trade import risk_limits, transitions
from bridge.core.trade.dispatch import Gate
from bridge.core.trade.records import CommandRecord
from bridge.core.trade.risk_limits import Exposure, Funds
from bridge.core.units import broker_time
from bridge.core.units.broker_time import Offset
from bridge.core.units.decimals import ZERO
from bridge.journal.steps import sessions
from bridge.journal.steps.step import Step
from bridge.journal.tables import holdings
from bridge.journal.tables.rows import Account

_UNDER_WAY = "('DISPATCHED', 'SUBMITTED', 'UNRESOLVED', 'UNKNOWN', 'PLACED', 'PARTIAL')"


class Limits:
    """One step's look at what may be opened. It counts what the step itself has let through."""

    def __init__(self, step: Step, settings: OfficerSettings, gate: Gate, known: Sequence[Offset]) -> None:
        self._step = step
        self._settings = settings
        self._set = settings.risk_limits != RiskLimits()
        self._funds = _funds(step, settings.risk_limits, gate, known)

    def __call__(self, command: CommandRecord) -> bool:
        """Whether the command may go out. One that may not is over, and told as rejected."""
        if not self._set or command.order.kind is not CommandKind.OPEN:
            return True
        exposure = self._exposure(command)
        problem = risk_limits.forbidden(command.order, self._settings, exposure, self._funds, self._step.now)
        if problem is None:
            return True
        ended = transitions.abandon(command, self._step.now, code=problem.code, message=problem.message)
        self._step.apply(ended, command)
        return False

    def _exposure(self, command: CommandRecord) -> Exposure:
        step = self._step
        held = holdings.open_positions(step.connection, step.account)
        # The columns are text, so that no digit is lost: summed here.
        under_way = step.connection.execute(
            "SELECT symbol, volume, filled FROM commands WHERE officer = ? AND kind = 'OPEN'"  # noqa: S608 - a constant follows
            f" AND state IN {_UNDER_WAY}",
            (step.officer,),
        ).fetchall()
        symbol = command.order.symbol
        quantity = sum((part.volume for part in held if part.symbol == symbol), ZERO)
        quantity += sum(
            (Decimal(row["volume"]) - Decimal(row["filled"]) for row in under_way if row["symbol"] == symbol),
            ZERO,
        )
        (recent,) = step.connection.execute(
            # What came back unsent waits again as PLANNED, or ended so; a broker never saw it.
            "SELECT count(*) FROM commands WHERE officer = ? AND kind = 'OPEN' AND client_order_id <> ?"
            # A clock that is put back by seconds loosens no limit; one that was an hour ahead does not count.
            " AND dispatched_at > ? AND dispatched_at < ? AND state NOT IN ('PLANNED', 'NEVER_SENT')"
            " AND NOT (state = 'CANCELLED' AND reason = 'WITHDRAWN')",
            (
                step.officer,
                command.client_order_id,
                utc_text(step.now - timedelta(minutes=1)),
                utc_text(step.now + timedelta(minutes=1)),
            ),
        ).fetchone()
        positions = len({part.identifier for part in held}) + len(under_way)
        return Exposure(positions=positions, symbol_quantity=quantity, recent_orders=int(recent))


def is_news(
    connection: sqlite3.Connection, officer: str, limits: RiskLimits, gate: Gate | None, now: datetime
) -> bool:
    """Whether the equity must be noted: its day is a new one, or it was never so high in it. Reads only."""
    equity = _measured(limits, gate)
    if equity is None:
        return False
    row = connection.execute("SELECT server, login FROM officers WHERE officer = ?", (officer,)).fetchone()
    if row is None:
        return False
    account = Account(officer, row["server"], row["login"])
    known = sessions.known_offsets(connection, officer, account.server)
    today = _day(connection, account, _date(now, known))
    return today is None or Decimal(today["peak_equity"]) < equity


def note(step: Step, limits: RiskLimits, gate: Gate | None) -> None:
    """Keep with what equity the broker's day began, and how high it has been. Whether or not there is work: a loss
    counts from the day's beginning, not from the first order."""
    equity = _measured(limits, gate)
    if equity is None or not is_news(step.connection, step.officer, limits, gate, step.now):
        return
    step.connection.execute(
        "INSERT INTO equity_days (officer, server, login, day, opening_equity, peak_equity)"
        " VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (officer, server, login, day) DO UPDATE SET peak_equity = excluded.peak_equity",
        (
            *step.account.key,
            _date(step.now, sessions.offsets(step)),
            format(equity, "f"),
            format(equity, "f"),
        ),
    )


def _measured(limits: RiskLimits, gate: Gate | None) -> Decimal | None:
    """The equity that is worth noting; None where no limit asks for it, or where the terminal may not know it."""
    asked = limits.max_daily_loss is not None or limits.max_drawdown_percent is not None
    if not asked or gate is None or not gate.alive or not gate.broker_connected or gate.equity is None:
        return None
    # A day that began with nothing would never see a loss.
    return gate.equity if gate.equity > 0 else None


def _funds(step: Step, limits: RiskLimits, gate: Gate, known: Sequence[Offset]) -> Funds | None:
    """How the account stands, where a limit asks for it. The day and the peak are kept in the journal."""
    asked = (limits.max_daily_loss, limits.max_drawdown_percent, limits.min_margin_level_percent)
    if all(limit is None for limit in asked) or gate.equity is None:
        return None
    today = _day(step.connection, step.account, _date(step.now, known))
    peaks = step.connection.execute(
        "SELECT peak_equity FROM equity_days WHERE officer = ? AND server = ? AND login = ?", step.account.key
    )
    return Funds(
        equity=gate.equity,
        margin=gate.margin,
        day_opening=Decimal(today["opening_equity"]) if today else gate.equity,
        peak=max([gate.equity, *(Decimal(row["peak_equity"]) for row in peaks)]),
    )


def _date(now: datetime, known: Sequence[Offset]) -> str:
    """The day of the broker's calendar."""
    return datetime.fromtimestamp(broker_time.to_server_ms(now, known) / 1000, UTC).date().isoformat()


def _day(connection: sqlite3.Connection, account: Account, day: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT opening_equity, peak_equity FROM equity_days"
        " WHERE officer = ? AND server = ? AND login = ? AND day = ?",
        (*account.key, day),
    ).fetchone()
    return row
