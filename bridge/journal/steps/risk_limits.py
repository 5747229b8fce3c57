"""The officer's risk limits, checked against the journal just before a command goes out."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bridge.core.link.messages import CommandKind
from bridge.core.settings import OfficerSettings, RiskLimits
from bridge.core.trade import risk_limits, transitions
from bridge.core.trade.dispatch import Gate
from bridge.core.trade.records import CommandRecord
from bridge.core.trade.risk_limits import Exposure, Funds
from bridge.core.units import broker_time
from bridge.core.units.broker_time import Offset
from bridge.core.units.clock import utc_of_ms
from bridge.core.units.decimals import ZERO
from bridge.journal.steps.sessions import offsets
from bridge.journal.steps.step import Step
from bridge.journal.tables import clock_offsets, commands, equity_days, officers, positions
from bridge.journal.tables.values import Account

RECENT: Final = timedelta(minutes=1)
"""Period of the limit on orders per minute."""


class RiskCheck:
    """One step's check of opens. It counts the opens that the step itself has let through."""

    def __init__(self, step: Step, settings: OfficerSettings, gate: Gate, known: Sequence[Offset]) -> None:
        self._step = step
        self._settings = settings
        self._set = settings.risk_limits != RiskLimits()
        self._funds = _funds(step, settings.risk_limits, gate, known)

    def __call__(self, command: CommandRecord) -> bool:
        """Return True where the command may go out. One that may not is ended and rejected."""
        if not self._set or command.order.kind is not CommandKind.OPEN:
            return True
        exposure = self._exposure(command)
        problem = risk_limits.forbidden(command.order, self._settings, exposure, self._funds, self._step.now)
        if problem is None:
            return True
        ended = transitions.abandon(command, self._step.now, code=problem.code, message=problem.message)
        self._step.apply_outcome(ended, command)
        return False

    def _exposure(self, command: CommandRecord) -> Exposure:
        step, symbol = self._step, command.order.symbol
        lots = positions.open_lots(step.connection, step.account)
        opening = commands.volumes_opening(step.connection, step.officer)
        quantity = sum((lot.volume for lot in lots if lot.symbol == symbol), ZERO)
        quantity += sum((volume for each, volume in opening if each == symbol), ZERO)
        recent = commands.count_recent_opens(
            step.connection,
            step.officer,
            without=command.client_order_id,
            # A clock that is set back by seconds loosens no limit; a stamp that is an hour ahead does not count.
            since=step.now - RECENT,
            until=step.now + RECENT,
            withdrawn="WITHDRAWN",
        )
        return Exposure(
            positions=len({lot.identifier for lot in lots}) + len(opening),
            symbol_quantity=quantity,
            recent_orders=recent,
        )


def follow_equity(limits: RiskLimits) -> bool:
    """Return True where the equity of each broker day is stored: its first, and its highest."""
    return limits.max_daily_loss is not None or limits.max_drawdown_percent is not None


def is_new_equity(
    connection: sqlite3.Connection, officer: str, limits: RiskLimits, gate: Gate | None, now: datetime
) -> bool:
    """Return True where the equity must be stored: first of its broker day, or the highest of it. Reads only."""
    equity = _measured(limits, gate)
    known = None if equity is None else officers.load(connection, officer)
    if equity is None or known is None:
        return False
    day = _broker_day(now, clock_offsets.load(connection, officer, known.server))
    today = equity_days.load(connection, known.account, day)
    return today is None or today.peak < equity


def note_equity(step: Step, limits: RiskLimits, gate: Gate | None) -> None:
    """Store the first and the highest equity of the broker's day, with or without work to do.

    A loss counts from the beginning of the day, not from its first order.
    """
    equity = _measured(limits, gate)
    if equity is not None and is_new_equity(step.connection, step.officer, limits, gate, step.now):
        equity_days.save_peak(step.connection, step.account, _broker_day(step.now, offsets(step)), equity)


def funds(
    connection: sqlite3.Connection,
    officer: str,
    limits: RiskLimits,
    equity: Decimal,
    margin: Decimal,
    now: datetime,
) -> Funds | None:
    """Return the funds that the limits are measured by; None where no limit needs them. Reads only."""
    known = officers.load(connection, officer)
    if known is None or not _needs_funds(limits):
        return None
    day = _broker_day(now, clock_offsets.load(connection, officer, known.server))
    return _measured_funds(connection, known.account, day, equity, margin)


def _measured_funds(
    connection: sqlite3.Connection, account: Account, day: str, equity: Decimal, margin: Decimal
) -> Funds:
    today = equity_days.load(connection, account, day)
    return Funds(
        equity=equity,
        margin=margin,
        day_opening=today.opening if today else equity,
        peak=max([equity, *equity_days.peaks(connection, account)]),
    )


def _needs_funds(limits: RiskLimits) -> bool:
    needed = (limits.max_daily_loss, limits.max_drawdown_percent, limits.min_margin_level_percent)
    return any(limit is not None for limit in needed)


def _measured(limits: RiskLimits, gate: Gate | None) -> Decimal | None:
    """Return the equity to store; None where no limit needs it, or where the terminal may not know it."""
    if not follow_equity(limits) or gate is None or gate.equity is None:
        return None
    if not gate.alive or not gate.broker_connected:
        return None
    # A day that began with 0 would never show a loss.
    return gate.equity if gate.equity > 0 else None


def _funds(step: Step, limits: RiskLimits, gate: Gate, known: Sequence[Offset]) -> Funds | None:
    """Return the funds of the account; None where no limit needs them, or the equity is not known."""
    if not _needs_funds(limits) or gate.equity is None:
        return None
    return _measured_funds(
        step.connection, step.account, _broker_day(step.now, known), gate.equity, gate.margin
    )


def _broker_day(now: datetime, known: Sequence[Offset]) -> str:
    """Return the date of the broker's calendar, YYYY-MM-DD."""
    return utc_of_ms(broker_time.to_server_ms(now, known)).date().isoformat()
