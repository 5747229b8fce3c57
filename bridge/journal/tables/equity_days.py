"""Table `equity_days`: opening and highest equity of each broker day."""

import sqlite3
from decimal import Decimal
from typing import Final

import msgspec

from bridge.journal.database.sql import column_list, insert
from bridge.journal.tables.values import ACCOUNT_COLUMNS, OF_ACCOUNT, Account, total

TABLE: Final = "equity_days"
COLUMNS: Final = (*ACCOUNT_COLUMNS, "day", "opening_equity", "peak_equity")


class EquityDay(msgspec.Struct, frozen=True):
    """Equity of one broker day, in account currency."""

    opening: Decimal
    peak: Decimal


def load(connection: sqlite3.Connection, account: Account, day: str) -> EquityDay | None:
    """Return the day (YYYY-MM-DD); None where no equity of it is known."""
    row = connection.execute(
        f"SELECT {column_list(COLUMNS)} FROM equity_days WHERE {OF_ACCOUNT} AND day = :day",
        {**account.parameters, "day": day},
    ).fetchone()
    return EquityDay(Decimal(row["opening_equity"]), Decimal(row["peak_equity"])) if row else None


def peaks(connection: sqlite3.Connection, account: Account) -> list[Decimal]:
    """Return the highest equity of each day."""
    found = connection.execute(f"SELECT peak_equity FROM equity_days WHERE {OF_ACCOUNT}", account.parameters)
    return [Decimal(row["peak_equity"]) for row in found]


def save_peak(connection: sqlite3.Connection, account: Account, day: str, equity: Decimal) -> None:
    """Store the equity as the day's peak; of a new day as its opening too."""
    connection.execute(
        f"{insert(TABLE, COLUMNS)} ON CONFLICT (officer, server, login, day)"
        " DO UPDATE SET peak_equity = excluded.peak_equity",
        {**account.parameters, "day": day, "opening_equity": total(equity), "peak_equity": total(equity)},
    )


def between(
    connection: sqlite3.Connection, officer: str | None, first: str, end: str
) -> list[tuple[str, str, EquityDay]]:
    """Return officer, day and equity from a day on until before another one; None stands for any officer."""
    rows = connection.execute(
        f"SELECT {column_list(COLUMNS)} FROM equity_days WHERE day >= :first AND day < :end"
        " AND (:officer IS NULL OR officer = :officer) ORDER BY officer, day, server, login",
        {"officer": officer, "first": first, "end": end},
    )
    return [
        (row["officer"], row["day"], EquityDay(Decimal(row["opening_equity"]), Decimal(row["peak_equity"])))
        for row in rows
    ]
