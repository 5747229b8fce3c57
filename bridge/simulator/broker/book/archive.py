"""An account's past: as many old trades of somebody else's as a test wants to scan through.

Nothing is stored but their number: a deal is computed from its place when somebody asks. So a hundred thousand
of them are laid down at once, and a query costs what it returns.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from msgspec import Struct

from bridge.core.units.decimals import ZERO
from bridge.simulator.mt5.types import (
    Deal,
    DealEntry,
    DealReason,
    DealType,
    Order,
    OrderFilling,
    OrderReason,
    OrderState,
    OrderType,
)

MAGIC: Final = 4242
"""The magic of half of the old trades: another Expert Advisor's. The others were made by hand."""

_VOLUME: Final = Decimal("0.10")
_PRICE: Final = Decimal("1.10000")


class Archive(Struct, frozen=True, kw_only=True):
    """`count` deals with an order each, in pairs that open and close a position; `count` is even. Deals and
    orders number on from the first tickets; the first is made at `from_ms`, each other `step_ms` later. Their
    money sums to zero."""

    count: int
    first_order: int
    first_deal: int
    from_ms: int
    step_ms: int
    symbol: str

    def deals(self, from_ms: int, to_ms: int) -> Iterator[Deal]:
        """The deals within [from_ms, to_ms], oldest first."""
        return map(self._deal, self._between(from_ms, to_ms))

    def orders(self, from_ms: int, to_ms: int) -> Iterator[Order]:
        """The orders done within [from_ms, to_ms], oldest first."""
        return map(self._order, self._between(from_ms, to_ms))

    def deal(self, ticket: int) -> Deal | None:
        """The deal of this ticket."""
        at = ticket - self.first_deal
        return self._deal(at) if 0 <= at < self.count else None

    def order(self, ticket: int) -> Order | None:
        """The order of this ticket."""
        at = ticket - self.first_order
        return self._order(at) if 0 <= at < self.count else None

    def of_position(self, identifier: int) -> list[Deal]:
        """The deals of this position, oldest first."""
        at = identifier - self.first_order
        held = 0 <= at < self.count and at % 2 == 0
        return [self._deal(at), self._deal(at + 1)] if held else []

    def _between(self, from_ms: int, to_ms: int) -> range:
        first = max(0, -((self.from_ms - from_ms) // self.step_ms))
        last = (to_ms - self.from_ms) // self.step_ms
        return range(first, min(self.count, last + 1))

    def _deal(self, at: int) -> Deal:
        closes, by_expert = at % 2 == 1, at % 4 < 2
        return Deal(
            ticket=self.first_deal + at,
            order=self.first_order + at,
            time_msc=self.from_ms + at * self.step_ms,
            type=DealType.SELL if closes else DealType.BUY,
            entry=DealEntry.OUT if closes else DealEntry.IN,
            reason=DealReason.EXPERT if by_expert else DealReason.CLIENT,
            magic=MAGIC if by_expert else 0,
            position_id=self.first_order + at - at % 2,
            symbol=self.symbol,
            volume=_VOLUME,
            price=_PRICE,
            profit=self._profit(at) if closes else ZERO,
        )

    def _profit(self, at: int) -> Decimal:
        # One pair wins what the next loses; an odd pair at the end does neither.
        if at >= self.count - self.count % 4:
            return ZERO
        return Decimal(1) if at % 4 == 1 else Decimal(-1)

    def _order(self, at: int) -> Order:
        deal = self._deal(at)
        return Order(
            ticket=deal.order,
            symbol=deal.symbol,
            type=OrderType.SELL if deal.type is DealType.SELL else OrderType.BUY,
            state=OrderState.FILLED,
            reason=OrderReason[deal.reason.name],
            magic=deal.magic,
            type_filling=OrderFilling.FOK,
            time_setup_msc=deal.time_msc,
            time_done_msc=deal.time_msc,
            volume_initial=deal.volume,
            volume_current=ZERO,
            price_open=deal.price,
            price_current=deal.price,
            position_id=deal.position_id,
        )
