"""Table `officers`: account and ledger that each officer is bound to, and its quarantine."""

import sqlite3
from datetime import datetime
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.link.messages import AccountIdentity
from bridge.core.units.mt5_terms import MarginMode, TradeMode
from bridge.journal.database.sql import assignments, column_list
from bridge.journal.database.words import member
from bridge.journal.tables.values import Account, moment

TABLE: Final = "officers"
ACCOUNT: Final = (
    "server",
    "login",
    "margin_mode",
    "trade_mode",
    "currency",
    "bound_at",
    "watermark_server_ms",
    "renamed_server",
)
"""Columns that the binding to an account sets."""
LEDGER: Final = ("ledger_id", "ledger_mark", "ledger_instance")
"""Columns that the binding to a ledger sets."""
FORMER: Final = ("former_login", "former_server", "former_watermark_server_ms")
"""Columns that keep the account bound before."""
COLUMNS: Final = (
    "officer",
    *ACCOUNT,
    *LEDGER,
    "refused_ledger",
    *FORMER,
    "scanned_at",
    "scan_epoch",
    "quarantine",
    "link_up",
)


class Officer(msgspec.Struct, frozen=True, kw_only=True):
    """One officer, as the journal knows it."""

    officer: str
    server: str
    login: int
    """0 until it is bound to an account."""
    margin_mode: MarginMode | None
    trade_mode: TradeMode | None
    ledger_id: str | None
    ledger_mark: int
    ledger_instance: str | None
    """Instance that a continuation of the ledger has noted; None where there is none."""
    refused_ledger: str
    """Reason for which the ledger of the last terminal was refused; empty where it was not."""
    watermark_server_ms: int
    scanned_at: datetime | None
    """Time of the last completed scan."""
    scan_epoch: int
    """Session of the last scan that listed everything that is open; 0: none did."""
    quarantine: str
    """Reason why nothing is dispatched; empty while dispatch is allowed."""
    link_up: bool

    renamed_server: str
    """Present name of the server, where the broker renamed it; empty where it has its name of the binding."""
    former_login: int
    """Login of the account bound before; 0: none."""
    former_server: str
    former_watermark_server_ms: int

    @property
    def account(self) -> Account:
        return Account(self.officer, self.server, self.login)

    @property
    def present_server(self) -> str:
        """Name that the terminal shows of the account's server."""
        return self.renamed_server or self.server

    @property
    def former_account(self) -> Account | None:
        """Account bound before, where it has the present login at another server."""
        if not self.login or self.former_login != self.login or self.former_server in ("", self.server):
            return None
        return Account(self.officer, self.former_server, self.former_login)


def _record(row: sqlite3.Row) -> Officer:
    margin_mode, trade_mode = row["margin_mode"], row["trade_mode"]
    return Officer(
        officer=row["officer"],
        server=row["server"],
        login=row["login"],
        margin_mode=None if margin_mode is None else member(MarginMode, TABLE, "margin_mode", margin_mode),
        trade_mode=None if trade_mode is None else member(TradeMode, TABLE, "trade_mode", trade_mode),
        ledger_id=row["ledger_id"],
        ledger_mark=row["ledger_mark"],
        ledger_instance=row["ledger_instance"],
        refused_ledger=row["refused_ledger"],
        watermark_server_ms=row["watermark_server_ms"],
        scanned_at=moment(row["scanned_at"]),
        scan_epoch=row["scan_epoch"],
        quarantine=row["quarantine"],
        link_up=bool(row["link_up"]),
        renamed_server=row["renamed_server"],
        former_login=row["former_login"],
        former_server=row["former_server"],
        former_watermark_server_ms=row["former_watermark_server_ms"],
    )


def load(connection: sqlite3.Connection, officer: str) -> Officer | None:
    """Return the officer; None for one that the journal does not know."""
    row = connection.execute(
        f"SELECT {column_list(COLUMNS)} FROM officers WHERE officer = :officer", {"officer": officer}
    ).fetchone()
    return _record(row) if row else None


def load_or_add(connection: sqlite3.Connection, officer: str) -> Officer:
    """Return the officer, added first where the configuration gained it since."""
    known = load(connection, officer)
    if known is not None:
        return known
    connection.execute("INSERT INTO officers (officer) VALUES (:officer)", {"officer": officer})
    return load_or_add(connection, officer)


def bind_account(
    connection: sqlite3.Connection,
    officer: str,
    account: AccountIdentity,
    *,
    watermark_server_ms: int,
    at: datetime,
) -> None:
    """Bind the officer to the account. Deals before the watermark (broker time, ms) are not asked for."""
    connection.execute(
        f"UPDATE officers SET {assignments(ACCOUNT)} WHERE officer = :officer",
        {
            "officer": officer,
            "server": account.server,
            "login": account.login,
            "margin_mode": account.margin_mode,
            "trade_mode": account.trade_mode,
            "currency": account.currency,
            "bound_at": utc_text(at),
            "watermark_server_ms": watermark_server_ms,
            "renamed_server": "",
        },
    )


def forget_account(connection: sqlite3.Connection, officer: str) -> None:
    """Let the next session bind the officer to its account. The one bound until now is kept as the former one."""
    empty = {
        **dict.fromkeys(ACCOUNT),
        "server": "",
        "login": 0,
        "watermark_server_ms": 0,
        "renamed_server": "",
    }
    connection.execute(
        "UPDATE officers SET former_login = login, former_server = server,"
        " former_watermark_server_ms = watermark_server_ms WHERE officer = :officer AND login > 0",
        {"officer": officer},
    )
    connection.execute(
        f"UPDATE officers SET {assignments(ACCOUNT)} WHERE officer = :officer", {**empty, "officer": officer}
    )


