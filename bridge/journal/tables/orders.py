"""Table `orders`: our orders at the broker, each in its latest state."""

import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from bridge.core.director.contract import OrderType, utc_text
from bridge.core.link.messages import CommandKind
from bridge.core.link.reports import OrderReport, decode_report, encode_report
from bridge.core.trade.comparison import OwnOrder
from bridge.core.trade.records import OrderRecord
from bridge.core.units.mt5_terms import Side
from bridge.journal.database.sql import replace, words
from bridge.journal.database.words import member
from bridge.journal.tables.values import ACCOUNT_COLUMNS, OF_ACCOUNT, Account, amount, total

TABLE: Final = "orders"
COLUMNS: Final = (
    *ACCOUNT_COLUMNS,
    "ticket",
    "client_order_id",
    "symbol",
    "type",
    "state",
    "volume_initial",
    "volume_current",
    "price",
    "stop_loss",
    "take_profit",
    "off_book",
    "seen_at",
    "body",
)

_WITH_COMMAND: Final = (
    # The index of those on the book: SQLite may prefer another one, and walk all orders of the account.
    "FROM orders o INDEXED BY orders_on_book JOIN commands c ON c.client_order_id = o.client_order_id"
    " WHERE o.officer = :officer AND o.server = :server AND o.login = :login AND o.off_book = 0"
)


def save(
    connection: sqlite3.Connection, account: Account, client_order_id: int, report: OrderReport, at: datetime
) -> None:
    """Store the order, new or known."""
    connection.execute(
        replace(TABLE, COLUMNS),
        {
            **account.parameters,
            "ticket": report.ticket,
            "client_order_id": client_order_id,
            "symbol": report.symbol,
            "type": report.type,
            "state": report.state,
            "volume_initial": total(report.volume_initial),
            "volume_current": total(report.volume_current),
            "price": total(report.price),
            "stop_loss": amount(report.stop_loss),
            "take_profit": amount(report.take_profit),
            "off_book": int(report.off_the_book),
            "seen_at": utc_text(at),
            "body": encode_report(report).decode(),
        },
    )


def set_off_book(connection: sqlite3.Connection, account: Account, ticket: int) -> None:
    """Store that the order is not on the book, whatever was reported of it last."""
    connection.execute(
        f"UPDATE orders SET off_book = 1 WHERE {OF_ACCOUNT} AND ticket = :ticket",
        {**account.parameters, "ticket": ticket},
    )


def load(connection: sqlite3.Connection, account: Account, ticket: int) -> OrderReport | None:
    """Return the order as it was reported last, where it is one of ours."""
    row = connection.execute(
        f"SELECT body FROM orders WHERE {OF_ACCOUNT} AND ticket = :ticket",
        {**account.parameters, "ticket": ticket},
    ).fetchone()
    report = decode_report(row["body"].encode()) if row else None
    return report if isinstance(report, OrderReport) else None


def of_command(connection: sqlite3.Connection, account: Account, client_order_id: int) -> list[OrderReport]:
    """Return the orders that bear the client order id, each as it was reported last, by ticket."""
    rows = connection.execute(
        f"SELECT body FROM orders WHERE {OF_ACCOUNT} AND client_order_id = :client_order_id ORDER BY ticket",
        {**account.parameters, "client_order_id": client_order_id},
    )
    found = [decode_report(row["body"].encode()) for row in rows]
    return [report for report in found if isinstance(report, OrderReport)]


def resting(connection: sqlite3.Connection, account: Account, dispatched_by: datetime) -> list[OrderRecord]:
    """Return our orders that rest on the broker's book, oldest first: pending ones, and market orders that were
    dispatched by that time."""
    rows = connection.execute(
        "SELECT o.ticket, o.client_order_id, o.symbol, o.volume_current, c.directive_id, c.side, c.order_type,"
        f" iif(c.kind = {words([CommandKind.CLOSE])}, c.opening_directive_id, '') AS opening_directive_id,"
        " iif(c.symbol = o.symbol, '', c.symbol) AS former_symbol"
        f" {_WITH_COMMAND} AND (c.order_type <> {words([OrderType.MARKET])} OR c.dispatched_at <= :dispatched_by)"
        " ORDER BY o.ticket",
        {**account.parameters, "dispatched_by": utc_text(dispatched_by)},
    )
    return [
        OrderRecord(
            ticket=row["ticket"],
            client_order_id=row["client_order_id"],
            directive_id=row["directive_id"],
            symbol=row["symbol"],
            side=member(Side, "commands", "side", row["side"]),
            order_type=member(OrderType, "commands", "order_type", row["order_type"]),
            volume=Decimal(row["volume_current"]),
            opening_directive_id=row["opening_directive_id"],
            former_symbol=row["former_symbol"],
        )
        for row in rows
    ]


def on_book(connection: sqlite3.Connection, account: Account) -> dict[int, OwnOrder]:
    """Return our orders on the broker's book by ticket, market orders that wait for their rest among them."""
    rows = connection.execute(
        f"SELECT o.ticket, o.body, c.directive_id {_WITH_COMMAND} ORDER BY o.ticket", account.parameters
    )
    found: dict[int, OwnOrder] = {}
    for row in rows:
        report = decode_report(row["body"].encode())
        if isinstance(report, OrderReport):
            found[row["ticket"]] = OwnOrder(report, row["directive_id"])
    return found


def expired(connection: sqlite3.Connection, account: Account, until: datetime) -> list[int]:
    """Return the tickets of our orders that are on the book, and whose own expiry was by that time."""
    rows = connection.execute(
        f"SELECT o.ticket {_WITH_COMMAND} AND json_extract(c.body, '$.expires_ms') BETWEEN 1 AND :until_ms",
        {**account.parameters, "until_ms": int(until.timestamp() * 1000)},
    )
    return [row["ticket"] for row in rows]


def next_expiry(connection: sqlite3.Connection, account: Account, after: datetime) -> datetime | None:
    """Return the first expiry after that time of an order of ours on the book; None where there is none."""
    row = connection.execute(
        f"SELECT min(json_extract(c.body, '$.expires_ms')) AS ms {_WITH_COMMAND}"
        " AND json_extract(c.body, '$.expires_ms') > :after_ms",
        {**account.parameters, "after_ms": int(after.timestamp() * 1000)},
    ).fetchone()
    return None if row["ms"] is None else datetime.fromtimestamp(row["ms"] / 1000, UTC)


def count_on_book(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of pending orders on the book by officer."""
    rows = connection.execute(
        "SELECT o.officer, count(*) AS orders FROM orders o JOIN commands c USING (client_order_id)"
        f" WHERE o.off_book = 0 AND c.order_type <> {words([OrderType.MARKET])} GROUP BY o.officer"
    )
    return {row["officer"]: row["orders"] for row in rows}
