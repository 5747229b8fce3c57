"""Table `reports`: every revision of every report of a terminal."""

import sqlite3
from datetime import datetime
from typing import Final

import msgspec

from bridge.core.link.messages import ProtocolError
from bridge.core.link.report_identity import content_hash
from bridge.core.link.reports import (
    CommandStage,
    ConnectionReport,
    OrderReport,
    PositionReport,
    decode_report,
)
from bridge.core.trade.records import Disposition
from bridge.core.units.clock import ms_of
from bridge.journal.database.sql import column_list, insert, words
from bridge.journal.database.words import ReportKind, member
from bridge.journal.tables.values import ACCOUNT_COLUMNS, OF_ACCOUNT, Account

TABLE: Final = "reports"
NEW: Final = (
    *ACCOUNT_COLUMNS,
    "key",
    "client_order_id",
    "body",
    "disposition",
    "note",
    "epoch",
    "seq",
    "received_ms",
)
COLUMNS: Final = ("id", *NEW)


class Stored(msgspec.Struct, frozen=True):
    """Latest revision of a report, and what was done with it."""

    body: str
    disposition: Disposition

    def is_same(self, digest: str) -> bool:
        """Return True where its content has that hash (`content_hash`)."""
        return _has_content(self.body, digest)


class StoredReport(msgspec.Struct, frozen=True, kw_only=True):
    """Latest revision of a report, as it came."""

    kind: ReportKind
    body: str
    disposition: Disposition
    epoch: int
    seq: int


_REPORT_COLUMNS: Final = ("kind", "body", "disposition", "epoch", "seq")


def _report(row: sqlite3.Row) -> StoredReport:
    return StoredReport(
        kind=member(ReportKind, TABLE, "kind", row["kind"]),
        body=row["body"],
        disposition=member(Disposition, TABLE, "disposition", row["disposition"]),
        epoch=row["epoch"],
        seq=row["seq"],
    )


def _has_content(body: str, digest: str) -> bool:
    try:
        return content_hash(decode_report(body.encode())) == digest
    except ProtocolError:
        return False


def add(
    connection: sqlite3.Connection,
    account: Account,
    *,
    key: str,
    client_order_id: int,
    body: str,
    disposition: Disposition,
    note: str,
    epoch: int,
    seq: int,
    at: datetime,
) -> int | None:
    """Insert a report. Return its number. Its kind is the first part of its key.

    Raises UnknownWordError for a kind with no name.
    """
    member(ReportKind, TABLE, "kind", key.partition(":")[0])
    inserted = connection.execute(
        insert(TABLE, NEW),
        {
            **account.parameters,
            "key": key,
            "client_order_id": client_order_id,
            "body": body,
            "disposition": disposition,
            "note": note,
            "epoch": epoch,
            "seq": seq,
            "received_ms": ms_of(at),
        },
    )
    return inserted.lastrowid


def latest(connection: sqlite3.Connection, account: Account, key: str) -> Stored | None:
    """Return the latest revision under the key."""
    row = connection.execute(
        f"SELECT body, disposition FROM reports WHERE {OF_ACCOUNT} AND key = :key ORDER BY id DESC LIMIT 1",
        {**account.parameters, "key": key},
    ).fetchone()
    return Stored(row["body"], member(Disposition, TABLE, "disposition", row["disposition"])) if row else None


def stored(connection: sqlite3.Connection, account: Account, key: str) -> StoredReport | None:
    """Return the latest revision under the key, as it came."""
    row = connection.execute(
        f"SELECT {column_list(_REPORT_COLUMNS)} FROM reports WHERE {OF_ACCOUNT} AND key = :key"
        " ORDER BY id DESC LIMIT 1",
        {**account.parameters, "key": key},
    ).fetchone()
    return _report(row) if row else None


def bearing(connection: sqlite3.Connection, account: Account, client_order_id: int) -> list[StoredReport]:
    """Return the latest revision of each report that bears the client order id, in the order of arrival."""
    rows = connection.execute(
        f"SELECT {column_list(_REPORT_COLUMNS)} FROM reports WHERE id IN"
        f" (SELECT max(id) FROM reports WHERE {OF_ACCOUNT} AND client_order_id = :client_order_id"
        # With the + SQLite uses the index of the id: for a plain key it walks the account's reports in order.
        " AND client_order_id <> 0 GROUP BY +key) ORDER BY id",
        {**account.parameters, "client_order_id": client_order_id},
    )
    return [_report(row) for row in rows]


def answered_at(connection: sqlite3.Connection, account: Account, client_order_id: int) -> str | None:
    """Return the time at which the broker's first answer to the command was stored; None where none was."""
    row = connection.execute(
        f"SELECT min(received_at) AS at FROM reports WHERE {OF_ACCOUNT}"
        " AND client_order_id = :client_order_id AND client_order_id <> 0 AND kind = :kind"
        " AND json_extract(body, '$.stage') = :stage",
        {
            **account.parameters,
            "client_order_id": client_order_id,
            "kind": ReportKind.COMMAND,
            "stage": CommandStage.RESULT,
        },
    ).fetchone()
    return row[0] if row else None


