"""Table `positions`: the lot that one command has in one position."""

import json
import sqlite3
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from bridge.core.trade.position_states import PositionState
from bridge.core.trade.records import PositionRecord
from bridge.core.units.mt5_terms import Side
from bridge.journal.database.sql import column_list, replace, words
from bridge.journal.database.words import member
from bridge.journal.tables.values import (
    ACCOUNT_COLUMNS,
    OF_ACCOUNT,
    Account,
    amount,
    decimal,
    milliseconds,
    moment_of_ms,
    total,
)

TABLE: Final = "positions"
COLUMNS: Final = (
    *ACCOUNT_COLUMNS,
    "identifier",
    "client_order_id",
    "directive_id",
    "symbol",
    "side",
    "state",
    "volume_in",
    "volume_out",
    "price_open",
    "price_close",
    "stop_loss",
    "take_profit",
    "levels_seen",
    "commission",
    "swap",
    "profit",
    "fee",
    "opened_ms",
    "closed_ms",
    "close_reason",
    "volume_reopened",
    "volume_corrected",
    "corrected_server_ms",
    "former_symbol",
)

_SELECT: Final = f"SELECT {column_list(COLUMNS)} FROM positions"
_OPEN: Final = f"state IN ({words([PositionState.OPEN, PositionState.SHOWN])})"
"""Condition of the partial index of open lots, word by word: SQLite compares the texts."""
_OLDEST_FIRST: Final = (
    # With the + SQLite uses the index of the position: for a plain min() it walks the account's deals in order.
    "opened_at, identifier, (SELECT min(+a.deal_ticket) FROM allocations a WHERE +a.officer = positions.officer"
    " AND +a.server = positions.server AND +a.login = positions.login AND a.position_id = positions.identifier"
    " AND a.client_order_id = positions.client_order_id), client_order_id"
)
"""Order of lots. Of those that one moment opened, the first is that of the first deal."""


def _record(row: sqlite3.Row) -> PositionRecord:
    return PositionRecord(
        identifier=row["identifier"],
        officer=row["officer"],
        directive_id=row["directive_id"],
        client_order_id=row["client_order_id"],
        symbol=row["symbol"],
        side=member(Side, TABLE, "side", row["side"]),
        state=member(PositionState, TABLE, "state", row["state"]),
        volume_in=Decimal(row["volume_in"]),
        volume_out=Decimal(row["volume_out"]),
        price_open=decimal(row["price_open"]),
        price_close=decimal(row["price_close"]),
        stop_loss=decimal(row["stop_loss"]),
        take_profit=decimal(row["take_profit"]),
        levels_seen=row["levels_seen"],
        commission=Decimal(row["commission"]),
        swap=Decimal(row["swap"]),
        profit=Decimal(row["profit"]),
        fee=Decimal(row["fee"]),
        opened_at=moment_of_ms(row["opened_ms"]),
        closed_at=moment_of_ms(row["closed_ms"]),
        close_reason=row["close_reason"],
        volume_reopened=Decimal(row["volume_reopened"]),
        volume_corrected=Decimal(row["volume_corrected"]),
        corrected_server_ms=row["corrected_server_ms"],
        former_symbol=row["former_symbol"],
    )


def lots_in(connection: sqlite3.Connection, account: Account, identifier: int) -> list[PositionRecord]:
    """Return the lots that our commands have, or had, in the position; oldest first."""
    rows = connection.execute(
        f"{_SELECT} WHERE {OF_ACCOUNT} AND identifier = :identifier ORDER BY {_OLDEST_FIRST}",
        {**account.parameters, "identifier": identifier},
    )
    return [_record(row) for row in rows]


def with_lot_of(connection: sqlite3.Connection, account: Account, client_order_id: int) -> list[int]:
    """Return the identifiers of the positions in which the command has, or had, a lot."""
    rows = connection.execute(
        f"SELECT identifier FROM positions WHERE {OF_ACCOUNT} AND client_order_id = :client_order_id"
        " ORDER BY identifier",
        {**account.parameters, "client_order_id": client_order_id},
    )
    return [row["identifier"] for row in rows]


def lots_known(
    connection: sqlite3.Connection, account: Account, identifiers: Iterable[int]
) -> list[PositionRecord]:
    """Return the open lots of the account, and those that it ever had in these positions; oldest first."""
    rows = connection.execute(
        # One look-up for each position: with the OR alone SQLite walks all lots that the account ever had.
        f"{_SELECT} WHERE {OF_ACCOUNT} AND identifier IN"
        f" (SELECT identifier FROM positions WHERE {OF_ACCOUNT} AND {_OPEN}"
        " UNION SELECT value FROM json_each(:identifiers))"
        f" AND ({_OPEN} OR identifier IN (SELECT value FROM json_each(:identifiers))) ORDER BY {_OLDEST_FIRST}",
        {**account.parameters, "identifiers": json.dumps(list(identifiers))},
    )
    return [_record(row) for row in rows]


def open_lots(connection: sqlite3.Connection, account: Account) -> list[PositionRecord]:
    """Return the open lots of the account, oldest first, with those that only the broker shows so far."""
    rows = connection.execute(
        f"{_SELECT} WHERE {OF_ACCOUNT} AND {_OPEN} ORDER BY {_OLDEST_FIRST}",
        account.parameters,
    )
    return [_record(row) for row in rows]


def save(connection: sqlite3.Connection, account: Account, record: PositionRecord) -> None:
    """Store the lot, new or known."""
    connection.execute(
        replace(TABLE, COLUMNS),
        {
            **account.parameters,
            "identifier": record.identifier,
            "client_order_id": record.client_order_id,
            "directive_id": record.directive_id,
            "symbol": record.symbol,
            "side": record.side,
            "state": record.state,
            "volume_in": total(record.volume_in),
            "volume_out": total(record.volume_out),
            "price_open": amount(record.price_open),
            "price_close": amount(record.price_close),
            "stop_loss": amount(record.stop_loss),
            "take_profit": amount(record.take_profit),
            "levels_seen": record.levels_seen,
            "commission": total(record.commission),
            "swap": total(record.swap),
            "profit": total(record.profit),
            "fee": total(record.fee),
            "opened_ms": milliseconds(record.opened_at),
            "closed_ms": milliseconds(record.closed_at),
            "close_reason": record.close_reason,
            "volume_reopened": total(record.volume_reopened),
            "volume_corrected": total(record.volume_corrected),
            "corrected_server_ms": record.corrected_server_ms,
            "former_symbol": record.former_symbol,
        },
    )


def delete(connection: sqlite3.Connection, account: Account, record: PositionRecord) -> None:
    """Delete the lot: no deal of it was ever known."""
    connection.execute(
        f"DELETE FROM positions WHERE {OF_ACCOUNT} AND identifier = :identifier"
        " AND client_order_id = :client_order_id",
        {
            **account.parameters,
            "identifier": record.identifier,
            "client_order_id": record.client_order_id,
        },
    )


def count_open(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of open lots by officer."""
    rows = connection.execute(
        "SELECT officer, count(*) AS lots FROM positions"
        f" WHERE {_OPEN} AND state = {words([PositionState.OPEN])} GROUP BY officer"
    )
    return {row["officer"]: row["lots"] for row in rows}


def symbols(connection: sqlite3.Connection, officer: str) -> set[str]:
    """Return the broker's symbols in which the officer has, or had, a lot."""
    rows = connection.execute(
        "SELECT DISTINCT symbol FROM positions WHERE officer = :officer", {"officer": officer}
    )
    return {row["symbol"] for row in rows}
