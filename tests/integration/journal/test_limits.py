"""The officer's limits, counted from the journal just before a command goes out."""

from decimal import Decimal

import msgspec
import pytest

from bridge.core.link.reports import NotSentReason
from bridge.core.settings import RiskLimits
from bridge.journal.steps.dispatch import Work

from .conftest import MakeDesk
from .desk import Desk, begun, cancel, closing, directive, limit, modify, settings
from .reports import DEAL, ORDER, POSITION, booked, deal, leaving, not_sent, result, standing


def limited(make_desk: MakeDesk, **risk_limits: object) -> Desk:
    """A journal of an officer with these limits, and its terminal."""
    desk = make_desk(settings(risk_limits=msgspec.structs.replace(RiskLimits(), **risk_limits)))
    desk.join()
    return desk


def went_out(desk: Desk, *items: str, **gate: object) -> list[str]:
    """The directives of which something goes out."""
    desk.take(*items)
    return [command.order.comment for command in desk.advance(**gate)]


def refused(desk: Desk) -> dict[str, str]:
    """Code of the refusal by directive."""
    return {body["directive_id"]: body["error_code"] for body in desk.bodies("ORDER_REJECTED")}


def test_a_step_counts_what_it_let_through_itself(make_desk: MakeDesk) -> None:
    desk = limited(make_desk, max_positions=2)
    assert went_out(desk, *(directive(f"dir-{n}") for n in range(4))) == ["dir-0", "dir-1"]
    assert refused(desk) == {"dir-2": "LIMIT_POSITIONS", "dir-3": "LIMIT_POSITIONS"}
    assert desk.rows("SELECT count(*) FROM dispatches") == [(2,)]


def test_positions_pending_orders_and_what_is_under_way_count(make_desk: MakeDesk) -> None:
    desk = limited(make_desk, max_symbol_quantity=Decimal("1.0"))
    [first, waiting] = desk.sent(directive("dir-1"), limit())
    desk.report(result(first.order), deal(first.order, volume="0.1"))
    desk.report(result(waiting.order, ticket=ORDER + 7), booked(waiting.order, ticket=ORDER + 7))
    # 0.1 open, 0.2 of it under way, 0.3 waiting: 0.4 is left.
    assert went_out(desk, directive("dir-2", quantity=0.41), directive("dir-gold", symbol="GOLD")) == [
        "dir-gold"
    ]
    assert went_out(desk, directive("dir-3", quantity=0.4)) == ["dir-3"]
    assert refused(desk) == {"dir-2": "LIMIT_SYMBOL_QUANTITY"}


def test_what_is_closed_does_not_count_any_more(make_desk: MakeDesk) -> None:
    desk = limited(make_desk, max_positions=1, max_symbol_quantity=Decimal("0.3"))
    [first] = desk.sent(directive("dir-1"))
    assert went_out(desk, directive("dir-2")) == []
    desk.report(result(first.order), deal(first.order), leaving(first.order))
    assert went_out(desk, directive("dir-3")) == ["dir-3"]


@pytest.mark.parametrize(("after_s", "goes"), [(59.999, False), (60, True)])
def test_orders_of_the_last_minute_count(make_desk: MakeDesk, after_s: float, goes: bool) -> None:
    desk = limited(make_desk, max_orders_per_minute=2)
    assert went_out(desk, directive("dir-1"), directive("dir-2")) == ["dir-1", "dir-2"]
    desk.later(after_s)
    assert went_out(desk, directive("dir-3")) == (["dir-3"] if goes else [])
    assert refused(desk) == ({} if goes else {"dir-3": "LIMIT_RATE"})


def test_no_limit_holds_back_a_close_or_a_change(make_desk: MakeDesk) -> None:
    desk = limited(
        make_desk,
        max_positions=1,
        max_orders_per_minute=1,
        max_symbol_quantity=Decimal("0.3"),
        closed_hours=["10:00-09:59"],
        max_daily_loss=Decimal(1),
    )
    desk.now = desk.now.replace(hour=9, minute=59)
    [first] = desk.sent(directive(issued_at="2026-01-05T09:59:00Z"))
    desk.report(result(first.order), deal(first.order), standing(first.order))
    desk.later(60)
    ruin = {"equity": Decimal(1), "margin": Decimal(100)}
    assert [each.order.kind for each in desk.sent(modify("dir-modify", stop_loss=1.08))] == ["MODIFY"]
    desk.report(standing(first.order, stop_loss="1.08"))
    assert went_out(desk, closing(), **ruin) == ["dir-close"]
    assert went_out(desk, directive("dir-2"), **ruin) == []


