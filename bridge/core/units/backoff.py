"""Back-off: the pause before the next try."""

from typing import Final

from bridge.core.units.clock import Uniform

_MAX_EXPONENT: Final = 1000
"""2.0 ** 1000 is still a float; no cap is that far away."""


def full_jitter(
    attempt: int,
    *,
    base_s: float,
    cap_s: float,
    uniform: Uniform,
    retry_after_s: float | None = None,
    retry_after_cap_s: float = 300.0,
) -> float:
    """Return the seconds to wait after the failed try number `attempt` (0 is the first).

    Exponential back-off with full jitter: uniform over [0, min(cap_s, base_s * 2^attempt)). Clients that
    failed together do not come back together (Brooker, 'Exponential Backoff And Jitter', 2015).

    A `retry_after_s` is a floor, obeyed up to `retry_after_cap_s`. The jitter is added to it, or all clients that
    got the same answer would come back together. The wait is below floor + cap_s.

    Raises ValueError where `attempt` or a number of seconds is negative.
    """
    if attempt < 0 or base_s < 0 or cap_s < 0 or retry_after_cap_s < 0:
        raise ValueError("attempt and seconds must not be negative")
    ceiling = min(cap_s, base_s * 2.0 ** min(attempt, _MAX_EXPONENT))
    floor = min(max(retry_after_s or 0.0, 0.0), retry_after_cap_s)
    return floor + uniform() * ceiling
