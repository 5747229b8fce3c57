"""Deals: applied, revised, annulled, or parked until an earlier deal is known."""

import sqlite3
from decimal import Decimal

import msgspec

from bridge.core.link.report_identity import content_hash, report_key
from bridge.core.link.reports import DealReport
from bridge.core.trade import apply_deals as core
from bridge.core.trade import apply_reports, revise_deals
from bridge.core.trade.allocation import revise
from bridge.core.trade.apply_reports import Scene
from bridge.core.trade.position_book import PositionBook
from bridge.core.trade.records import Allocation, CommandRecord, Disposition, Outcome
from bridge.core.units.decimals import ZERO
from bridge.core.units.order_ids import id_range
from bridge.journal.database.operator_marks import EVERYTHING
from bridge.journal.database.words import AuditKind, HaltSetter
from bridge.journal.steps.reallocate import allocate_anew
from bridge.journal.steps.step import Step
from bridge.journal.tables import (
    allocations,
    broker_positions,
    commands,
    deals,
    dismissed_orders,
    halts,
    orders,
    positions,
    reports,
)


class Deals:
    """The deals of one batch of reports."""

    def __init__(self, step: Step, scene: Scene, *, netting: bool, prefix: int) -> None:
        self._step = step
        self._own_ids = id_range(prefix)
        self._connection: sqlite3.Connection = step.connection
        self._scene = scene
        self._netting = netting

    def apply_deal(
        self, report: DealReport, *, revision: bool = False, complete: bool = False
    ) -> tuple[Outcome, CommandRecord | None]:
        """Apply and store the deal. Return its outcome, and the command whose client order id it bears, as it was
        before.

        `revision`: it was reported before. `complete`: every deal before it is known.
        """
        account = self._step.account
        counted = (
            deals.load(self._connection, account, report.ticket, Disposition.APPLIED) if revision else None
        )
        if counted is not None:
            if content_hash(counted) == content_hash(report):
                # It was parked when it was reported before, and counts since.
                return Outcome(disposition=Disposition.APPLIED), None
            return self._revise(report, counted)
        if revision and self._is_divided(report):
            # Among the deals after it, it would be divided otherwise, or wait for one before it.
            return Outcome(disposition=Disposition.FOREIGN), None
        if report.annulled:
            return self._apply_annulled(report, complete=complete)
        # Money has no maker, whatever magic it bears.
        command = None if report.books_money else self._command_of(report)
        if command is None and not report.books_money and self._is_lost(report):
            # Its order may be adopted, and then it counts for that command.
            parked = Outcome(disposition=Disposition.PARKED)
            self._save(report, parked, None)
            return parked, None
        applied = deals.of_command(self._connection, account, command.client_order_id) if command else ()
        outcome = core.apply_deal(
            report,
            command=command,
            command_deals=applied,
            book=self._book(report, report.position_id, complete=complete),
            scene=self._scene,
        )
        self._save(report, outcome, outcome.command.client_order_id if outcome.command is not None else None)
        if outcome.allocations:
            self._allocate(report, report.position_id, outcome.allocations)
        return outcome, command

    def unpark(self, position_id: int, *, complete: bool = False) -> None:
        """Apply the deals that were parked for this position; each may make the next one possible."""
        while True:
            parked = deals.parked(self._connection, self._step.account, position_id)
            for report in parked:
                outcome, command = self.apply_deal(report, complete=complete)
                if outcome.disposition is not Disposition.PARKED:
                    self._step.apply_outcome(outcome, command)
                    self.halt_symbol(report, outcome)
                    self.allocate_anew(report)
            after = deals.parked(self._connection, self._step.account, position_id)
            if not after or len(after) == len(parked):
                return

    def allocate_anew(self, report: DealReport) -> None:
        """Allocate the deals after this one anew, now that its outcome is stored.

        A position of a hedging account has one owner.
        """
        if self._netting and report.position_id:
            allocate_anew(self._step, self._scene, report)

    def waits_for_lost(self, position_id: int) -> bool:
        """Return True where a deal of a lost order is parked for the position."""
        waiting = deals.parked(self._connection, self._step.account, position_id)
        return any(self._is_lost(report) for report in waiting if not self._command_of(report))

    def _command_of(self, report: DealReport) -> CommandRecord | None:
        return commands.load(self._connection, self._step.officer, report.magic) if report.magic else None

    def _is_divided(self, report: DealReport) -> bool:
        """Return True where the deal is known as it is, and its volume is others' alone."""
        known = deals.load(self._connection, self._step.account, report.ticket, Disposition.FOREIGN)
        return (
            known is not None
            and content_hash(known) == content_hash(report)
            and self._command_of(report) is None
            and bool(allocations.of_deal(self._connection, self._step.account, report.ticket))
        )

    def _is_lost(self, report: DealReport) -> bool:
        """Return True where the magic is a client order id of this officer's that no operator has taken over. The
        caller has found no command for it."""
        first, last = self._own_ids
        return first <= report.magic <= last and report.magic not in dismissed_orders.all_ids(
            self._connection, self._step.officer
        )

    def end_trimmed(self, ticket: int) -> None:
        """End a close whose order found less than it was to close, once that is filled."""
        order = orders.load(self._connection, self._step.account, ticket)
        command = commands.load(self._connection, self._step.officer, order.magic) if order else None
        if order is None or command is None:
            return
        applied = deals.of_command(self._connection, self._step.account, command.client_order_id)
        outcome = core.apply_trimmed(command, order, applied, self._scene)
        if outcome is not None:
            self._step.apply_outcome(outcome, command)

    def halt_symbol(self, report: DealReport, outcome: Outcome) -> None:
        """Halt opens in the deal's symbol where its outcome requires it."""
        if outcome.halt:
            self._step.audit(AuditKind.HALT, report.symbol or EVERYTHING, outcome.halt)
            halts.add(
                self._connection,
                self._step.officer,
                report.symbol,
                outcome.halt,
                HaltSetter.BRIDGE,
                self._step.now,
            )

    def _apply_annulled(self, report: DealReport, *, complete: bool) -> tuple[Outcome, CommandRecord | None]:
        """Apply a deal whose first report says that it is annulled: first as it was made, then its annulment."""
        made = report.as_made
        outcome, command = self.apply_deal(made, complete=complete)
        if outcome.disposition is not Disposition.APPLIED:
            self._save(report, outcome, None)
            self._allocate(report, report.position_id, revise(report, outcome.allocations))
            return outcome, command
        self._step.apply_outcome(outcome, command)
        self.halt_symbol(made, outcome)
        return self._revise(report, made)

    def _revise(self, report: DealReport, counted: DealReport) -> tuple[Outcome, CommandRecord | None]:
        """Apply the revision of a deal that counts already."""
        account, ticket = self._step.account, report.ticket
        if change := revise_deals.rewritten(report, counted):
            # It counts as it was: allocations of other commands, and their events, depend on it.
            return apply_reports.unusable(f"deal {ticket} counts already, and {change}"), None
        client_order_id = deals.client_order_id(self._connection, account, ticket)
        if content_hash(msgspec.structs.replace(report, symbol=counted.symbol)) == content_hash(counted):
            # The broker has renamed the symbol, in its history too: nothing was booked.
            renamed = Outcome(disposition=Disposition.APPLIED)
            self._save(report, renamed, client_order_id)
            return renamed, None
        maker = commands.load(self._connection, account.officer, client_order_id) if client_order_id else None
        again = reports.count_revisions(self._connection, account, report_key(report), content_hash(report))
        outcome = revise_deals.revise_deal(
            report,
            counted,
            allocations=allocations.of_deal(self._connection, account, ticket),
            book=self._book(report, counted.position_id),
            maker=maker,
            scene=self._scene,
            again=again,
        )
        self._save(report, outcome, client_order_id)
        self._allocate(report, counted.position_id, outcome.allocations)
        return outcome, maker

    def _book(self, report: DealReport, position_id: int, *, complete: bool = False) -> PositionBook:
        """Return everything that is known of the position, except this deal."""
        account = self._step.account
        by_command: dict[int, list[Allocation]] = {}
        began: dict[int, int] = {}
        for deal_ticket, allocation in allocations.of_position(
            self._connection, account, position_id, without=report.ticket
        ):
            by_command.setdefault(allocation.client_order_id, []).append(allocation)
            if allocation.volume:
                began.setdefault(allocation.client_order_id, deal_ticket)
        return PositionBook(
            lots=positions.lots_in(self._connection, account, position_id),
            allocations=by_command,
            began=began,
            foreign=by_command.pop(0, []),
            netting=self._netting,
            complete=complete,
            order=orders.load(self._connection, account, report.order),
            shown=self._shown(position_id),
        )

    def _shown(self, position_id: int) -> Decimal:
        """Return the volume that the broker shows of the position, where it has had no deal that is not known."""
        shown = broker_positions.load(self._connection, self._step.account, position_id)
        last = deals.last_in(self._connection, self._step.account, position_id)
        if shown is None or shown.changed_server_ms or last is None:
            return ZERO
        updated_ms = shown.report.updated_server_ms
        return shown.report.volume if 0 < updated_ms <= last.time_server_ms else ZERO

    def _allocate(self, report: DealReport, position_id: int, divided: tuple[Allocation, ...]) -> None:
        allocations.save(self._connection, self._step.account, report.ticket, position_id, divided)

    def _save(self, report: DealReport, outcome: Outcome, client_order_id: int | None) -> None:
        deals.save(
            self._connection,
            self._step.account,
            report,
            client_order_id=client_order_id,
            disposition=outcome.disposition,
            done_at=self._scene.to_utc(report.time_server_ms),
        )
