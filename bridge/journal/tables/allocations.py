"""Table `allocations`: division of each deal among the commands that it concerns."""

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from bridge.core.trade.records import Allocation
from bridge.core.units.mt5_terms import DealEntry
from bridge.journal.database.sql import column_list, insert
from bridge.journal.database.words import member
from bridge.journal.tables.values import ACCOUNT_COLUMNS, OF_ACCOUNT, Account, total

TABLE: Final = "allocations"
COLUMNS: Final = (
    *ACCOUNT_COLUMNS,
    "deal_ticket",
    "number",
    "position_id",
    "client_order_id",
    "entry",
    "volume",
    "price",
    "commission",
    "swap",
    "profit",
    "fee",
    "reopens",
)

_SELECT: Final = f"SELECT {column_list(COLUMNS)} FROM allocations"


def _record(row: sqlite3.Row) -> Allocation:
    return Allocation(
        client_order_id=row["client_order_id"],
        entry=member(DealEntry, TABLE, "entry", row["entry"]),
        volume=Decimal(row["volume"]),
        price=Decimal(row["price"]),
        commission=Decimal(row["commission"]),
        swap=Decimal(row["swap"]),
        profit=Decimal(row["profit"]),
        fee=Decimal(row["fee"]),
        reopens=bool(row["reopens"]),
    )


def of_deal(connection: sqlite3.Connection, account: Account, deal_ticket: int) -> list[Allocation]:
    """Return the allocations of the deal, by number."""
    rows = connection.execute(
        f"{_SELECT} WHERE {OF_ACCOUNT} AND deal_ticket = :deal_ticket ORDER BY number",
        {**account.parameters, "deal_ticket": deal_ticket},
    )
    return [_record(row) for row in rows]


def of_position(
    connection: sqlite3.Connection, account: Account, position_id: int, *, without: int
) -> list[tuple[int, Allocation]]:
    """Return ticket and allocation for the position's deals except one, by ticket and number."""
    rows = connection.execute(
        # The plus keeps SQLite from reading all of the account's allocations because they are in that order.
        f"{_SELECT} WHERE {OF_ACCOUNT} AND position_id = :position_id AND deal_ticket <> :without"
        " ORDER BY +deal_ticket, number",
        {**account.parameters, "position_id": position_id, "without": without},
    )
    return [(row["deal_ticket"], _record(row)) for row in rows]


def delete(connection: sqlite3.Connection, account: Account, deal_ticket: int) -> None:
    """Delete the allocations of the deal: it is to be divided anew."""
    connection.execute(
        f"DELETE FROM allocations WHERE {OF_ACCOUNT} AND deal_ticket = :deal_ticket",
        {**account.parameters, "deal_ticket": deal_ticket},
    )


def save(
    connection: sqlite3.Connection,
    account: Account,
    deal_ticket: int,
    position_id: int,
    allocations: Sequence[Allocation],
) -> None:
    """Replace the allocations of the deal."""
    deal = {**account.parameters, "deal_ticket": deal_ticket}
    delete(connection, account, deal_ticket)
    connection.executemany(
        insert(TABLE, COLUMNS),
        [
            {
                **deal,
                "number": number,
                "position_id": position_id,
                "client_order_id": allocation.client_order_id,
                "entry": allocation.entry,
                "volume": total(allocation.volume),
                "price": total(allocation.price),
                "commission": total(allocation.commission),
                "swap": total(allocation.swap),
                "profit": total(allocation.profit),
                "fee": total(allocation.fee),
                "reopens": int(allocation.reopens),
            }
            for number, allocation in enumerate(allocations, start=1)
        ],
    )
