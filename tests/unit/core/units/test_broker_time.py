"""Broker time: measured against ours, watched for changes, converted with what was in force."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.units.broker_time import Offset, OffsetWatch, in_force, measure, to_server_ms, to_utc

NOW = datetime(2026, 1, 4, 10, 0, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
H = 3600
QUARTERS = st.integers(-60, 60).map(lambda quarters: quarters * 900)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS, QUARTERS, st.integers(-449_000, 449_000))
def test_an_offset_is_measured_to_the_quarter_hour_through_any_delay_below_half_of_one(
    now: datetime, offset: int, error_ms: int
) -> None:
    assert measure(int(now.timestamp() * 1000) + offset * 1000 + error_ms, now) == offset


@pytest.mark.parametrize(
    ("distance_s", "offset"),
    [(15 * H, 15 * H), (-15 * H, -15 * H), (15 * H + 451, None), (-15 * H - 451, None), (86_400, None)],
)
def test_offset_beyond_any_time_zone_is_a_wrong_clock(distance_s: int, offset: int | None) -> None:
    assert measure(NOW_MS + distance_s * 1000, NOW) == offset


def test_a_terminal_that_does_not_know_the_time_yet_measures_nothing() -> None:
    assert measure(0, datetime.fromtimestamp(0, UTC)) is None
    assert measure(2**53 - 1, NOW) is None


@pytest.mark.parametrize(
    ("measured_h", "in_force_h"),
    [
        ([2, 2, 2, 2], [2, 2, 2, 2]),
        ([3, 3, 3], [2, 2, 3]),
        ([3, 3, 2, 3, 3, 3], [2, 2, 2, 2, 2, 3]),
        ([3, 4, 3, 4, 3, 4], [2, 2, 2, 2, 2, 2]),
        ([3, None, 3, 3, 3], [2, 2, 2, 2, 3]),
        ([3, 3, 3, 2, 2, 2], [2, 2, 3, 3, 3, 2]),
        ([4, 3, 3, 3, 4, 3, 3], [2, 2, 2, 3, 3, 3, 3]),
    ],
)
def test_a_new_offset_counts_once_it_was_measured_three_times_in_a_row(
    measured_h: list[int | None], in_force_h: list[int]
) -> None:
    watch = OffsetWatch(2 * H)
    before = 2
    for hours, after in zip(measured_h, in_force_h, strict=True):
        server_ms = 0 if hours is None else NOW_MS + hours * H * 1000
        assert watch.observe(server_ms, NOW) == (after * H if after != before else None)
        before = after


@pytest.mark.parametrize("hours", [0, 2])
def test_first_offset_is_returned_even_at_utc(hours: int) -> None:
    watch = OffsetWatch(None)
    assert [watch.observe(NOW_MS + hours * H * 1000, NOW) for _ in range(4)] == [None, None, hours * H, None]


# Summer time begins and ends: 2 h, then 3 h, then 2 h again.
SPRING = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
YEAR = [Offset(NOW, 2 * H), Offset(SPRING, 3 * H), Offset(AUTUMN, 2 * H)]


@pytest.mark.parametrize(
    ("moment", "hours"),
    [
        (datetime(2025, 7, 1, tzinfo=UTC), 2),  # before the first measurement: the first
        (NOW, 2),
        (SPRING - timedelta(milliseconds=1), 2),
        (SPRING, 3),
        (datetime(2026, 7, 1, tzinfo=UTC), 3),
        (AUTUMN - timedelta(hours=1, milliseconds=1), 3),
        (AUTUMN, 2),
        (datetime(2027, 1, 1, tzinfo=UTC), 2),
    ],
)
def test_a_time_is_converted_with_the_offset_then_in_force(moment: datetime, hours: int) -> None:
    server_ms = int(moment.timestamp() * 1000) + hours * H * 1000
    assert to_utc(server_ms, YEAR, NOW) == moment
    assert abs(to_server_ms(moment, YEAR) - server_ms) <= 1


def test_the_offset_in_force_is_the_last_that_was_measured_by_then() -> None:
    assert in_force([], NOW) is None
    assert [in_force(YEAR, at) for at in (NOW - timedelta(days=1), NOW, SPRING, AUTUMN)] == [
        2 * H,
        2 * H,
        3 * H,
        2 * H,
    ]


def test_an_hour_that_the_broker_had_twice_is_taken_as_the_second() -> None:
    first = AUTUMN - timedelta(minutes=30)
    assert to_utc(int(first.timestamp() * 1000) + 3 * H * 1000, YEAR, NOW) == first + timedelta(hours=1)


def test_a_time_stays_exact_to_the_millisecond() -> None:
    assert to_utc(NOW_MS + 2 * H * 1000 + 123, YEAR, AUTUMN) == NOW + timedelta(milliseconds=123)


@pytest.mark.parametrize(("server_ms", "offsets"), [(0, YEAR), (-5, YEAR), (NOW_MS, [])])
def test_time_without_a_measurement_is_the_time_of_receipt(server_ms: int, offsets: list[Offset]) -> None:
    assert to_utc(server_ms, offsets, AUTUMN) == AUTUMN


def test_without_a_measurement_the_broker_is_taken_to_be_at_utc() -> None:
    assert to_server_ms(NOW, []) == NOW_MS


@given(st.integers(1, 2**53 - 1))
def test_every_time_that_a_report_may_hold_has_an_answer(server_ms: int) -> None:
    assert to_utc(server_ms, YEAR, NOW).tzinfo is UTC


@given(MOMENTS, QUARTERS)
def test_back_and_forth_is_the_same_moment(moment: datetime, seconds: int) -> None:
    offsets = [Offset(NOW, seconds)]
    assert abs(to_utc(to_server_ms(moment, offsets), offsets, NOW) - moment) <= timedelta(milliseconds=1)
