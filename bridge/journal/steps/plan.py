"""Directives that wait in the inbox: refused, withdrawn, expired or planned, in their order."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, assert_never

import msgspec

from bridge.core.director.actions import Intent, intent_of
from bridge.core.director.contract import Directive
from bridge.core.director.problem import Problem
from bridge.core.link.messages import CommandKind, Inquire
from bridge.core.link.reports import SymbolReport
from bridge.core.settings import OfficerSettings
from bridge.core.trade import events, planning, transitions, validation
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.trade.dispatch import Gate
from bridge.core.trade.events import ROUND
from bridge.core.trade.planning import PlannedCommand
from bridge.core.trade.records import CommandRecord, PositionRecord
from bridge.core.units.decimals import ZERO
from bridge.core.units.order_ids import make_client_order_id
from bridge.journal.operator import halt
from bridge.journal.operator.halt import Own
from bridge.journal.steps import flatten_rounds
from bridge.journal.steps.inbox import Waiting, contained, refuse, waiting
from bridge.journal.steps.intake import directive_of
from bridge.journal.steps.step import Step
from bridge.journal.tables import holdings, market, rows

_own = msgspec.json.Decoder(Own)

_UNSETTLED: Final = (
    "(c.state IN ('PLANNED', 'DISPATCHED', 'SUBMITTED', 'UNRESOLVED')"
    # A pending order may rest on the book for months; a market order that was taken is about to be filled.
    " OR (c.state IN ('PLACED', 'PARTIAL') AND (c.order_type = 'MARKET' OR c.kind <> 'OPEN'))"
    # It was taken and not seen yet: to whoever looks now it is not there.
    " OR (c.state = 'PLACED' AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.officer = ?1 AND o.server = ?4"
    " AND o.login = ?5 AND o.ticket = c.order_ticket)))"
)
"""A command that may still change what there is to close, to change or to cancel."""


def plan(step: Step, settings: OfficerSettings, gate: Gate) -> list[Inquire]:
    """Plan every directive whose turn it is. Returns what the terminal must be asked first.

    An open needs its symbol's terms from this very session. A close, a change or a cancel needs to know what there
    is: it is planned once no earlier command in its symbol can still alter that.
    """
    planner = _Planner(step, settings, gate)
    for item in waiting(step.connection, step.officer):
        with contained(step, item):
            planner.plan(item)
    return list(planner.inquiries.values())


class _Planner:
    """One step's planning, from directive to directive."""

    def __init__(self, step: Step, settings: OfficerSettings, gate: Gate) -> None:
        self._step = step
        self._settings = settings
        self._gate = gate
        self._held_up: set[str] = set()
        """Symbols in which an earlier directive still waits."""
        self._closing: set[str] = set()
        """Of these, those in which a close waits."""
        self.inquiries: dict[str, Inquire] = {}

    def plan(self, item: Waiting) -> None:
        """Plan the directive if it is its turn."""
        if item.own:
            _plan_own(self._step, self._settings, item)
            return
        directive = directive_of(item.body)
        intent = intent_of(directive.action)
        asked, exact = self._settings.inquiry(directive.symbol)
        terms = self._terms(item, directive, asked)
        if terms is None:
            self.inquiries[asked] = Inquire(epoch=self._gate.epoch, symbol=asked, exact=exact)
        if terms is None or self._waits(item, directive, asked, terms):
            if not (intent is Intent.OPEN and self._gate.opens_paused):
                # While opens are paused none of them keeps a close from going.
                self._held_up.add(asked)
            if intent is Intent.CLOSE:
                self._closing.add(asked)
            return
        planned = validation.check_symbol(terms) or self._plan(item, directive, terms)
        if isinstance(planned, Problem):
            refuse(self._step, item, planned, DirectiveState.REJECTED)
        elif planned:
            _add(self._step, item.directive_id, planned, validation.expiry(directive, self._settings))

    def _waits(self, item: Waiting, directive: Directive, asked: str, terms: SymbolReport) -> bool:
        intent = intent_of(directive.action)
        match intent:
            case Intent.OPEN:
                # Close, then open: in any other order the close would take what was just opened.
                return asked in self._closing
            case Intent.CLOSE | Intent.MODIFY | Intent.CANCEL:
                paused = self._gate.opens_paused
                return asked in self._held_up or terms.name in _unsettled_symbols(
                    self._step, item.number, paused=paused
                )
            case _:
                assert_never(intent)

    def _terms(self, item: Waiting, directive: Directive, asked: str) -> SymbolReport | None:
        """The symbol's terms; None where the terminal must be asked first."""
        step, opens = self._step, intent_of(directive.action) is Intent.OPEN
        terms = market.load_symbol(step.connection, step.account, asked, self._gate.epoch if opens else None)
        if terms is None or terms.name:
            return terms
        used = None if opens else market.symbol_used(step.connection, step.officer, directive.symbol)
        if used is not None:
            # Whatever there is to close or to change was opened there.
            return msgspec.structs.replace(terms, name=used)
        # A terminal that has just started may not have had its list of symbols yet.
        asked_since = market.symbol_seen_at(step.connection, step.account, asked) >= item.received_at
        return terms if asked_since else None

    def _plan(
        self, item: Waiting, directive: Directive, terms: SymbolReport
    ) -> list[PlannedCommand] | Problem:
        """The directive's commands. Empty where it is over without any."""
        step, settings = self._step, self._settings
        client_order_id = client_order_ids(step, settings, directive.directive_id)
        intent = intent_of(directive.action)
        match intent:
            case Intent.OPEN:
                command = planning.plan_open(directive, settings, terms, client_order_id)
                return command if isinstance(command, Problem) else [command]
            case Intent.CLOSE:
                return self._plan_close(item, directive, terms, client_order_id)
            case Intent.MODIFY:
                positions = holdings.open_positions(step.connection, step.account)
                orders = market.pending_orders(step.connection, step.account)
                return planning.plan_modify(directive, terms, positions, orders, client_order_id)
            case Intent.CANCEL:
                orders = market.pending_orders(step.connection, step.account)
                return planning.plan_cancel(directive, terms, orders, client_order_id)
            case _:
                assert_never(intent)

    def _plan_close(
        self,
        item: Waiting,
        directive: Directive,
        terms: SymbolReport,
        client_order_id: planning.ClientOrderIds,
    ) -> list[PlannedCommand] | Problem:
        step = self._step
        # A flatten is ordered later and goes first: it does not wait for its turn.
        positions = [
            _left_to_close(step, part) for part in holdings.open_positions(step.connection, step.account)
        ]
        withdrawn = self._gate.opens_paused and self._withdraw_opens(item, directive, terms)
        planned = planning.plan_close(directive, self._settings, terms, positions, client_order_id)
        if withdrawn and isinstance(planned, Problem):
            step.set_directive_state(item.directive_id, DirectiveState.DONE)
            step.tell([events.withdrawn(step.officer, item.directive_id, step.now)])
            return []
        return planned

    def _withdraw_opens(self, item: Waiting, close: Directive, terms: SymbolReport) -> bool:
        """Opens are paused, and this close goes past earlier ones that it was meant to follow. Sent after it they
        would open what it was to close: those that it would have closed whole are ended."""
        if close.quantity is not None and close.target_directive_id is None:
            return False
        step, ended = self._step, False
        for other in waiting(step.connection, step.officer):
            directive = None if other.own or other.number >= item.number else directive_of(other.body)
            if directive is None or not planning.would_close(close, directive):
                continue
            message = f"cancelled by directive {close.directive_id} before it was sent"
            step.set_directive_state(other.directive_id, DirectiveState.CANCELLED, "WITHDRAWN", message)
            step.tell([events.withdrawn(step.officer, other.directive_id, step.now)])
            ended = True
        for command in rows.planned_commands(step.connection, step.officer):
            row = step.connection.execute(
                "SELECT id, body FROM directives WHERE officer = ? AND directive_id = ? AND origin = 'director'",
                (step.officer, command.directive_id),
            ).fetchone()
            if command.order.kind is not CommandKind.OPEN or row is None or row["id"] >= item.number:
                continue
            if command.order.symbol == terms.name and planning.would_close(close, directive_of(row["body"])):
                step.apply(
                    transitions.withdraw(command, step.now, by=f"directive {close.directive_id}"), command
                )
                ended = True
        return ended


