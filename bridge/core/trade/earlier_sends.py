"""Directives that an earlier journal may have carried out, and the time from which the broker is searched for them.

Theory of operation:

1. A journal is known to be unbroken since its process opened it: one process owns it all that time. Before, it may
   have been restored from a backup, or made anew, and the terminal's ledger may be lost as well.
2. A directive that was issued after that time cannot have been carried out before. Any other may have been: it was
   in the inbox already, or the first list of the Director had it, or it was issued earlier. The times are of two
   clocks, so that a tolerance is added.
3. For these the terminal searches the broker's history before it sends. The search begins so long before the
   directive was issued that both clocks may be wrong by a day, and the broker's offset from UTC may be unknown.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

MARGIN: Final = timedelta(days=3)
"""A day for the Director's clock, a day for this machine's, and up to 15 hours for the broker's offset from UTC."""


class Unbroken(msgspec.Struct, frozen=True):
    """Time since which the journal is known to lack nothing."""

    since: datetime
    """Latest time at which the journal may have been opened."""
    last_id: int
    """Place in the inbox of the last directive that was there when it was opened; 0: none was."""


def may_have_been_sent(
    issued_at: datetime | None, unbroken: Unbroken, *, first_listing: bool, tolerance: timedelta
) -> bool:
    """Return True for a new directive that an earlier journal may have carried out.

    `issued_at` is None where it cannot be read. `first_listing`: it came with the first list since the journal was
    opened. `tolerance` is the largest distance between the Director's clock and this machine's.
    """
    try:
        return first_listing or (issued_at is not None and issued_at < unbroken.since + tolerance)
    except OverflowError:
        return True


def search_from(issued_at: datetime | None, received_at: datetime) -> datetime | None:
    """Return the time from which the history is searched; None: all of it.

    A time of issue after the receipt is wrong, and does not count.
    """
    if issued_at is None:
        return None
    try:
        return min(issued_at, received_at) - MARGIN
    except OverflowError:
        return None
