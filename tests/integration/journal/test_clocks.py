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

from .bench import NOW, OFFICER, JournalBench, closing, directive, limit, server_ms, settings
from .conftest import MakeBench
from .reports import POSITION, TIMEOUT, absent, booked, deal, not_sent, result, scan, standing, submitted

HOUR = timedelta(hours=1)
EARLIER = ClockUncertainty(earlier=HOUR)
LATER = ClockUncertainty(later=HOUR)
UNTIL = "2026-01-05T10:05:00Z"
UNKNOWN_AFTER_S = 900.0
WEEK_S = 7 * 86_400


def opened(bench: JournalBench) -> Order:
    """An open position."""
    [command] = bench.sent(directive("dir-open"))
    bench.report(submitted(command.order), result(command.order), deal(command.order))
    return command.order


@pytest.mark.parametrize("seconds", [300, 3899])
def test_waiting_close_does_not_expire_by_one_clock_alone(joined: JournalBench, seconds: int) -> None:
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
def test_directive_expired_on_both_clocks_is_rejected_at_the_wall_clocks_time(
    joined: JournalBench, planned: bool
) -> None:
    opened(joined)
    joined.take(closing(expires_at=UNTIL))
    if planned:
        # By one clock it had expired before it could be sent.
        joined.uncertainty = LATER
        assert joined.advance() == []
    joined.later(3900)
    joined.uncertainty = EARLIER
    joined.look(alive=False)
    assert joined.directive_state("dir-close") == "EXPIRED"
    [emitted] = joined.bodies("ORDER_REJECTED")
    assert (emitted["error_code"], emitted["occurred_at"]) == ("EXPIRED", "2026-01-05T11:05:00.000000Z")


@pytest.mark.parametrize(("uncertainty", "state"), [(EARLIER, "RECEIVED"), (None, "EXPIRED")])
def test_directive_is_expired_at_intake_where_every_clock_says_so(
    joined: JournalBench, uncertainty: ClockUncertainty | None, state: str
) -> None:
    joined.later(301)
    joined.uncertainty = uncertainty
    joined.take(closing(expires_at=UNTIL), limit(order_expires_at=UNTIL, expires_at="2026-01-05T11:00:00Z"))
    assert joined.directive_state("dir-close") == joined.directive_state("dir-limit") == state


@pytest.mark.parametrize(
    ("uncertainty", "goes"), [(LATER, False), (EARLIER, True), (ClockUncertainty(), True)]
)
def test_close_is_sent_where_no_clock_says_that_it_is_late(
    joined: JournalBench, uncertainty: ClockUncertainty, goes: bool
) -> None:
    opened(joined)
    joined.uncertainty = uncertainty
    joined.take(closing(expires_at=UNTIL))
    assert len(joined.advance(opens_paused=True)) == goes
    assert joined.directive_state("dir-close") == "WORKING"


def test_deadline_is_within_the_expiry_by_every_clock(joined: JournalBench) -> None:
    opened(joined)
    joined.uncertainty = ClockUncertainty(later=timedelta(seconds=298))
    joined.take(closing(expires_at=UNTIL))
    [close] = joined.advance(opens_paused=True)
    assert close.deadline_ms == 1000 + 2000


