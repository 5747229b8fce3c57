"""Sessions in the journal: who an officer is bound to, its epochs, its broker's clock, its link's ups and downs."""

import sqlite3
from datetime import datetime
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.link.messages import AccountIdentity, Hello, LedgerIdentity, Prove, RefusalCode
from bridge.core.link.reports import ConnectionReport, decode_report, report_key
from bridge.core.settings import OfficerSettings
from bridge.core.trade.events import connection
from bridge.core.units import broker_time
from bridge.core.units.broker_time import Offset
from bridge.core.units.mt5_terms import MarginMode, TradeMode
from bridge.journal.steps.step import Step, json_text

BEFORE_BINDING_MS: Final = 86_400_000


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """An epoch is open."""

    epoch: int
    ledger_mark: int
    watermark_server_ms: int
    offset_s: int | None
    """Broker time minus UTC, as it was measured last; None where it never was."""
    quarantine: str
    """Why nothing will be dispatched in it; empty where something may be."""


class NotOpened(msgspec.Struct, frozen=True, kw_only=True):
    """The journal refuses the terminal."""

    code: RefusalCode
    message: str
    remedy: str


def open_epoch(step: Step, settings: OfficerSettings, hello: Hello, prove: Prove) -> Opened | NotOpened:
    """Bind the officer at its first hello, compare at every later one, and open an epoch."""
    account = prove.account
    if account.trade_mode is TradeMode.REAL and not settings.allow_real:
        return NotOpened(
            code=RefusalCode.REAL_ACCOUNT,
            message=f"account {account.login} at {account.server} is a real-money account",
            remedy=f"set allow_real = true for officer {step.officer!r} if real orders are meant",
        )
    row = step.connection.execute("SELECT * FROM officers WHERE officer = ?", (step.officer,)).fetchone()
    if row["login"] and (refusal := _compare(step, row, account)):
        return refusal
    if not row["login"]:
        _bind(step, account, prove.server_ms)
    _check_ledger(step, row["ledger_id"], row["ledger_mark"], prove.ledger)
    return _open(step, hello, prove)


def _compare(step: Step, row: sqlite3.Row, account: AccountIdentity) -> NotOpened | None:
    pinned = (row["login"], row["server"], row["margin_mode"], row["trade_mode"])
    now = (account.login, account.server, account.margin_mode.value, account.trade_mode.value)
    if pinned == now:
        return None
    return NotOpened(
        code=RefusalCode.ACCOUNT,
        message=(
            f"officer {step.officer!r} belongs to account {_spell(pinned)}; "
            f"the terminal is logged in to {_spell(now)}"
        ),
        remedy=(
            "log the terminal in to that account, or run "
            f"'execution-officer rebind --officer {step.officer} --account' if the change is meant"
        ),
    )


def _spell(account: tuple[object, ...]) -> str:
    login, server, margin_mode, trade_mode = account
    return f"{login} at {server} ({margin_mode}, {trade_mode})"


def _bind(step: Step, account: AccountIdentity, server_ms: int) -> None:
    step.connection.execute(
        "UPDATE officers SET login = ?, server = ?, margin_mode = ?, trade_mode = ?, currency = ?, bound_at = ?,"
        " watermark_server_ms = ? WHERE officer = ?",
        (
            account.login,
            account.server,
            account.margin_mode,
            account.trade_mode,
            account.currency,
            utc_text(step.now),
            # Nothing before it is ours: an account's years of history need not be read.
            max(server_ms - BEFORE_BINDING_MS, 0),
            step.officer,
        ),
    )
    step.rebind_account(account.server, account.login)
    step.audit("bound", f"{account.login} at {account.server}", json_text(account))


def _check_ledger(step: Step, ledger_id: str | None, mark: int, ledger: LedgerIdentity) -> None:
    """A ledger that is lost, restored or foreign cannot vouch for what was sent."""
    if ledger_id is None:
        step.connection.execute(
            "UPDATE officers SET ledger_id = ? WHERE officer = ?", (ledger.id, step.officer)
        )
        step.audit("ledger", ledger.id, json_text(ledger))
    elif ledger_id != ledger.id:
        step.quarantine_officer(
            f"the terminal has another ledger ({ledger.id[:8]}) than before ({ledger_id[:8]})"
        )
    elif ledger.mark < mark:
        step.quarantine_officer(
            f"the terminal's ledger holds {ledger.mark} intents, and {mark} were reported from it: "
            "an old copy was put back"
        )
    if not ledger.unbroken:
        step.quarantine_officer(
            "the terminal's ledger is damaged; move its file away, so that the terminal starts a new one"
        )


