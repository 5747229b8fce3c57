"""Sets of the stand-in's switches under which the native terminal must tell the same as ever, over real TCP."""

import random
from typing import Final, NamedTuple

from tests.mql5.host.switches import ABOUT

UNLISTED: Final = "address_refused"
"""Thrown, no session can be before a person has read the panel and changed what it says."""
UNTOLD: Final = {
    "comment_most": ("request", "comment"),
    "comment_rewritten": ("request", "comment"),
    "result_without_tickets": ("ORDER_PLACED", "broker_order_id"),
}
"""What a switch keeps back: what of (a request, or an event's type), and which field. A comment is for people,
and nothing is read from it; a ticket that the answer lacks is told with the fill."""


class Manners(NamedTuple):
    """What the native terminal is like: the switches thrown, and a seed for what they leave to chance."""

    switches: tuple[str, ...] = ()
    seed: int = 1

    @property
    def untold(self) -> set[tuple[str, str]]:
        """What these switches keep back."""
        return {UNTOLD[name] for name in self.switches if name in UNTOLD}


def all_at_once(seed: int) -> Manners:
    """Every switch."""
    return Manners(tuple(ABOUT), seed)


def some(seed: int) -> Manners:
    """About half of what `all_at_once` throws: together they may hide each other."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    return Manners(tuple(name for name in all_at_once(seed).switches if chance.random() < 0.5), seed)


EACH: Final = {name: Manners((name,)) for name in ABOUT} | {
    # Each of the two is harmless alone: no comment of ours is longer than what is said to be the limit.
    "short comments": Manners(("comment_most", "comment_too_long")),
}
MANY: Final = {f"all {seed}": all_at_once(seed) for seed in (1, 2, 3)} | {
    f"some {seed}": some(seed) for seed in (4, 5, 6)
}
AT_ONCE: Final = 6
"""How many terminals share one story's Director and sidecar, beside the reference terminal."""


def companies(manners: dict[str, Manners]) -> list[dict[str, Manners]]:
    """Shared out, `AT_ONCE` at most together, the neighbours apart: slow ones stand side by side."""
    names = list(manners)
    count = -(-len(names) // AT_ONCE)
    return [{name: manners[name] for name in names[start::count]} for start in range(count)]
