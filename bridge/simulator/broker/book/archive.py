"""Archive: old trades of another program and of manual trades, for tests that scan a long history.

Only their number is stored; a deal is computed from its index when a query returns it. So an archive of a hundred
thousand deals is created at once, and a query costs as much as it returns.
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
"""Magic of half of the old trades: another Expert Advisor's. The others are manual trades."""

_VOLUME: Final = Decimal("0.10")
_PRICE: Final = Decimal("1.10000")


class Archive(Struct, frozen=True, kw_only=True):
    """`count` deals (an even number), each with an order, in pairs that open and close a position. Tickets are
    consecutive from the first ones; the first deal is made at `from_ms`, each following one `step_ms` later. The
    sum of their money is zero."""

    count: int
    first_order: int
    first_deal: int
    from_ms: int
    step_ms: int
    symbol: str

    def deals(self, from_ms: int, to_ms: int) -> Iterator[Deal]:
        """Return the deals made within [from_ms, to_ms], oldest first."""
        return map(self._deal, self._between(from_ms, to_ms))

    def orders(self, from_ms: int, to_ms: int) -> Iterator[Order]:
        """Return the orders done within [from_ms, to_ms], oldest first."""
        return map(self._order, self._between(from_ms, to_ms))

    def deal(self, ticket: int) -> Deal | None:
        """Return the deal with this ticket."""
        at = ticket - self.first_deal
        return self._deal(at) if 0 <= at < self.count else None

    def order(self, ticket: int) -> Order | None:
        """Return the order with this ticket."""
        at = ticket - self.first_order
        return self._order(at) if 0 <= at < self.count else None

    def of_position(self, identifier: int) -> list[Deal]:
        """Return the deals of this position, oldest first."""
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
        # One pair gains what the next one loses; an odd pair at the end has no profit.
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
