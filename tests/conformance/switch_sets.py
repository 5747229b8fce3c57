"""Sets of the native host's switches under which the native terminal must report the same, over real TCP.

RIG_SWITCHES=each has every switch alone as well. tests/native/test_switches.py always has each, in one process.
"""

import random
from typing import Final, NamedTuple

from tests.mql5.host.switches import ABOUT

UNLISTED: Final = "address_refused"
"""With this switch no session is possible until an operator has read the panel and listed the address."""
WITHHELD: Final = {
    "comment_most": ("request", "comment"),
    "comment_rewritten": ("request", "comment"),
    "result_without_tickets": ("ORDER_PLACED", "broker_order_id"),
}
"""Field that a switch withholds: from a request or an event type, and its name. A comment is for people, and
nothing is read from it; a ticket that the result lacks is reported with the fill."""


class SwitchSet(NamedTuple):
    """Switches of a native terminal that are on, and a seed for their random choices."""

    switches: tuple[str, ...] = ()
    seed: int = 1

    @property
    def withheld(self) -> set[tuple[str, str]]:
        """Fields that these switches withhold."""
        return {WITHHELD[name] for name in self.switches if name in WITHHELD}


def all_on(seed: int) -> SwitchSet:
    """Return every switch."""
    return SwitchSet(tuple(ABOUT), seed)


def half_on(seed: int) -> SwitchSet:
    """Return about half of the switches: all together may hide each other's effects."""
    chance = random.Random(seed)  # noqa: S311 - a seeded test
    return SwitchSet(tuple(name for name in all_on(seed).switches if chance.random() < 0.5), seed)


def other_half_on(seed: int) -> SwitchSet:
    """Return the switches that `half_on` leaves off."""
    on = half_on(seed).switches
    return SwitchSet(tuple(name for name in all_on(seed).switches if name not in on), seed)


EACH: Final = {name: SwitchSet((name,)) for name in ABOUT} | {
    # Each of the two is harmless alone: no comment is longer than the limit that the terminal states.
    "short comments": SwitchSet(("comment_most", "comment_too_long")),
}
TOGETHER: Final = {"all 1": all_on(1), "half 4": half_on(4), "other half 4": other_half_on(4)}
"""Every switch twice: with all others, and with about half of them."""
MANY: Final = {f"all {seed}": all_on(seed) for seed in (1, 2, 3)} | {
    f"some {seed}": half_on(seed) for seed in (4, 5, 6)
}
AT_ONCE: Final = 6
"""Most native terminals that share a Director and a sidecar, beside the reference terminal."""


def groups(sets: dict[str, SwitchSet]) -> list[dict[str, SwitchSet]]:
    """Return the sets in groups of at most `AT_ONCE`; neighbours, which are slow together, are in different
    groups."""
    names = list(sets)
    count = -(-len(names) // AT_ONCE)
    return [{name: sets[name] for name in names[start::count]} for start in range(count)]


def chosen(wanted: str) -> list[dict[str, SwitchSet]]:
    """Return the groups that a run has: `each` for every switch alone and more sets of many, else `TOGETHER`."""
    return [*groups(EACH), MANY] if wanted == "each" else [TOGETHER]
