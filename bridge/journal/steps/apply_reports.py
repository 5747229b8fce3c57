"""Reports of the terminal: one batch, stored and applied, with everything that follows from it."""

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from bridge.core.link.messages import ProtocolError
from bridge.core.link.report_identity import borne_id, content_hash, report_key
from bridge.core.link.reports import (
    CommandReport,
    CommandStage,
    ConnectionReport,
    DealReport,
    OrderReport,
    PositionReport,
    ScanReport,
    SymbolReport,
    TroubleReport,
    decode_report,
)
from bridge.core.settings import LinkSettings, OfficerSettings
from bridge.core.trade import apply_reports as core
from bridge.core.trade.apply_reports import Scene
from bridge.core.trade.events import system_error
from bridge.core.trade.executors import answer_counts
from bridge.core.trade.records import CommandRecord, Disposition, Outcome, PositionRecord
from bridge.core.units import broker_time
from bridge.core.units.mt5_terms import MarginMode
from bridge.journal.database.file import is_file_error
from bridge.journal.database.words import AuditKind, ReportKind
from bridge.journal.steps import (
    apply_effects,
    broker_positions,
    foreign_senders,
    market_waits,
    renamed_server,
)
from bridge.journal.steps.after_scan import check_after_scan, check_stops
from bridge.journal.steps.apply_deals import Deals
from bridge.journal.steps.apply_positions import apply_position
from bridge.journal.steps.apply_symbol import apply_symbol
from bridge.journal.steps.sessions import confirm_offset, margin_mode, offsets
from bridge.journal.steps.step import Step
from bridge.journal.tables import allocations, commands, deals, officers, orders, reports, sessions

_Stored = CommandReport | DealReport | OrderReport | PositionReport | ConnectionReport | TroubleReport
"""Reports that are stored as such. A scan moves the watermark; a symbol's terms have a table of their own."""


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """Result of a batch."""

    acked: int
    """Number of the last report that the journal now has."""
    scanned: bool
    """A completed scan is among them."""
    further_scan_after: timedelta | None
    """Time after which a further scan decides what the last one could not; None where it left nothing open."""
    symbols: list[SymbolReport]
    """Answers about symbols."""
    applied: int
    repeated: int
    quarantined: int
    """Reports that cannot be used."""
    quarantine: str
    """Reason of the officer's quarantine; empty where there is none."""


def apply_reports(
    step: Step,
    settings: OfficerSettings,
    epoch: int,
    batch: Sequence[tuple[int, bytes]],
    link: LinkSettings,
) -> Applied:
    """Store and apply the reports, in order. Total: no report is refused, none stops the next.

    `batch` holds (seq, raw JSON) of one epoch, at least one.
    """
    work = ReportBatch(step, settings, epoch, link)
    for seq, raw in batch:
        try:
            with step.contained():
                work.take(seq, raw)
        except Exception as error:
            if is_file_error(error):
                # Nothing against the report: the step fails as a whole.
                raise
            # An error of the bridge must not hold up later reports: the terminal would repeat this one for ever.
            work.store_unusable(seq, raw, f"{type(error).__name__}: {error}")
    acked = batch[-1][0]
    # An acknowledgement may be lost with this process: the next one says in its welcome what need not come again.
    sessions.note_stored(step.connection, epoch, acked)
    return Applied(
        acked=acked,
        scanned=work.scanned,
        further_scan_after=work.further_scan_after,
        symbols=work.symbols,
        applied=work.applied,
        repeated=work.repeated,
        quarantined=work.quarantined,
        quarantine=step.quarantine,
    )


