"""Deals at work: counted, revised, annulled, or left to wait for an earlier one."""

import sqlite3

from bridge.core.link.reports import DealReport, content_hash, report_key
from bridge.core.trade import apply_deals, apply_reports, revise_deals
from bridge.core.trade.allocation import revise
from bridge.core.trade.apply_reports import Scene
from bridge.core.trade.position_book import PositionBook
from bridge.core.trade.records import CommandRecord, Disposition, Outcome
from bridge.journal.operator import halt
from bridge.journal.steps.step import Step
from bridge.journal.tables import holdings, market, rows


class Deals:
    """The deals of one batch of reports."""

    def __init__(self, step: Step, scene: Scene, *, netting: bool) -> None:
        self._step = step
        self._connection: sqlite3.Connection = step.connection
        self._scene = scene
        self._netting = netting

    def apply(
        self, report: DealReport, *, revision: bool = False, complete: bool = False
    ) -> tuple[Outcome, CommandRecord | None]:
        """Count the deal: what it comes to, and the command that it bears the token of, as it was before.

        `revision`: it was told of before. `complete`: every deal before it is known.
        """
        account = self._step.account
        if revision and (counted := holdings.load_deal(self._connection, account, report.ticket)) is not None:
            if content_hash(counted) == content_hash(report):
                # It waited when it was said before, and counts since.
                return Outcome(disposition=Disposition.APPLIED), None
            return self._revise(report, counted)
        if report.annulled:
            return self._annulled(report, complete=complete)
        command = rows.load_command(self._connection, account.officer, report.magic) if report.magic else None
        deals = (
            holdings.deals_of_command(self._connection, account, command.client_order_id) if command else ()
        )
        outcome = apply_deals.apply_deal(
            report,
            command=command,
            command_deals=deals,
            book=self._book(report, report.position_id, complete=complete),
            scene=self._scene,
        )
        self._save(report, outcome, outcome.command.client_order_id if outcome.command is not None else None)
        if outcome.allocations:
            holdings.save_allocations(
                self._connection, account, report, report.position_id, outcome.allocations
            )
        return outcome, command

    def unpark(self, position_id: int, *, complete: bool = False) -> None:
        """Deals that waited for this position may count now; each may let the next one count."""
        while True:
            parked = holdings.parked_deals(self._connection, self._step.account, position_id)
            for report in parked:
                outcome, command = self.apply(report, complete=complete)
                if outcome.disposition is not Disposition.PARKED:
                    self._step.apply(outcome, command)
                    self.halt(report, outcome)
            after = holdings.parked_deals(self._connection, self._step.account, position_id)
            if not after or len(after) == len(parked):
                return

    def end_trimmed(self, ticket: int) -> None:
        """End a close whose order found less than it was to close, once that is filled."""
        order = market.load_order(self._connection, self._step.account, ticket)
        command = rows.load_command(self._connection, self._step.officer, order.magic) if order else None
        if order is None or command is None:
            return
        deals = holdings.deals_of_command(self._connection, self._step.account, command.client_order_id)
        outcome = apply_deals.apply_trimmed(command, order, deals, self._scene)
        if outcome is not None:
            self._step.apply(outcome, command)

    def halt(self, report: DealReport, outcome: Outcome) -> None:
        """Stop opens in the deal's symbol, where its outcome says so."""
        if outcome.halt:
            halt.halt_ourselves(self._step, symbol=report.symbol, why=outcome.halt)

    def _annulled(self, report: DealReport, *, complete: bool) -> tuple[Outcome, CommandRecord | None]:
        """A deal of which the first that counts is that it is annulled: what it did, and then that it is undone."""
        made = report.as_made
        outcome, command = self.apply(made, complete=complete)
        if outcome.disposition is not Disposition.APPLIED:
            self._save(report, outcome, None)
            allocations = revise(report, outcome.allocations)
            holdings.save_allocations(
                self._connection, self._step.account, report, report.position_id, allocations
            )
            return outcome, command
        self._step.apply(outcome, command)
        self.halt(made, outcome)
        return self._revise(report, made)

    def _revise(self, report: DealReport, counted: DealReport) -> tuple[Outcome, CommandRecord | None]:
        """A deal that counts already is booked anew."""
        account, ticket = self._step.account, report.ticket
        if what := revise_deals.rewritten(report, counted):
            # It counts as it was: others' parts, and what was told of them, stand on it.
            return apply_reports.unusable(f"deal {ticket} counts already, and {what}"), None
        client_order_id = holdings.client_order_id_of_deal(self._connection, account, ticket)
        maker = (
            rows.load_command(self._connection, account.officer, client_order_id) if client_order_id else None
        )
        outcome = revise_deals.revise_deal(
            report,
            counted,
            allocations=holdings.allocations_of_deal(self._connection, account, ticket),
            book=self._book(report, counted.position_id),
            maker=maker,
            scene=self._scene,
            again=self._times_booked(report),
        )
        self._save(report, outcome, client_order_id)
        holdings.save_allocations(self._connection, account, report, counted.position_id, outcome.allocations)
        return outcome, maker

    def _times_booked(self, report: DealReport) -> int:
        """How often the deal was booked just like this."""
        (count,) = self._connection.execute(
            "SELECT count(*) FROM reports WHERE officer = ? AND server = ? AND login = ? AND key = ? AND hash = ?",
            (*self._step.account.key, report_key(report), content_hash(report)),
        ).fetchone()
        return int(count)

    def _book(self, report: DealReport, position: int, *, complete: bool = False) -> PositionBook:
        return holdings.position_book(
            self._connection,
            self._step.account,
            position,
            netting=self._netting,
            without=report.ticket,
            complete=complete,
            order=market.load_order(self._connection, self._step.account, report.order),
        )

    def _save(self, report: DealReport, outcome: Outcome, client_order_id: int | None) -> None:
        holdings.save_deal(
            self._connection,
            self._step.account,
            report,
            client_order_id=client_order_id,
            disposition=outcome.disposition,
            done_at=self._scene.to_utc(report.time_server_ms),
        )
