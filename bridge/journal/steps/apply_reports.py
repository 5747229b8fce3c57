"""Reports: one batch of a link, into the journal, with everything that follows from it."""

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.link.messages import ProtocolError
from bridge.core.link.reports import (
    CommandReport,
    CommandStage,
    ConnectionReport,
    DealReport,
    NotSentReason,
    OrderReport,
    PositionReport,
    ScanReport,
    SymbolReport,
    TroubleReport,
    content_hash,
    decode_report,
    report_key,
)
from bridge.core.settings import OfficerSettings
from bridge.core.trade import apply_reports
from bridge.core.trade.apply_reports import Scene
from bridge.core.trade.events import system_error
from bridge.core.trade.records import CommandRecord, Disposition, Outcome
from bridge.core.units import broker_time
from bridge.core.units.mt5_terms import MarginMode
from bridge.journal.steps.after_scan import compare_positions
from bridge.journal.steps.apply_deals import Deals
from bridge.journal.steps.apply_effects import Effects
from bridge.journal.steps.overdue_orders import cancel_lapsed
from bridge.journal.steps.protective_stops import check_stops
from bridge.journal.steps.sessions import margin_mode, offsets
from bridge.journal.steps.step import Step
from bridge.journal.tables import holdings, market, rows

_Stored = CommandReport | DealReport | OrderReport | PositionReport | ConnectionReport | TroubleReport
"""The reports that are kept. A scan moves the watermark, a symbol's terms have a table of their own."""


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch came to. `acked` is the last report that the journal now has."""

    acked: int
    scanned: bool
    """A completed scan is among them."""
    applied: int
    repeated: int
    quarantined: int
    quarantine: str


def apply(
    step: Step,
    settings: OfficerSettings,
    epoch: int,
    reports: Sequence[tuple[int, bytes]],
    *,
    grace: timedelta,
) -> Applied:
    """Store and apply the reports, in order. Total: no report is refused, none stops the next.

    `reports` are (seq, raw JSON) of one epoch, at least one.
    """
    # What may not be so long ago as it seems must be absent for longer.
    book = _Book(step, settings, epoch, grace + (step.now - step.earliest))
    for seq, raw in reports:
        try:
            with step.contained():
                book.take(seq, raw)
        except Exception as error:
            if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError):
                # The disk's trouble, not the report's: the step fails as a whole.
                raise
            # Ours, and still no reason to hold up what comes after: the terminal would say it for ever.
            book.contain(seq, raw, error)
    return Applied(
        acked=reports[-1][0],
        scanned=book.scanned,
        applied=book.applied,
        repeated=book.repeated,
        quarantined=book.quarantined,
        quarantine=step.quarantine,
    )


class _Book:
    """One batch at work."""

    def __init__(self, step: Step, settings: OfficerSettings, epoch: int, grace: timedelta) -> None:
        self._step = step
        self._settings = settings
        self._connection: sqlite3.Connection = step.connection
        self._epoch = epoch
        self._netting = margin_mode(step) is not MarginMode.RETAIL_HEDGING
        known = offsets(step)
        self._scene = Scene(
            officer=step.officer,
            at=step.now,
            to_utc=lambda server_ms: broker_time.to_utc(server_ms, known, step.now),
            grace=grace,
        )
        self._effects = Effects(step)
        self._deals = Deals(step, self._scene, netting=self._netting)
        self.scanned = False
        self.applied = 0
        self.repeated = 0
        self.quarantined = 0

    def take(self, seq: int, raw: bytes) -> None:
        try:
            report = decode_report(raw)
        except ProtocolError as error:
            self._quarantine_raw(seq, raw, str(error))
            return
        match report:
            case ScanReport():
                self._scan(report)
            case SymbolReport():
                self._symbol(report, raw)
            case _:
                self._take(seq, raw, report)

    def _take(self, seq: int, raw: bytes, report: _Stored) -> None:
        key, digest = report_key(report), content_hash(report)
        latest = self._latest(key)
        same = latest is not None and latest["hash"] == digest
        if isinstance(report, OrderReport) and (seen := self._order(report)) is not None:
            # An order may become again what it was before; only what was seen last is no news.
            same = content_hash(seen) == digest
        if same and latest is not None and latest["disposition"] == Disposition.APPLIED:
            self.repeated += 1
            return
        outcome, before = self._apply(report, revision=latest is not None)
        if same and outcome.disposition is not Disposition.APPLIED:
            # Said again, and still not ours or not to be understood. What it concerns may turn up later.
            self.repeated += 1
            return
        self._store(seq, raw, report, key, digest, outcome, before)
        self._step.apply(outcome, before)
        self._follow(report, outcome)
        if outcome.disposition is Disposition.UNUSABLE:
            self.quarantined += 1
            self._raise(key, outcome.note, before)
        else:
            self.applied += 1

    def _follow(self, report: _Stored, outcome: Outcome) -> None:
        """What else moves once the report is in."""
        if outcome.disposition is not Disposition.APPLIED:
            return
        match report:
            case DealReport():
                self._deals.halt(report, outcome)
                self._deals.unpark(report.position_id)
                self._effects.of_position(report.position_id)
                self._deals.end_trimmed(report.order)
            case OrderReport():
                self._effects.of_order(report.ticket)
                self._deals.end_trimmed(report.ticket)
            case PositionReport():
                self._effects.of_position(report.identifier)
            case CommandReport() if outcome.command is not None and outcome.command.order.kind.changes:
                self._effects.of_target(outcome.command.order)

    def _latest(self, key: str) -> sqlite3.Row | None:
        """Hash and disposition of what was said last under the key."""
        row: sqlite3.Row | None = self._connection.execute(
            "SELECT hash, disposition FROM reports WHERE officer = ? AND server = ? AND login = ? AND key = ?"
            " ORDER BY id DESC LIMIT 1",
            (*self._step.account.key, key),
        ).fetchone()
        return row

    def _order(self, report: OrderReport) -> OrderReport | None:
        return market.load_order(self._connection, self._step.account, report.ticket)

    def _scan(self, report: ScanReport) -> None:
        """All that a scan says is how far it came. One a minute would fill the journal with nothing."""
        self._connection.execute(
            "UPDATE officers SET watermark_server_ms = max(watermark_server_ms, ?) WHERE officer = ?",
            (report.to_server_ms, self._step.officer),
        )
        if self._netting:
            status_reply = self._step.now - 2 * self._scene.grace
            for position in holdings.parked_positions(self._connection, self._step.account, status_reply):
                self._deals.unpark(position, complete=True)
        try:
            with self._step.contained():
                check_stops(self._step, self._settings)
                cancel_lapsed(self._step)
                compare_positions(self._step, report, netting=self._netting, patience=2 * self._scene.grace)
        except Exception as error:
            if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError):
                raise
            # Ours. The scan is through all the same: without it the officer would never work again.
            self._raise(
                f"check:{type(error).__name__}", f"the bridge failed to compare the books: {error}", None
            )
        self.scanned = True
        self.applied += 1

    def _symbol(self, report: SymbolReport, raw: bytes) -> None:
        """The terms of a symbol, as this session's terminal sees them."""
        if market.save_symbol(self._connection, self._step.account, report, self._epoch, self._step.now):
            self._step.audit("symbol", f"{report.asked} is {report.name or 'not to be had'}", raw.decode())
        self.applied += 1

    def contain(self, seq: int, raw: bytes, error: Exception) -> None:
        """Keep a report that we failed on."""
        self._quarantine_raw(seq, raw, f"{type(error).__name__}: {error}")

    def _apply(self, report: _Stored, *, revision: bool) -> tuple[Outcome, CommandRecord | None]:
        match report:
            case CommandReport():
                command = rows.load_command(self._connection, self._step.officer, report.client_order_id)
                self._note_mark(report.mark)
                if command is not None and self._proves_nothing(report):
                    # Parked: the same words count when the right ledger says them.
                    return Outcome(disposition=Disposition.PARKED), command
                submitted = self._latest(
                    f"command:{report.client_order_id}:{report.attempt}:{CommandStage.SUBMITTED}"
                )
                outcome = apply_reports.apply_command(
                    report, command, self._scene, submitted=submitted is not None
                )
                return outcome, command
            case DealReport():
                return self._deals.apply(report, revision=revision)
            case OrderReport():
                return self._apply_order(report)
            case PositionReport():
                parts = holdings.parts_of(self._connection, self._step.account, report.identifier)
                explained = self._effects.explain_position(report)
                return apply_reports.apply_position(report, parts, self._scene, explained=explained), None
            case ConnectionReport():
                return apply_reports.apply_connection(report, self._scene), None
            case TroubleReport():
                return apply_reports.apply_trouble(report, self._scene), None

    def _apply_order(self, report: OrderReport) -> tuple[Outcome, CommandRecord | None]:
        command = rows.load_command(self._connection, self._step.officer, report.magic)
        if command is None:
            # Most orders of an account with a past are somebody else's.
            return apply_reports.apply_order(report, None, self._scene), None
        outcome = apply_reports.apply_order(
            report,
            command,
            self._scene,
            before=self._order(report),
            explained=self._effects.explain_order(report),
            netting=self._netting,
            sighting=self._sightings(report),
        )
        if outcome.disposition is Disposition.APPLIED:
            market.save_order(self._connection, self._step.account, report.magic, report, self._step.now)
        return outcome, command

    def _sightings(self, report: OrderReport) -> int:
        """How often the order was seen otherwise than the time before."""
        (count,) = self._connection.execute(
            "SELECT count(*) FROM reports WHERE officer = ? AND server = ? AND login = ? AND key >= ? AND key < ?",
            (*self._step.account.key, f"order:{report.ticket}:", f"order:{report.ticket};"),
        ).fetchone()
        return int(count)

    def _proves_nothing(self, report: CommandReport) -> bool:
        """True for the silence of a ledger that is not the one which the command was dispatched to."""
        if report.stage is not CommandStage.NOT_SENT or report.reason is not NotSentReason.NO_INTENT:
            return False
        row = self._connection.execute(
            "SELECT d.ledger_id <> s.ledger_id AS other FROM dispatches d, sessions s"
            " WHERE d.client_order_id = ? AND s.epoch = ? ORDER BY d.attempt DESC LIMIT 1",
            (report.client_order_id, self._epoch),
        ).fetchone()
        return row is not None and bool(row["other"])

    def _note_mark(self, mark: int) -> None:
        self._connection.execute(
            "UPDATE officers SET ledger_mark = max(ledger_mark, ?) WHERE officer = ?",
            (mark, self._step.officer),
        )

    def _store(
        self,
        seq: int,
        raw: bytes,
        report: _Stored,
        key: str,
        digest: str,
        outcome: Outcome,
        before: CommandRecord | None,
    ) -> None:
        kind = key.split(":", 1)[0]
        self._insert(seq, raw.decode(), key, digest, kind, outcome)
        part = outcome.positions[0] if outcome.positions else None
        about = outcome.command or before or part
        if about is not None or outcome.disposition is Disposition.UNUSABLE:
            self._step.audit("report", key, raw.decode(), about.directive_id if about else None)

    def _insert(self, seq: int, body: str, key: str, digest: str, kind: str, outcome: Outcome) -> None:
        self._connection.execute(
            "INSERT INTO reports (officer, server, login, key, hash, kind, body, disposition, note, epoch, seq,"
            " received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *self._step.account.key,
                key,
                digest,
                kind,
                body,
                outcome.disposition,
                outcome.note,
                self._epoch,
                seq,
                utc_text(self._step.now),
            ),
        )

    def _quarantine_raw(self, seq: int, raw: bytes, note: str) -> None:
        digest = hashlib.sha256(raw).hexdigest()
        key = f"undecodable:{digest}"
        if self._latest(key) is not None:
            self.repeated += 1
            return
        outcome = Outcome(disposition=Disposition.UNUSABLE, note=note)
        self._insert(seq, raw.decode("utf-8", "backslashreplace"), key, digest, "undecodable", outcome)
        self.quarantined += 1
        self._raise(key, f"the terminal reported something that cannot be taken in: {note}", None)

    def _raise(self, key: str, note: str, about: CommandRecord | None) -> None:
        self._step.tell(
            [
                system_error(
                    self._step.officer,
                    self._step.now,
                    code="REPORT_UNUSABLE",
                    message=note,
                    subject=key,
                    directive_id=about.directive_id if about else None,
                )
            ]
        )
