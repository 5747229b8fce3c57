"""What the broker's records hold of one token."""

from typing import Final

from bridge.core.link.messages import ClientOrderId, Order
from bridge.core.link.reports import AnyReport
from bridge.simulator.broker.api import BrokerApi, BrokerGone, BrokerTimeout
from bridge.simulator.terminal.broker_reports import deal_report, order_report
from bridge.simulator.terminal.targets import target_reports

AHEAD_MS: Final = 86_400_000
"""History is asked for until a day from now: server time may be set back, and the newest must not be missed."""


def search(broker: BrokerApi, client_order_id: ClientOrderId, since_server_ms: int) -> list[AnyReport] | None:
    """Every order and deal with this token, as reports: deals, live orders, done orders, oldest first.

    Deals of an order with the token count too; brokers do not always pass its magic on. None where the
    broker could not be searched.
    """
    try:
        if not broker.connected():
            return None
        until = broker.server_time() + AHEAD_MS
        # Live orders first: one that is done in between is then seen in history, or twice, but never missed.
        orders = [order for order in broker.orders() if order.magic == client_order_id]
        orders += [
            order for order in broker.history_orders(since_server_ms, until) if order.magic == client_order_id
        ]
        tickets = {order.ticket for order in orders}
        deals = [
            deal
            for deal in broker.history_deals(since_server_ms, until)
            if deal.magic == client_order_id or (deal.order and deal.order in tickets)
        ]
        if not broker.connected():
            return None
    except (BrokerTimeout, BrokerGone):
        return None
    return [*map(deal_report, deals), *map(order_report, orders)]


def search_target(broker: BrokerApi, order: Order) -> list[AnyReport] | None:
    """How the target of a MODIFY or CANCEL stands now, as reports. None where the broker could not be asked."""
    try:
        if not broker.connected():
            return None
        found = target_reports(order, broker)
        return found if broker.connected() else None
    except (BrokerTimeout, BrokerGone):
        return None
