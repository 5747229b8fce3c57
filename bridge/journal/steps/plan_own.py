"""Planning of the bridge's own directives: at once, whatever else is in flight."""

from typing import assert_never

import msgspec

from bridge.core.director.actions import Intent, intent_of
from bridge.core.director.contract import utc_text
from bridge.core.link.messages import CommandKind
from bridge.core.settings import OfficerSettings
from bridge.core.trade import planning, transitions
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.trade.events import ROUND
from bridge.core.trade.records import CommandRecord, OrderRecord, PositionRecord
from bridge.journal.database.words import OwnAction
from bridge.journal.steps import broker_positions, flatten_rounds, inbox, lost_records
from bridge.journal.steps.broker_positions import orders_to_cancel
from bridge.journal.steps.own_directives import add_own
from bridge.journal.steps.planned_commands import add_commands, client_order_ids, left_to_close
from bridge.journal.steps.resting_orders import unsettled_symbols
from bridge.journal.steps.step import Step
from bridge.journal.steps.symbol_selection import SymbolSelection
from bridge.journal.tables import commands, directives
from bridge.journal.tables.directives import OwnDirective, Waiting

Targets = tuple[list[PositionRecord], list[OrderRecord]]
"""Lots to close and orders to cancel."""


def plan_own(step: Step, settings: OfficerSettings, item: Waiting) -> list[CommandRecord]:
    """Plan an own directive where it may be planned now, and return its commands.

    Raises msgspec.ValidationError for an unknown action.
    """
    own = item.own_directive
    ordered_at = own.ordered_at or utc_text(item.received_at)
    targets = _targets(step, settings, item, own, ordered_at)
    if targets is None:
        return []
    lots, pending = targets
    lots = [left_to_close(step, lot) for lot in lots]
    planned = planning.flatten(lots, pending, settings, client_order_ids(step, settings, item.directive_id))
    if own.action is OwnAction.FLATTEN_REST and not planned:
        # Other commands are closing what is left, and may fail; or it is not known yet what is left.
        return []
    if own.action in (OwnAction.FLATTEN, OwnAction.FLATTEN_REST):
        # A command in flight may still open something, and a close may be refused: checked again after that.
        flatten_rounds.add_round(step, own, ordered_at)
    if planned:
        expires_at = step.latest + flatten_rounds.OWN_TIME_TO_LIVE
        return add_commands(step, item.directive_id, planned, expires_at)
    if own.action is OwnAction.FLATTEN and not _is_certain(step, settings, item, own):
        # Its last round ends it, once it is known that nothing is open.
        step.set_directive_state(item.directive_id, DirectiveState.WORKING)
    else:
        step.set_directive_state(item.directive_id, DirectiveState.DONE, flatten_rounds.NOTHING_OPEN)
    return []


def _is_certain(step: Step, settings: OfficerSettings, item: Waiting, own: OwnDirective) -> bool:
    """Return True where nothing can be open that is not known, in the symbols that are meant."""
    selection = SymbolSelection(step.connection, step.account, settings, own.symbol)
    if any(map(selection.holds_command, commands.unknown_opens(step.connection, step.officer))):
        return False
    return _is_complete(step, settings, selection, unsettled_symbols(step, item.id))


def _is_complete(
    step: Step, settings: OfficerSettings, selection: SymbolSelection, unsettled: set[str]
) -> bool:
    """Return True where all that the broker has of ours in the symbols that are meant is known."""
    if not broker_positions.is_known(step, selection.holds) or selection.any_of(unsettled):
        return False
    lost = lost_records.open_things(step.connection, step.account, settings.prefix)
    # An operator adopts it, and it is closed, or takes it over.
    return not selection.any_of({each.symbol for each in lost})


def _targets(
    step: Step, settings: OfficerSettings, item: Waiting, own: OwnDirective, ordered_at: str
) -> Targets | None:
    """Return what the directive closes and cancels; None where it is not its turn, or where it is over."""
    lots = broker_positions.to_close(step)
    pending = orders_to_cancel(step)
    match own.action:
        case OwnAction.FLATTEN | OwnAction.FLATTEN_REST:
            selection = SymbolSelection(step.connection, step.account, settings, own.symbol)
            lots = [lot for lot in lots if selection.holds(lot)]
            pending = [order for order in pending if selection.holds(order)]
            if own.action is OwnAction.FLATTEN:
                _withdraw_waiting(step, selection, own.why)
                return lots, pending
            unsettled = unsettled_symbols(step, item.id)
            left = bool(lots or pending)
            certain = not left and _is_complete(step, settings, selection, unsettled)
            if not flatten_rounds.is_due(
                step, own, ordered_at, left=left, certain=certain, selection=selection
            ):
                return None
            # A symbol with a command in flight does not keep another one open.
            return (
                [lot for lot in lots if lot.symbol not in unsettled],
                [order for order in pending if order.symbol not in unsettled],
            )
        case OwnAction.CANCEL_PENDING:
            _withdraw_pending(step, item, own.why)
            # An order in flight may still come to the book.
            again = f"{own.directive_id}{ROUND}"
            add_own(
                step,
                msgspec.structs.replace(own, directive_id=again, action=OwnAction.CANCEL_PENDING_REST),
            )
            return [], _earlier(step, item, pending)
        case OwnAction.CANCEL_PENDING_REST:
            if unsettled_symbols(step, item.id):
                return None
            return [], _earlier(step, item, pending)
        case OwnAction.CANCEL_ORDER:
            return [], [order for order in pending if order.ticket == own.order]
        case OwnAction.CLOSE_POSITION:
            return [lot for lot in lots if lot.identifier == own.position], []
        case _:
            assert_never(own.action)


def _earlier(step: Step, item: Waiting, pending: list[OrderRecord]) -> list[OrderRecord]:
    """Return the orders that were ordered before the directive: a Director that is back may have ordered again."""
    return [
        order
        for order in pending
        if not order.closes
        and directives.came_before(step.connection, step.officer, order.directive_id, item.id)
    ]


def _withdraw_waiting(step: Step, selection: SymbolSelection, why: str) -> None:
    """Withdraw the closes that wait for a closed market: the flatten's own rounds close what they would."""
    for command in commands.in_states(step.connection, step.officer, [CommandState.PLANNED]):
        waits = command.order.kind is CommandKind.CLOSE and command.not_before is not None
        if waits and selection.holds_command(command):
            step.apply_outcome(transitions.withdraw(command, step.now, by=f"a flatten ({why})"), command)


def _withdraw_pending(step: Step, item: Waiting, why: str) -> None:
    """Withdraw the earlier opens of pending orders that were not sent yet."""
    by = f"the bridge ({why})"
    for command in commands.in_states(step.connection, step.officer, [CommandState.PLANNED]):
        pending = command.order.kind is CommandKind.OPEN and command.order.order_type.pending
        if pending and directives.came_before(step.connection, step.officer, command.directive_id, item.id):
            step.apply_outcome(transitions.withdraw(command, step.now, by=by), command)
    for other in directives.waiting(step.connection, step.officer):
        directive = None if other.own or other.id > item.id else other.directive
        if directive is None or not directive.order_type.pending:
            continue
        if intent_of(directive.action) is Intent.OPEN:
            inbox.withdraw(step, other, by)
