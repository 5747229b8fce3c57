"""Evidence that somebody else sends orders under this officer's client order ids.

Two sidecars with a journal each (an old machine that comes back) give the same directive the same client order id,
and neither ledger knows the other's orders. No request to the broker can prevent that; what it leaves behind is
found here: more volume than was ordered under one id, records under ids that neither journal nor ledger has, and an
order at the broker under the id of a command that neither this machine nor an earlier journal of it has sent.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

from bridge.core.link.reports import DealReport, OrderReport, PositionReport
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.events import system_error
from bridge.core.trade.records import CommandRecord, NewEvent
from bridge.core.units.decimals import ZERO, plain
from bridge.core.units.mt5_terms import OrderState
from bridge.core.units.order_ids import id_range

HALTED: Final = ". Nothing is opened until an operator has found and ended it, and resumes"
"""Last sentence of each message; a halt says it in its own words."""
Record = DealReport | OrderReport | PositionReport
UNSENT: Final = frozenset({CommandState.PLANNED, CommandState.NEVER_SENT})
"""States of a command that the terminal does not have, or has refused to send."""


def traded_volume(orders: Iterable[OrderReport], deals: Iterable[DealReport]) -> Decimal:
    """Return the lots that stand or were filled under one client order id, by its orders or by its deals.

    `orders` are those that bear the id, each as it was seen last, `deals` those that count for the command.
    """
    by_orders = sum((_volume(order) for order in orders), ZERO)
    # The volume of an annulled deal is booked anew, or not at all.
    by_deals = sum((deal.volume for deal in deals if deal.side is not None), ZERO)
    return max(by_orders, by_deals)


def _volume(order: OrderReport) -> Decimal:
    """Return the lots that an order has filled, or may still fill."""
    if order.state is OrderState.REJECTED:
        return ZERO
    return order.volume_initial - order.volume_current if order.off_the_book else order.volume_initial


def volume_exceeded(command: CommandRecord, volume: Decimal, at: datetime) -> NewEvent:
    """Return the event of a command with more volume at the broker than it ordered."""
    return system_error(
        command.officer,
        at,
        code="VOLUME_EXCEEDED",
        message=(
            f"{plain(volume)} lots of {command.order.symbol} bear client order id {command.client_order_id}, "
            f"and {plain(command.order.volume)} were ordered under it: another sidecar or terminal sends orders of "
            f"this officer{HALTED}"
        ),
        subject=f"command:{command.client_order_id}:volume:{plain(volume)}",
        directive_id=command.directive_id,
    )


def sent_elsewhere(command: CommandRecord, at: datetime) -> NewEvent:
    """Return the event of a command that is at the broker, and that neither this nor an earlier journal sent."""
    return system_error(
        command.officer,
        at,
        code="SENT_ELSEWHERE",
        message=(
            f"the broker has an order under client order id {command.client_order_id}, which neither this "
            "sidecar's terminal has sent nor an earlier journal can have sent: another sidecar or terminal sends "
            f"orders of this officer{HALTED}"
        ),
        subject=f"command:{command.client_order_id}:elsewhere",
        directive_id=command.directive_id,
    )


def made_before(record: Record, server_ms: int) -> bool:
    """Return True for a deal or order that was made before that broker time; a position has no such time."""
    if isinstance(record, PositionReport):
        return False
    if isinstance(record, DealReport):
        return record.time_server_ms < server_ms
    return (record.time_done_server_ms or record.time_setup_server_ms) < server_ms


def bears_own_id(record: Record, prefix: int) -> bool:
    """Return True where the record bears a client order id of the officer with that prefix."""
    first, last = id_range(prefix)
    return first <= record.magic <= last


def unknown_id(officer: str, record: Record, at: datetime) -> NewEvent:
    """Return the event of a record under a client order id that neither journal nor ledger has."""
    match record:
        case DealReport():
            what = f"deal {record.ticket}"
        case OrderReport():
            what = f"order {record.ticket}"
        case PositionReport():
            what = f"position {record.identifier}"
    return system_error(
        officer,
        at,
        code="ORDER_ID_UNKNOWN",
        message=(
            f"{what} in {record.symbol} bears client order id {record.magic} of this officer, which neither the "
            "journal nor the terminal's ledger knows: another sidecar or terminal sends orders of this officer, or "
            f"both lost it{HALTED}"
        ),
        subject=f"unknown:{record.magic}",
    )
