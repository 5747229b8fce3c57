"""A clock that cannot be trusted decides nothing that is final.

What ends must be over by every clock that may be right; what is sent must be over by none.
"""

from datetime import timedelta
from decimal import Decimal

import pytest

from bridge.core.link.messages import Order
from bridge.core.link.reports import NotSentReason
from bridge.core.settings import MissingStop, RiskLimits
from bridge.core.units.clock_trust import ClockUncertainty

from .conftest import MakeDesk
from .desk import NOW, OFFICER, Desk, closing, directive, limit, server_ms, settings
from .reports import TIMEOUT, absent, booked, deal, not_sent, result, scan, standing, submitted

HOUR = timedelta(hours=1)
EARLIER = ClockUncertainty(earlier=HOUR)
LATER = ClockUncertainty(later=HOUR)
UNTIL = "2026-01-05T10:05:00Z"
UNKNOWN_AFTER_S = 900.0
WEEK_S = 7 * 86_400


def opened(desk: Desk) -> Order:
    """An open position."""
    [command] = desk.sent(directive("dir-open"))
    desk.report(submitted(command.order), result(command.order), deal(command.order))
    return command.order


@pytest.mark.parametrize("seconds", [300, 3899])
def test_a_close_that_waits_outlives_a_clock_that_alone_says_it_is_over(joined: Desk, seconds: int) -> None:
    opened(joined)
    joined.take(closing(expires_at=UNTIL))
    joined.later(seconds)
    joined.uncertainty = EARLIER
    assert joined.advance(opens_paused=True) == []
    assert joined.directive_state("dir-close") == "WORKING"
    assert joined.emitted("dir-close") == ["DIRECTIVE_RECEIVED"]
    joined.later(-seconds)
    joined.uncertainty = None
    [close] = joined.advance()
    assert close.order.kind == "CLOSE"


@pytest.mark.parametrize("planned", [False, True])
def test_what_is_over_by_both_clocks_ends_and_is_emitted_at_the_wall_clocks_time(
    joined: Desk, planned: bool
) -> None:
    opened(joined)
    joined.take(closing(expires_at=UNTIL))
    if planned:
        # By one clock it was late before it could be sent.
        joined.uncertainty = LATER
        assert joined.advance() == []
    joined.later(3900)
    joined.uncertainty = EARLIER
    joined.look(alive=False)
    assert joined.directive_state("dir-close") == "EXPIRED"
    [emitted] = joined.bodies("ORDER_REJECTED")
    assert (emitted["error_code"], emitted["occurred_at"]) == ("EXPIRED", "2026-01-05T11:05:00Z")


@pytest.mark.parametrize(("uncertainty", "state"), [(EARLIER, "RECEIVED"), (None, "EXPIRED")])
def test_a_directive_is_late_at_intake_where_every_clock_says_so(
    joined: Desk, uncertainty: ClockUncertainty | None, state: str
) -> None:
    joined.later(301)
    joined.uncertainty = uncertainty
    joined.take(closing(expires_at=UNTIL), limit(order_expires_at=UNTIL, expires_at="2026-01-05T11:00:00Z"))
    assert joined.directive_state("dir-close") == joined.directive_state("dir-limit") == state


@pytest.mark.parametrize(
    ("uncertainty", "goes"), [(LATER, False), (EARLIER, True), (ClockUncertainty(), True)]
)
def test_a_close_goes_where_no_clock_says_that_it_is_late(
    joined: Desk, uncertainty: ClockUncertainty, goes: bool
) -> None:
    opened(joined)
    joined.uncertainty = uncertainty
    joined.take(closing(expires_at=UNTIL))
    assert len(joined.advance(opens_paused=True)) == goes
    assert joined.directive_state("dir-close") == "WORKING"


def test_a_deadline_is_not_beyond_what_any_clock_allows(joined: Desk) -> None:
    opened(joined)
    joined.uncertainty = ClockUncertainty(later=timedelta(seconds=298))
    joined.take(closing(expires_at=UNTIL))
    [close] = joined.advance(opens_paused=True)
    assert close.deadline_ms == 1000 + 2000


@pytest.mark.parametrize("uncertainty", [EARLIER, ClockUncertainty()])
def test_a_pending_order_is_not_cancelled_for_its_time_by_a_clock_that_is_not_trusted(
    joined: Desk, uncertainty: ClockUncertainty
) -> None:
    [command] = joined.sent(limit("dir-limit", expires_at=UNTIL))
    joined.report(result(command.order), booked(command.order))
    joined.later(3600)
    joined.uncertainty = uncertainty
    joined.report(scan(1, joined.now))
    assert joined.advance() == []
    joined.uncertainty = None
    joined.report(scan(2, joined.now))
    [cancel] = joined.advance()
    assert cancel.order.kind == "CANCEL"


