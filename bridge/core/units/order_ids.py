"""Client order ids: the numbers by which the broker knows commands.

52 bits: 12 of officer prefix (1..4095), 40 hashed from officer, directive id, target and a salt. The id is the
order's magic, and fits a double. A collision is caught by the journal's unique index and salted by the next
counter.

The target is the position or order that a command is about, never its number within the directive: a CLOSE of two
positions that is planned again once the first is closed must not give the first one's id to the second.
"""

import hashlib
from typing import Final

PREFIX_BITS: Final = 12
HASH_BITS: Final = 40
MAX_PREFIX: Final = 2**PREFIX_BITS - 1

OPENING: Final = "open"
"""Target of the one command of an opening directive."""


def id_range(prefix: int) -> tuple[int, int]:
    """Return the first and the last client order id with the prefix."""
    return prefix << HASH_BITS, (prefix + 1 << HASH_BITS) - 1


def position_target(identifier: int, opener: int = 0) -> str:
    """Return the target of a command about the lot in a position that the command `opener` opened; 0: about all of
    the position."""
    return f"position:{identifier}:{opener}"


def order_target(ticket: int) -> str:
    """Return the target of a command about a pending order."""
    return f"order:{ticket}"


def default_prefix(officer: str) -> int:
    """Return the prefix of an officer that has none in the configuration: 1..4095, hashed from its id."""
    digest = hashlib.sha256(officer.encode()).digest()
    return int.from_bytes(digest[:4]) % MAX_PREFIX + 1


def make_client_order_id(prefix: int, officer: str, directive_id: str, target: str, salt: int = 0) -> int:
    """Return the client order id of a directive's command about one target; the same arguments give the same id.

    Raises ValueError for a prefix outside 1..4095: a prefix of 0 would accept a manual order's magic.
    """
    if not 1 <= prefix <= MAX_PREFIX:
        raise ValueError(f"order_id_prefix {prefix} must be within 1..{MAX_PREFIX}")
    name = "\n".join((officer, directive_id, target, str(salt)))
    hashed = int.from_bytes(hashlib.sha256(name.encode()).digest()[: HASH_BITS // 8])
    return prefix << HASH_BITS | hashed
