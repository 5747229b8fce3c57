"""Orders on the broker's book, and the broker's symbols: all SQL that reads or writes them stands here."""

import sqlite3
from datetime import datetime
from decimal import Decimal

from bridge.core.director.contract import OrderType, utc_text
from bridge.core.link.reports import OrderReport, SymbolReport, decode_report, encode_report
from bridge.core.trade.records import OrderRecord
from bridge.core.units.mt5_terms import Side
from bridge.journal.tables.rows import Account, amount, total


def save_order(
    connection: sqlite3.Connection, account: Account, client_order_id: int, report: OrderReport, at: datetime
) -> None:
    """The order as it is now, new or known."""
    connection.execute(
        "INSERT OR REPLACE INTO orders (officer, server, login, ticket, client_order_id, symbol, type, state,"
        " volume_initial, volume_current, price, stop_loss, take_profit, off_book, seen_at, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *account.key,
            report.ticket,
            client_order_id,
            report.symbol,
            report.type,
            report.state,
            total(report.volume_initial),
            total(report.volume_current),
            total(report.price),
            amount(report.stop_loss),
            amount(report.take_profit),
            int(report.off_the_book),
            utc_text(at),
            encode_report(report).decode(),
        ),
    )


def load_order(connection: sqlite3.Connection, account: Account, ticket: int) -> OrderReport | None:
    """The order as it was seen last, where it is one of ours."""
    row = connection.execute(
        "SELECT body FROM orders WHERE officer = ? AND server = ? AND login = ? AND ticket = ?",
        (*account.key, ticket),
    ).fetchone()
    report = decode_report(row["body"].encode()) if row else None
    return report if isinstance(report, OrderReport) else None


def pending_orders(connection: sqlite3.Connection, account: Account) -> list[OrderRecord]:
    """Our pending orders on the broker's book, oldest first."""
    rows = connection.execute(
        "SELECT o.ticket, o.client_order_id, o.symbol, o.volume_current, c.directive_id, c.side, c.order_type"
        " FROM orders o JOIN commands c ON c.client_order_id = o.client_order_id"
        " WHERE o.officer = ? AND o.server = ? AND o.login = ? AND o.off_book = 0 AND c.order_type <> 'MARKET'"
        " ORDER BY o.ticket",
        account.key,
    )
    return [
        OrderRecord(
            ticket=row["ticket"],
            client_order_id=row["client_order_id"],
            directive_id=row["directive_id"],
            symbol=row["symbol"],
            side=Side(row["side"]),
            order_type=OrderType(row["order_type"]),
            volume=Decimal(row["volume_current"]),
        )
        for row in rows
    ]


def save_symbol(
    connection: sqlite3.Connection, account: Account, report: SymbolReport, epoch: int, at: datetime
) -> bool:
    """What the broker says of a symbol, and in which session. True where it says something new."""
    body = encode_report(report).decode()
    known = connection.execute(
        "SELECT body FROM symbols WHERE officer = ? AND server = ? AND login = ? AND asked = ?",
        (*account.key, report.asked),
    ).fetchone()
    connection.execute(
        "INSERT OR REPLACE INTO symbols (officer, server, login, asked, name, epoch, seen_at, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*account.key, report.asked, report.name, epoch, utc_text(at), body),
    )
    return known is None or known["body"] != body


def load_symbol(
    connection: sqlite3.Connection, account: Account, asked: str, epoch: int | None = None
) -> SymbolReport | None:
    """What the broker said of a symbol last; with an epoch only what it said in that session."""
    row = connection.execute(
        "SELECT body FROM symbols WHERE officer = ?1 AND server = ?2 AND login = ?3 AND asked = ?4"
        " AND (?5 IS NULL OR epoch = ?5)",
        (*account.key, asked, epoch),
    ).fetchone()
    report = decode_report(row["body"].encode()) if row else None
    return report if isinstance(report, SymbolReport) else None


def symbol_seen_at(connection: sqlite3.Connection, account: Account, asked: str) -> str:
    """When the broker was last heard of a symbol, as it is stored; empty where it never was."""
    row = connection.execute(
        "SELECT seen_at FROM symbols WHERE officer = ? AND server = ? AND login = ? AND asked = ?",
        (*account.key, asked),
    ).fetchone()
    return row["seen_at"] if row else ""


def symbol_used(connection: sqlite3.Connection, officer: str, symbol: str) -> str | None:
    """The broker's symbol that the officer's last command for the Director's symbol was about."""
    row = connection.execute(
        # CROSS: from the directives of the symbol, not through all commands.
        "SELECT c.symbol FROM directives d CROSS JOIN commands c USING (officer, directive_id)"
        " WHERE d.officer = ? AND d.symbol = ? ORDER BY d.id DESC LIMIT 1",
        (officer, symbol),
    ).fetchone()
    return row["symbol"] if row else None
