"""Positions, deals and shares: all SQL that reads or writes what an account holds stands here."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from bridge.core.director.contract import utc_text
from bridge.core.link.reports import DealReport, OrderReport, decode_report, encode_report
from bridge.core.trade.position_book import PositionBook
from bridge.core.trade.position_states import PositionState
from bridge.core.trade.records import Allocation, Disposition, PositionRecord
from bridge.core.units.decimals import plain
from bridge.core.units.mt5_terms import DealEntry, Side
from bridge.journal.tables.rows import Account, amount, decimal, moment, text, total


def position(row: sqlite3.Row) -> PositionRecord:
    """The record of a row of `positions`."""
    return PositionRecord(
        identifier=row["identifier"],
        officer=row["officer"],
        directive_id=row["directive_id"],
        client_order_id=row["client_order_id"],
        symbol=row["symbol"],
        side=Side(row["side"]),
        state=PositionState(row["state"]),
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
        opened_at=moment(row["opened_at"]),
        closed_at=moment(row["closed_at"]),
        close_reason=row["close_reason"],
    )


def parts_of(connection: sqlite3.Connection, account: Account, identifier: int) -> list[PositionRecord]:
    """What our commands have, or had, in the position with that identifier; oldest first."""
    rows = connection.execute(
        "SELECT * FROM positions WHERE officer = ? AND server = ? AND login = ? AND identifier = ?"
        " ORDER BY opened_at, client_order_id",
        (*account.key, identifier),
    )
    return [position(row) for row in rows]


def open_positions(connection: sqlite3.Connection, account: Account) -> list[PositionRecord]:
    """The account's open positions that are ours, oldest first."""
    rows = connection.execute(
        "SELECT * FROM positions WHERE officer = ? AND server = ? AND login = ? AND state = 'OPEN'"
        " ORDER BY opened_at, identifier, client_order_id",
        account.key,
    )
    return [position(row) for row in rows]


def save_position(connection: sqlite3.Connection, account: Account, record: PositionRecord) -> None:
    """The position as it is now, new or known."""
    connection.execute(
        "INSERT OR REPLACE INTO positions (officer, server, login, identifier, directive_id, client_order_id,"
        " symbol, side,"
        " state, volume_in, volume_out, price_open, price_close, stop_loss, take_profit, levels_seen,"
        " commission, swap, profit, fee, opened_at, closed_at, close_reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *account.key,
            record.identifier,
            record.directive_id,
            record.client_order_id,
            record.symbol,
            record.side,
            record.state,
            total(record.volume_in),
            total(record.volume_out),
            amount(record.price_open),
            amount(record.price_close),
            amount(record.stop_loss),
            amount(record.take_profit),
            record.levels_seen,
            total(record.commission),
            total(record.swap),
            total(record.profit),
            total(record.fee),
            text(record.opened_at),
            text(record.closed_at),
            record.close_reason,
        ),
    )


# Deals


def _deals(rows: sqlite3.Cursor) -> list[DealReport]:
    reports = [decode_report(row["body"].encode()) for row in rows]
    return [report for report in reports if isinstance(report, DealReport)]


def deals_of_command(
    connection: sqlite3.Connection, account: Account, client_order_id: int
) -> list[DealReport]:
    """The deals that were applied to the command, by ticket."""
    return _deals(
        connection.execute(
            "SELECT body FROM deals WHERE client_order_id = ? AND officer = ? AND server = ? AND login = ?"
            " AND disposition = 'APPLIED' ORDER BY ticket",
            (client_order_id, *account.key),
        )
    )


def load_deal(connection: sqlite3.Connection, account: Account, ticket: int) -> DealReport | None:
    """The account's deal with that ticket, as it was reported last, where it counts."""
    found = _deals(
        connection.execute(
            "SELECT body FROM deals WHERE officer = ? AND server = ? AND login = ? AND ticket = ?"
            " AND disposition = 'APPLIED'",
            (*account.key, ticket),
        )
    )
    return found[0] if found else None


def parked_deals(connection: sqlite3.Connection, account: Account, identifier: int) -> list[DealReport]:
    """The deals that wait for the position's opening, by ticket."""
    return _deals(
        connection.execute(
            # As in `position_book`.
            "SELECT body FROM deals WHERE officer = ? AND server = ? AND login = ? AND position_id = ?"
            " AND disposition = 'PARKED' ORDER BY +ticket",
            (*account.key, identifier),
        )
    )


