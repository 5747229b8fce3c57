"""Table `allocations`: division of each deal among the commands that it concerns."""

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.trade.records import Allocation, Disposition
from bridge.core.units.mt5_terms import DealEntry
from bridge.journal.database.sql import Parameters, column_list, insert, words
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


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a deal that counts for one lot, with the directive that it is booked under: each part under one.

    That is the directive that made the deal, or else the one that opened the lot. Money is in account currency.
    """

    officer: str
    server: str
    login: int
    deal_ticket: int
    number: int
    """1, 2, ... within the deal."""
    done_at: str
    directive_id: str
    opening_directive_id: str
    """Directive that opened the lot; empty for a lot of none of ours."""
    client_order_id: int | None
    """Command that made the deal; None: none of ours."""
    order_ticket: int
    position_id: int
    symbol: str
    type: str
    entry: str
    reason: str
    volume: Decimal
    price: Decimal
    commission: Decimal
    """Negative when paid, as are swap and fee."""
    swap: Decimal
    profit: Decimal
    fee: Decimal
    reopens: int
    """1: by the server, to open the position anew."""


_BOOKINGS: Final = (
    "SELECT a.officer, a.server, a.login, a.deal_ticket, a.number, d.done_at,"
    " coalesce(own.directive_id, lot.directive_id) AS directive_id,"
    " coalesce(lot.directive_id, '') AS opening_directive_id, own.client_order_id, d.order_ticket, a.position_id,"
    " d.symbol, d.type, a.entry, d.reason, a.volume, a.price, a.commission, a.swap, a.profit, a.fee, a.reopens"
    " FROM allocations a JOIN deals d ON d.officer = a.officer AND d.server = a.server AND d.login = a.login"
    " AND d.ticket = a.deal_ticket LEFT JOIN commands own ON own.client_order_id = d.client_order_id"
    " LEFT JOIN commands lot ON lot.client_order_id = a.client_order_id"
    f" WHERE d.disposition = {words([Disposition.APPLIED])}"
    " AND (own.client_order_id IS NOT NULL OR lot.client_order_id IS NOT NULL)"
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
        # By its own choice SQLite takes the primary key, and walks the account's allocations.
        f"{_SELECT} INDEXED BY allocations_by_position"
        f" WHERE {OF_ACCOUNT} AND position_id = :position_id AND deal_ticket <> :without"
        " ORDER BY +deal_ticket, number",
        {**account.parameters, "position_id": position_id, "without": without},
    )
    return [(row["deal_ticket"], _record(row)) for row in rows]


def _bookings(rows: sqlite3.Cursor) -> list[Booking]:
    return [msgspec.convert(dict(row), Booking, strict=False) for row in rows]


def made_by(connection: sqlite3.Connection, account: Account, client_order_id: int) -> list[Booking]:
    """Return the parts of the deals that the command made, by ticket and number."""
    return _bookings(
        connection.execute(
            # With the + SQLite uses the index of the commands, and not the primary key.
            f"{_BOOKINGS} AND +d.officer = :officer AND +d.server = :server AND +d.login = :login"
            " AND d.client_order_id = :client_order_id ORDER BY a.deal_ticket, a.number",
            {**account.parameters, "client_order_id": client_order_id},
        )
    )


def without_command(
    connection: sqlite3.Connection, account: Account, position_id: int, client_order_id: int
) -> list[Booking]:
    """Return the parts of deals that no command made, such as a stop loss, of the lot that the command opened."""
    return _bookings(
        connection.execute(
            # The same for the index of the positions.
            f"{_BOOKINGS} AND +a.officer = :officer AND +a.server = :server AND +a.login = :login"
            " AND a.position_id = :position_id AND a.client_order_id = :client_order_id"
            " AND own.client_order_id IS NULL ORDER BY +a.deal_ticket, a.number",
            {**account.parameters, "position_id": position_id, "client_order_id": client_order_id},
        )
    )


def page(
    connection: sqlite3.Connection, wanted: Parameters, *, after: Booking | None, limit: int
) -> list[Booking]:
    """Return the parts of deals behind another one, at most `limit`, by account, ticket and number.

    `wanted`: officer, directive_id, symbol, since and until; None stands for any. A directive is the one that a
    part is booked under, or that opened the lot. A symbol is the Director's name or the broker's; `until` itself
    is outside of the period.
    """
    return _bookings(
        connection.execute(
            f"{_BOOKINGS} AND (a.officer, a.server, a.login, a.deal_ticket, a.number)"
            " > (:after_officer, :after_server, :after_login, :after_ticket, :after_number)"
            " AND (:officer IS NULL OR a.officer = :officer)"
            " AND (:directive_id IS NULL OR own.directive_id = :directive_id OR lot.directive_id = :directive_id)"
            " AND (:since IS NULL OR d.done_at >= :since) AND (:until IS NULL OR d.done_at < :until)"
            " AND (:symbol IS NULL OR d.symbol = :symbol OR EXISTS (SELECT 1 FROM directives x"
            " WHERE x.officer = a.officer AND x.directive_id = coalesce(own.directive_id, lot.directive_id)"
            " AND x.symbol = :symbol))"
            " ORDER BY a.officer, a.server, a.login, a.deal_ticket, a.number LIMIT :limit",
            {
                **wanted,
                "after_officer": after.officer if after else "",
                "after_server": after.server if after else "",
                "after_login": after.login if after else 0,
                "after_ticket": after.deal_ticket if after else 0,
                "after_number": after.number if after else 0,
                "limit": limit,
            },
        )
    )


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


def accounts(connection: sqlite3.Connection, officer: str) -> list[Account]:
    """Return the accounts in which a deal of the officer was divided. Each costs one look-up."""
    found: list[Account] = []
    while row := connection.execute(
        "SELECT officer, server, login FROM allocations"
        " WHERE officer = :officer AND (server, login) > (:server, :login) ORDER BY server, login LIMIT 1",
        (found[-1] if found else Account(officer, "", -1)).parameters,
    ).fetchone():
        found.append(Account(*row))
    return found
