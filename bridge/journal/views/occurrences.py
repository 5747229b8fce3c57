"""Occurrences that alerts are about and `status` does not show: rejections in a row, a limit on equity, the day."""

import sqlite3
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bridge.core.director.contract import EventType
from bridge.core.director.problem import Problem
from bridge.core.settings import OfficerSettings
from bridge.core.trade.risk_limits import of_funds
from bridge.journal.steps.risk_limits import funds
from bridge.journal.tables import events

RECENT: Final = timedelta(days=1)
"""Age up to which rejections count."""
_SUCCESSES: Final = (EventType.ORDER_PLACED, EventType.ORDER_FILLED, EventType.ORDER_PARTIAL_FILL)


def rejections_in_a_row(connection: sqlite3.Connection, officer: str, now: datetime, most: int) -> int:
    """Return the number of rejections since the last order that was placed or filled, at most `most`."""
    return events.count_last_of(
        connection, officer, [EventType.ORDER_REJECTED], _SUCCESSES, now - RECENT, most
    )


def equity_limit(
    connection: sqlite3.Connection,
    officer: OfficerSettings,
    equity: Decimal,
    margin: Decimal,
    now: datetime,
) -> Problem | None:
    """Return the limit on loss, drawdown or margin level that stops opens now; None where there is none."""
    found = funds(connection, officer.id, officer.risk_limits, equity, margin, now)
    return None if found is None else of_funds(officer.risk_limits, found)


def day_of(connection: sqlite3.Connection, officer: str, since: datetime) -> str:
    """Return one line about the officer's events since a time."""
    counts = events.count_by_type(connection, officer, since)
    parts = [
        (counts.get(EventType.DIRECTIVE_RECEIVED, 0), "directives"),
        (counts.get(EventType.ORDER_FILLED, 0), "fills"),
        (counts.get(EventType.ORDER_REJECTED, 0), "rejections"),
        (counts.get(EventType.POSITION_OPENED, 0), "opened positions"),
        (counts.get(EventType.POSITION_CLOSED, 0), "closed positions"),
        (counts.get(EventType.CONNECTION_LOST, 0), "lost connections"),
        (counts.get(EventType.SYSTEM_ERROR, 0), "system errors"),
    ]
    return ", ".join(f"{what}: {count}" for count, what in parts if count) or "nothing"