def parked_positions(connection: sqlite3.Connection, account: Account, before: datetime) -> list[int]:
    """The positions for which deals wait that were done before that time: those in which a command of ours has a
    part, and those of which one of ours took something off."""
    rows = connection.execute(
        "SELECT DISTINCT d.position_id FROM deals d WHERE d.officer = ?1 AND d.server = ?2 AND d.login = ?3"
        " AND d.disposition = 'PARKED' AND d.done_at < ?4 AND ("
        " EXISTS (SELECT 1 FROM positions p WHERE p.officer = ?1 AND p.server = ?2 AND p.login = ?3"
        " AND p.identifier = d.position_id)"
        " OR EXISTS (SELECT 1 FROM commands c WHERE c.client_order_id = json_extract(d.body, '$.magic')"
        " AND c.officer = ?1))",
        (*account.key, utc_text(before)),
    )
    return [row["position_id"] for row in rows]


# Shares


def _allocation(row: sqlite3.Row) -> Allocation:
    return Allocation(
        client_order_id=row["client_order_id"],
        entry=DealEntry(row["entry"]),
        volume=Decimal(row["volume"]),
        price=Decimal(row["price"]),
        commission=Decimal(row["commission"]),
        swap=Decimal(row["swap"]),
        profit=Decimal(row["profit"]),
        fee=Decimal(row["fee"]),
    )


def position_book(
    connection: sqlite3.Connection,
    account: Account,
    identifier: int,
    *,
    netting: bool,
    without: int = 0,
    complete: bool = False,
    order: OrderReport | None = None,
) -> PositionBook:
    """What is known of the position, but for one deal; `order` is that deal's, as it was seen last."""
    allocations: dict[int, list[Allocation]] = {}
    began: dict[int, int] = {}
    for row in connection.execute(
        # The plus keeps SQLite from walking through all of the account's shares because they are in that order.
        "SELECT * FROM allocations"
        " WHERE officer = ? AND server = ? AND login = ? AND position_id = ? AND deal_ticket <> ?"
        " ORDER BY +deal_ticket, number",
        (*account.key, identifier, without),
    ):
        allocation = _allocation(row)
        allocations.setdefault(row["client_order_id"], []).append(allocation)
        if allocation.volume:
            began.setdefault(row["client_order_id"], row["deal_ticket"])
    return PositionBook(
        lots=parts_of(connection, account, identifier),
        allocations=allocations,
        began=began,
        foreign=allocations.pop(0, []),
        netting=netting,
        complete=complete,
        order=order,
    )


def allocations_of_deal(connection: sqlite3.Connection, account: Account, deal: int) -> list[Allocation]:
    """How the deal was divided."""
    rows = connection.execute(
        "SELECT * FROM allocations"
        " WHERE officer = ? AND server = ? AND login = ? AND deal_ticket = ? ORDER BY number",
        (*account.key, deal),
    )
    return [_allocation(row) for row in rows]


def save_allocations(
    connection: sqlite3.Connection,
    account: Account,
    report: DealReport,
    position_id: int,
    allocations: Sequence[Allocation],
) -> None:
    """How the deal is divided now."""
    connection.execute(
        "DELETE FROM allocations WHERE officer = ? AND server = ? AND login = ? AND deal_ticket = ?",
        (*account.key, report.ticket),
    )
    connection.executemany(
        "INSERT INTO allocations (officer, server, login, deal_ticket, number, position_id,"
        " client_order_id, entry, volume, price,"
        " commission, swap, profit, fee) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *account.key,
                report.ticket,
                number,
                position_id,
                allocation.client_order_id,
                allocation.entry,
                total(allocation.volume),
                total(allocation.price),
                total(allocation.commission),
                total(allocation.swap),
                total(allocation.profit),
                total(allocation.fee),
            )
            for number, allocation in enumerate(allocations, start=1)
        ],
    )


def client_order_id_of_deal(connection: sqlite3.Connection, account: Account, ticket: int) -> int | None:
    """The command that made the deal, where one of ours did."""
    row = connection.execute(
        "SELECT client_order_id FROM deals WHERE officer = ? AND server = ? AND login = ? AND ticket = ?",
        (*account.key, ticket),
    ).fetchone()
    return row["client_order_id"] if row else None


def save_deal(
    connection: sqlite3.Connection,
    account: Account,
    report: DealReport,
    *,
    client_order_id: int | None,
    disposition: Disposition,
    done_at: datetime,
) -> None:
    """The deal as it is now, new or revised."""
    connection.execute(
        "INSERT OR REPLACE INTO deals (officer, server, login, ticket, client_order_id, order_ticket,"
        " position_id, symbol,"
        " type, entry, reason, volume, price, commission, swap, profit, fee, done_at, disposition, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *account.key,
            report.ticket,
            client_order_id,
            report.order,
            report.position_id,
            report.symbol,
            report.type,
            report.entry,
            report.reason,
            plain(report.volume),
            plain(report.price),
            plain(report.commission),
            plain(report.swap),
            plain(report.profit),
            plain(report.fee),
            utc_text(done_at),
            disposition,
            encode_report(report).decode(),
        ),
    )