def _open(step: Step, hello: Hello, prove: Prove) -> Opened:
    step.connection.execute(
        # What a killed sidecar could not end.
        "UPDATE sessions SET ended_at = ?, end_reason = 'a new session took over'"
        " WHERE officer = ? AND ended_at IS NULL",
        (utc_text(step.now), step.officer),
    )
    cursor = step.connection.execute(
        "INSERT INTO sessions (officer, instance_id, ledger_id, program, opened_at) VALUES (?, ?, ?, ?, ?)",
        (step.officer, hello.instance_id, prove.ledger.id, prove.program, utc_text(step.now)),
    )
    epoch = cursor.lastrowid or 0
    step.audit(
        "session",
        f"epoch {epoch} opened",
        json_text({"instance_id": hello.instance_id, "program": prove.program}),
    )
    # A clock that is not trusted measures nothing.
    offset = broker_time.measure(prove.server_ms, step.now) if step.trusted else None
    if offset is not None:
        note_offset(step, offset)
    known = offsets(step)
    row = step.connection.execute("SELECT * FROM officers WHERE officer = ?", (step.officer,)).fetchone()
    link_restored(step)
    _broker_restored(step, hello.instance_id)
    return Opened(
        epoch=epoch,
        ledger_mark=row["ledger_mark"],
        watermark_server_ms=row["watermark_server_ms"],
        offset_s=broker_time.in_force(known, step.now),
        quarantine=step.quarantine,
    )


def end_epoch(step: Step, epoch: int, why: str) -> None:
    """A session is over."""
    step.connection.execute(
        "UPDATE sessions SET ended_at = ?, end_reason = ? WHERE epoch = ? AND ended_at IS NULL",
        (utc_text(step.now), why, epoch),
    )


def offsets(step: Step) -> list[Offset]:
    """The measured offsets of the officer's broker, oldest first."""
    return known_offsets(step.connection, step.officer, step.account.server)


def known_offsets(connection: sqlite3.Connection, officer: str, server: str) -> list[Offset]:
    """The same, of any broker."""
    found = connection.execute(
        "SELECT since, seconds FROM clock_offsets WHERE officer = ? AND server = ? ORDER BY since",
        (officer, server),
    )
    return [Offset(datetime.fromisoformat(row["since"]), row["seconds"]) for row in found]


def note_offset(step: Step, seconds: int) -> None:
    """The broker's distance from UTC, as it was measured now, where it is another one than before.

    What was measured in the future was measured by a wrong clock: it would come into force some day, and stay.
    """
    removed = step.connection.execute(
        "DELETE FROM clock_offsets WHERE officer = ? AND server = ? AND since > ?",
        (step.officer, step.account.server, utc_text(step.now)),
    )
    if removed.rowcount:
        step.audit("clock", "what was measured in the future is removed")
    known = offsets(step)
    if known and known[-1].seconds == seconds:
        return
    step.connection.execute(
        "INSERT OR REPLACE INTO clock_offsets (officer, server, since, seconds) VALUES (?, ?, ?, ?)",
        (step.officer, step.account.server, utc_text(step.now), seconds),
    )
    step.audit("clock", f"broker time is UTC{seconds / 3600:+g} h")


def margin_mode(step: Step) -> MarginMode:
    """How the officer's account keeps positions. Hedging until it is bound: nothing is shared then."""
    row = step.connection.execute(
        "SELECT margin_mode FROM officers WHERE officer = ?", (step.officer,)
    ).fetchone()
    return MarginMode(row["margin_mode"]) if row and row["margin_mode"] else MarginMode.RETAIL_HEDGING


def link_lost(step: Step, why: str) -> None:
    """The terminal has been silent for too long. Told once, until it is back."""
    _link(step, up=False, message=why)


def link_restored(step: Step) -> None:
    """The terminal is back. Told only after a loss was."""
    _link(step, up=True, message="")


def _broker_restored(step: Step, instance_id: str) -> None:
    """A boot that lost its broker is over, and can no longer say that the broker is back. Its successor says
    hello only once it is connected."""
    row = step.connection.execute(
        # Between these bounds are the keys of connection reports alone, and the index finds them.
        "SELECT body FROM reports WHERE officer = ? AND server = ? AND login = ?"
        " AND key >= 'connection:' AND key < 'connection;' ORDER BY id DESC LIMIT 1",
        step.account.key,
    ).fetchone()
    if row is None:
        return
    last = decode_report(row["body"].encode())
    if not isinstance(last, ConnectionReport) or last.up or last.instance_id == instance_id:
        return
    subject = f"{report_key(last)}:over"
    restored = connection(
        step.officer, step.now, up=True, code="", message="the broker is back", subject=subject
    )
    step.tell([restored])


def _link(step: Step, *, up: bool, message: str) -> None:
    row = step.connection.execute(
        "SELECT link_up, login FROM officers WHERE officer = ?", (step.officer,)
    ).fetchone()
    if bool(row["link_up"]) is up or (not up and not row["login"]):
        return
    lost_before = step.connection.execute(
        "SELECT EXISTS (SELECT 1 FROM audit WHERE officer = ? AND kind = 'link')", (step.officer,)
    ).fetchone()[0]
    step.connection.execute("UPDATE officers SET link_up = ? WHERE officer = ?", (int(up), step.officer))
    noted = step.audit("link", "up" if up else "down", message)
    if up and not lost_before:
        # The very first session restores nothing.
        return
    step.tell(
        [
            connection(
                step.officer,
                step.now,
                up=up,
                code="TERMINAL_SILENT",
                message=message,
                subject=f"link:{noted}",
            )
        ]
    )
