"""Sets of the stand-in's switches under which the native terminal must tell the same as ever, over real TCP."""

import random
from typing import Final

from tests.terminal.switches import ABOUT

NO_STORY: Final = frozenset({"address_refused", "comment_too_long"})
"""Under these there is no session, or no order that the broker takes."""
ALL: Final = tuple(name for name in ABOUT if name not in NO_STORY)
SOCKETS: Final = (
    "speculative_byte",
    "readable_at_second_look",
    "send_at_most",
    "send_would_block_every",
    "closed_while_bytes_remain",
    "bytes_with_error",
    "first_send_refused",
    "connect_takes",
)
TRADE: Final = (
    "transactions_reordered",
    "transactions_dropped_every",
    "transactions_late",
    "transaction_queue",
    "history_late",
    "order_in_neither_list",
    "closing_magic_zero",
    "result_without_tickets",
    "refused_send_is_true",
    "comment_rewritten",
)


def some(seed: int) -> tuple[str, ...]:
    """About half of all switches, as the seed picks them."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    return tuple(name for name in ALL if chance.random() < 0.5)


MANNERS: Final[dict[str, tuple[tuple[str, ...], int]]] = {
    "paper": ((), 1),
    "documented": ((), 1),
    "sockets": (SOCKETS, 1),
    "trade": (TRADE, 2),
    "some": (some(4), 4),
    "all": (ALL, 6),
}
"""By name: the switches that are thrown, and the seed for what they leave to chance."""
