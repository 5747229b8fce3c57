"""Whether the wall clock can be trusted."""

from datetime import timedelta

import pytest

from bridge.core.clockwatch import ClockWatch

from .samples import NOW

TOLERANCE = timedelta(seconds=30)
HOUR = timedelta(hours=1)


def watch() -> ClockWatch:
    return ClockWatch(tolerance=TOLERANCE)


@pytest.mark.parametrize(
    ("step_s", "trusted"), [(0, True), (30, True), (-30, True), (30.5, False), (-30.5, False), (3600, False)]
)
def test_a_sudden_step_of_the_wall_clock_is_a_jump(step_s: float, trusted: bool) -> None:
    clock = watch()
    clock.observe(NOW, 100.0)
    clock.observe(NOW + timedelta(seconds=5 + step_s), 105.0)
    assert clock.trusted is trusted
    assert bool(clock.trouble) is not trusted


def test_the_first_look_at_a_clock_is_no_jump() -> None:
    clock = watch()
    clock.observe(NOW, 1e9)
    assert clock.trusted and clock.trouble == ""


def test_a_slow_drift_is_no_jump() -> None:
    clock = watch()
    for step in range(100):
        clock.observe(NOW + timedelta(seconds=step * 11), step * 10.0)
    assert clock.trusted


def test_a_jump_is_not_forgotten_until_the_director_confirms_the_time() -> None:
    clock = watch()
    clock.observe(NOW, 0.0)
    clock.observe(NOW + HOUR, 1.0)
    clock.observe(NOW + HOUR + timedelta(seconds=1), 2.0)
    assert not clock.trusted and "jumped" in clock.trouble
    assert clock.now(NOW) == NOW
    clock.confirm(NOW + HOUR, NOW + HOUR)
    assert clock.trusted


@pytest.mark.parametrize(
    ("ahead_s", "trusted", "says"),
    [
        (0, True, ""),
        (30, True, ""),
        (-30, True, ""),
        (31, False, "31 s ahead of"),
        (-90, False, "90 s behind"),
    ],
)
def test_a_clock_that_the_director_contradicts_is_corrected_by_his(
    ahead_s: int, trusted: bool, says: str
) -> None:
    clock = watch()
    wall = NOW + timedelta(seconds=ahead_s)
    clock.confirm(NOW, wall)
    assert clock.trusted is trusted
    assert says in clock.trouble
    assert clock.now(wall) == (wall if trusted else NOW)


def test_a_clock_that_was_set_right_is_trusted_again() -> None:
    clock = watch()
    clock.confirm(NOW, NOW + HOUR)
    clock.confirm(NOW, NOW)
    assert clock.trusted and clock.now(NOW) == NOW
