"""Table `deals`: all deals of the account, each in its latest revision."""

import sqlite3
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.link.reports import DealReport
from bridge.core.trade.records import Disposition
from bridge.core.units.clock import ms_of
from bridge.core.units.decimals import plain
from bridge.core.units.mt5_terms import DealEntry
from bridge.journal.database.sql import column_list, replace, words
from bridge.journal.database.words import member
from bridge.journal.tables.values import ACCOUNT_COLUMNS, OF_ACCOUNT, Account, amount, decimal, moment

TABLE: Final = "deals"
COLUMNS: Final = (
    *ACCOUNT_COLUMNS,
    "ticket",
    "client_order_id",
    "order_ticket",
    "position_id",
    "symbol",
    "type",
    "entry",
    "reason",
    "volume",
    "price",
    "commission",
    "swap",
    "profit",
    "fee",
    "done_ms",
    "disposition",
    "magic",
    "server_ms",
    "stop_loss",
    "take_profit",
    "comment",
)


class AllocatedDeal(msgspec.Struct, frozen=True):
    """Deal that has allocations, ours or not."""

    report: DealReport
    client_order_id: int | None
    """Command that made it; None: none of ours."""
    disposition: Disposition


_APPLIED: Final = words([Disposition.APPLIED])
_PARKED: Final = words([Disposition.PARKED])
_PARKED_OF_OURS: Final = (
    f"{OF_ACCOUNT} AND d.disposition = {_PARKED} AND ("
    "EXISTS (SELECT 1 FROM positions p WHERE p.officer = :officer AND p.server = :server"
    " AND p.login = :login AND p.identifier = d.position_id)"
    " OR EXISTS (SELECT 1 FROM commands c WHERE c.client_order_id = d.magic"
    " AND c.officer = :officer))"
)
"""Condition for deals that wait: those in a position in which a command of ours has a lot, and a command's own."""


_REPORT: Final = (
    "ticket",
    "order_ticket",
    "position_id",
    "symbol",
    "type",
    "entry",
    "reason",
    "magic",
    "volume",
    "price",
    "commission",
    "swap",
    "profit",
    "fee",
    "stop_loss",
    "take_profit",
    "server_ms",
    "comment",
)
"""Columns that a report is made of again."""


def _report(row: sqlite3.Row) -> DealReport:
    return DealReport(
        ticket=row["ticket"],
        order=row["order_ticket"],
        position_id=row["position_id"],
        symbol=row["symbol"],
        type=row["type"],
        entry=member(DealEntry, TABLE, "entry", row["entry"]),
        reason=row["reason"],
        magic=row["magic"],
        volume=Decimal(row["volume"]),
        price=Decimal(row["price"]),
        commission=Decimal(row["commission"]),
        swap=Decimal(row["swap"]),
        profit=Decimal(row["profit"]),
        fee=Decimal(row["fee"]),
        stop_loss=decimal(row["stop_loss"]),
        take_profit=decimal(row["take_profit"]),
        time_server_ms=row["server_ms"],
        comment=row["comment"],
    )


_BY_POSITION: Final = f"INDEXED BY deals_by_position WHERE {OF_ACCOUNT}"
"""For the deals of a position. By its own choice SQLite takes the primary key, and walks the account's deals."""


def _reports(rows: sqlite3.Cursor) -> list[DealReport]:
    return [_report(row) for row in rows]


def save(
    connection: sqlite3.Connection,
    account: Account,
    report: DealReport,
    *,
    client_order_id: int | None,
    disposition: Disposition,
    done_at: datetime,
) -> None:
    """Store the deal, new or revised."""
    connection.execute(
        replace(TABLE, COLUMNS),
        {
            **account.parameters,
            "ticket": report.ticket,
            "client_order_id": client_order_id,
            "order_ticket": report.order,
            "position_id": report.position_id,
            "symbol": report.symbol,
            "type": report.type,
            "entry": report.entry,
            "reason": report.reason,
            "volume": plain(report.volume),
            "price": plain(report.price),
            "commission": plain(report.commission),
            "swap": plain(report.swap),
            "profit": plain(report.profit),
            "fee": plain(report.fee),
            "done_ms": ms_of(done_at),
            "disposition": disposition,
            "magic": report.magic,
            "server_ms": report.time_server_ms,
            "stop_loss": amount(report.stop_loss),
            "take_profit": amount(report.take_profit),
            "comment": report.comment,
        },
    )


