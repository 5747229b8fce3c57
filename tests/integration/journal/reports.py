"""Reports of a terminal about a command, its order, its deals and its position."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import (
    CommandReport,
    CommandStage,
    DealReport,
    Found,
    NotSentReason,
    OrderReport,
    PositionReport,
    ScanReport,
)
from bridge.core.units.mt5_terms import REASON_EXPERT, DealEntry, OrderState

from .bench import INSTANCE_ID, NOW, server_ms

POSITION: Final = 7001
ORDER: Final = 8001
DEAL: Final = 9001
DONE: Final = 10009
TIMEOUT: Final = 10012
NO_MONEY: Final = 10019


def ticket_of(order: Order) -> int:
    """The ticket that the broker gives the command's order."""
    return ORDER + 1 if order.kind is CommandKind.CLOSE else ORDER


def stage(what: CommandStage, order: Order, /, *, attempt: int = 1, **fields: Any) -> CommandReport:
    """A stage of the command."""
    plain = CommandReport(client_order_id=order.client_order_id, attempt=attempt, stage=what)
    return msgspec.structs.replace(plain, **fields)


def submitted(order: Order, *, attempt: int = 1, mark: int = 1) -> CommandReport:
    return stage(CommandStage.SUBMITTED, order, attempt=attempt, mark=mark)


def result(order: Order, retcode: int = DONE, /, *, ticket: int | None = None) -> CommandReport:
    return stage(
        CommandStage.RESULT, order, retcode=retcode, order=ticket_of(order) if ticket is None else ticket
    )


def not_sent(order: Order, reason: NotSentReason, *, attempt: int = 1, message: str = "") -> CommandReport:
    return stage(CommandStage.NOT_SENT, order, attempt=attempt, reason=reason, message=message)


def absent(
    order: Order,
    *,
    request_no: int,
    attempt: int = 1,
    connected_ms: int = 3_600_000,
    found: Found = Found.NOTHING,
) -> CommandReport:
    """A status reply: neither ledger nor broker has an outcome."""
    return stage(
        CommandStage.STATUS_REPLY,
        order,
        attempt=attempt,
        request_no=request_no,
        found=found,
        connected_ms=connected_ms,
    )


def deal(order: Order, ticket: int = DEAL, /, *, volume: str | None = None, **changes: Any) -> DealReport:
    """A deal that fills the command, whole or in part."""
    plain = DealReport(
        ticket=ticket,
        order=ticket_of(order),
        position_id=order.position or POSITION,
        symbol=order.symbol,
        type=order.side,
        entry=DealEntry.OUT if order.kind is CommandKind.CLOSE else DealEntry.IN,
        reason=REASON_EXPERT,
        magic=order.client_order_id,
        volume=order.volume if volume is None else Decimal(volume),
        price=Decimal("1.0950"),
        commission=Decimal("-0.70"),
        swap=Decimal(0),
        profit=Decimal(0),
        fee=Decimal(0),
        time_server_ms=server_ms(),
    )
    return msgspec.structs.replace(plain, **changes)


def leaving(order: Order, ticket: int = DEAL + 100, /, *, reason: str = "SL", **changes: Any) -> DealReport:
    """A deal that takes off what an opening command put on, without a command."""
    plain: dict[str, Any] = {
        "type": order.side.opposite,
        "entry": DealEntry.OUT,
        "reason": reason,
        "order": ORDER + 100,
        "profit": Decimal("-1.50"),
    }
    return deal(order, ticket, **(plain | changes))


def seen(order: Order, state: OrderState = OrderState.FILLED, *, left: str = "0") -> OrderReport:
    """The command's order on the broker's book, or in its history."""
    return OrderReport(
        ticket=ticket_of(order),
        state=state,
        type=order.side,
        reason=REASON_EXPERT,
        magic=order.client_order_id,
        symbol=order.symbol,
        volume_initial=order.volume,
        volume_current=Decimal(left),
        price=Decimal(0),
        position_id=order.position or POSITION,
        time_setup_server_ms=server_ms(),
    )


def booked(order: Order, /, *, ticket: int = ORDER, **changes: Any) -> OrderReport:
    """The command's pending order as it stands on the broker's book."""
    plain = OrderReport(
        ticket=ticket,
        state=OrderState.PLACED,
        type=f"{order.side}_{order.order_type}",
        reason=REASON_EXPERT,
        magic=order.client_order_id,
        symbol=order.symbol,
        volume_initial=order.volume,
        volume_current=order.volume,
        price=order.price or Decimal(0),
        limit_price=order.limit_price,
        stop_loss=order.stop_loss,
        take_profit=order.take_profit,
        time_setup_server_ms=server_ms(),
    )
    return msgspec.structs.replace(plain, **changes)


def standing(
    order: Order, *, stop_loss: str | None = "1.0900", identifier: int = POSITION, volume: str | None = None
) -> PositionReport:
    """The position that the command opened, as it stands at the broker."""
    return PositionReport(
        identifier=identifier,
        ticket=identifier,
        symbol=order.symbol,
        side=order.side,
        volume=order.volume if volume is None else Decimal(volume),
        price_open=Decimal("1.0950"),
        stop_loss=None if stop_loss is None else Decimal(stop_loss),
        take_profit=Decimal("1.1100"),
        magic=order.client_order_id,
    )


def scan(
    counter: int, until: datetime = NOW, /, *positions: int, orders: Sequence[int] | None = None
) -> ScanReport:
    """A scan is through, and has shown these positions open, and these orders on the book; None: too many."""
    return ScanReport(
        instance_id=INSTANCE_ID,
        counter=counter,
        from_server_ms=0,
        to_server_ms=server_ms(until),
        deals=0,
        orders=0,
        positions=list(positions),
        live_orders=None if orders is None else list(orders),
    )