@pytest.mark.parametrize("uncertainty", [EARLIER, ClockUncertainty()])
def test_pending_order_is_not_cancelled_by_an_untrusted_clock(
    joined: JournalBench, uncertainty: ClockUncertainty
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
def test_command_is_not_given_up_by_an_untrusted_clock(
    joined: JournalBench, uncertainty: ClockUncertainty
) -> None:
    [command] = joined.sent(directive())
    joined.later(UNKNOWN_AFTER_S)
    joined.uncertainty = uncertainty
    joined.advance()
    assert joined.command_state(command.order.client_order_id) == "DISPATCHED"
    joined.uncertainty = None
    joined.advance()
    assert joined.command_state(command.order.client_order_id) == "UNKNOWN"


def test_absence_counts_once_the_grace_time_is_over_by_every_clock(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.later(3600)
    joined.uncertainty = EARLIER
    joined.report(absent(command.order, request_no=1), absent(command.order, request_no=2))
    assert joined.command_state(command.order.client_order_id) == "DISPATCHED"
    joined.later(-3600 + 30)
    joined.uncertainty = None
    joined.report(absent(command.order, request_no=3), absent(command.order, request_no=4))
    assert joined.command_state(command.order.client_order_id) == "UNKNOWN"


def test_flatten_is_not_given_up_after_a_clock_jump(joined: JournalBench) -> None:
    opened(joined)
    joined.journal.flatten(OFFICER, joined.now, nonce="0f" * 8, why="out")
    [first] = joined.advance()
    joined.report(submitted(first.order), result(first.order, 10004, ticket=0))
    joined.later(WEEK_S)
    joined.uncertainty = ClockUncertainty(earlier=timedelta(seconds=WEEK_S))
    [again] = joined.advance(opens_paused=True)
    assert again.order.kind == "CLOSE" and again.order.client_order_id != first.order.client_order_id
    assert joined.bodies("SYSTEM_ERROR") == []


def test_operators_order_under_a_slow_clock_lives_as_long_once_it_is_right(
    joined: JournalBench,
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
def test_untrusted_broker_day_stores_no_equity(
    make_bench: MakeBench, uncertainty: ClockUncertainty | None, days: int
) -> None:
    bench = make_bench(settings(risk_limits=RiskLimits(max_daily_loss=Decimal(50))))
    bench.join()
    bench.uncertainty = uncertainty
    bench.look(equity=Decimal(1000))
    assert bench.rows("SELECT count(*) FROM equity_days") == [(days,)]
    assert bench.now == NOW


# Stamps of a clock that was ahead, and is right now.

AHEAD_S = (3600, 3650 * 86_400)
LATE = "2036-06-01T00:00:00Z"


@pytest.mark.parametrize("ahead_s", AHEAD_S)
def test_close_that_was_not_sent_is_dispatched_again_at_once(joined: JournalBench, ahead_s: int) -> None:
    opened(joined)
    joined.later(ahead_s)
    [close] = joined.sent(closing(expires_at=LATE))
    joined.report(not_sent(close.order, NotSentReason.BUSY))
    assert joined.advance() == []
    joined.later(-ahead_s)
    [again] = joined.advance()
    assert (again.order.client_order_id, again.attempt) == (close.order.client_order_id, 2)


@pytest.mark.parametrize("ahead_s", AHEAD_S)
def test_unresolved_command_stamped_in_the_future_is_requested_from_now_on(
    joined: JournalBench, ahead_s: int
) -> None:
    joined.later(ahead_s)
    [command] = joined.sent(directive(expires_at=LATE))
    joined.report(submitted(command.order), result(command.order, TIMEOUT, ticket=0))
    joined.later(-ahead_s)
    [question] = joined.request_status()
    assert question.item.since_server_ms == server_ms() - 3_600_000
    assert joined.request_status() == []
    joined.later(60)
    assert len(joined.request_status()) == 1


def test_unresolved_command_is_searched_for_from_the_earliest_time_on(joined: JournalBench) -> None:
    joined.sent(directive())
    joined.uncertainty = ClockUncertainty(earlier=2 * HOUR)
    [question] = joined.request_status(first=True)
    assert question.item.since_server_ms == server_ms() - 3 * 3_600_000


@pytest.mark.parametrize("ahead_s", AHEAD_S)
def test_command_stamped_in_the_future_is_given_up_by_the_corrected_clock(
    joined: JournalBench, ahead_s: int
) -> None:
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
def test_absence_of_a_command_stamped_in_the_future_counts_by_the_corrected_clock(
    joined: JournalBench, ahead_s: int
) -> None:
    joined.later(ahead_s)
    [command] = joined.sent(directive(expires_at=LATE))
    joined.later(-ahead_s)
    joined.advance()
    joined.later(30)
    joined.report(absent(command.order, request_no=1), absent(command.order, request_no=2))
    assert joined.command_state(command.order.client_order_id) == "UNKNOWN"


def test_stamp_that_may_be_right_is_kept(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.later(-3600)
    joined.uncertainty = LATER
    joined.advance()
    found = joined.rows(
        "SELECT dispatched_at FROM commands WHERE client_order_id = ?", command.order.client_order_id
    )
    assert found == [("2026-01-05T10:00:00.000Z",)]


@pytest.mark.parametrize(("ahead_s", "goes"), [(30, False), (59, False), (60, True), (3600, True)])
def test_orders_of_the_last_minute_count_after_the_clock_is_set_back_by_seconds(
    make_bench: MakeBench, ahead_s: int, goes: bool
) -> None:
    bench = make_bench(settings(risk_limits=RiskLimits(max_orders_per_minute=1)))
    bench.join()
    bench.later(ahead_s)
    [first] = bench.sent(directive("dir-1", expires_at=LATE))
    bench.report(submitted(first.order), result(first.order), deal(first.order))
    bench.later(-ahead_s)
    assert len(bench.sent(directive("dir-2"))) == goes


@pytest.mark.parametrize("ahead_s", AHEAD_S)
def test_next_round_of_a_flatten_waits_no_longer_than_its_pause(joined: JournalBench, ahead_s: int) -> None:
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
def test_next_close_for_a_missing_stop_waits_no_longer_than_its_pause(
    make_bench: MakeBench, ahead_s: int
) -> None:
    bench = make_bench(settings(risk_limits=RiskLimits(missing_stop=MissingStop.CLOSE)))
    bench.join()
    order = opened(bench)
    bench.later(ahead_s)
    bench.report(standing(order, stop_loss=None), scan(1, NOW, POSITION))
    [close] = bench.advance()
    bench.report(submitted(close.order, mark=2), result(close.order, 10018, ticket=0))
    bench.later(-ahead_s)
    bench.report(scan(2, NOW, POSITION))
    [again] = bench.advance()
    assert again.order.client_order_id != close.order.client_order_id


def test_close_for_a_missing_stop_is_not_given_up_after_a_clock_jump(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(settings(risk_limits=RiskLimits(missing_stop=MissingStop.CLOSE)))
    bench.join()
    order = opened(bench)
    bench.report(standing(order, stop_loss=None), scan(1, NOW, POSITION))
    [close] = bench.advance()
    bench.report(submitted(close.order, mark=2), result(close.order, 10018, ticket=0))
    bench.later(WEEK_S)
    bench.uncertainty = ClockUncertainty(earlier=timedelta(seconds=WEEK_S))
    bench.report(scan(2, NOW, POSITION))
    assert len(bench.advance(opens_paused=True)) == 1