@pytest.mark.parametrize("uncertainty", [EARLIER, ClockUncertainty()])
def test_a_command_is_not_given_up_by_a_clock_that_is_not_trusted(
    joined: Desk, uncertainty: ClockUncertainty
) -> None:
    [command] = joined.sent(directive())
    joined.later(UNKNOWN_AFTER_S)
    joined.uncertainty = uncertainty
    joined.advance()
    assert joined.command_state(command.order.client_order_id) == "DISPATCHED"
    joined.uncertainty = None
    joined.advance()
    assert joined.command_state(command.order.client_order_id) == "UNKNOWN"


def test_absence_counts_where_the_grace_time_is_over_by_every_clock(joined: Desk) -> None:
    [command] = joined.sent(directive())
    joined.later(3600)
    joined.uncertainty = EARLIER
    joined.report(absent(command.order, request_no=1), absent(command.order, request_no=2))
    assert joined.command_state(command.order.client_order_id) == "DISPATCHED"
    joined.later(-3600 + 30)
    joined.uncertainty = None
    joined.report(absent(command.order, request_no=3), absent(command.order, request_no=4))
    assert joined.command_state(command.order.client_order_id) == "UNKNOWN"


def test_a_flatten_is_not_given_up_by_a_clock_that_jumped(joined: Desk) -> None:
    opened(joined)
    joined.journal.flatten(OFFICER, joined.now, nonce="0f" * 8, why="out")
    [first] = joined.advance()
    joined.report(submitted(first.order), result(first.order, 10004, ticket=0))
    joined.later(WEEK_S)
    joined.uncertainty = ClockUncertainty(earlier=timedelta(seconds=WEEK_S))
    [again] = joined.advance(opens_paused=True)
    assert again.order.kind == "CLOSE" and again.order.client_order_id != first.order.client_order_id
    assert joined.bodies("SYSTEM_ERROR") == []


def test_what_a_person_orders_while_the_clock_is_behind_lives_as_long_when_it_is_right_again(
    joined: Desk,
) -> None:
    opened(joined)
    joined.later(-10 * WEEK_S)
    joined.uncertainty = ClockUncertainty(later=timedelta(seconds=10 * WEEK_S))
    joined.journal.flatten(OFFICER, joined.now, nonce="0f" * 8, why="out")
    [first] = joined.advance(opens_paused=True)
    [(expires_at,)] = joined.rows(
        "SELECT expires_at FROM commands WHERE client_order_id = ?", first.order.client_order_id
    )
    assert expires_at == "2026-01-12T10:00:00.000Z"


@pytest.mark.parametrize(("uncertainty", "days"), [(EARLIER, 0), (ClockUncertainty(), 1), (None, 1)])
def test_a_day_that_is_in_doubt_begins_with_no_equity(
    make_desk: MakeDesk, uncertainty: ClockUncertainty | None, days: int
) -> None:
    desk = make_desk(settings(risk_limits=RiskLimits(max_daily_loss=Decimal(50))))
    desk.join()
    desk.uncertainty = uncertainty
    desk.look(equity=Decimal(1000))
    assert desk.rows("SELECT count(*) FROM equity_days") == [(days,)]
    assert desk.now == NOW


# What was stamped by a clock that was ahead, and is right now.

AHEAD_S = (3600, 3650 * 86_400)
LATE = "2036-06-01T00:00:00Z"


@pytest.mark.parametrize("ahead_s", AHEAD_S)
def test_a_close_that_came_back_unsent_goes_again_at_once(joined: Desk, ahead_s: int) -> None:
    opened(joined)
    joined.later(ahead_s)
    [close] = joined.sent(closing(expires_at=LATE))
    joined.report(not_sent(close.order, NotSentReason.BUSY))
    assert joined.advance() == []
    joined.later(-ahead_s)
    [again] = joined.advance()
    assert (again.order.client_order_id, again.attempt) == (close.order.client_order_id, 2)


@pytest.mark.parametrize("ahead_s", AHEAD_S)
def test_what_is_in_doubt_is_asked_about_and_looked_for_from_now_on(joined: Desk, ahead_s: int) -> None:
    joined.later(ahead_s)
    [command] = joined.sent(directive(expires_at=LATE))
    joined.report(submitted(command.order), result(command.order, TIMEOUT, ticket=0))
    joined.later(-ahead_s)
    [question] = joined.request_status()
    assert question.item.since_server_ms == server_ms() - 3_600_000
    assert joined.request_status() == []
    joined.later(60)
    assert len(joined.request_status()) == 1


