"""What a CLOSE, MODIFY or CANCEL is about: the position or the pending order, as it stands at the broker."""

from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import AnyReport, NotSentReason
from bridge.simulator.broker.api import BrokerApi
from bridge.simulator.mt5 import types
from bridge.simulator.terminal.broker_reports import deal_report, order_report, position_report
from bridge.simulator.terminal.levels import side_of
from bridge.simulator.terminal.not_sent import NotSent


def find_position(order: Order, broker: BrokerApi) -> types.Position:
    """The position that the order names. Its identifier is constant, its ticket is not. Raises NotSent."""
    found = _position(order.position, broker)
    if found is None:
        raise NotSent(NotSentReason.NO_POSITION, f"there is no open position {order.position}")
    if found.symbol != order.symbol:
        raise NotSent(NotSentReason.NO_POSITION, f"position {order.position} is in {found.symbol}")
    present = side_of(found)
    if order.kind is CommandKind.CLOSE and present is order.side:
        raise NotSent(
            NotSentReason.NO_POSITION,
            f"position {order.position} is a {present}; a {order.side} would add to it",
        )
    if order.kind is CommandKind.MODIFY and present is not order.side:
        # On a netting account it may have been turned round under the same identifier.
        raise NotSent(
            NotSentReason.NO_POSITION, f"position {order.position} is a {present}, not a {order.side}"
        )
    return found


def find_order(order: Order, broker: BrokerApi) -> types.Order:
    """The pending order that the order names, if it is one of ours. Raises NotSent."""
    found = broker.order_by_ticket(order.order)
    if found is None:
        raise NotSent(NotSentReason.NO_ORDER, f"there is no pending order {order.order}")
    if not order.opener or found.magic != order.opener:
        raise NotSent(NotSentReason.NO_ORDER, f"order {order.order} is not ours")
    if found.symbol != order.symbol:
        raise NotSent(NotSentReason.NO_ORDER, f"order {order.order} is in {found.symbol}")
    return found


def target_reports(order: Order, broker: BrokerApi) -> list[AnyReport]:
    """How the target stands now: the position, or the deals of one that is gone; the order, live or done.

    Raises BrokerTimeout and BrokerGone.
    """
    if order.position:
        position = _position(order.position, broker)
        if position is not None:
            return [position_report(position)]
        return [deal_report(deal) for deal in broker.deals_by_position(order.position)]
    # Live first: one that is done in between is then seen in history.
    found = broker.order_by_ticket(order.order) or broker.history_order(order.order)
    return [] if found is None else [order_report(found)]


def _position(identifier: int, broker: BrokerApi) -> types.Position | None:
    return next((p for p in broker.positions() if identifier and p.identifier == identifier), None)