def test_a_limit_that_is_reached_ends_the_directive_and_says_so(make_desk: MakeDesk) -> None:
    desk = limited(make_desk, closed_hours=["09:00-11:00"])
    assert went_out(desk, directive()) == []
    assert desk.directive_state() == "REJECTED"
    assert desk.rows("SELECT state, reason FROM commands") == [("NEVER_SENT", "CLOSED_HOURS")]
    [body] = desk.bodies("ORDER_REJECTED")
    assert body["error_message"] == "nothing is opened between 09:00-11:00 UTC (closed_hours)"


# The account


def test_a_days_loss_counts_from_the_equity_that_the_brokers_day_began_with(make_desk: MakeDesk) -> None:
    desk = limited(make_desk, max_daily_loss=Decimal(500))
    assert went_out(desk, directive("dir-1"), equity=Decimal(10_000)) == ["dir-1"]
    assert went_out(desk, directive("dir-2"), equity=Decimal("9500.01")) == ["dir-2"]
    assert went_out(desk, directive("dir-3"), equity=Decimal("9500")) == []
    # The broker's clock is two hours ahead: its day is over at 22:00.
    desk.now = desk.now.replace(hour=21, minute=59)
    late = {"issued_at": "2026-01-05T21:59:00Z", "expires_at": None}
    assert went_out(desk, directive("dir-4", **late), equity=Decimal("9500")) == []
    desk.now = desk.now.replace(hour=22, minute=0)
    assert went_out(desk, directive("dir-5", **late), equity=Decimal("9500")) == ["dir-5"]
    assert refused(desk) == {"dir-3": "LIMIT_DAILY_LOSS", "dir-4": "LIMIT_DAILY_LOSS"}


def test_a_drawdown_counts_from_the_highest_equity_of_any_day_and_survives_a_restart(
    make_desk: MakeDesk,
) -> None:
    desk = limited(make_desk, max_drawdown_percent=Decimal(10))
    assert went_out(desk, directive("dir-1"), equity=Decimal(10_000)) == ["dir-1"]
    assert went_out(desk, directive("dir-2"), equity=Decimal(12_000)) == ["dir-2"]
    desk.later(3 * 86_400)
    desk.close()
    desk.open()
    fresh = {"issued_at": "2026-01-08T10:00:00Z", "expires_at": None}
    assert went_out(desk, directive("dir-3", **fresh), equity=Decimal(10_801)) == ["dir-3"]
    assert went_out(desk, directive("dir-4", **fresh), equity=Decimal(10_800)) == []
    assert refused(desk) == {"dir-4": "LIMIT_DRAWDOWN"}


def test_a_margin_level_below_the_least_stops_opens(make_desk: MakeDesk) -> None:
    desk = limited(make_desk, min_margin_level_percent=Decimal(200))
    assert went_out(desk, directive("dir-1"), equity=Decimal(1000), margin=Decimal(500)) == ["dir-1"]
    assert went_out(desk, directive("dir-2"), equity=Decimal(1000), margin=Decimal(501)) == []
    assert refused(desk) == {"dir-2": "LIMIT_MARGIN_LEVEL"}


def test_two_parts_of_one_position_are_one_position(make_desk: MakeDesk) -> None:
    desk = limited(make_desk, max_positions=2)
    [first, second] = desk.sent(directive("dir-1"), directive("dir-2"))
    desk.report(deal(first.order), deal(second.order, DEAL + 1))
    assert desk.rows("SELECT DISTINCT identifier FROM positions") == [(POSITION,)]
    assert went_out(desk, directive("dir-3")) == ["dir-3"]


