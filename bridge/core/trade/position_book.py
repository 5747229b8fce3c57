"""State of one position before a deal: its lots, their allocations, and the volume of others."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from bridge.core.link.messages import CommandKind
from bridge.core.link.reports import DealReport, OrderReport
from bridge.core.trade import events
from bridge.core.trade.allocation import Lot
from bridge.core.trade.position_states import PositionState
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
    shown: Decimal = ZERO
    """Volume that the broker shows of it, where no deal of it can be missing; 0: not known."""

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

    @property
    def opened(self) -> bool:
        """True where a deal is known that opened a lot of ours."""
        return any(lot.state not in (None, PositionState.SHOWN) for lot in self.lots)

    @property
    def sole(self) -> int:
        """Client order id of the command that has the whole position; 0 where several may share it."""
        return 0 if self.netting or not self.lots else self.lots[0].client_order_id

    def by_owner(self) -> dict[int, Decimal]:
        """Return the open volume by client order id; 0 is what is not ours. A hedging account has one owner."""
        if self.sole:
            return {self.sole: self.lots[0].volume_by_deals}
        volumes = {lot.client_order_id: lot.volume_by_deals for lot in self.lots}
        return {**volumes, 0: self.foreign_volume()}

    def outstanding(self) -> dict[int, Decimal]:
        """Return by owner the volume that the server has closed itself and not opened anew yet."""
        owners = {**self.allocations, 0: self.foreign}
        return {owner: -reopened(allocations) for owner, allocations in owners.items()}

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
    trades = [allocation for allocation in allocations if not allocation.reopens]
    entering = [allocation for allocation in trades if allocation.entry is DealEntry.IN]
    leaving = [allocation for allocation in trades if allocation.entry is not DealEntry.IN]
    return msgspec.structs.replace(
        lot,
        volume_in=sum((allocation.volume for allocation in entering), ZERO),
        volume_out=sum((allocation.volume for allocation in leaving), ZERO),
        volume_reopened=reopened(allocations),
        price_open=events.weighted_price(entering),
        price_close=events.weighted_price(leaving),
        commission=sum((allocation.commission for allocation in allocations), ZERO),
        swap=sum((allocation.swap for allocation in allocations), ZERO),
        profit=sum((allocation.profit for allocation in allocations), ZERO),
        fee=sum((allocation.fee for allocation in allocations), ZERO),
    )


def reopened(allocations: Sequence[Allocation]) -> Decimal:
    """Return the lots that the server opened anew, less those that it closed for that."""
    return sum(
        (
            allocation.volume if allocation.entry is DealEntry.IN else -allocation.volume
            for allocation in allocations
            if allocation.reopens
        ),
        ZERO,
    )


def left_to_correct(lot: PositionRecord, deal: DealReport, allocation: Allocation) -> Decimal:
    """Return the part of the lot's correction that this deal, which was not known before, does not explain."""
    correction, known = lot.volume_corrected, allocation.volume
    if lot.state is not PositionState.SHOWN and deal.time_server_ms > lot.corrected_server_ms:
        # Made after the volume was shown: it changes that volume, and explains nothing.
        return correction
    entering = allocation.entry is DealEntry.IN
    if correction > 0 and entering:
        return max(correction - known, ZERO)
    if correction < 0 and not entering:
        return min(correction + known, ZERO)
    return correction
