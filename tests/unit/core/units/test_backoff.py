"""Back-off: the pause before the next try."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.units.backoff import full_jitter

SECONDS = st.floats(min_value=0, max_value=1e9)


def test_the_ceiling_doubles_up_to_the_cap() -> None:
    waits = [full_jitter(n, base_s=1.0, cap_s=60.0, uniform=lambda: 0.5) for n in range(8)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_the_jitter_is_full() -> None:
    draw = random.Random(1).random  # noqa: S311 - a seeded draw
    waits = [full_jitter(10, base_s=1.0, cap_s=60.0, uniform=draw) for _ in range(1000)]
    assert min(waits) < 2.0 and max(waits) > 58.0
    assert 27.0 < sum(waits) / len(waits) < 33.0


@pytest.mark.parametrize("attempt", [1023, 1024, 10**6, 10**400])
def test_no_number_of_tries_overflows(attempt: int) -> None:
    assert full_jitter(attempt, base_s=1e300, cap_s=60.0, uniform=lambda: 0.5) == 30.0


def test_retry_after_is_a_floor_up_to_its_cap() -> None:
    def wait(retry_after_s: float | None, draw: float) -> float:
        return full_jitter(
            0,
            base_s=2.0,
            cap_s=60.0,
            uniform=lambda: draw,
            retry_after_s=retry_after_s,
            retry_after_cap_s=100.0,
        )

    assert wait(30.0, 0.0) == 30.0
    assert wait(30.0, 0.5) == 31.0  # those who were sent away together come back apart
    assert wait(1e12, 0.0) == 100.0
    assert wait(0.0, 0.5) == wait(None, 0.5) == wait(-5.0, 0.5) == 1.0


@pytest.mark.parametrize(
    ("attempt", "base_s", "cap_s", "retry_after_cap_s"),
    [(-1, 1.0, 1.0, 1.0), (0, -1.0, 1.0, 1.0), (0, 1.0, -1.0, 1.0), (0, 1.0, 1.0, -1.0)],
)
def test_negative_numbers_are_refused(
    attempt: int, base_s: float, cap_s: float, retry_after_cap_s: float
) -> None:
    with pytest.raises(ValueError, match="negative"):
        full_jitter(
            attempt,
            base_s=base_s,
            cap_s=cap_s,
            uniform=lambda: 0.0,
            retry_after_cap_s=retry_after_cap_s,
        )


@given(
    attempt=st.integers(min_value=0),
    base_s=SECONDS,
    cap_s=SECONDS,
    draw=st.floats(min_value=0, max_value=1, exclude_max=True),
    retry_after_s=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    retry_after_cap_s=SECONDS,
)
def test_a_wait_stays_within_its_bounds(
    attempt: int,
    base_s: float,
    cap_s: float,
    draw: float,
    retry_after_s: float | None,
    retry_after_cap_s: float,
) -> None:
    wait = full_jitter(
        attempt,
        base_s=base_s,
        cap_s=cap_s,
        uniform=lambda: draw,
        retry_after_s=retry_after_s,
        retry_after_cap_s=retry_after_cap_s,
    )
    floor = min(max(retry_after_s or 0.0, 0.0), retry_after_cap_s)
    assert math.isfinite(wait)
    assert floor <= wait <= floor + cap_s