def rename_server(connection: sqlite3.Connection, officer: str, name: str) -> None:
    """Store the present name of the account's server. Everything that is stored keeps the name of the binding."""
    connection.execute(
        "UPDATE officers SET renamed_server = CASE WHEN server = :name THEN '' ELSE :name END"
        " WHERE officer = :officer",
        {"officer": officer, "name": name},
    )


def resume_former(connection: sqlite3.Connection, officer: str) -> None:
    """Bind the officer to the account bound before, whose server has the name of the present binding now."""
    connection.execute(
        "UPDATE officers SET renamed_server = server, server = former_server WHERE officer = :officer",
        {"officer": officer},
    )


def bind_ledger(connection: sqlite3.Connection, officer: str, ledger_id: str) -> None:
    """Bind the officer to the terminal's ledger."""
    connection.execute(
        "UPDATE officers SET ledger_id = :ledger_id WHERE officer = :officer",
        {"officer": officer, "ledger_id": ledger_id},
    )


def forget_ledger(connection: sqlite3.Connection, officer: str) -> None:
    """Let the next session bind the officer to its ledger. The marks of the ledger bound before are forgotten."""
    connection.execute(
        f"UPDATE officers SET {assignments(LEDGER)} WHERE officer = :officer",
        {"officer": officer, "ledger_id": None, "ledger_mark": 0, "ledger_instance": None},
    )


def set_ledger_instance(connection: sqlite3.Connection, officer: str, instance_id: str) -> None:
    """Store the instance that each continuation of the ledger must have noted from now on."""
    connection.execute(
        "UPDATE officers SET ledger_instance = :instance_id WHERE officer = :officer",
        {"officer": officer, "instance_id": instance_id},
    )


def set_refused_ledger(connection: sqlite3.Connection, officer: str, reason: str) -> None:
    """Store the reason for which a terminal's ledger was refused; empty once a terminal is admitted."""
    connection.execute(
        "UPDATE officers SET refused_ledger = :reason WHERE officer = :officer",
        {"officer": officer, "reason": reason},
    )


def set_quarantine(connection: sqlite3.Connection, officer: str, reason: str) -> None:
    """Set the reason why nothing is dispatched; empty to lift the quarantine."""
    connection.execute(
        "UPDATE officers SET quarantine = :reason WHERE officer = :officer",
        {"officer": officer, "reason": reason},
    )


def set_link(connection: sqlite3.Connection, officer: str, *, up: bool) -> None:
    """Store the state of the link to the terminal."""
    connection.execute(
        "UPDATE officers SET link_up = :up WHERE officer = :officer", {"officer": officer, "up": int(up)}
    )


def raise_ledger_mark(connection: sqlite3.Connection, officer: str, mark: int) -> None:
    """Store a reported ledger mark where it is higher than before."""
    connection.execute(
        "UPDATE officers SET ledger_mark = max(ledger_mark, :mark) WHERE officer = :officer",
        {"officer": officer, "mark": mark},
    )


def set_scan_epoch(connection: sqlite3.Connection, officer: str, epoch: int) -> None:
    """Store the session of a scan that listed everything that is open; 0 after one that could not."""
    connection.execute(
        "UPDATE officers SET scan_epoch = :epoch WHERE officer = :officer",
        {"officer": officer, "epoch": epoch},
    )


def raise_watermark(connection: sqlite3.Connection, officer: str, server_ms: int) -> None:
    """Store the broker time up to which a scan is complete, in ms, where it is later than before."""
    connection.execute(
        "UPDATE officers SET watermark_server_ms = max(watermark_server_ms, :server_ms) WHERE officer = :officer",
        {"officer": officer, "server_ms": server_ms},
    )


def set_scanned(connection: sqlite3.Connection, officer: str, at: datetime) -> None:
    """Store the time of a completed scan."""
    connection.execute(
        "UPDATE officers SET scanned_at = :at WHERE officer = :officer",
        {"officer": officer, "at": utc_text(at)},
    )


def lower_watermark(connection: sqlite3.Connection, officer: str, server_ms: int) -> None:
    """Let the next session's scan begin at that broker time, in ms, where it is earlier than before."""
    connection.execute(
        "UPDATE officers SET watermark_server_ms = min(watermark_server_ms, :server_ms) WHERE officer = :officer",
        {"officer": officer, "server_ms": server_ms},
    )


def with_ledger(connection: sqlite3.Connection, ledger_id: str, without: str) -> str | None:
    """Return another officer that is bound to the ledger; None where none is."""
    row = connection.execute(
        "SELECT officer FROM officers WHERE ledger_id = :ledger_id AND officer <> :without ORDER BY officer",
        {"ledger_id": ledger_id, "without": without},
    ).fetchone()
    return row["officer"] if row else None


def bound(connection: sqlite3.Connection) -> list[str]:
    """Return the officers that are, or were, bound to an account, by id."""
    rows = connection.execute(
        "SELECT officer FROM officers WHERE login > 0 OR former_login > 0 ORDER BY officer"
    )
    return [row["officer"] for row in rows]


def ledger_marks(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the highest ledger mark that was reported, by officer; without those that no terminal has reported."""
    rows = connection.execute(
        "SELECT officer, ledger_mark FROM officers WHERE ledger_id IS NOT NULL ORDER BY officer"
    )
    return {row["officer"]: row["ledger_mark"] for row in rows}


def currencies(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the deposit currency of each officer's account, where it is known."""
    rows = connection.execute("SELECT officer, currency FROM officers WHERE currency IS NOT NULL")
    return {row["officer"]: row["currency"] for row in rows}
