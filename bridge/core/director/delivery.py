"""Decisions after each try to deliver an event.

Events of one directive are delivered in order and one at a time. A failure that passes with time is retried
without end; one that an operator must repair pauses all delivery; a definite refusal is tried a few times and
then set aside, so that the next event of the directive can be delivered.

A failure does not say whether it is the Director's or the event's: a Director may fail on one body alone. So an
event that failed, and fails again although another was accepted meanwhile, is itself the cause: it holds up its
own directive and nothing else. And a Director may refuse all events for a while, behind a proxy that has no
backend yet: where several different events are refused in a row, none of them is the cause.
"""

import math
from collections.abc import Hashable
from typing import Final, assert_never

import msgspec

from bridge.core.director.responses import Failed, FailureKind
from bridge.core.units.backoff import full_jitter
from bridge.core.units.clock import Uniform

BASE_S: Final = 0.5
CAP_S: Final = 60.0
TRIAL_S: Final = 30.0
"""Mean seconds between half-open trials while the circuit is open: an operator has to act first."""
REFUSALS: Final = 4
"""Definite refusals before an event is set aside."""
REFUSED_BASE_S: Final = 30.0
REFUSED_CAP_S: Final = 120.0
SYSTEMIC_REFUSALS: Final = 3
"""Different events, of more than one directive, that are refused with none accepted between them: the cause is the
Director."""
RETRY_AFTER_CAP_S: Final = 300.0


class Retry(msgspec.Struct, frozen=True):
    """Try the same event again after a pause. The others go on."""

    after_s: float
    refused: bool = True
    """True where it counts as a refusal of the event."""


class SetAside(msgspec.Struct, frozen=True):
    """Keep a definitely refused event, show it, retry it by command only. Its directive's next event proceeds."""


class PauseAll(msgspec.Struct, frozen=True):
    """Deliver no event for a while: the cause is the Director, or the network."""

    after_s: float
    circuit_open: bool
    """True where opening directives must wait as well, since their fills could not be reported."""


class Tries:
    """Record of the tries of all events. It has no clock."""

    def __init__(self, uniform: Uniform) -> None:
        self._uniform = uniform
        self.outage = 0
        """Failures in a row, of any event, whose cause was the Director or the network."""
        self._taken = 0
        self._turns = 0
        self._failed: dict[int, _Failing] = {}
        """By event: those that failed and were not accepted yet."""
        self._blamed: dict[int, Hashable] = {}
        """By event, its directive: those that were the cause themselves, since the last acceptance."""

    @property
    def failing(self) -> int:
        """Number of events that failed and were not accepted yet."""
        return len(self._failed)

    def turn(self, event: int) -> int:
        """Return the place of the event for the next trial in an outage: the lowest is tried first.

        An event that never failed comes before those that did, which follow in the order of their last failure.
        So no event that cannot be accepted keeps the others from being tried.
        """
        failing = self._failed.get(event)
        return 0 if failing is None else failing.turn

    def taken(self, event: int) -> None:
        """Note that the Director accepted the event."""
        self.outage = 0
        self._taken += 1
        self._failed.pop(event, None)
        self._blamed.clear()

    def failed(
        self, event: int, queue: Hashable, failure: Failed, *, refusals: int, together: bool
    ) -> Retry | SetAside | PauseAll:
        """Note a failed try of the event and return what to do.

        `queue` names its directive, `refusals` counts its refusals before this one. `together`: delivery was paused
        already when the answer came, so that it is no further failure in a row.
        """
        before = self._failed.get(event, _Failing())
        own = before.own or self._taken > before.taken
        self._turns += 1
        self._failed[event] = _Failing(tries=before.tries + 1, turn=self._turns, taken=self._taken, own=own)
        alone = own or failure.kind is FailureKind.REFUSED
        if alone:
            self._blamed[event] = queue
        systemic = len(self._blamed) >= SYSTEMIC_REFUSALS and len(set(self._blamed.values())) > 1
        decision = after_failure(
            failure,
            own=alone and not systemic,
            refusals=refusals,
            tries=before.tries,
            outage=self.outage,
            uniform=self._uniform,
        )
        match decision:
            case PauseAll() if not together:
                self.outage += 1
            case SetAside():
                del self._failed[event]
        return decision


class _Failing(msgspec.Struct, frozen=True, kw_only=True):
    """Event that failed at its last try."""

    tries: int = 0
    turn: int = 0
    taken: float = math.inf
    """Number of events accepted at the time of its last failure."""
    own: bool = False
    """True where others were accepted while it failed."""


def after_failure(
    failure: Failed, *, own: bool, refusals: int, tries: int, outage: int, uniform: Uniform
) -> Retry | SetAside | PauseAll:
    """Return what to do after a failed try.

    `own`: the cause is this event. `refusals` counts its refusals before this one, `tries` its failures,
    `outage` the failures in a row, of any event, whose cause was the Director or the network.
    """
    match failure.kind:
        case FailureKind.NETWORK | FailureKind.BUSY:
            wait = full_jitter(
                tries if own else outage,
                base_s=BASE_S,
                cap_s=CAP_S,
                uniform=uniform,
                retry_after_s=failure.retry_after_s,
                retry_after_cap_s=RETRY_AFTER_CAP_S,
            )
            return Retry(wait + BASE_S, refused=False) if own else PauseAll(wait, circuit_open=False)
        case FailureKind.AUTH | FailureKind.MALFORMED | FailureKind.REFUSED if not own:
            return PauseAll(TRIAL_S * (0.5 + uniform()), circuit_open=True)
        case FailureKind.AUTH | FailureKind.MALFORMED | FailureKind.REFUSED:
            if refusals + 1 >= REFUSALS:
                return SetAside()
            return Retry(
                full_jitter(refusals, base_s=REFUSED_BASE_S, cap_s=REFUSED_CAP_S, uniform=uniform)
                + REFUSED_BASE_S
            )
        case _:
            assert_never(failure.kind)


def next_poll(failure: Failed | None, *, interval_s: float, failures: int, uniform: Uniform) -> float:
    """Return the seconds until the next poll. `failures` counts those in a row before this answer."""
    if failure is None:
        return interval_s
    wait = full_jitter(
        failures,
        base_s=min(interval_s, 1.0),
        cap_s=CAP_S,
        uniform=uniform,
        retry_after_s=failure.retry_after_s,
        retry_after_cap_s=RETRY_AFTER_CAP_S,
    )
    match failure.kind:
        case FailureKind.AUTH | FailureKind.MALFORMED:
            # Only an operator can repair this: never sooner than the usual interval.
            return max(wait, interval_s)
        case FailureKind.NETWORK | FailureKind.BUSY | FailureKind.REFUSED:
            return max(wait, min(interval_s, 0.2))
        case _:
            assert_never(failure.kind)
