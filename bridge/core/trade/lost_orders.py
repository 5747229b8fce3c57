"""Lost orders: orders of ours at the broker, or in the terminal's ledger, that no command of the journal has.

A journal that was restored from a backup, or made anew, lacks the commands that were sent since. Their client
order ids bear the officer's prefix. The directive of one is proven by hashing: only the directive's own id, with
the right target, makes that number (`units.order_ids`).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.director.contract import OrderType, TimeInForce
from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import CommandReport, DealReport, OrderReport, PositionReport
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import REASON_EXPERT, DealEntry, Side
from bridge.core.units.order_ids import OPENING, make_client_order_id, order_target, position_target

SALTS: Final = 4
"""Salts that are tried for an id: a directive's own is salted only where another command had it."""


class LostOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of one client order id without a command. At least one of the lists has a report."""

    client_order_id: int
    stages: tuple[CommandReport, ...] = ()
    """Reports of the ledger, in order."""
    deals: tuple[DealReport, ...] = ()
    """By ticket."""
    orders: tuple[OrderReport, ...] = ()
    """Each order as it was reported last."""
    positions: tuple[PositionReport, ...] = ()
    """Open positions that bear the id."""

    @property
    def request(self) -> Order | None:
        """The order that the ledger holds; None where the ledger lacks it."""
        found = (stage.request for stage in self.stages if stage.request is not None)
        return next((order for order in found if order.client_order_id == self.client_order_id), None)

    @property
    def position_ids(self) -> set[int]:
        """Identifiers of the positions that it opened, or closed."""
        requested = {self.request.position} if self.request is not None else set()
        found = {deal.position_id for deal in self.deals} | {order.position_id for order in self.orders}
        return (found | {position.identifier for position in self.positions} | requested) - {0}

    @property
    def comments(self) -> set[str]:
        """Comments of its records: the start of the directive's id, unless the broker wrote another one."""
        records: tuple[OrderReport | DealReport | PositionReport, ...] = (
            *self.orders,
            *self.deals,
            *self.positions,
        )
        return {record.comment for record in records if record.comment}


def find_directive(
    lost: LostOrder, candidates: Iterable[str], *, officer: str, prefix: int, openers: Collection[int]
) -> str | None:
    """Return the candidate that makes the client order id; None where none does.

    `openers` are the client order ids that may have opened what a close is about.
    """
    targets = _targets(lost, openers)
    for directive_id in candidates:
        for target in targets:
            for salt in range(SALTS):
                made = make_client_order_id(prefix, officer, directive_id, target, salt)
                if made == lost.client_order_id:
                    return directive_id
    return None


def _targets(lost: LostOrder, openers: Collection[int]) -> list[str]:
    request = lost.request
    if request is not None and request.kind is CommandKind.OPEN:
        return [OPENING]
    if request is not None and request.order:
        return [order_target(request.order)]
    if request is not None:
        return [position_target(request.position, request.opener), position_target(request.position)]
    closed = [
        position_target(position, opener)
        for position in sorted(lost.position_ids)
        for opener in (0, *sorted(openers))
    ]
    return [OPENING, *closed]


def order_of(
    lost: LostOrder, *, kind: CommandKind | None, opener: int, to_utc: Callable[[int], datetime]
) -> Order | None:
    """Return the order of the command, from the ledger or else from the broker's records; None without any.

    `kind` is what the directive asks for, where it is known, `opener` the client order id that opened the position
    which a close is about.
    """
    if lost.request is not None:
        return lost.request
    made = kind if kind in (CommandKind.OPEN, CommandKind.CLOSE) else kind_of(lost)
    seen = lost.orders[0] if lost.orders else None
    traded = [deal for deal in lost.deals if deal.side is not None]
    # A stop of the server bears the opener's id, too.
    own = [deal for deal in traded if deal.reason == REASON_EXPERT]
    if not (lost.orders or traded or lost.positions):
        return None
    position = next(iter(sorted(lost.position_ids)), 0)
    stands = lost.positions[0] if lost.positions else None
    levels = seen or stands
    symbol, side, volume = _terms(seen, own, stands, traded)
    order = Order(
        client_order_id=lost.client_order_id,
        kind=made,
        symbol=symbol,
        side=side,
        volume=volume,
        comment=next(iter(sorted(lost.comments)), "")[:31],
    )
    if made is CommandKind.CLOSE:
        return msgspec.structs.replace(order, position=position, opener=opener)
    return _with_levels(order, levels, seen, to_utc)


def _terms(
    seen: OrderReport | None,
    own: Sequence[DealReport],
    stands: PositionReport | None,
    traded: Sequence[DealReport],
) -> tuple[str, Side, Decimal]:
    """Return symbol, side and lots. At least one record is there."""
    if seen is not None:
        return seen.symbol, Side(seen.type.partition("_")[0]), seen.volume_initial
    if own:
        return own[0].symbol, Side(own[0].type), sum((deal.volume for deal in own), ZERO)
    if stands is not None:
        return stands.symbol, stands.side, stands.volume
    # Its opening is older than what was reported; a stop closed it.
    return traded[0].symbol, Side(traded[0].type).opposite, sum((deal.volume for deal in traded), ZERO)


def kind_of(lost: LostOrder) -> CommandKind:
    """Return the kind of the command, by the ledger or else by the broker's records.

    A position's identifier is the ticket of the order that opened it.
    """
    if lost.request is not None:
        return lost.request.kind
    for deal in lost.deals:
        if deal.reason == REASON_EXPERT:
            return CommandKind.CLOSE if deal.entry is DealEntry.OUT else CommandKind.OPEN
    for order in lost.orders:
        opens = order.position_id in (0, order.ticket) or "_" in order.type
        return CommandKind.OPEN if opens else CommandKind.CLOSE
    return CommandKind.OPEN


def _with_levels(
    order: Order,
    levels: OrderReport | PositionReport | None,
    seen: OrderReport | None,
    to_utc: Callable[[int], datetime],
) -> Order:
    if levels is not None:
        order = msgspec.structs.replace(order, stop_loss=levels.stop_loss, take_profit=levels.take_profit)
    order_type = OrderType.MARKET if seen is None else _order_type(seen.type)
    if seen is None or not order_type.pending:
        return order
    expires_ms = int(to_utc(seen.expires_server_ms).timestamp() * 1000) if seen.expires_server_ms else 0
    return msgspec.structs.replace(
        order,
        order_type=order_type,
        price=seen.price,
        limit_price=seen.limit_price,
        time_in_force=TimeInForce.GTD if expires_ms else TimeInForce.GTC,
        expires_ms=expires_ms,
    )


def _order_type(word: str) -> OrderType:
    """Return the order type in a name of ENUM_ORDER_TYPE, such as SELL_STOP_LIMIT."""
    kind = word.partition("_")[2]
    return OrderType(kind) if kind in OrderType.__members__ else OrderType.MARKET
