"""Planning: directives of the inbox whose turn it is become commands."""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from bridge.core.director.actions import Intent, intent_of
from bridge.core.director.contract import Directive, utc_text
from bridge.core.director.problem import Problem
from bridge.core.link.messages import Inquire
from bridge.core.link.reports import SymbolReport
from bridge.core.settings import LinkSettings, OfficerSettings
from bridge.core.trade import earlier_closes, events, planning, symbol_choice, transitions, validation
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.trade.dispatch import Gate
from bridge.core.trade.planning import PlannedCommand
from bridge.core.trade.precedence import WaitingInSymbol, holds_up
from bridge.core.trade.records import CommandRecord
from bridge.core.units.mt5_terms import MarginMode
from bridge.journal.steps import broker_positions, earlier_journal, inbox
from bridge.journal.steps.evidence import apply_evidence
from bridge.journal.steps.plan_own import plan_own
from bridge.journal.steps.planned_commands import add_commands, client_order_ids, left_to_close
from bridge.journal.steps.resting_orders import (
    has_removed_rests,
    remove_rests,
    resting_orders,
    unsettled,
)
from bridge.journal.steps.sessions import margin_mode
from bridge.journal.steps.step import Step
from bridge.journal.tables import commands, directives, halts, positions, symbols
from bridge.journal.tables.directives import Waiting


def plan(step: Step, settings: OfficerSettings, link: LinkSettings, gate: Gate) -> list[Inquire]:
    """Plan every directive whose turn it is. Return the symbols that the terminal must be asked for first.

    An open needs its symbol's terms from this very session. A close, a change or a cancel needs to know what there
    is: it is planned once no earlier command in its symbol can still change that.
    """
    planner = _Planner(step, settings, gate)
    waiting = directives.waiting(step.connection, step.officer)
    planner.plan_all(waiting)
    if planner.removes_rests:
        # What a close waits for goes out with this step.
        planned = {item.id for item in waiting}
        planner.plan_all(
            [
                item
                for item in directives.waiting(step.connection, step.officer)
                if item.own and item.id not in planned
            ]
        )
    # Once all of them are known: on a netting account several may share a position.
    apply_evidence(step, settings, link, gate.epoch, planner.planned)
    return list(planner.inquiries.values())