def _plan_own(step: Step, settings: OfficerSettings, item: Waiting) -> None:
    """What a person, or the configuration, orders: at once, whatever else is under way."""
    own = _own.decode(item.body)
    rest = own.action == halt.FLATTEN_REST
    unsettled = _unsettled_symbols(step, item.number)
    if own.action == halt.CANCEL_PENDING_REST and unsettled:
        return
    positions = holdings.open_positions(step.connection, step.account)
    orders = market.pending_orders(step.connection, step.account)
    ordered_at = own.ordered_at or item.received_at
    if rest:
        left = bool(positions or orders)
        if (unsettled and not left) or not flatten_rounds.is_due(step, own, ordered_at, left=left):
            return
        # What cannot be settled in one symbol keeps nothing open in another.
        positions = [each for each in positions if each.symbol not in unsettled]
        orders = [each for each in orders if each.symbol not in unsettled]
    if own.action in (halt.CANCEL_PENDING, halt.CANCEL_PENDING_REST):
        # A Director that is back may order again meanwhile.
        positions, orders = [], [each for each in orders if _came_before(step, each.directive_id, item)]
    if own.action == halt.CANCEL_PENDING:
        _withdraw_pending(step, item, own.why)
        # What is under way may yet come to rest on the book.
        again = f"{own.directive_id}{ROUND}"
        action = halt.CANCEL_PENDING_REST
        halt.order_own(step, msgspec.structs.replace(own, directive_id=again, action=action))
    if own.action == halt.CLOSE_POSITION:
        positions = [part for part in positions if part.identifier == own.position]
        orders = []
    if own.action == halt.CANCEL_ORDER:
        positions, orders = [], [each for each in orders if each.ticket == own.order]
    positions = [_left_to_close(step, part) for part in positions]
    commands = planning.flatten(
        positions, orders, settings, client_order_ids(step, settings, item.directive_id)
    )
    if rest and not commands:
        # Others are closing what is left, and may fail; or it cannot be told yet what is left.
        return
    if rest or own.action == halt.FLATTEN:
        # What is under way may yet open something, and a close may be refused: looked at again after that.
        flatten_rounds.order_round(step, own, ordered_at)
    if commands:
        _add(step, item.directive_id, commands, step.latest + flatten_rounds.OWN_TIME_TO_LIVE)
    else:
        message = "there was nothing to close or cancel"
        step.set_directive_state(item.directive_id, DirectiveState.DONE, "NOTHING_OPEN", message)


