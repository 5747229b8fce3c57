"""Executors: the one instance that may execute a dispatched command, and the answers of any other.

Theory of operation:

1. A command is dispatched to one instance, with a deadline on the link clock of its epoch. That instance may be
   frozen and wake up, and executes the command if its deadline is not over by its own estimate of that clock.
2. Until the deadline and a margin are over, no other instance may take over, and `not_sent` from another instance
   does not count: a further attempt would be a second executor. The instance itself may answer at any time, in any
   epoch: it takes nothing from an ended session, and never executes an attempt for which it has answered.
3. Time is counted on the sidecar's monotonic clock, from the dispatch. The wall clock may jump and does not count.
   A process that did not make the dispatch counts from its own start: the dispatch is older than that.

`docs/one-executor.md` has the whole rule, the clocks, and its limits.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from bridge.core.link.reports import CommandReport, CommandStage, Found, NotSentReason
from bridge.core.trade.command_states import CommandState

HELD: Final = (
    CommandState.DISPATCHED,
    CommandState.SUBMITTED,
    CommandState.UNRESOLVED,
    CommandState.UNKNOWN,
)
"""States of commands that the instance to which they were dispatched may still execute."""
KEPT_S: Final = 1000.0
"""Seconds for which the time of a dispatch is remembered. No deadline with its margin is longer."""
KEPT: Final = 4096
"""Number of dispatches from which on the old ones are forgotten."""


class DispatchClock:
    """Age of each dispatch on the monotonic clock of one process, in seconds."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._dispatched: dict[int, float] = {}

    def note(self, client_order_id: int, at: float) -> None:
        """Remember that a command is dispatched now."""
        if len(self._dispatched) >= KEPT:
            self._dispatched = {key: then for key, then in self._dispatched.items() if at - then < KEPT_S}
        self._dispatched[client_order_id] = at

    def age_s(self, client_order_id: int, now: float) -> float:
        """Return the seconds that have passed since the command's last dispatch, or more recently this start."""
        return now - self._dispatched.get(client_order_id, self._started)


class Dispatch(msgspec.Struct, frozen=True, kw_only=True):
    """Last dispatch of a command, as the answers of an instance are judged by it."""

    client_order_id: int
    instance_id: str
    """Instance that has the command."""
    ledger_id: str
    """Ledger of that instance."""
    deadline_s: float
    """Seconds from the dispatch to the deadline."""
    age_s: float
    """Seconds that have certainly passed since."""

    def left_s(self, instance_id: str, margin_s: float) -> float:
        """Return the seconds for which an instance must still wait for the one that has the command; 0 for none."""
        if instance_id == self.instance_id:
            return 0.0
        return max(self.deadline_s + margin_s - self.age_s, 0.0)


def answer_counts(
    report: CommandReport,
    dispatch: Dispatch | None,
    *,
    instance_id: str,
    ledger_id: str,
    margin_s: float,
) -> bool:
    """Return False for an answer that says nothing about the command: it is kept, and asked for again.

    `dispatch` is the command's last one; None where it has none. The answer is from the instance and ledger named.
    """
    if dispatch is None:
        return True
    denies = report.stage is CommandStage.NOT_SENT
    if denies and report.reason is NotSentReason.NO_INTENT and ledger_id != dispatch.ledger_id:
        return False
    if denies or (report.stage is CommandStage.STATUS_REPLY and report.found is Found.NOTHING):
        return not dispatch.left_s(instance_id, margin_s)
    return True


def longest_wait(dispatches: Iterable[Dispatch], instance_id: str, margin_s: float) -> Dispatch | None:
    """Return the dispatch for which the instance must wait longest before it may take over; None where it may."""
    waits = [each for each in dispatches if each.left_s(instance_id, margin_s)]
    return max(waits, key=lambda each: each.left_s(instance_id, margin_s), default=None)
