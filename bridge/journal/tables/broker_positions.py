"""Table `broker_positions`: the account's open positions as the broker shows them, ours and others'."""

import sqlite3
from typing import Final

import msgspec

from bridge.core.link.reports import PositionReport, decode_report, encode_report
from bridge.journal.database.sql import column_list, replace
from bridge.journal.tables.values import ACCOUNT_COLUMNS, OF_ACCOUNT, Account

TABLE: Final = "broker_positions"
COLUMNS: Final = (*ACCOUNT_COLUMNS, "identifier", "changed_server_ms", "body")

_SELECT: Final = f"SELECT {column_list(COLUMNS)} FROM broker_positions"


class Shown(msgspec.Struct, frozen=True):
    """Position as the broker showed it last."""

    report: PositionReport
    changed_server_ms: int = 0
    """Broker time of a later deal in it, by which its volume here is reckoned; 0: it is as it was shown."""


def _shown(row: sqlite3.Row) -> Shown:
    report = decode_report(row["body"].encode())
    if not isinstance(report, PositionReport):
        raise TypeError(f"broker_positions.body of position {row['identifier']} is no position report")
    return Shown(report, row["changed_server_ms"])


def load_all(connection: sqlite3.Connection, account: Account) -> dict[int, Shown]:
    """Return the positions by identifier."""
    rows = connection.execute(f"{_SELECT} WHERE {OF_ACCOUNT} ORDER BY identifier", account.parameters)
    return {row["identifier"]: _shown(row) for row in rows}


def load(connection: sqlite3.Connection, account: Account, identifier: int) -> Shown | None:
    """Return the position with that identifier."""
    row = connection.execute(
        f"{_SELECT} WHERE {OF_ACCOUNT} AND identifier = :identifier",
        {**account.parameters, "identifier": identifier},
    ).fetchone()
    return _shown(row) if row else None


def save(connection: sqlite3.Connection, account: Account, shown: Shown) -> None:
    """Store the position, new or known."""
    connection.execute(
        replace(TABLE, COLUMNS),
        {
            **account.parameters,
            "identifier": shown.report.identifier,
            "changed_server_ms": shown.changed_server_ms,
            "body": encode_report(shown.report).decode(),
        },
    )


def delete(connection: sqlite3.Connection, account: Account, identifier: int) -> None:
    """Delete a position that is closed."""
    connection.execute(
        f"DELETE FROM broker_positions WHERE {OF_ACCOUNT} AND identifier = :identifier",
        {**account.parameters, "identifier": identifier},
    )