class ReportBatch:
    """Reports of one epoch, applied one after the other."""

    def __init__(self, step: Step, settings: OfficerSettings, epoch: int, link: LinkSettings) -> None:
        self._step = step
        self._settings = settings
        self._connection: sqlite3.Connection = step.connection
        self._epoch = epoch
        self._terminal = sessions.identity(step.connection, epoch)
        self._margin_s = link.takeover_margin_s
        self._netting = margin_mode(step) is not MarginMode.RETAIL_HEDGING
        known = offsets(step)
        self._scene = Scene(
            officer=step.officer,
            at=step.now,
            to_utc=lambda server_ms: broker_time.to_utc(server_ms, known, step.now, latest=step.latest),
            # While the clock is not trusted, less time may have passed than it says: absence counts later.
            grace=timedelta(seconds=link.unknown_grace_s) + (step.now - step.earliest),
            mismatch_grace=timedelta(seconds=link.mismatch_grace_s) + (step.now - step.earliest),
        )
        self._former = step.known.former_account
        """Account bound before, where the present one may be the same under another server name."""
        self._deals = Deals(step, self._scene, netting=self._netting, prefix=settings.prefix)
        self.successors: list[CommandRecord] = []
        """Commands that were planned in the place of those that the broker refused in a closed market."""
        self.scanned = False
        self.further_scan_after: timedelta | None = None
        self.symbols: list[SymbolReport] = []
        self.applied = 0
        self.repeated = 0
        self.quarantined = 0

    def take(self, seq: int, raw: bytes, *, stored: bool = False) -> None:
        """Store and apply one report. `stored`: it was stored before, and may not be the broker's present state."""
        try:
            report = decode_report(raw)
        except ProtocolError as error:
            self.store_unusable(seq, raw, str(error))
            return
        match report:
            case ScanReport():
                self._apply_scan(report)
            case SymbolReport():
                apply_symbol(self._step, report, raw, self._epoch)
                self.symbols.append(report)
                self.applied += 1
            case _:
                if isinstance(report, PositionReport) and not stored:
                    broker_positions.note_position(self._step, report)
                self._take(seq, raw, report, stored=stored)

    def _take(self, seq: int, raw: bytes, report: _Stored, *, stored: bool) -> None:
        if self._former is not None and renamed_server.shows(self._step, self._former, report):
            self._step.resume_former_account()
            self._former = None
        key, digest = report_key(report), content_hash(report)
        latest = reports.latest(self._connection, self._step.account, key)
        same = latest is not None and latest.is_same(digest)
        if isinstance(report, OrderReport) and (seen := self._order(report)) is not None:
            # An order may return to an earlier state; it is a repetition only of the state that was seen last.
            same = content_hash(seen) == digest
        if same and latest is not None and latest.disposition is Disposition.APPLIED:
            self.repeated += 1
            return
        outcome, before = self._apply(report, revision=latest is not None)
        outcome = self._without_past(report, outcome, before)
        unmoved = outcome.disposition is not Disposition.APPLIED and outcome.command in (None, before)
        if same and unmoved and not self._adds_order(report, key):
            # Repeated, and still not ours or not usable. The thing that it concerns may become known later.
            self.repeated += 1
            return
        added = reports.add(
            self._connection,
            self._step.account,
            key=key,
            client_order_id=borne_id(report),
            body=raw.decode(),
            disposition=outcome.disposition,
            note=outcome.note,
            epoch=self._epoch,
            seq=seq,
            at=self._step.now,
        )
        if isinstance(report, DealReport) and (latest is None or report.annulled):
            broker_positions.note_deal(self._step, report)
        about = outcome.command or before or (outcome.positions[0] if outcome.positions else None)
        if about is not None or outcome.disposition is Disposition.UNUSABLE:
            directive_id = about.directive_id if about else None
            self._step.audit(AuditKind.REPORT, key, raw.decode(), directive_id, content=added)
        self._step.apply_outcome(outcome, before)
        if outcome.command is not None and market_waits.is_replaced(before, outcome.command):
            self.successors.append(market_waits.replace(self._step, self._settings, outcome.command))
        if isinstance(report, DealReport):
            self._deals.allocate_anew(report)
        self._check_senders(report, outcome)
        if not stored:
            self._check_sent_here(report, outcome, before)
        self._apply_consequences(report, outcome)
        if outcome.disposition is Disposition.UNUSABLE:
            self.quarantined += 1
            if not outcome.quarantine:
                # A ledger of years may have thousands of intents that a new journal lacks: one alarm is enough.
                self._emit_unusable(key, outcome.note, before)
        else:
            self.applied += 1

    def _apply(self, report: _Stored, *, revision: bool) -> tuple[Outcome, CommandRecord | None]:
        """Return the report's outcome, and the command that it is about as it was before."""
        match report:
            case CommandReport():
                return self._apply_command(report)
            case DealReport():
                return self._deals.apply_deal(report, revision=revision)
            case OrderReport():
                return self._apply_order(report)
            case PositionReport():
                return apply_position(self._step, self._scene, report, netting=self._netting)
            case ConnectionReport():
                return core.apply_connection(report, self._scene), None
            case TroubleReport():
                return core.apply_trouble(report, self._scene), None

    def _without_past(self, report: _Stored, outcome: Outcome, before: CommandRecord | None) -> Outcome:
        """Return the outcome without the events of what happened before its command was adopted.

        Events that have the time of their occurrence are left to the step. These have the time of the report.
        """
        match report:
            case CommandReport():
                past = before is not None and before.silent_until is not None
                past = past and report.stage is not CommandStage.STATUS_REPLY
            case OrderReport():
                done = self._scene.to_utc(report.time_done_server_ms or report.time_setup_server_ms)
                past = before is not None and before.silent_until is not None and done <= before.silent_until
            case PositionReport():
                # The first sight of its levels: the Director may know them.
                past = any(lot.levels_seen == 1 and self._is_adopted(lot) for lot in outcome.positions)
                past = past or (before is not None and before.silent_until is not None)
            case _:
                past = False
        return msgspec.structs.replace(outcome, events=()) if past else outcome

    def _adds_order(self, report: _Stored, key: str) -> bool:
        """Return True for the ledger's entry with its order, where the same report is stored without it."""
        if not isinstance(report, CommandReport) or report.request is None:
            return False
        before = reports.stored(self._connection, self._step.account, key)
        known = decode_report(before.body.encode()) if before is not None else None
        return isinstance(known, CommandReport) and known.request is None

    def _is_adopted(self, lot: PositionRecord) -> bool:
        return commands.silent_until(self._connection, self._step.officer, lot.directive_id) is not None

    def _check_senders(self, report: _Stored, outcome: Outcome) -> None:
        """Check that nobody else sends orders under our client order ids."""
        if isinstance(report, DealReport | OrderReport | PositionReport):
            foreign_senders.check_id(self._step, report, self._settings.prefix, self._epoch)
        if isinstance(report, DealReport | OrderReport) and outcome.command is not None:
            foreign_senders.check_volume(self._step, outcome.command.client_order_id)

    def _check_sent_here(self, report: _Stored, outcome: Outcome, before: CommandRecord | None) -> None:
        """Check that what the broker has of a command, was sent by this officer's own terminal."""
        match report:
            case CommandReport(stage=CommandStage.FOUND):
                foreign_senders.check_found(self._step, report.client_order_id, self._epoch)
            case DealReport() | OrderReport() if before is not None and outcome.command is not None:
                foreign_senders.check_unsent(self._step, before, report, self._epoch)
            case _:
                pass

    def _apply_consequences(self, report: _Stored, outcome: Outcome) -> None:
        """Apply everything that an applied report makes possible."""
        if isinstance(report, DealReport) and outcome.allocations:
            # What it opened, ours or not, may be what a parked deal closed.
            self._deals.unpark(report.position_id)
        if outcome.disposition is not Disposition.APPLIED:
            return
        match report:
            case DealReport():
                self._deals.halt_symbol(report, outcome)
                if not outcome.allocations:
                    self._deals.unpark(report.position_id)
                # A position may be shown before the history has its deal.
                self.take_position_again(report.position_id, foreign=False)
                apply_effects.apply_position(self._step, report.position_id)
                self._deals.end_trimmed(report.order)
            case OrderReport():
                apply_effects.apply_order(self._step, report.ticket)
                self._deals.end_trimmed(report.ticket)
            case PositionReport():
                apply_effects.apply_position(self._step, report.identifier)
                # The loss of a stop does not wait for the next scan.
                check_stops(self._step, self._settings, report.identifier)
            case CommandReport() if outcome.command is not None and outcome.command.order.kind.changes:
                apply_effects.apply_target(self._step, outcome.command.order)

    def _apply_command(self, report: CommandReport) -> tuple[Outcome, CommandRecord | None]:
        command = commands.load(self._connection, self._step.officer, report.client_order_id)
        officers.raise_ledger_mark(self._connection, self._step.officer, report.mark)
        if not self._counts(report):
            # Parked: the same report counts when the right ledger makes it, or nobody else may execute the command.
            return Outcome(disposition=Disposition.PARKED), command
        submitted = reports.latest(
            self._connection,
            self._step.account,
            f"{ReportKind.COMMAND}:{report.client_order_id}:{report.attempt}:{CommandStage.SUBMITTED}",
        )
        outcome = core.apply_command(
            report,
            command,
            self._scene,
            submitted=submitted is not None,
            wait=market_waits.wait_of(
                self._step, self._settings, report, command, submitted=submitted is not None
            ),
            shown=report.stage is CommandStage.STATUS_REPLY
            and broker_positions.is_shown(self._step, report.client_order_id),
        )
        return outcome, command

    def _counts(self, report: CommandReport) -> bool:
        """Return False for an answer of an instance or ledger that cannot say what became of the command."""
        instance_id, ledger_id = self._terminal
        return answer_counts(
            report,
            self._step.last_dispatch(report.client_order_id),
            instance_id=instance_id,
            ledger_id=ledger_id,
            margin_s=self._margin_s,
        )

    def _order(self, report: OrderReport) -> OrderReport | None:
        return orders.load(self._connection, self._step.account, report.ticket)

    def _apply_order(self, report: OrderReport) -> tuple[Outcome, CommandRecord | None]:
        command = commands.load(self._connection, self._step.officer, report.magic)
        if command is None:
            # Most orders of an account with a history are somebody else's.
            return core.apply_order(report, None, self._scene), None
        outcome = core.apply_order(
            report,
            command,
            self._scene,
            before=self._order(report),
            explained=apply_effects.explains_order(self._step, report),
            netting=self._netting,
            sighting=reports.count_order_states(self._connection, self._step.account, report.ticket),
        )
        if outcome.disposition is Disposition.APPLIED:
            orders.save(self._connection, self._step.account, report.magic, report, self._step.now)
        return outcome, command

    def take_position_again(self, identifier: int, *, foreign: bool) -> None:
        """Apply the position as it was reported last, where that report could not be applied when it came.

        `foreign`: also where it was nobody's of ours by then.
        """
        last = reports.stored(self._connection, self._step.account, f"{ReportKind.POSITION}:{identifier}")
        waits = (Disposition.PARKED, Disposition.FOREIGN) if foreign else (Disposition.PARKED,)
        if last is not None and last.disposition in waits:
            self.take(last.seq, last.body.encode(), stored=True)

    def allocate_again(self, position_id: int) -> None:
        """Divide the position's foreign deals anew: a lot of ours has become known that they may concern."""
        if not self._netting:
            return
        foreign = deals.foreign(self._connection, self._step.account, position_id)
        for ticket in foreign:
            allocations.delete(self._connection, self._step.account, ticket)
        for ticket in foreign:
            last = reports.stored(self._connection, self._step.account, f"{ReportKind.DEAL}:{ticket}")
            if last is not None:
                self.take(last.seq, last.body.encode(), stored=True)

    def _apply_scan(self, report: ScanReport) -> None:
        """Move the watermark and run the checks. A scan is not stored: one per minute would fill the journal."""
        officers.raise_watermark(self._connection, self._step.officer, report.to_server_ms)
        sessions.note_scan(self._connection, self._epoch, self._step.now)
        officers.set_scanned(self._connection, self._step.officer, self._step.now)
        confirm_offset(self._step, report.to_server_ms)
        lasting = 2 * self._scene.mismatch_grace
        before = self._step.now - lasting
        waits: list[timedelta] = []
        for position_id in deals.positions_with_parked(self._connection, self._step.account, before):
            if not self._deals.waits_for_lost(position_id):
                self._deals.unpark(position_id, complete=True)
        try:
            with self._step.contained():
                waits = check_after_scan(
                    self._step,
                    self._settings,
                    report,
                    self._epoch,
                    self._scene,
                    netting=self._netting,
                )
        except Exception as error:
            if is_file_error(error):
                raise
            # An error of the bridge. The scan counts all the same: without it the officer would never work again.
            note = f"the bridge failed to compare its positions and orders with the broker's: {error}"
            self._emit_unusable(f"check:{type(error).__name__}", note, None)
        parked = deals.first_parked(self._connection, self._step.account, before)
        if parked is not None:
            waits.append(parked - before)
        self.further_scan_after = min(waits, default=None)
        self.scanned = True
        self.applied += 1

    def store_unusable(self, seq: int, raw: bytes, note: str) -> None:
        """Store bytes that are no report, or a report on which the bridge failed, and emit SYSTEM_ERROR once."""
        digest = hashlib.sha256(raw).hexdigest()
        key = f"{ReportKind.UNDECODABLE}:{digest}"
        if reports.latest(self._connection, self._step.account, key) is not None:
            self.repeated += 1
            return
        reports.add(
            self._connection,
            self._step.account,
            key=key,
            client_order_id=0,
            body=raw.decode("utf-8", "backslashreplace"),
            disposition=Disposition.UNUSABLE,
            note=note,
            epoch=self._epoch,
            seq=seq,
            at=self._step.now,
        )
        self.quarantined += 1
        self._emit_unusable(key, f"the terminal sent a report that cannot be used: {note}", None)

    def _emit_unusable(self, key: str, note: str, about: CommandRecord | None) -> None:
        self._step.emit(
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
