"""Table `halts`: opens are refused while a row is here."""

import sqlite3
from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.journal.database.sql import column_list, insert, words
from bridge.journal.database.words import HaltSetter, member

ALL: Final = ""
"""As a halt's symbol: every symbol."""

TABLE: Final = "halts"
COLUMNS: Final = ("officer", "symbol", "since", "why", "set_by")


class Halt(msgspec.Struct, frozen=True, kw_only=True):
    """One halt: opens are refused while it is in force."""

    officer: str
    symbol: str
    """The Director's name or the broker's; empty for all symbols."""
    since: str
    why: str
    set_by: HaltSetter


def _record(row: sqlite3.Row) -> Halt:
    return Halt(
        officer=row["officer"],
        symbol=row["symbol"],
        since=row["since"],
        why=row["why"],
        set_by=member(HaltSetter, TABLE, "set_by", row["set_by"]),
    )


def add(
    connection: sqlite3.Connection, officer: str, symbol: str, why: str, set_by: HaltSetter, at: datetime
) -> Halt:
    """Insert a halt unless the same author has one in force. Return the one in force."""
    values = {"officer": officer, "symbol": symbol, "since": utc_text(at), "why": why, "set_by": set_by}
    connection.execute(f"{insert(TABLE, COLUMNS)} ON CONFLICT DO NOTHING", values)
    row = connection.execute(
        f"SELECT {column_list(COLUMNS)} FROM halts"
        " WHERE officer = :officer AND symbol = :symbol AND set_by = :set_by",
        values,
    ).fetchone()
    return _record(row)


def delete(connection: sqlite3.Connection, officer: str, symbol: str | None) -> list[Halt]:
    """Delete the halts of a symbol (ALL: those of all symbols), or with None every halt. Return them."""
    rows = connection.execute(
        "DELETE FROM halts WHERE officer = :officer AND (:symbol IS NULL OR symbol = :symbol)"
        f" RETURNING {column_list(COLUMNS)}",
        {"officer": officer, "symbol": symbol},
    ).fetchall()
    return sorted(map(_record, rows), key=lambda halt: (halt.symbol, halt.since))


def any_in_force(connection: sqlite3.Connection, officer: str) -> bool:
    """Return True where the officer has a halt of any symbol."""
    found = connection.execute("SELECT 1 FROM halts WHERE officer = :officer LIMIT 1", {"officer": officer})
    return found.fetchone() is not None


def reason(connection: sqlite3.Connection, officer: str, names: Collection[str]) -> str:
    """Return the reason why the officer may open nothing in a symbol; empty where it may.

    `names` are all names of the symbol, the Director's and the broker's: an operator may have used either.
    """
    row = connection.execute(
        "SELECT why FROM halts WHERE officer = :officer AND symbol IN (SELECT value FROM json_each(:names))"
        " ORDER BY symbol, since LIMIT 1",
        {"officer": officer, "names": msgspec.json.encode([ALL, *names]).decode()},
    ).fetchone()
    return "" if row is None else str(row["why"]) or "an operator halted it"


def set_by_operator_before(connection: sqlite3.Connection, officer: str, symbol: str, at: str) -> bool:
    """Return True where an operator's halt of the symbol (ALL: of all) is in force since that time or longer."""
    found = connection.execute(
        "SELECT 1 FROM halts WHERE officer = :officer AND symbol = :symbol AND since <= :at"
        f" AND set_by = {words([HaltSetter.OPERATOR])}",
        {"officer": officer, "symbol": symbol, "at": at},
    )
    return found.fetchone() is not None