def test_what_is_in_doubt_is_looked_for_from_the_earliest_time_on(joined: Desk) -> None:
    joined.sent(directive())
    joined.uncertainty = ClockUncertainty(earlier=2 * HOUR)
    [question] = joined.request_status(first=True)
    assert question.item.since_server_ms == server_ms() - 3 * 3_600_000


@pytest.mark.parametrize("ahead_s", AHEAD_S)
def test_a_command_is_given_up_so_long_after_the_clock_was_right(joined: Desk, ahead_s: int) -> None:
    joined.later(ahead_s)
    [command] = joined.sent(directive(expires_at=LATE))
    joined.later(-ahead_s)
    joined.advance()
    joined.later(UNKNOWN_AFTER_S - 1)
    joined.advance()
    assert joined.command_state(command.order.client_order_id) == "DISPATCHED"
    joined.later(1)
    joined.advance()
    assert joined.command_state(command.order.client_order_id) == "UNKNOWN"


@pytest.mark.parametrize("ahead_s", AHEAD_S)
def test_absence_counts_so_long_after_the_clock_was_right(joined: Desk, ahead_s: int) -> None:
    joined.later(ahead_s)
    [command] = joined.sent(directive(expires_at=LATE))
    joined.later(-ahead_s)
    joined.advance()
    joined.later(30)
    joined.report(absent(command.order, request_no=1), absent(command.order, request_no=2))
    assert joined.command_state(command.order.client_order_id) == "UNKNOWN"


def test_a_time_that_may_yet_be_right_is_left_as_it_is(joined: Desk) -> None:
    [command] = joined.sent(directive())
    joined.later(-3600)
    joined.uncertainty = LATER
    joined.advance()
    found = joined.rows(
        "SELECT dispatched_at FROM commands WHERE client_order_id = ?", command.order.client_order_id
    )
    assert found == [("2026-01-05T10:00:00.000Z",)]


@pytest.mark.parametrize(("ahead_s", "goes"), [(30, False), (59, False), (60, True), (3600, True)])
def test_orders_of_the_last_minute_count_though_the_clock_was_put_back_by_seconds(
    make_desk: MakeDesk, ahead_s: int, goes: bool
) -> None:
    desk = make_desk(settings(risk_limits=RiskLimits(max_orders_per_minute=1)))
    desk.join()
    desk.later(ahead_s)
    [first] = desk.sent(directive("dir-1", expires_at=LATE))
    desk.report(submitted(first.order), result(first.order), deal(first.order))
    desk.later(-ahead_s)
    assert len(desk.sent(directive("dir-2"))) == goes


@pytest.mark.parametrize("ahead_s", AHEAD_S)
def test_a_flattens_next_round_waits_no_longer_than_its_distance(joined: Desk, ahead_s: int) -> None:
    opened(joined)
    joined.later(ahead_s)
    joined.journal.flatten(OFFICER, joined.now, nonce="0f" * 8, why="out")
    for number in range(2):
        [close] = joined.advance()
        joined.report(submitted(close.order, mark=2 + number), result(close.order, 10004, ticket=0))
    assert joined.advance() == []
    joined.later(-ahead_s)
    [again] = joined.advance()
    assert again.order.kind == "CLOSE"


@pytest.mark.parametrize("ahead_s", AHEAD_S)
def test_the_close_of_a_position_without_its_stop_waits_no_longer_than_its_distance(
    make_desk: MakeDesk, ahead_s: int
) -> None:
    desk = make_desk(settings(risk_limits=RiskLimits(missing_stop=MissingStop.CLOSE)))
    desk.join()
    order = opened(desk)
    desk.later(ahead_s)
    desk.report(standing(order, stop_loss=None), scan(1))
    [close] = desk.advance()
    desk.report(submitted(close.order, mark=2), result(close.order, 10018, ticket=0))
    desk.later(-ahead_s)
    desk.report(scan(2))
    [again] = desk.advance()
    assert again.order.client_order_id != close.order.client_order_id


def test_the_close_of_a_position_without_its_stop_is_not_given_up_by_a_clock_that_jumped(
    make_desk: MakeDesk,
) -> None:
    desk = make_desk(settings(risk_limits=RiskLimits(missing_stop=MissingStop.CLOSE)))
    desk.join()
    order = opened(desk)
    desk.report(standing(order, stop_loss=None), scan(1))
    [close] = desk.advance()
    desk.report(submitted(close.order, mark=2), result(close.order, 10018, ticket=0))
    desk.later(WEEK_S)
    desk.uncertainty = ClockUncertainty(earlier=timedelta(seconds=WEEK_S))
    desk.report(scan(2))
    assert len(desk.advance(opens_paused=True)) == 1