def ledger_has(connection: sqlite3.Connection, account: Account, client_order_id: int) -> bool:
    """Return True where the terminal's ledger has reported an intent under the client order id."""
    kind = ReportKind.COMMAND
    found = connection.execute(
        f"SELECT 1 FROM reports WHERE {OF_ACCOUNT} AND client_order_id = :client_order_id"
        f" AND client_order_id <> 0 AND kind = {words([kind])} AND key LIKE :submitted LIMIT 1",
        {
            **account.parameters,
            "client_order_id": client_order_id,
            "submitted": f"{kind}:{client_order_id}:%:{CommandStage.SUBMITTED}",
        },
    )
    return found.fetchone() is not None


def lost(connection: sqlite3.Connection, account: Account, first: int, last: int) -> list[StoredReport]:
    """Return the latest revision of each report that bears a client order id of that range which is no command's,
    in the order of arrival."""
    rows = connection.execute(
        f"SELECT {column_list(_REPORT_COLUMNS)} FROM reports WHERE id IN"
        f" (SELECT max(r.id) FROM reports r WHERE {OF_ACCOUNT} AND r.client_order_id BETWEEN :first AND :last"
        " AND r.client_order_id <> 0 AND NOT EXISTS (SELECT 1 FROM commands c"
        " WHERE c.client_order_id = r.client_order_id) GROUP BY r.key) ORDER BY id",
        {**account.parameters, "first": first, "last": last},
    )
    return [_report(row) for row in rows]


def strange_intent(
    connection: sqlite3.Connection, account: Account, ledger_id: str, first: int, last: int
) -> int | None:
    """Return a client order id beyond that range that the ledger reported and no command has; None without any."""
    row = connection.execute(
        f"SELECT r.client_order_id FROM reports r WHERE {OF_ACCOUNT}"
        f" AND r.kind = {words([ReportKind.COMMAND])} AND r.disposition = {words([Disposition.UNUSABLE])}"
        " AND r.client_order_id NOT BETWEEN :first AND :last"
        " AND r.epoch IN (SELECT epoch FROM sessions WHERE officer = :officer AND ledger_id = :ledger_id)"
        " AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.client_order_id = r.client_order_id) LIMIT 1",
        {**account.parameters, "ledger_id": ledger_id, "first": first, "last": last},
    ).fetchone()
    return row["client_order_id"] if row else None


def latest_position(
    connection: sqlite3.Connection, account: Account, identifier: int
) -> PositionReport | None:
    """Return the position as it was reported last."""
    row = connection.execute(
        f"SELECT body FROM reports WHERE {OF_ACCOUNT} AND key = :key ORDER BY id DESC LIMIT 1",
        {**account.parameters, "key": f"{ReportKind.POSITION}:{identifier}"},
    ).fetchone()
    report = decode_report(row["body"].encode()) if row else None
    return report if isinstance(report, PositionReport) else None


def latest_order(connection: sqlite3.Connection, account: Account, ticket: int) -> OrderReport | None:
    """Return the order as it was reported last, ours or not."""
    prefix = f"{ReportKind.ORDER}:{ticket}"
    row = connection.execute(
        f"SELECT body FROM reports WHERE {OF_ACCOUNT} AND key >= :first AND key < :end ORDER BY id DESC LIMIT 1",
        {**account.parameters, "first": f"{prefix}:", "end": f"{prefix};"},
    ).fetchone()
    report = decode_report(row["body"].encode()) if row else None
    return report if isinstance(report, OrderReport) else None


def latest_connection(connection: sqlite3.Connection, account: Account) -> ConnectionReport | None:
    """Return the last report on the terminal's connection to the broker."""
    row = connection.execute(
        # Between these bounds are the keys of connection reports only, and the index finds them.
        f"SELECT body FROM reports WHERE {OF_ACCOUNT} AND key >= :first AND key < :end ORDER BY id DESC LIMIT 1",
        {**account.parameters, "first": f"{ReportKind.CONNECTION}:", "end": f"{ReportKind.CONNECTION};"},
    ).fetchone()
    report = decode_report(row["body"].encode()) if row else None
    return report if isinstance(report, ConnectionReport) else None


def count_revisions(connection: sqlite3.Connection, account: Account, key: str, hash: str) -> int:
    """Return how often a report with that content was stored under the key."""
    found = connection.execute(
        f"SELECT body FROM reports WHERE {OF_ACCOUNT} AND key = :key", {**account.parameters, "key": key}
    )
    return sum(_has_content(row["body"], hash) for row in found)


def count_order_states(connection: sqlite3.Connection, account: Account, ticket: int) -> int:
    """Return how many reports of the order are stored, over all its states."""
    prefix = f"{ReportKind.ORDER}:{ticket}"
    found = connection.execute(
        f"SELECT count(*) FROM reports WHERE {OF_ACCOUNT} AND key >= :first AND key < :end",
        {**account.parameters, "first": f"{prefix}:", "end": f"{prefix};"},
    )
    return int(found.fetchone()[0])
