"""State of one position before a deal: its lots, their allocations, and the volume of others."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from bridge.core.link.messages import CommandKind
from bridge.core.link.reports import OrderReport
from bridge.core.trade import events
from bridge.core.trade.allocation import Lot
from bridge.core.trade.records import Allocation, CommandRecord, PositionRecord
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import DealEntry


class PositionBook(msgspec.Struct, frozen=True, kw_only=True):
    """State of one position before a deal."""

    lots: Sequence[PositionRecord] = ()
    """Lots that our commands have, or had, in it; oldest first."""
    allocations: Mapping[int, Sequence[Allocation]] = {}
    """By client order id of ours: the allocations of all deals counted so far."""
    began: Mapping[int, int] = {}
    """By client order id of ours: the deal that began its lot."""
    foreign: Sequence[Allocation] = ()
    """Volume that others opened and closed."""
    netting: bool = False
    """True where several commands, and others, may share the position."""
    complete: bool = False
    """True where every earlier deal is known."""
    order: OrderReport | None = None
    """The deal's order as it was last seen."""

    def lot(self, client_order_id: int) -> PositionRecord | None:
        """Return the lot that the command opened."""
        return next((lot for lot in self.lots if lot.client_order_id == client_order_id), None)

    def open_lots(self) -> list[Lot]:
        """Return the lots with open volume, oldest first."""
        return [
            Lot(lot.client_order_id, lot.volume, self.began.get(lot.client_order_id, 0))
            for lot in self.lots
            if lot.volume > 0
        ]

    def foreign_volume(self) -> Decimal:
        """Return the volume, in lots, that others opened less what they closed; never less than 0."""
        opened = sum((each.volume for each in self.foreign if each.entry is DealEntry.IN), ZERO)
        closed = sum((each.volume for each in self.foreign if each.entry is not DealEntry.IN), ZERO)
        return max(opened - closed, ZERO)


def targets_lot(maker: CommandRecord | None, allocation: Allocation) -> bool:
    """Return True where the command targets that very lot."""
    return (
        maker is not None
        and maker.order.kind is CommandKind.CLOSE
        and maker.order.opener in (0, allocation.client_order_id)
    )


def summed(lot: PositionRecord, allocations: Sequence[Allocation]) -> PositionRecord:
    """Return the lot with volumes, prices and money summed up from all of its allocations."""
    entering = [allocation for allocation in allocations if allocation.entry is DealEntry.IN]
    leaving = [allocation for allocation in allocations if allocation.entry is not DealEntry.IN]
    return msgspec.structs.replace(
        lot,
        volume_in=sum((allocation.volume for allocation in entering), ZERO),
        volume_out=sum((allocation.volume for allocation in leaving), ZERO),
        price_open=events.weighted_price(entering),
        price_close=events.weighted_price(leaving),
        commission=sum((allocation.commission for allocation in allocations), ZERO),
        swap=sum((allocation.swap for allocation in allocations), ZERO),
        profit=sum((allocation.profit for allocation in allocations), ZERO),
        fee=sum((allocation.fee for allocation in allocations), ZERO),
    )
