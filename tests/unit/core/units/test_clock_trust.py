"""Trust in the wall clock, and the uncertainty of the time where it cannot."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.core.units.clock_trust import CONFIRMATIONS, CONFIRMED_AFTER_S, ClockUncertainty, ClockWatch
from tests.unit.core.samples import NOW

TOLERANCE = timedelta(seconds=30)
HOUR = timedelta(hours=1)


def watch() -> ClockWatch:
    return ClockWatch(tolerance=TOLERANCE)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def known(skew: timedelta) -> ClockWatch:
    """The Director's time is known to be so much later than the wall clock's; the last answer came after 30 s."""
    clock = watch()
    clock.observe(NOW, 0.0)
    for seconds in (0.0, 15.0, 30.0):
        clock.observe(later(seconds), seconds)
        clock.confirm(later(seconds) + skew, later(seconds), seconds)
    assert clock.uncertainty == ClockUncertainty() and clock.now(NOW) == NOW + skew
    return clock


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
    clock.confirm(NOW + HOUR, NOW + HOUR, 3.0)
    assert (clock.trusted, clock.uncertainty) == (True, None)


@pytest.mark.parametrize("step", [HOUR, -HOUR, timedelta(days=3650), timedelta(days=-3650)])
def test_after_a_jump_it_may_be_as_late_as_it_was_before(step: timedelta) -> None:
    clock = watch()
    clock.observe(NOW, 0.0)
    clock.observe(later(1) + step, 1.0)
    nothing = timedelta(0)
    assert clock.uncertainty == ClockUncertainty(max(step, nothing), max(-step, nothing))
    # Set back, it is not trusted for that, but no other time is left.
    clock.observe(later(2), 2.0)
    assert not clock.trusted and clock.uncertainty == ClockUncertainty()


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
def test_one_contradicting_answer_ends_trust_and_moves_no_time(
    ahead_s: int, trusted: bool, says: str
) -> None:
    clock = watch()
    wall = later(ahead_s)
    clock.confirm(NOW, wall, 0.0)
    assert clock.trusted is trusted
    assert says in clock.trouble
    assert clock.now(wall) == wall
    apart, nothing = timedelta(seconds=ahead_s), timedelta(0)
    assert clock.uncertainty == (
        None if trusted else ClockUncertainty(max(apart, nothing), max(-apart, nothing))
    )


@pytest.mark.parametrize(
    ("answers", "corrected"),
    [
        ([0, 15, 30], True),
        ([0, 5, 10, 15, 20, 25], False),
        ([0, 5, 10, 15, 20, 25, 30], True),
        ([0, 60], False),
        ([0, 15, 29.9], False),
    ],
)
def test_the_directors_time_is_known_once_enough_answers_agree_for_long_enough(
    answers: list[float], corrected: bool
) -> None:
    clock = watch()
    for seconds in answers:
        clock.confirm(later(seconds) - HOUR, later(seconds), seconds)
    assert clock.now(NOW) == (NOW - HOUR if corrected else NOW)
    assert clock.uncertainty == (ClockUncertainty() if corrected else ClockUncertainty(earlier=HOUR))
    assert not clock.trusted and "3600 s ahead of" in clock.trouble
    assert (CONFIRMATIONS, CONFIRMED_AFTER_S) == (3, 30.0)


@pytest.mark.parametrize("other", [timedelta(0), timedelta(minutes=59), -HOUR])
def test_answers_that_do_not_agree_with_each_other_begin_anew(other: timedelta) -> None:
    clock = watch()
    for seconds, skew in ((0, HOUR), (15, HOUR), (30, other), (45, HOUR), (60, HOUR)):
        clock.confirm(later(seconds) + skew, later(seconds), seconds)
    assert clock.now(NOW) == NOW
    clock.confirm(later(75) + HOUR, later(75), 75)
    assert clock.now(NOW) == NOW + HOUR


def test_one_answer_does_not_move_a_time_that_is_known_either() -> None:
    clock = known(HOUR)
    clock.confirm(later(45) - HOUR, later(45), 45.0)
    assert clock.now(NOW) == NOW + HOUR
    assert clock.uncertainty == ClockUncertainty(earlier=2 * HOUR)


def test_a_known_time_follows_a_clock_that_drifts() -> None:
    clock = known(HOUR)
    for step in range(1, 20):
        seconds = 30.0 + step * 5
        clock.confirm(later(seconds + step) + HOUR, later(seconds), seconds)
    assert clock.uncertainty == ClockUncertainty() and clock.now(NOW) == later(19) + HOUR


def test_a_clock_that_was_set_right_is_trusted_with_the_next_answer() -> None:
    clock = known(HOUR)
    clock.observe(later(31) + HOUR, 31.0)
    assert clock.now(NOW) == NOW and clock.uncertainty == ClockUncertainty()
    assert not clock.trusted
    clock.confirm(later(32) + HOUR, later(32) + HOUR, 32.0)
    assert (clock.trusted, clock.now(NOW)) == (True, NOW)


def test_answer_confirms_a_jump_that_was_not_observed() -> None:
    clock = watch()
    clock.observe(NOW, 0.0)
    clock.confirm(later(1) + HOUR, later(1) + HOUR, 1.0)
    clock.observe(later(2) + HOUR, 2.0)
    assert clock.trusted


def test_a_jump_while_the_directors_time_is_known_leaves_that_possible() -> None:
    clock = known(HOUR)
    clock.observe(later(31) - HOUR, 31.0)
    assert clock.now(NOW) == NOW and clock.uncertainty == ClockUncertainty(later=2 * HOUR)


def test_a_jump_while_the_director_disagrees_leaves_three_times() -> None:
    clock = watch()
    clock.observe(NOW, 0.0)
    clock.confirm(NOW - HOUR, NOW, 0.0)
    clock.observe(later(1) + HOUR / 2, 1.0)
    assert clock.uncertainty == ClockUncertainty(earlier=1.5 * HOUR)
    clock.observe(later(2) - HOUR / 2, 2.0)
    assert clock.uncertainty == ClockUncertainty(earlier=HOUR / 2, later=HOUR / 2)


def test_time_before_a_jump_is_ignored_once_the_directors_time_is_confirmed() -> None:
    clock = watch()
    clock.observe(NOW, 0.0)
    clock.observe(later(1) + HOUR, 1.0)
    for seconds in (1.0, 16.0, 31.0):
        clock.confirm(later(seconds) + 3 * HOUR, later(seconds) + HOUR, seconds)
    assert clock.uncertainty == ClockUncertainty() and clock.now(NOW + HOUR) == NOW + 3 * HOUR


@pytest.mark.parametrize("emitted", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)])
def test_date_at_the_end_of_the_calendar_leaves_usable_times(emitted: datetime) -> None:
    clock = watch()
    clock.confirm(emitted, NOW, 0.0)
    assert clock.uncertainty is not None
    century = timedelta(days=36_500)
    assert {clock.uncertainty.earlier, clock.uncertainty.later} == {timedelta(0), century}
