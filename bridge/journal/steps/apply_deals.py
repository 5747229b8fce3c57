"""Deals at work: counted, revised, annulled, or left to wait for an earlier one."""

import sqlite3

from bridge.core.link.reports import DealFact, content_hash, fact_key
from bridge.core.trade import apply_deals, apply_reports
from bridge.core.trade.allocation import revise
from bridge.core.trade.apply_reports import Scene
from bridge.core.trade.records import CommandRecord, Disposition, Outcome
from bridge.journal.operator import halt
from bridge.journal.steps.step import Step
from bridge.journal.tables import holdings, market, rows


class Deals:
    """The deals of one batch of facts."""

    def __init__(self, step: Step, scene: Scene, *, netting: bool) -> None:
        self._step = step
        self._connection: sqlite3.Connection = step.connection
        self._scene = scene
        self._netting = netting

    def fold(
        self, fact: DealFact, *, revision: bool = False, complete: bool = False
    ) -> tuple[Outcome, CommandRecord | None]:
        """Count the deal: what it comes to, and the command that it bears the token of, as it was before.

        `revision`: it was told of before. `complete`: every deal before it is known.
        """
        account = self._step.account
        if revision and (counted := holdings.load_deal(self._connection, account, fact.ticket)) is not None:
            if content_hash(counted) == content_hash(fact):
                # It waited when it was said before, and counts since.
                return Outcome(disposition=Disposition.APPLIED), None
            return self._revise(fact, counted)
        if fact.annulled:
            return self._annulled(fact, complete=complete)
        command = rows.load_command(self._connection, account.officer, fact.magic) if fact.magic else None
        deals = holdings.deals_of_command(self._connection, account, command.token) if command else ()
        outcome = apply_deals.fold_deal(
            fact,
            command=command,
            command_deals=deals,
            book=self._book(fact, fact.position_id, complete=complete),
            scene=self._scene,
        )
        self._save(fact, outcome, outcome.command.token if outcome.command is not None else None)
        if outcome.shares:
            holdings.save_shares(self._connection, account, fact, fact.position_id, outcome.shares)
        return outcome, command

    def unpark(self, position_id: int, *, complete: bool = False) -> None:
        """Deals that waited for this position may count now; each may let the next one count."""
        while True:
            parked = holdings.parked_deals(self._connection, self._step.account, position_id)
            for fact in parked:
                outcome, command = self.fold(fact, complete=complete)
                if outcome.disposition is not Disposition.PARKED:
                    self._step.apply(outcome, command)
                    self.halt(fact, outcome)
            after = holdings.parked_deals(self._connection, self._step.account, position_id)
            if not after or len(after) == len(parked):
                return

    def end_trimmed(self, ticket: int) -> None:
        """End a close whose order found less than it was to close, once that is filled."""
        order = market.load_order(self._connection, self._step.account, ticket)
        command = rows.load_command(self._connection, self._step.officer, order.magic) if order else None
        if order is None or command is None:
            return
        deals = holdings.deals_of_command(self._connection, self._step.account, command.token)
        outcome = apply_deals.fold_trimmed(command, order, deals, self._scene)
        if outcome is not None:
            self._step.apply(outcome, command)

    def halt(self, fact: DealFact, outcome: Outcome) -> None:
        """Stop opens in the deal's symbol, where its outcome says so."""
        if outcome.halt:
            halt.halt_ourselves(self._step, symbol=fact.symbol, why=outcome.halt)

    def _annulled(self, fact: DealFact, *, complete: bool) -> tuple[Outcome, CommandRecord | None]:
        """A deal of which the first that counts is that it is annulled: what it did, and then that it is undone."""
        made = fact.as_made
        outcome, command = self.fold(made, complete=complete)
        if outcome.disposition is not Disposition.APPLIED:
            self._save(fact, outcome, None)
            shares = revise(fact, outcome.shares)
            holdings.save_shares(self._connection, self._step.account, fact, fact.position_id, shares)
            return outcome, command
        self._step.apply(outcome, command)
        self.halt(made, outcome)
        return self._revise(fact, made)

    def _revise(self, fact: DealFact, counted: DealFact) -> tuple[Outcome, CommandRecord | None]:
        """A deal that counts already is booked anew."""
        account, ticket = self._step.account, fact.ticket
        if what := apply_deals.rewritten(fact, counted):
            # It counts as it was: others' parts, and what was told of them, stand on it.
            return apply_reports.quarantine(f"deal {ticket} counts already, and {what}"), None
        token = holdings.token_of_deal(self._connection, account, ticket)
        maker = rows.load_command(self._connection, account.officer, token) if token else None
        outcome = apply_deals.revise_deal(
            fact,
            counted,
            shares=holdings.shares_of_deal(self._connection, account, ticket),
            book=self._book(fact, counted.position_id),
            maker=maker,
            scene=self._scene,
            again=self._times_booked(fact),
        )
        self._save(fact, outcome, token)
        holdings.save_shares(self._connection, account, fact, counted.position_id, outcome.shares)
        return outcome, maker

    def _times_booked(self, fact: DealFact) -> int:
        """How often the deal was booked just like this."""
        (count,) = self._connection.execute(
            "SELECT count(*) FROM facts WHERE officer = ? AND server = ? AND login = ? AND key = ? AND hash = ?",
            (*self._step.account.key, fact_key(fact), content_hash(fact)),
        ).fetchone()
        return int(count)

    def _book(self, fact: DealFact, position: int, *, complete: bool = False) -> apply_deals.PositionBook:
        return holdings.position_book(
            self._connection,
            self._step.account,
            position,
            netting=self._netting,
            without=fact.ticket,
            complete=complete,
            order=market.load_order(self._connection, self._step.account, fact.order),
        )

    def _save(self, fact: DealFact, outcome: Outcome, token: int | None) -> None:
        holdings.save_deal(
            self._connection,
            self._step.account,
            fact,
            token=token,
            disposition=outcome.disposition,
            done_at=self._scene.to_utc(fact.time_server_ms),
        )
