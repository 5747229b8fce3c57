"""Table `symbols`: the broker's names and terms of the symbols that were asked for."""

import sqlite3
from datetime import datetime
from typing import Final

from bridge.core.director.contract import utc_text
from bridge.core.link.reports import SymbolReport, decode_report, encode_report
from bridge.journal.database.sql import replace
from bridge.journal.tables.values import ACCOUNT_COLUMNS, OF_ACCOUNT, Account

TABLE: Final = "symbols"
COLUMNS: Final = (*ACCOUNT_COLUMNS, "asked", "name", "epoch", "seen_at", "body")


def save(
    connection: sqlite3.Connection, account: Account, report: SymbolReport, epoch: int, at: datetime
) -> bool:
    """Store the broker's answer and its session. Return True where it differs from the one before."""
    body = encode_report(report).decode()
    asked = {**account.parameters, "asked": report.asked}
    known = connection.execute(
        f"SELECT body FROM symbols WHERE {OF_ACCOUNT} AND asked = :asked", asked
    ).fetchone()
    connection.execute(
        replace(TABLE, COLUMNS),
        {**asked, "name": report.name, "epoch": epoch, "seen_at": utc_text(at), "body": body},
    )
    return known is None or known["body"] != body


def load(
    connection: sqlite3.Connection, account: Account, asked: str, epoch: int | None = None
) -> SymbolReport | None:
    """Return the broker's last answer; with an epoch only one of that session."""
    row = connection.execute(
        f"SELECT body FROM symbols WHERE {OF_ACCOUNT} AND asked = :asked AND (:epoch IS NULL OR epoch = :epoch)",
        {**account.parameters, "asked": asked, "epoch": epoch},
    ).fetchone()
    report = decode_report(row["body"].encode()) if row else None
    return report if isinstance(report, SymbolReport) else None


def named(connection: sqlite3.Connection, account: Account, name: str) -> SymbolReport | None:
    """Return the broker's last answer about its symbol of that name."""
    row = connection.execute(
        f"SELECT body FROM symbols WHERE {OF_ACCOUNT} AND name = :name ORDER BY seen_at DESC LIMIT 1",
        {**account.parameters, "name": name},
    ).fetchone()
    report = decode_report(row["body"].encode()) if row else None
    return report if isinstance(report, SymbolReport) else None


def seen_at(connection: sqlite3.Connection, account: Account, asked: str) -> str:
    """Return the time of the broker's last answer, as it is stored; empty where there was none."""
    row = connection.execute(
        f"SELECT seen_at FROM symbols WHERE {OF_ACCOUNT} AND asked = :asked",
        {**account.parameters, "asked": asked},
    ).fetchone()
    return row["seen_at"] if row else ""


def all_names(connection: sqlite3.Connection, officer: str) -> set[str]:
    """Return every name that the officer's terminal was asked for, and the broker's names of them."""
    rows = connection.execute(
        "SELECT asked, name FROM symbols WHERE officer = :officer", {"officer": officer}
    )
    return {name for row in rows for name in row if name}


def accounts(connection: sqlite3.Connection, officer: str) -> list[Account]:
    """Return the accounts whose terminals have reported a symbol to the officer. Each costs one look-up."""
    found: list[Account] = []
    while row := connection.execute(
        "SELECT officer, server, login FROM symbols"
        " WHERE officer = :officer AND (server, login) > (:server, :login) ORDER BY server, login LIMIT 1",
        (found[-1] if found else Account(officer, "", -1)).parameters,
    ).fetchone():
        found.append(Account(*row))
    return found