class _Planner:
    """One step's planning, from directive to directive."""

    def __init__(self, step: Step, settings: OfficerSettings, gate: Gate) -> None:
        self._step = step
        self._settings = settings
        self._gate = gate
        self._waiting: dict[str, WaitingInSymbol] = {}
        """Earlier directives that still wait, by the symbol that they ask for."""
        self._netting = margin_mode(step) is not MarginMode.RETAIL_HEDGING
        self.inquiries: dict[str, Inquire] = {}
        self.planned: list[CommandRecord] = []
        """Commands that were planned in this step."""
        self.removes_rests = False
        """A close waits for the removal of the rest of a market order."""

    def plan_all(self, waiting: Sequence[Waiting]) -> None:
        """Plan each directive where it is its turn."""
        for item in waiting:
            with inbox.contained(self._step, item):
                self.planned += self.plan(item)

    def plan(self, item: Waiting) -> list[CommandRecord]:
        """Plan the directive where it is its turn, and return its commands."""
        if item.own:
            return plan_own(self._step, self._settings, item)
        directive = item.directive
        if self._is_over(item):
            return []
        asked, exact = self._settings.inquiry(directive.symbol)
        terms = self._terms(item, directive, asked)
        if terms is not None and not terms.name and (chosen := symbol_choice.choose(terms)):
            asked, exact = chosen, True
            terms = self._terms(item, directive, asked)
        if terms is None:
            self.inquiries[asked] = Inquire(epoch=self._gate.epoch, symbol=asked, exact=exact)
        if terms is None or self._waits(item, directive, asked, terms):
            self._waiting.setdefault(asked, WaitingInSymbol()).add(directive)
            return []
        planned = symbol_choice.check_symbol(terms) or self._commands(item, directive, terms)
        if isinstance(planned, Problem) and intent_of(directive.action) is Intent.OPEN:
            # What cannot be opened now may have been opened before the loss: under a name that the symbol had then.
            sent = earlier_journal.earlier_open(self._step, self._settings, directive.directive_id)
            planned = planned if sent is None else [PlannedCommand(sent)]
        if isinstance(planned, Problem):
            inbox.refuse(self._step, item, planned, DirectiveState.REJECTED)
        elif planned:
            expires_at = validation.expiry(directive, self._settings, item.received_at)
            return add_commands(self._step, item.directive_id, planned, expires_at)
        return []

    def _is_over(self, item: Waiting) -> bool:
        """Return True where the directive only waits to be ended: it has expired, or a halt forbids it."""
        step, settings = self._step, self._settings
        return inbox.has_expired(step, settings, item) or bool(inbox.why_halted(step, settings, item))

    def _waits(self, item: Waiting, directive: Directive, asked: str, terms: SymbolReport) -> bool:
        intent = intent_of(directive.action)
        match intent:
            case Intent.OPEN:
                # First the close, then the open: in the other order the close would take what was just opened.
                return asked in self._waiting and self._waiting[asked].closes
            case Intent.CLOSE:
                if self._is_held_up(item, directive, asked, terms):
                    return True
                removing = remove_rests(self._step, item, directive, terms)
                self.removes_rests = self.removes_rests or removing
                return removing
            case Intent.MODIFY | Intent.CANCEL:
                return self._is_held_up(item, directive, asked, terms)
            case _:
                assert_never(intent)

    def _is_held_up(self, item: Waiting, directive: Directive, asked: str, terms: SymbolReport) -> bool:
        step = self._step
        names = {directive.symbol, asked, terms.name}
        stopped = self._gate.opens_paused or bool(halts.reason(step.connection, step.officer, names))
        waiting = self._waiting.get(asked)
        if waiting and waiting.hold_up(directive, netting=self._netting, opens_stopped=stopped):
            # The query below reads every command of the officer: not for each directive behind one that waits.
            return True
        return any(
            holds_up(directive, earlier, netting=self._netting, opens_stopped=stopped)
            for earlier in unsettled(step, item.id, terms.name, directive.target_directive_id)
        )

    def _terms(self, item: Waiting, directive: Directive, asked: str) -> SymbolReport | None:
        """Return the symbol's terms; None where the terminal must be asked first."""
        step, opens = self._step, intent_of(directive.action) is Intent.OPEN
        terms = symbols.load(step.connection, step.account, asked, self._gate.epoch if opens else None)
        if terms is None or terms.name:
            return terms
        used = None if opens else commands.symbol_used(step.connection, step.officer, directive.symbol)
        if used is not None:
            # Whatever there is to close or to change was opened there.
            return msgspec.structs.replace(terms, name=used)
        # A terminal that has just started may not have had its list of symbols yet.
        asked_since = symbols.seen_at(step.connection, step.account, asked) >= utc_text(item.received_at)
        return terms if asked_since else None

    def _commands(
        self, item: Waiting, directive: Directive, terms: SymbolReport
    ) -> list[PlannedCommand] | Problem:
        """Return the directive's commands. Empty where it is over without any."""
        step, settings = self._step, self._settings
        client_order_id = client_order_ids(step, settings, directive.directive_id)
        intent = intent_of(directive.action)
        match intent:
            case Intent.OPEN:
                command = planning.plan_open(directive, settings, terms, client_order_id)
                return command if isinstance(command, Problem) else [command]
            case Intent.CLOSE:
                return self._close_commands(item, directive, terms, client_order_id)
            case Intent.MODIFY:
                lots = positions.open_lots(step.connection, step.account)
                pending = resting_orders(step)
                return planning.plan_modify(directive, terms, lots, pending, client_order_id)
            case Intent.CANCEL:
                pending = resting_orders(step)
                return planning.plan_cancel(directive, terms, pending, client_order_id)
            case _:
                assert_never(intent)

    def _close_commands(
        self,
        item: Waiting,
        directive: Directive,
        terms: SymbolReport,
        client_order_id: planning.ClientOrderIds,
    ) -> list[PlannedCommand] | Problem:
        step = self._step
        # A flatten is ordered later and planned first: it does not wait for its turn.
        lots = [left_to_close(step, lot) for lot in broker_positions.to_close(step)]
        if earlier := earlier_journal.earlier_closes(step, self._settings, directive.directive_id):
            return earlier_closes.plan_rest(directive, self._settings, terms, lots, client_order_id, earlier)
        withdrawn = self._gate.opens_paused and self._withdraw_opens(item, directive, terms)
        planned = planning.plan_close(directive, self._settings, terms, lots, client_order_id)
        if isinstance(planned, Problem) and (withdrawn or has_removed_rests(step, item)):
            # What it was to close is not opened any more.
            step.set_directive_state(item.directive_id, DirectiveState.DONE)
            step.emit([events.withdrawn(step.officer, item.directive_id, step.now)])
            return []
        return planned

    def _withdraw_opens(self, item: Waiting, close: Directive, terms: SymbolReport) -> bool:
        """Withdraw the earlier opens that the close would have closed whole. Return True where there were any.

        While opens are paused, the close overtakes earlier opens that it was meant to follow. Sent after it, they
        would open what it was to close.
        """
        if close.quantity is not None and close.target_directive_id is None:
            return False
        step, ended = self._step, False
        by = f"directive {close.directive_id}"
        for other in directives.waiting(step.connection, step.officer):
            directive = None if other.own or other.id >= item.id else other.directive
            if directive is not None and planning.would_close(close, directive):
                inbox.withdraw(step, other, by)
                ended = True
        for command in commands.planned_opens(step.connection, step.officer):
            if command.order.symbol != terms.name:
                continue
            opening = directives.directive_before(
                step.connection, step.officer, command.directive_id, item.id
            )
            if opening is not None and planning.would_close(close, opening):
                step.apply_outcome(transitions.withdraw(command, step.now, by=by), command)
                ended = True
        return ended
