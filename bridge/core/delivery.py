"""What happens to an event after each try to deliver it.

Per directive, events go out in order and one at a time. Trouble that time mends is retried for ever; trouble
that a person must mend pauses all delivery; a definite refusal is tried a few times and then set aside, so
that the next event of the directive can go.
"""

from typing import Final

import msgspec

from bridge.core.answers import Failed, FailureKind
from bridge.core.backoff import full_jitter
from bridge.core.clock import Uniform

BASE_S: Final = 0.5
CAP_S: Final = 60.0
AUTH_PROBE_S: Final = 30.0
"""How often a Director that does not let us in is tried again: a person is at it."""
REFUSALS: Final = 4
"""Definite refusals before an event is set aside."""
REFUSED_BASE_S: Final = 5.0
RETRY_AFTER_CAP_S: Final = 300.0


class Retry(msgspec.Struct, frozen=True):
    """The same event again, not before that many seconds."""

    after_s: float


class SetAside(msgspec.Struct, frozen=True):
    """Definitely refused: kept, shown, and retried only by hand. The directive's next event proceeds."""


class PauseAll(msgspec.Struct, frozen=True):
    """No event at all for that many seconds: the Director, or the way to it, is the trouble."""

    after_s: float
    opens: bool
    """True where opening directives must wait as well, since nobody would hear of their fills."""


def after_failure(
    failure: Failed, *, refusals: int, outage: int, uniform: Uniform
) -> Retry | SetAside | PauseAll:
    """What to do after a try that failed.

    `refusals` counts this event's definite refusals before this one, `outage` the failures in a row, of any
    event, that were the Director's or the network's.
    """
    match failure.kind:
        case FailureKind.NETWORK | FailureKind.BUSY:
            wait = full_jitter(
                outage,
                base_s=BASE_S,
                cap_s=CAP_S,
                uniform=uniform,
                retry_after_s=failure.retry_after_s,
                retry_after_cap_s=RETRY_AFTER_CAP_S,
            )
            return PauseAll(wait, opens=False)
        case FailureKind.AUTH | FailureKind.MALFORMED:
            return PauseAll(AUTH_PROBE_S * (0.5 + uniform()), opens=True)
        case FailureKind.REFUSED:
            if refusals + 1 >= REFUSALS:
                return SetAside()
            return Retry(
                full_jitter(refusals, base_s=REFUSED_BASE_S, cap_s=CAP_S, uniform=uniform) + REFUSED_BASE_S
            )


def next_poll(failure: Failed | None, *, interval_s: float, failures: int, uniform: Uniform) -> float:
    """Seconds until the next poll. `failures` counts those in a row before this answer."""
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
    # Never sooner than asked for on a good day, where a person must mend it: no spinning on a locked door.
    if failure.kind in (FailureKind.AUTH, FailureKind.MALFORMED):
        return max(wait, interval_s)
    return max(wait, min(interval_s, 0.2))
