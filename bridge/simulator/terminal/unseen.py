"""OPENs that went out and do not show in the terminal's lists yet.

OrderSend comes back when the server has answered; order and position may enter the lists later. Until they do,
and for UNSEEN_MS at most, whoever counts what there is counts them too.
"""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from msgspec import Struct

from bridge.core.link.messages import ClientOrderId, Order
from bridge.simulator.mt5 import types

UNSEEN_MS: Final = 5_000
"""Of a connected broker."""
UNSEEN_MOST: Final = 256
"""More than are sent in that time."""


class _Sent(Struct):
    client_order_id: ClientOrderId
    symbol: str
    lots: Decimal
    pending: bool
    since_ms: int | None = None
    """None: not known to be connected since."""


class Unseen:
    """What one boot has sent, the oldest first."""

    def __init__(self) -> None:
        self._sent: deque[_Sent] = deque(maxlen=UNSEEN_MOST)

    def __bool__(self) -> bool:
        return bool(self._sent)

    def __contains__(self, client_order_id: int) -> bool:
        return any(sent.client_order_id == client_order_id for sent in self._sent)

    def put(self, order: Order) -> None:
        """An OPEN went out, and was not refused."""
        self._sent.append(
            _Sent(
                client_order_id=order.client_order_id,
                symbol=order.symbol,
                lots=order.volume,
                pending=order.order_type.pending,
            )
        )

    def away(self) -> None:
        """The broker is away: what it did shows when it is back."""
        for sent in self._sent:
            sent.since_ms = None

    def beat(self, mono_ms: int, positions: Iterable[types.Position], orders: Iterable[types.Order]) -> None:
        """Let go of what shows by now, or never will. A market order on its way through the book does not show
        for good."""
        held, waiting = {each.magic for each in positions}, {each.magic for each in orders}
        kept = []
        for sent in self._sent:
            if sent.since_ms is None:
                sent.since_ms = mono_ms
            shows = sent.client_order_id in held or (sent.pending and sent.client_order_id in waiting)
            if not shows and mono_ms - sent.since_ms < UNSEEN_MS:
                kept.append(sent)
        self._sent = deque(kept, maxlen=UNSEEN_MOST)

    def lots(self, symbol: str, shown: set[int]) -> list[Decimal]:
        """The volume of each that is not among the tokens that the lists showed."""
        return [
            sent.lots for sent in self._sent if sent.symbol == symbol and sent.client_order_id not in shown
        ]