def _withdraw_pending(step: Step, item: Waiting, why: str) -> None:
    """End the earlier opens that would come to rest on the book, where they were not sent yet."""
    for command in rows.load_commands(step.connection, step.officer, [CommandState.PLANNED]):
        resting = command.order.kind is CommandKind.OPEN and command.order.order_type.pending
        if resting and _came_before(step, command.directive_id, item):
            step.apply(transitions.withdraw(command, step.now, by=f"the bridge ({why})"), command)
    for other in waiting(step.connection, step.officer):
        directive = None if other.own or other.number > item.number else directive_of(other.body)
        if (
            directive is not None
            and intent_of(directive.action) is Intent.OPEN
            and directive.order_type.pending
        ):
            message = f"cancelled by the bridge ({why}) before it was sent"
            step.set_directive_state(other.directive_id, DirectiveState.CANCELLED, "WITHDRAWN", message)
            step.tell([events.withdrawn(step.officer, other.directive_id, step.now)])


def _came_before(step: Step, directive_id: str, item: Waiting) -> bool:
    found = step.connection.execute(
        "SELECT 1 FROM directives WHERE officer = ? AND directive_id = ? AND id < ?",
        (step.officer, directive_id, item.number),
    )
    return found.fetchone() is not None


def _left_to_close(step: Step, part: PositionRecord) -> PositionRecord:
    """The part without what commands under way are closing already: a second close could reverse it."""
    under_way = step.connection.execute(
        "SELECT volume, filled FROM commands WHERE officer = ? AND kind = 'CLOSE' AND target_position = ?"
        " AND state IN ('PLANNED', 'DISPATCHED', 'SUBMITTED', 'UNRESOLVED', 'PLACED', 'PARTIAL')"
        " AND coalesce(json_extract(body, '$.opener'), ?) = ?",
        (step.officer, part.identifier, part.client_order_id, part.client_order_id),
    )
    closing = sum((Decimal(row["volume"]) - Decimal(row["filled"]) for row in under_way), ZERO)
    return msgspec.structs.replace(part, volume_out=min(part.volume_out + closing, part.volume_in))


def _unsettled_symbols(step: Step, number: int, *, paused: bool = False) -> set[str]:
    """The broker's symbols in which an earlier command may still change what there is.

    While opens are `paused` one that was not sent cannot.
    """
    found = step.connection.execute(
        "SELECT DISTINCT c.symbol FROM commands c JOIN directives d USING (officer, directive_id)"  # noqa: S608 - a constant
        f" WHERE c.officer = ?1 AND d.id < ?2 AND {_UNSETTLED}"
        " AND NOT (?3 AND c.state = 'PLANNED' AND c.kind = 'OPEN')",
        (step.officer, number, paused, *step.account.key[1:]),
    )
    return {row["symbol"] for row in found}


def _add(step: Step, directive_id: str, commands: Sequence[PlannedCommand], expires_at: datetime) -> None:
    """The directive's commands, with their audit rows."""
    for number, planned in enumerate(commands, start=1):
        record = CommandRecord(
            officer=step.officer,
            directive_id=directive_id,
            number=number,
            order=planned.order,
            opening_directive_id=planned.opening_directive_id,
            expires_at=expires_at,
        )
        rows.insert_command(step.connection, record, step.now)
        step.audit("planned", str(record.client_order_id), rows.order_json(record.order), directive_id)
    step.set_directive_state(directive_id, DirectiveState.WORKING)


def client_order_ids(step: Step, settings: OfficerSettings, directive_id: str) -> planning.ClientOrderIds:
    """Gives the tokens of a directive's legs; one that is taken is salted by the next counter."""

    def client_order_id(number: int) -> int:
        salt = 0
        while True:
            candidate = make_client_order_id(settings.prefix, step.officer, directive_id, number, salt)
            taken = step.connection.execute("SELECT 1 FROM commands WHERE client_order_id = ?", (candidate,))
            if taken.fetchone() is None:
                return candidate
            salt += 1

    return client_order_id
