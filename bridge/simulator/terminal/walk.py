"""A walk through a long history, a bounded piece at a time.

What is long past does not change, so it needs not be read at one moment. A piece is as long as the last ones were
sparse, MAX_PIECE_MS at most: how much it holds is known only once it was read.
"""

from typing import Final

from bridge.simulator.broker.api import BrokerApi, BrokerGone
from bridge.simulator.mt5.types import Deal, Order

FIRST_PIECE_MS: Final = 86_400_000
MAX_PIECE_MS: Final = 30 * FIRST_PIECE_MS
WISHED: Final = 500
"""Deals and orders that a piece should hold."""
READS: Final = 64
"""How many pieces are read for one that is not empty."""
_EARLY_MS: Final = 946_684_800_000
"""The year 2000. No MetaTrader 5 account is older, so what may lie before is one piece."""


class HistoryWalk:
    """The history within [from_ms, to_ms), in server milliseconds, oldest first."""

    def __init__(self, broker: BrokerApi, from_ms: int, to_ms: int) -> None:
        self._broker = broker
        self._next_ms = from_ms
        self._to_ms = to_ms
        self._piece_ms = FIRST_PIECE_MS

    @property
    def through(self) -> bool:
        """Everything was read."""
        return self._next_ms >= self._to_ms

    def read(self) -> tuple[list[Deal], list[Order]]:
        """The deals and done orders of the next piece, each oldest first; nothing, where READS pieces were empty.

        Raises BrokerTimeout and BrokerGone; the next call then reads the same piece.
        """
        for _ in range(READS):
            deals, orders = self._read()
            if deals or orders or self.through:
                return deals, orders
        return [], []

    def _read(self) -> tuple[list[Deal], list[Order]]:
        end_ms = min(max(self._next_ms + self._piece_ms, _EARLY_MS), self._to_ms)
        orders = self._broker.history_orders(self._next_ms, end_ms - 1)
        deals = self._broker.history_deals(self._next_ms, end_ms - 1)
        if not self._broker.connected():
            raise BrokerGone("the broker went away during a scan")
        self._next_ms = end_ms
        found = len(deals) + len(orders)
        wished_ms = self._piece_ms * 2 if found * 2 < WISHED else self._piece_ms * WISHED // found
        self._piece_ms = max(1_000, min(wished_ms, MAX_PIECE_MS))
        return (
            sorted(deals, key=lambda deal: (deal.time_msc, deal.ticket)),
            sorted(orders, key=lambda order: (order.time_done_msc, order.ticket)),
        )
