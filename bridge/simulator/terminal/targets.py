"""The target of a CLOSE, MODIFY or CANCEL: a position or a pending order, as the broker has it now."""

import msgspec

from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import AnyReport, NotSentReason
from bridge.core.units.mt5_terms import Side
from bridge.simulator.broker.api import BrokerApi
from bridge.simulator.mt5 import types
from bridge.simulator.terminal.broker_reports import deal_report, order_report, position_report
from bridge.simulator.terminal.not_sent import NotSent


def find_position(order: Order, broker: BrokerApi) -> types.Position:
    """Return the position that the order names by its identifier, which is constant; its ticket is not.

    Its symbol may have another name by now. Raises NotSent where there is none, or one on the side to which the
    command would add.
    """
    found = _position(order.position, broker)
    if found is None:
        raise NotSent(NotSentReason.NO_POSITION, f"there is no open position {order.position}")
    side = Side[found.type.name]
    if order.kind is CommandKind.CLOSE and side is order.side:
        raise NotSent(
            NotSentReason.NO_POSITION,
            f"position {order.position} is a {side}; a {order.side} would add to it",
        )
    if order.kind is CommandKind.MODIFY and side is not order.side:
        # A netting account may reverse a position under the same identifier.
        raise NotSent(NotSentReason.NO_POSITION, f"position {order.position} is a {side}, not a {order.side}")
    return found


def named_as_shown(order: Order, broker: BrokerApi) -> Order:
    """Return the order with the symbol of its target as the terminal shows it: the broker may have renamed it."""
    target: types.Position | types.Order | None = None
    if order.position:
        target = _position(order.position, broker)
    elif order.order:
        target = broker.order_by_ticket(order.order)
    return order if target is None else msgspec.structs.replace(order, symbol=target.symbol)


def find_order(order: Order, broker: BrokerApi) -> types.Order:
    """Return the pending order that the order names, if this bridge placed it. Raises NotSent."""
    found = broker.order_by_ticket(order.order)
    if found is None:
        raise NotSent(NotSentReason.NO_ORDER, f"there is no pending order {order.order}")
    if not order.opener or found.magic != order.opener:
        raise NotSent(NotSentReason.NO_ORDER, f"order {order.order} is not ours")
    return found


def target_reports(order: Order, broker: BrokerApi) -> list[AnyReport]:
    """Return the target's present state: the position, or the deals of one that is closed; the order, live or done.

    Raises BrokerTimeout and BrokerGone.
    """
    if order.position:
        position = _position(order.position, broker)
        if position is not None:
            return [position_report(position)]
        return [deal_report(deal) for deal in broker.deals_by_position(order.position)]
    # Live orders first: an order that is done between the two calls is then found in the history.
    found = broker.order_by_ticket(order.order) or broker.history_order(order.order)
    return [] if found is None else [order_report(found)]


def _position(identifier: int, broker: BrokerApi) -> types.Position | None:
    return next((p for p in broker.positions() if identifier and p.identifier == identifier), None)
