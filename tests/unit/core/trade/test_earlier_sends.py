"""Directives that an earlier journal may have carried out, and the start of the search for them."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.core.trade.earlier_sends import MARGIN, Unbroken, may_have_been_sent, search_from

OPENED = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
TOLERANCE = timedelta(seconds=30)


@pytest.mark.parametrize(
    ("late_s", "may"), [(-86_400, True), (-1, True), (0, True), (29.999, True), (30, False), (86_400, False)]
)
def test_directive_issued_after_the_opening_and_the_tolerance_was_not_sent(late_s: float, may: bool) -> None:
    issued_at = OPENED + timedelta(seconds=late_s)
    unbroken = Unbroken(since=OPENED, last_id=0)
    assert may_have_been_sent(issued_at, unbroken, first_listing=False, tolerance=TOLERANCE) is may


def test_directive_of_the_first_listing_may_have_been_sent_whenever_it_was_issued() -> None:
    later, unbroken = OPENED + timedelta(days=1), Unbroken(since=OPENED, last_id=0)
    assert may_have_been_sent(later, unbroken, first_listing=True, tolerance=TOLERANCE)


def test_time_beyond_the_calendar_counts_as_sent() -> None:
    unbroken = Unbroken(since=datetime.max.replace(tzinfo=UTC), last_id=0)
    assert may_have_been_sent(OPENED, unbroken, first_listing=False, tolerance=TOLERANCE)


@pytest.mark.parametrize(
    ("issued_at", "expected"),
    [
        (OPENED - timedelta(days=5), OPENED - timedelta(days=5) - MARGIN),
        (OPENED, OPENED - MARGIN),
        # A clock that is ahead: the receipt counts.
        (OPENED + timedelta(days=400), OPENED - MARGIN),
        (datetime(9999, 12, 31, tzinfo=UTC), OPENED - MARGIN),
        (datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC) - MARGIN),
        (datetime(1, 1, 1, tzinfo=UTC), None),
        (None, None),
    ],
)
def test_search_begins_a_margin_before_the_directive_was_issued(
    issued_at: datetime | None, expected: datetime | None
) -> None:
    assert search_from(issued_at, OPENED) == expected


def test_margin_covers_two_clocks_that_are_wrong_by_a_day_and_an_unknown_offset() -> None:
    assert timedelta(days=2, hours=15) <= MARGIN
