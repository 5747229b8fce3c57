"""Search of the broker's records for a client order id."""

from typing import Final

from bridge.core.link.messages import ClientOrderId
from bridge.core.link.reports import AnyReport
from bridge.simulator.broker.api import BrokerApi
from bridge.simulator.mt5.types import Deal, Order, Position
from bridge.simulator.terminal.broker_reports import deal_report, order_report, position_report

AHEAD_MS: Final = 86_400_000
"""History is read until a day from now: server time may be set back, and the newest record must not be missed."""


def find_records(
    broker: BrokerApi,
    client_order_id: ClientOrderId,
    since_server_ms: int | None,
    *,
    whole_positions: bool = False,
) -> list[AnyReport] | None:
    """Return every record with this client order id, or None where the broker is disconnected: deals, live orders,
    done orders, positions.

    The history is searched from `since_server_ms` on; None: not at all, beyond the deals of the positions and live
    orders that were found. `whole_positions`: also the deals of others in those positions, such as the stop that
    closed one. Raises BrokerTimeout and BrokerGone.
    """
    if not broker.connected():
        return None
    # Live orders first: one that is done between the calls is then seen in the history, or twice, but never missed.
    orders = [order for order in broker.orders() if order.magic == client_order_id]
    positions = [each for each in broker.positions() if each.magic == client_order_id]
    deals: list[Deal] = []
    if since_server_ms is not None:
        until = broker.server_time() + AHEAD_MS
        done = broker.history_orders(since_server_ms, until)
        orders += [order for order in done if order.magic == client_order_id]
        deals = broker.history_deals(since_server_ms, until)
    named = [deal for deal in deals if deal.magic == client_order_id]
    held = [
        deal for each in _identifiers(orders, positions, named) for deal in broker.deals_by_position(each)
    ]
    deals = [*deals, *held]
    # Deals of an order with the id count too: not every broker passes the order's magic on.
    tickets = {order.ticket for order in orders}
    ours = {
        deal.ticket: deal
        for deal in deals
        if deal.magic == client_order_id or (deal.order and deal.order in tickets)
    }
    if whole_positions:
        ours |= {deal.ticket: deal for deal in held}
    if not broker.connected():
        return None
    return [
        *(deal_report(ours[ticket]) for ticket in sorted(ours)),
        *map(order_report, orders),
        *map(position_report, positions),
    ]


def _identifiers(orders: list[Order], positions: list[Position], deals: list[Deal]) -> list[int]:
    """Return the identifiers of the positions found, and of those that the orders and deals found are about."""
    about = {order.position_id for order in orders} | {deal.position_id for deal in deals}
    return sorted((about | {position.identifier for position in positions}) - {0})