def test_a_loss_counts_from_the_days_beginning_though_nothing_was_ordered_then(make_desk: MakeDesk) -> None:
    desk = limited(make_desk, max_daily_loss=Decimal(100))
    for equity in (10_000, 9_800, 9_000):
        assert desk.look(equity=Decimal(equity)) == Work()
        desk.later(60)
    assert went_out(desk, directive(), equity=Decimal(9_901)) == ["dir-1"]
    assert went_out(desk, directive("dir-2"), equity=Decimal(9_900)) == []
    assert refused(desk) == {"dir-2": "LIMIT_DAILY_LOSS"}


def test_a_peak_counts_though_nothing_was_ordered_then(make_desk: MakeDesk) -> None:
    desk = limited(make_desk, max_drawdown_percent=Decimal(10))
    for equity in (10_000, 20_000, 17_000):
        desk.look(equity=Decimal(equity))
    assert desk.rows("SELECT opening_equity, peak_equity FROM equity_days") == [("10000", "20000")]
    assert went_out(desk, directive(), equity=Decimal(18_000)) == []
    assert refused(desk) == {"dir-1": "LIMIT_DRAWDOWN"}


def test_a_look_at_an_equity_that_is_no_news_costs_no_transaction(make_desk: MakeDesk) -> None:
    desk = limited(make_desk, max_daily_loss=Decimal(100))
    seen = begun(desk.connection)
    for equity in (10_000, 10_000, 9_999, 10_001, 10_000):
        desk.look(equity=Decimal(equity))
    assert len(seen) == 2


@pytest.mark.parametrize(
    "gate", [{"alive": False}, {"broker_connected": False}, {"equity": None}, {"equity": Decimal(0)}]
)
def test_an_equity_that_the_terminal_may_not_know_begins_no_day(
    make_desk: MakeDesk, gate: dict[str, object]
) -> None:
    desk = limited(make_desk, max_daily_loss=Decimal(100))
    desk.look(**{"equity": Decimal(7), **gate})
    assert desk.rows("SELECT * FROM equity_days") == []


def test_where_no_limit_asks_for_it_no_equity_is_kept(make_desk: MakeDesk) -> None:
    desk = limited(make_desk, min_margin_level_percent=Decimal(200))
    assert went_out(desk, directive(), equity=Decimal(1000), margin=Decimal(1)) == ["dir-1"]
    assert desk.rows("SELECT * FROM equity_days") == []


@pytest.mark.parametrize("limit", ["max_daily_loss", "max_drawdown_percent", "min_margin_level_percent"])
def test_an_account_with_nothing_left_opens_nothing(make_desk: MakeDesk, limit: str) -> None:
    desk = limited(make_desk, **{limit: Decimal(50)})
    assert went_out(desk, directive(), equity=Decimal(0), margin=Decimal(0)) == []
    assert refused(desk) == {"dir-1": "NO_EQUITY"}


# The rate


def test_an_order_that_came_back_unsent_is_not_in_its_own_way(make_desk: MakeDesk) -> None:
    desk = limited(make_desk, max_orders_per_minute=1)
    [command] = desk.sent(directive())
    desk.report(not_sent(command.order, NotSentReason.LATE))
    desk.later(1)
    assert [again.order.client_order_id for again in desk.advance()] == [command.order.client_order_id]


def test_orders_that_no_broker_saw_do_not_count(make_desk: MakeDesk) -> None:
    desk = limited(make_desk, max_orders_per_minute=1)
    # One waits again, one ended so, and one the Director takes back.
    [waits] = desk.sent(directive("dir-waits"))
    desk.report(not_sent(waits.order, NotSentReason.LATE))
    [ended] = desk.sent(directive("dir-ended"))
    desk.report(not_sent(ended.order, NotSentReason.INPUTS))
    [back] = desk.sent(directive("dir-back"))
    desk.report(not_sent(back.order, NotSentReason.LATE))
    desk.take(cancel("dir-cancel", "dir-back"))
    assert went_out(desk, directive("dir-seen"), directive("dir-over")) == ["dir-seen"]
    assert refused(desk)["dir-over"] == "LIMIT_RATE"