def load(
    connection: sqlite3.Connection, account: Account, ticket: int, disposition: Disposition
) -> DealReport | None:
    """Return the deal in its latest revision; None where it has another disposition."""
    found = _reports(
        connection.execute(
            f"SELECT {column_list(_REPORT)} FROM deals WHERE {OF_ACCOUNT} AND ticket = :ticket"
            " AND disposition = :disposition",
            {**account.parameters, "ticket": ticket, "disposition": disposition},
        )
    )
    return found[0] if found else None


def last_in(connection: sqlite3.Connection, account: Account, position_id: int) -> DealReport | None:
    """Return the position's last deal that counts."""
    found = _reports(
        connection.execute(
            f"SELECT {column_list(_REPORT)} FROM deals {_BY_POSITION}"
            f" AND position_id = :position_id AND disposition = {_APPLIED} ORDER BY +ticket DESC LIMIT 1",
            {**account.parameters, "position_id": position_id},
        )
    )
    return found[0] if found else None


def client_order_id(connection: sqlite3.Connection, account: Account, ticket: int) -> int | None:
    """Return the client order id of the command that made the deal; None where none of ours did."""
    row = connection.execute(
        f"SELECT client_order_id FROM deals WHERE {OF_ACCOUNT} AND ticket = :ticket",
        {**account.parameters, "ticket": ticket},
    ).fetchone()
    return row["client_order_id"] if row else None


def of_command(connection: sqlite3.Connection, account: Account, client_order_id: int) -> list[DealReport]:
    """Return the deals that count for the command, by ticket."""
    return _reports(
        connection.execute(
            f"SELECT {column_list(_REPORT)} FROM deals INDEXED BY deals_by_command"
            f" WHERE {OF_ACCOUNT} AND client_order_id = :client_order_id"
            f" AND disposition = {_APPLIED} ORDER BY ticket",
            {**account.parameters, "client_order_id": client_order_id},
        )
    )


def parked(connection: sqlite3.Connection, account: Account, position_id: int) -> list[DealReport]:
    """Return the deals that wait for the position's opening, by ticket."""
    return _reports(
        connection.execute(
            # The plus keeps SQLite from reading all of the account's deals because they are in that order.
            f"SELECT {column_list(_REPORT)} FROM deals WHERE {OF_ACCOUNT} AND position_id = :position_id"
            f" AND disposition = {_PARKED} ORDER BY +ticket",
            {**account.parameters, "position_id": position_id},
        )
    )


def allocated(connection: sqlite3.Connection, account: Account, position_id: int) -> list[AllocatedDeal]:
    """Return the position's deals that have allocations, by ticket."""
    rows = connection.execute(
        f"SELECT {column_list(_REPORT, 'd')}, d.client_order_id, d.disposition FROM deals d"
        " INDEXED BY deals_by_position WHERE d.officer = :officer AND d.server = :server AND d.login = :login"
        " AND d.position_id = :position_id"
        " AND EXISTS (SELECT 1 FROM allocations a WHERE a.officer = d.officer AND a.server = d.server"
        " AND a.login = d.login AND a.deal_ticket = d.ticket) ORDER BY +d.ticket",
        {**account.parameters, "position_id": position_id},
    )
    found: list[AllocatedDeal] = []
    for row in rows:
        disposition = member(Disposition, TABLE, "disposition", row["disposition"])
        found.append(AllocatedDeal(_report(row), row["client_order_id"], disposition))
    return found


def foreign(connection: sqlite3.Connection, account: Account, position_id: int) -> list[int]:
    """Return the tickets of the position's deals that concern none of our commands, ascending."""
    rows = connection.execute(
        f"SELECT ticket FROM deals {_BY_POSITION} AND position_id = :position_id"
        f" AND disposition = {words([Disposition.FOREIGN])} ORDER BY +ticket",
        {**account.parameters, "position_id": position_id},
    )
    return [row["ticket"] for row in rows]


def positions_with_parked(connection: sqlite3.Connection, account: Account, before: datetime) -> list[int]:
    """Return the positions for which deals wait that were done before that time: those in which a command of ours
    has a lot, and those that a command of ours reduced."""
    rows = connection.execute(
        f"SELECT DISTINCT d.position_id FROM deals d WHERE {_PARKED_OF_OURS} AND d.done_at < :before",
        {**account.parameters, "before": utc_text(before)},
    )
    return [row["position_id"] for row in rows]


def first_parked(connection: sqlite3.Connection, account: Account, since: datetime) -> datetime | None:
    """Return the time of the first such deal that was done at that time or later; None where there is none."""
    row = connection.execute(
        f"SELECT min(d.done_at) AS done_at FROM deals d WHERE {_PARKED_OF_OURS} AND d.done_at >= :since",
        {**account.parameters, "since": utc_text(since)},
    ).fetchone()
    return moment(row["done_at"])
