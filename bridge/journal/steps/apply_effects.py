"""Effects of MODIFY and CANCEL commands: the state of their target shows that they were carried out."""

from bridge.core.link.messages import Order
from bridge.core.link.reports import OrderReport, PositionReport
from bridge.core.trade import amend_effects, transitions
from bridge.core.trade.command_states import CommandInput
from bridge.core.trade.records import PositionRecord
from bridge.journal.steps.step import Step
from bridge.journal.tables import commands, orders, positions


def apply_target(step: Step, order: Order) -> None:
    """Apply the state of a change's target, as it was seen last."""
    if order.order:
        apply_order(step, order.order)
    else:
        apply_position(step, order.position)


def apply_order(step: Step, ticket: int) -> None:
    """Apply the state of the pending order, as it was seen last, to the changes in flight for it."""
    seen = orders.load(step.connection, step.account, ticket)
    if seen is None:
        return
    for command in commands.changes_of(step.connection, step.officer, order=ticket):
        effect = amend_effects.effect_on_order(command.order, seen)
        if effect is not None:
            step.apply_outcome(transitions.apply_effect(command, effect, step.now), command)


def apply_position(step: Step, identifier: int) -> None:
    """Apply the state of the position, as it was seen last, to the changes in flight for it."""
    lots = positions.lots_in(step.connection, step.account, identifier)
    if not lots:
        return
    seen = next((lot for lot in lots if lot.volume > 0), lots[-1])
    if seen.volume > 0 and not seen.levels_seen:
        # Its levels are those that were asked for; the broker has not shown any yet.
        return
    for command in commands.changes_of(step.connection, step.officer, position=identifier):
        effect = amend_effects.effect_on_position(command.order, seen)
        if effect is not None:
            step.apply_outcome(transitions.apply_effect(command, effect, step.now), command)


def explains_order(step: Step, report: OrderReport) -> bool:
    """Return True where a change in flight asked for the order as it is seen."""
    in_flight = commands.changes_of(step.connection, step.officer, order=report.ticket)
    return any(
        amend_effects.effect_on_order(command.order, report) is CommandInput.EFFECT_SEEN
        for command in in_flight
    )


def explains_position(step: Step, report: PositionReport) -> bool:
    """Return True where a change in flight asked for the levels that are seen."""
    in_flight = commands.changes_of(step.connection, step.officer, position=report.identifier)
    return any(_as_wanted(command.order, report) for command in in_flight)


def _as_wanted(order: Order, report: PositionReport) -> bool:
    seen = PositionRecord(
        identifier=report.identifier,
        officer="",
        directive_id="",
        client_order_id=order.client_order_id,
        symbol=report.symbol,
        side=report.side,
        volume_in=report.volume,
        stop_loss=report.stop_loss,
        take_profit=report.take_profit,
    )
    return amend_effects.effect_on_position(order, seen) is CommandInput.EFFECT_SEEN
