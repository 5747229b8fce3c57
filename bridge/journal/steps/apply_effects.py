"""What the state of a position or an order tells of the changes under way for it."""

from bridge.core.link.messages import Order
from bridge.core.link.reports import OrderReport, PositionReport
from bridge.core.trade import amend_effects, transitions
from bridge.core.trade.command_states import CommandInput
from bridge.core.trade.records import PositionRecord
from bridge.journal.steps.step import Step
from bridge.journal.tables import holdings, market, rows


class Effects:
    """One step's look at the MODIFY and CANCEL commands that were sent and are not over."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def of_target(self, order: Order) -> None:
        """The target of a change, as it was seen last."""
        if order.order:
            self.of_order(order.order)
        else:
            self.of_position(order.position)

    def of_order(self, ticket: int) -> None:
        """The pending order, as it was seen last."""
        seen = market.load_order(self._step.connection, self._step.account, ticket)
        if seen is None:
            return
        for command in rows.changes_of(self._step.connection, self._step.officer, order=ticket):
            what = amend_effects.effect_on_order(command.order, seen)
            if what is not None:
                self._step.apply(transitions.apply_effect(command, what, self._step.now), command)

    def of_position(self, identifier: int) -> None:
        """The position, as it was seen last."""
        known = holdings.parts_of(self._step.connection, self._step.account, identifier)
        if not known:
            return
        seen = next((part for part in known if part.volume > 0), known[-1])
        if seen.volume > 0 and not seen.levels_seen:
            # Its levels are what was asked for, not what anybody saw.
            return
        for command in rows.changes_of(self._step.connection, self._step.officer, position=identifier):
            what = amend_effects.effect_on_position(command.order, seen)
            if what is not None:
                self._step.apply(transitions.apply_effect(command, what, self._step.now), command)

    def explain_order(self, report: OrderReport) -> bool:
        """Whether a change under way wanted the order as it is seen."""
        under_way = rows.changes_of(self._step.connection, self._step.officer, order=report.ticket)
        return any(
            amend_effects.effect_on_order(command.order, report) is CommandInput.EFFECT_SEEN
            for command in under_way
        )

    def explain_position(self, report: PositionReport) -> bool:
        """Whether a change under way wanted the levels that are seen."""
        under_way = rows.changes_of(self._step.connection, self._step.officer, position=report.identifier)
        return any(_as_wanted(command.order, report) for command in under_way)


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
