"""Times as the usual platforms write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.director.times import NEVER, is_not_set, parse_expiry, parse_time
from bridge.core.units.clock import utc_of_ms

TEN = datetime(2026, 1, 4, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("2026-01-04T10:00:00Z", 0),
        ("2026-01-04T10:00:00.0000000Z", 0),
        ("2026-01-04T10:00:00.1234567Z", 123_456),
        ("2026-01-04T10:00:00.9999999Z", 999_999),
        ("2026-01-04T10:00:00.123456789Z", 123_456),
        ("2026-01-04T10:00:00.5Z", 500_000),
        ("2026-01-04T10:00:00,5Z", 500_000),
        ("2026-01-04T12:00:00+02:00", 0),
        ("2026-01-04T12:00:00+0200", 0),
        ("2026-01-04 10:00:00+00", 0),
        ("2026-01-04T10:00Z[UTC]", 0),
        ("2026-01-04T11:00:00.5+01:00[Europe/Paris]", 500_000),
        ("2026-01-04T05:00:00-05:00[America/Argentina/Rio_Gallegos]", 0),
        ("2026-01-04T04:30:00-05:30", 0),
        ("2026-01-04T10:00Z", 0),
        ("2026-01-04t10:00:00z", 0),
        ("2026-01-04 10:00:00 +0000", 0),
        ("2026-01-04 05:00:00.1234567 -05:00", 123_456),
        ("2026-01-04 10:00:00 UTC", 0),
    ],
)
def test_time_of_any_platform_is_read_and_never_rounded_up(text: str, microseconds: int) -> None:
    assert parse_time(text) == TEN + timedelta(microseconds=microseconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-04",
        "2026-01-04T10:00:00",
        "2026-01-04T10:00.5Z",
        "2026-01-04T10Z",
        "2026-13-04T10:00:00Z",
        "2026-01-04T24:30:00Z",
        "2026-01-04T10:00:00 Z",
        "2026-01-04 10:00:00 CET",
        "2026-01-04 10:00:00  +0000",
        # The name of a zone is no zone.
        "2026-01-04T10:00:00[Europe/Paris]",
        "2026-01-04T10:00:00Z[]",
        "2026-01-04T10:00:00Z[UTC][u-ca=hebrew]",
        "20260104T100000Z",
        "2026-01-04T10:00:00+25:00",
        "1767520800",
        "infinity",
        "٢٠٢٦-01-04T10:00:00Z",
    ],
)
def test_text_without_date_time_and_zone_is_no_time(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T23:59:59.999999+00:00",
        "9999-12-31T23:59:59-01:00",
        # .NET's DateTime.MaxValue and Python's datetime.max have no zone.
        "9999-12-31T23:59:59.9999999",
        "9999-12-31T23:59:59.999999",
        "9999-12-31 23:59:59",
        "3000-01-01T00:00:00Z",
        "infinity",
        "Infinity",
        "+1000000000-12-31T23:59:59.999999999Z",
        "+275760-09-13T00:00:00.000Z",
    ],
)
def test_last_time_of_any_platform_is_never(text: str) -> None:
    assert parse_expiry(text) == NEVER


@pytest.mark.parametrize(
    "text", ["2999-12-31T23:59:59", "2026-01-04T10:00:00", "9999-12-31", "9999-12-31T23:59:59 Z"]
)
def test_expiry_without_a_zone_or_of_another_shape_is_none(text: str) -> None:
    assert parse_expiry(text) is None


@pytest.mark.parametrize("text", ["2999-12-31T23:59:59Z", "2026-01-04T10:00:00Z"])
def test_expiry_before_the_year_3000_is_its_time(text: str) -> None:
    assert parse_expiry(text) == parse_time(text) != NEVER


@pytest.mark.parametrize(
    ("text", "not_set"),
    [
        ("0001-01-01T00:00:00Z", True),
        ("0001-01-01T00:00:00", True),
        ("0001-01-01T00:00:00.0000000", True),
        ("0001-01-01T00:00:00+00:00", True),
        ("0001-01-01T00:00:01Z", False),
        ("2001-01-01T00:00:00Z", False),
    ],
)
def test_first_time_of_a_platform_is_not_set(text: str, not_set: bool) -> None:
    assert is_not_set(text) is not_set


@given(st.integers(0, 2**36), st.integers(0, 999_999), st.integers(-14 * 60, 14 * 60))
def test_time_that_python_writes_is_read_as_itself(seconds: int, micros: int, zone_min: int) -> None:
    moment = utc_of_ms(seconds * 1000) + timedelta(microseconds=micros)
    moment = moment.astimezone(timezone(timedelta(minutes=zone_min)))
    assert parse_time(moment.isoformat()) == moment


@given(st.text())
def test_any_text_is_a_time_or_none(text: str) -> None:
    for moment in (parse_time(text), parse_expiry(text)):
        assert moment is None or moment.tzinfo is not None
