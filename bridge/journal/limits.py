"""The officer's limits, asked of the journal just before a command goes out."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bridge.core import brokertime, folding, guards
from bridge.core.amounts import ZERO
from bridge.core.brokertime import Offset
from bridge.core.contract import utc_text
from bridge.core.dispatch import Gate
from bridge.core.guards import Exposure, Funds
from bridge.core.protocol import CommandKind
from bridge.core.records import CommandRecord
from bridge.core.settings import GuardSettings, OfficerSettings
from bridge.journal import holdings
from bridge.journal.step import Step

_UNDER_WAY = "('DISPATCHED', 'SUBMITTED', 'UNCERTAIN', 'UNKNOWN', 'PLACED', 'PARTIAL')"


class Limits:
    """One step's look at what may be opened. It counts what the step itself has let through."""

    def __init__(self, step: Step, settings: OfficerSettings, gate: Gate, known: Sequence[Offset]) -> None:
        self._step = step
        self._settings = settings
        self._set = settings.guards != GuardSettings()
        self._funds = _funds(step, settings.guards, gate, known)

    def __call__(self, command: CommandRecord) -> bool:
        """Whether the command may go out. One that may not is over, and told as rejected."""
        if not self._set or command.order.kind is not CommandKind.OPEN:
            return True
        exposure = self._exposure(command)
        problem = guards.forbidden(command.order, self._settings, exposure, self._funds, self._step.now)
        if problem is None:
            return True
        ended = folding.abandon(command, self._step.now, code=problem.code, message=problem.message)
        self._step.apply(ended, command)
        return False

    def _exposure(self, command: CommandRecord) -> Exposure:
        step = self._step
        held = holdings.open_positions(step.connection, step.account)
        # The columns are text, so that no digit is lost: summed here.
        under_way = step.connection.execute(
            "SELECT symbol, volume, filled FROM commands WHERE officer = ? AND kind = 'OPEN'"  # noqa: S608
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
            "SELECT count(*) FROM dispatches d JOIN commands c USING (token)"
            " WHERE c.officer = ? AND c.kind = 'OPEN' AND d.dispatched_at > ?",
            (step.officer, utc_text(step.now - timedelta(minutes=1))),
        ).fetchone()
        positions = len({part.identifier for part in held}) + len(under_way)
        return Exposure(positions=positions, symbol_quantity=quantity, recent_orders=int(recent))


def _funds(step: Step, limits: GuardSettings, gate: Gate, known: Sequence[Offset]) -> Funds | None:
    """How the account stands, where a limit asks for it. The day and the peak are kept in the journal."""
    asked = (limits.max_daily_loss, limits.max_drawdown_percent, limits.min_margin_level_percent)
    if all(limit is None for limit in asked) or not gate.equity:
        return None
    server_ms = brokertime.to_server_ms(step.now, known)
    day = datetime.fromtimestamp(server_ms / 1000, UTC).date().isoformat()
    rows = step.connection.execute(
        "SELECT day, opening, peak FROM equity_days WHERE officer = ? AND server = ? AND login = ?",
        step.account.key,
    ).fetchall()
    today = next((row for row in rows if row["day"] == day), None)
    opening = Decimal(today["opening"]) if today else gate.equity
    peak = max([gate.equity, *(Decimal(row["peak"]) for row in rows)])
    if today is None or Decimal(today["peak"]) < gate.equity:
        step.connection.execute(
            "INSERT INTO equity_days (officer, server, login, day, opening, peak) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (officer, server, login, day) DO UPDATE SET peak = excluded.peak",
            (*step.account.key, day, format(opening, "f"), format(gate.equity, "f")),
        )
    return Funds(equity=gate.equity, margin=gate.margin, day_opening=opening, peak=peak)
