"""Broker time: measured against ours, watched for changes, converted with what was in force."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.units.broker_time import (
    Offset,
    OffsetWatch,
    Unplaced,
    contradicts,
    expiry_server_ms,
    in_force,
    measure,
    place_switches,
    to_server_ms,
    to_utc,
)
from bridge.core.units.daylight_saving import Rule, switches

NOW = datetime(2026, 1, 4, 10, 0, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
LATER = datetime(2100, 1, 2, tzinfo=UTC)
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


@pytest.mark.parametrize(
    ("hours", "minutes", "contradicted"),
    [(2, 0, False), (3, 1, True), (3, 10, True), (3, 11, False), (1, 600, True), (3, -5, True)],
)
def test_single_measurement_is_contradicted_by_the_offset_before_it_or_soon_after_by_any_other(
    hours: int, minutes: int, contradicted: bool
) -> None:
    day_before = NOW - timedelta(days=1)
    known = Offset(day_before, H, confirmed=day_before)
    at = NOW + timedelta(minutes=minutes)
    assert contradicts(hours * H, at, [known, Offset(NOW, 2 * H)]) is contradicted
    assert not contradicts(hours * H, at, [known, Offset(NOW, 2 * H, confirmed=NOW)])
    assert not contradicts(hours * H, at, [])


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
    assert to_utc(server_ms, YEAR, NOW, latest=LATER) == moment
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
    server_ms = int(first.timestamp() * 1000) + 3 * H * 1000
    assert to_utc(server_ms, YEAR, NOW, latest=LATER) == first + timedelta(hours=1)


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
    converted = to_utc(to_server_ms(moment, offsets), offsets, NOW, latest=moment)
    assert abs(converted - moment) <= timedelta(milliseconds=1)


# Changes of the clock that the bridge did not see


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


FRIDAY, MONDAY = at("2026-10-23T21:00"), at("2026-10-26T06:00")
"""The last measurement before the weekend in which European clocks change, and the first after it."""
EU_AUTUMN, US_AUTUMN = at("2026-10-25T01:00"), at("2026-11-01T06:00")


def clock(*parts: tuple[str, str, int]) -> list[Offset]:
    """Offsets, each from the first to the last measurement of it, in hours."""
    return [Offset(at(since), hours * H, at(confirmed)) for since, confirmed, hours in parts]


def placed(*parts: tuple[str, str, int]) -> list[tuple[datetime, int]]:
    return [(offset.since, offset.seconds // H) for offset in place_switches(clock(*parts)).offsets]


SUMMER = ("2026-05-01T00:00", "2026-10-23T21:00", 3)


@pytest.mark.parametrize(
    ("server", "occurred"),
    [
        # Friday, in summer time; the bridge was off from 21:00.
        ("2026-10-23T23:59:59", "2026-10-23T20:59:59"),
        # Monday 02:30 UTC: the broker's clock is two hours ahead by then.
        ("2026-10-26T04:30", "2026-10-26T02:30"),
        ("2026-10-25T02:59", "2026-10-24T23:59"),
        ("2026-10-25T04:00", "2026-10-25T02:00"),
    ],
)
def test_time_in_the_weekend_of_a_switch_is_converted_with_the_offset_of_its_side(
    server: str, occurred: str
) -> None:
    offsets = place_switches([*clock(SUMMER), Offset(MONDAY, 2 * H)]).offsets
    assert to_utc(int(at(server).timestamp() * 1000), offsets, MONDAY) == at(occurred)


def test_stop_after_the_switch_in_spring_is_not_in_the_future() -> None:
    now = at("2027-03-29T06:00")
    measured = [*clock(("2027-01-01T00:00", "2027-03-26T22:00", 2)), Offset(now, 3 * H)]
    server_ms = int(at("2027-03-29T08:30").timestamp() * 1000)
    assert to_utc(server_ms, place_switches(measured).offsets, now) == at("2027-03-29T05:30")


@pytest.mark.parametrize("rule", Rule)
@given(
    base=QUARTERS.filter(lambda seconds: abs(seconds) < 13 * H),
    number=st.integers(0, 19),
    before=st.timedeltas(timedelta(minutes=1), timedelta(days=6)),
    after=st.timedeltas(timedelta(minutes=1), timedelta(days=6)),
    part=st.floats(0, 1),
)
def test_switch_by_a_rule_is_placed_whenever_the_bridge_was_off(
    rule: Rule, base: int, number: int, before: timedelta, after: timedelta, part: float
) -> None:
    switch = switches(rule, at("2024-01-01"), at("2034-01-01"))[number]
    start, now = switch.at - before, switch.at + after
    measured = [
        Offset(start - timedelta(days=1), base, start),
        Offset(now, base + switch.change_s),
    ]
    placement = place_switches(measured)
    assert placement.offsets == [measured[0], Offset(switch.at, base + switch.change_s)]
    assert placement.unplaced == []
    moment = start + (now - start) * part
    seconds = base if moment < switch.at else base + switch.change_s
    # The first of two equal hours is taken as the second, where that is over by now.
    twice = switch.change_s < 0 and timedelta(0) < switch.at - moment <= timedelta(hours=1)
    expected = moment + timedelta(hours=1) if twice and moment + timedelta(hours=1) <= now else moment
    converted = to_utc(int(moment.timestamp() * 1000) + seconds * 1000, placement.offsets, now)
    assert abs(converted - expected) <= timedelta(milliseconds=1)


@given(
    st.lists(st.tuples(MOMENTS, QUARTERS, st.timedeltas(timedelta(0), timedelta(days=400))), max_size=6),
    MOMENTS,
)
def test_time_is_after_now_only_where_every_offset_would_have_it_there(
    parts: list[tuple[datetime, int, timedelta]], now: datetime
) -> None:
    parts = sorted(parts)
    ends = [*(since for since, _, _ in parts), LATER][1:]
    measured = [
        Offset(since, seconds, min(since + lasts, end))
        for (since, seconds, lasts), end in zip(parts, ends, strict=True)
    ]
    offsets = place_switches(measured).offsets
    for hours in (-20, -1, 0, 1, 20):
        moment = now + timedelta(hours=hours)
        converted = to_utc(int(moment.timestamp() * 1000), offsets, now)
        begun = [offset for offset in offsets if moment - timedelta(seconds=offset.seconds) >= offset.since]
        later = offsets[offsets.index(begun[-1]) if begun else 0 :]
        assert converted <= now or all(moment - timedelta(seconds=each.seconds) > now for each in later)


def test_switch_between_both_rules_is_placed_by_the_brokers_other_switches() -> None:
    unseen = ("2026-11-20T00:00", "2026-12-01T00:00", 2)
    spring = [("2026-01-01T00:00", "2026-03-28T22:00", 2), ("2026-03-29T22:00", "2026-10-01T00:00", 3)]
    assert placed(*spring, unseen)[-1] == (EU_AUTUMN, 2)
    spring = [("2026-01-01T00:00", "2026-03-07T22:00", 2), ("2026-03-08T22:00", "2026-10-01T00:00", 3)]
    assert placed(*spring, unseen)[-1] == (US_AUTUMN, 2)


def test_switch_between_both_rules_is_unplaced_without_other_switches() -> None:
    measured = clock(("2026-09-01T00:00", "2026-10-01T00:00", 3), ("2026-11-20T00:00", "2026-12-01T00:00", 2))
    placement = place_switches(measured)
    assert placement.offsets[-1] == Offset(US_AUTUMN, 2 * H)
    assert placement.unplaced == [Unplaced(EU_AUTUMN, US_AUTUMN, 3 * H, 2 * H)]


@pytest.mark.parametrize(("hours", "unplaced"), [(72, True), (1, True), (0.15, False)])
def test_change_without_a_rule_counts_from_its_measurement(hours: float, unplaced: bool) -> None:
    start = at("2026-06-01T12:00")
    end = start + timedelta(hours=hours)
    placement = place_switches([Offset(start, 2 * H, start), Offset(end, 3 * H)])
    assert placement.offsets[-1] == Offset(end, 3 * H)
    assert placement.unplaced == ([Unplaced(start, end, 2 * H, 3 * H)] if unplaced else [])
    # By the old offset it would lie in the future.
    moment = end - timedelta(minutes=1)
    assert to_utc(int(moment.timestamp() * 1000) + 3 * H * 1000, placement.offsets, end) == moment


def test_old_offset_computed_over_the_weekend_does_not_hide_the_rule() -> None:
    # The server time follows the quotes, and there are none before Sunday evening.
    offsets = placed(("2026-05-01T00:00", "2026-10-25T12:00", 3), ("2026-10-26T06:00", "2026-10-26T07:00", 2))
    assert offsets[-1] == (at("2026-10-25T12:00"), 2)


def test_months_without_the_bridge_have_the_switches_of_a_known_rule() -> None:
    known = [("2026-01-01T00:00", "2026-03-28T22:00", 2), ("2026-03-29T22:00", "2026-10-24T00:00", 3)]
    away = [("2026-10-25T06:00", "2026-11-15T00:00", 2), ("2027-12-01T00:00", "2027-12-02T00:00", 2)]
    assert placed(*known, *away)[-2:] == [(at("2027-03-28T01:00"), 3), (at("2027-10-31T01:00"), 2)]
    (unknown,) = place_switches(clock(*away)).unplaced
    assert (unknown.earliest, unknown.latest) == (at("2027-03-14T07:00"), at("2027-11-07T06:00"))
    assert place_switches(clock(*away)).offsets == clock(*away)[:1]


# Expiries


SPRING_EU = [("2026-01-01T00:00", "2026-03-28T22:00", 2), ("2026-03-29T22:00", "2026-10-20T00:00", 3)]
SPRING_US = [("2026-01-01T00:00", "2026-03-07T22:00", 2), ("2026-03-08T22:00", "2026-10-20T00:00", 3)]
NEVER = [("2025-06-01T00:00", "2026-10-20T00:00", 3)]


@pytest.mark.parametrize(
    ("seen", "expiry", "hours"),
    [
        (SPRING_EU, "2026-10-25T00:59", 3),
        (SPRING_EU, "2026-10-25T01:00", 2),
        (SPRING_US, "2026-10-28T00:00", 3),
        (SPRING_US, "2026-11-02T00:00", 2),
        (SPRING_EU, "2027-06-01T00:00", 3),
        (NEVER, "2026-11-02T00:00", 3),
        # No change was seen yet: by either rule it would leave too late otherwise.
        ([("2026-10-01T00:00", "2026-10-20T00:00", 3)], "2026-10-25T00:00", 3),
        ([("2026-10-01T00:00", "2026-10-20T00:00", 3)], "2026-10-26T00:00", 2),
        # In spring the clock as it is gives the earlier time.
        ([("2027-01-01T00:00", "2027-03-01T00:00", 2)], "2027-04-01T00:00", 2),
        (NEVER, "2999-01-01T00:00", 3),
        ([], "2026-10-26T00:00", 0),
    ],
)
def test_expiry_foresees_the_change_of_the_brokers_clock(
    seen: list[tuple[str, str, int]], expiry: str, hours: int
) -> None:
    now = at(seen[-1][1]) if seen else at("2026-10-27T00:00")
    expected = int((at(expiry) + timedelta(hours=hours)).timestamp() * 1000)
    assert expiry_server_ms(at(expiry), clock(*seen), now) == expected


@given(
    rule=st.sampled_from([*Rule, None]),
    now=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    ahead=st.timedeltas(timedelta(minutes=1), timedelta(days=700)),
    known=st.timedeltas(timedelta(0), timedelta(days=900)),
)
def test_order_never_leaves_later_than_its_expiry(
    rule: Rule | None, now: datetime, ahead: timedelta, known: timedelta
) -> None:
    """Whatever rule the broker follows, and however long it is known."""
    changes = [] if rule is None else switches(rule, now - known, now)
    moments = [now - known, *(change.at for change in changes), now]
    measured: list[Offset] = []
    seconds = 2 * H
    for number, (since, until) in enumerate(itertools.pairwise(moments)):
        measured.append(Offset(since, seconds, until))
        if number < len(changes):
            seconds += changes[number].change_s
    expiry = now + ahead
    then = seconds + (0 if rule is None else sum(each.change_s for each in switches(rule, now, expiry)))
    late = expiry_server_ms(expiry, measured, now) / 1000 - then - expiry.timestamp()
    assert -H - 0.001 <= late <= 0.001
