"""The officer's risk limits, checked against the journal just before a command is sent."""

from decimal import Decimal

import msgspec
import pytest

from bridge.core.link.reports import NotSentReason
from bridge.core.settings import RiskLimits
from bridge.journal.steps.dispatch import Work

from .bench import JournalBench, begun, cancel, closing, directive, limit, modify, settings
from .conftest import MakeBench
from .reports import DEAL, ORDER, POSITION, booked, deal, leaving, not_sent, result, standing


def limited(make_bench: MakeBench, **risk_limits: object) -> JournalBench:
    """Return the journal of an officer with these limits, with a session open."""
    bench = make_bench(settings(risk_limits=msgspec.structs.replace(RiskLimits(), **risk_limits)))
    bench.join()
    return bench


def went_out(bench: JournalBench, *items: str, **gate: object) -> list[str]:
    """Return the directives with a command that is sent."""
    bench.take(*items)
    return [command.order.comment for command in bench.advance(**gate)]


def refused(bench: JournalBench) -> dict[str, str]:
    """Return the code of the refusal by directive."""
    return {body["directive_id"]: body["error_code"] for body in bench.bodies("ORDER_REJECTED")}


def test_step_counts_the_opens_that_it_dispatches_itself(make_bench: MakeBench) -> None:
    bench = limited(make_bench, max_positions=2)
    assert went_out(bench, *(directive(f"dir-{n}") for n in range(4))) == ["dir-0", "dir-1"]
    assert refused(bench) == {"dir-2": "LIMIT_POSITIONS", "dir-3": "LIMIT_POSITIONS"}
    assert bench.rows("SELECT count(*) FROM dispatches") == [(2,)]


def test_positions_pending_orders_and_commands_in_flight_count(make_bench: MakeBench) -> None:
    bench = limited(make_bench, max_symbol_quantity=Decimal("1.0"))
    [first, waiting] = bench.sent(directive("dir-1"), limit())
    bench.report(result(first.order), deal(first.order, volume="0.1"))
    bench.report(result(waiting.order, ticket=ORDER + 7), booked(waiting.order, ticket=ORDER + 7))
    # 0.1 open, 0.2 in flight, 0.3 waiting: 0.4 is left.
    assert went_out(bench, directive("dir-2", quantity=0.41), directive("dir-gold", symbol="GOLD")) == [
        "dir-gold"
    ]
    assert went_out(bench, directive("dir-3", quantity=0.4)) == ["dir-3"]
    assert refused(bench) == {"dir-2": "LIMIT_SYMBOL_QUANTITY"}


def test_closed_position_does_not_count(make_bench: MakeBench) -> None:
    bench = limited(make_bench, max_positions=1, max_symbol_quantity=Decimal("0.3"))
    [first] = bench.sent(directive("dir-1"))
    assert went_out(bench, directive("dir-2")) == []
    bench.report(result(first.order), deal(first.order), leaving(first.order))
    assert went_out(bench, directive("dir-3")) == ["dir-3"]


@pytest.mark.parametrize(("after_s", "goes"), [(59.999, False), (60, True)])
def test_orders_of_the_last_minute_count(make_bench: MakeBench, after_s: float, goes: bool) -> None:
    bench = limited(make_bench, max_orders_per_minute=2)
    assert went_out(bench, directive("dir-1"), directive("dir-2")) == ["dir-1", "dir-2"]
    bench.later(after_s)
    assert went_out(bench, directive("dir-3")) == (["dir-3"] if goes else [])
    assert refused(bench) == ({} if goes else {"dir-3": "LIMIT_RATE"})


def test_close_and_modify_pass_every_limit(make_bench: MakeBench) -> None:
    bench = limited(
        make_bench,
        max_positions=1,
        max_orders_per_minute=1,
        max_symbol_quantity=Decimal("0.3"),
        closed_hours=["10:00-09:59"],
        max_daily_loss=Decimal(1),
    )
    bench.now = bench.now.replace(hour=9, minute=59)
    [first] = bench.sent(directive(issued_at="2026-01-05T09:59:00Z"))
    bench.report(result(first.order), deal(first.order), standing(first.order))
    bench.later(60)
    ruin = {"equity": Decimal(1), "margin": Decimal(100)}
    assert [each.order.kind for each in bench.sent(modify("dir-modify", stop_loss=1.08))] == ["MODIFY"]
    bench.report(standing(first.order, stop_loss="1.08"))
    assert went_out(bench, closing(), **ruin) == ["dir-close"]
    assert went_out(bench, directive("dir-2"), **ruin) == []


def test_open_over_a_limit_is_rejected_with_its_code(make_bench: MakeBench) -> None:
    bench = limited(make_bench, closed_hours=["09:00-11:00"])
    assert went_out(bench, directive()) == []
    assert bench.directive_state() == "REJECTED"
    assert bench.rows("SELECT state, reason FROM commands") == [("NEVER_SENT", "CLOSED_HOURS")]
    [body] = bench.bodies("ORDER_REJECTED")
    assert body["error_message"] == "nothing is opened between 09:00-11:00 UTC (closed_hours)"


# The account


def test_daily_loss_counts_from_the_opening_equity_of_the_brokers_day(make_bench: MakeBench) -> None:
    bench = limited(make_bench, max_daily_loss=Decimal(500))
    assert went_out(bench, directive("dir-1"), equity=Decimal(10_000)) == ["dir-1"]
    assert went_out(bench, directive("dir-2"), equity=Decimal("9500.01")) == ["dir-2"]
    assert went_out(bench, directive("dir-3"), equity=Decimal("9500")) == []
    # The broker's clock is two hours ahead: its day is over at 22:00.
    bench.now = bench.now.replace(hour=21, minute=59)
    late = {"issued_at": "2026-01-05T21:59:00Z", "expires_at": None}
    assert went_out(bench, directive("dir-4", **late), equity=Decimal("9500")) == []
    bench.now = bench.now.replace(hour=22, minute=0)
    assert went_out(bench, directive("dir-5", **late), equity=Decimal("9500")) == ["dir-5"]
    assert refused(bench) == {"dir-3": "LIMIT_DAILY_LOSS", "dir-4": "LIMIT_DAILY_LOSS"}


def test_drawdown_counts_from_the_highest_equity_of_any_day(
    make_bench: MakeBench,
) -> None:
    bench = limited(make_bench, max_drawdown_percent=Decimal(10))
    assert went_out(bench, directive("dir-1"), equity=Decimal(10_000)) == ["dir-1"]
    assert went_out(bench, directive("dir-2"), equity=Decimal(12_000)) == ["dir-2"]
    bench.later(3 * 86_400)
    bench.close()
    bench.open()
    fresh = {"issued_at": "2026-01-08T10:00:00Z", "expires_at": None}
    assert went_out(bench, directive("dir-3", **fresh), equity=Decimal(10_801)) == ["dir-3"]
    assert went_out(bench, directive("dir-4", **fresh), equity=Decimal(10_800)) == []
    assert refused(bench) == {"dir-4": "LIMIT_DRAWDOWN"}


def test_margin_level_below_the_minimum_rejects_opens(make_bench: MakeBench) -> None:
    bench = limited(make_bench, min_margin_level_percent=Decimal(200))
    assert went_out(bench, directive("dir-1"), equity=Decimal(1000), margin=Decimal(500)) == ["dir-1"]
    assert went_out(bench, directive("dir-2"), equity=Decimal(1000), margin=Decimal(501)) == []
    assert refused(bench) == {"dir-2": "LIMIT_MARGIN_LEVEL"}


def test_two_lots_of_one_position_count_as_one_position(make_bench: MakeBench) -> None:
    bench = limited(make_bench, max_positions=2)
    [first, second] = bench.sent(directive("dir-1"), directive("dir-2"))
    bench.report(deal(first.order), deal(second.order, DEAL + 1))
    assert bench.rows("SELECT DISTINCT identifier FROM positions") == [(POSITION,)]
    assert went_out(bench, directive("dir-3")) == ["dir-3"]


def test_loss_counts_from_the_beginning_of_a_day_without_orders(make_bench: MakeBench) -> None:
    bench = limited(make_bench, max_daily_loss=Decimal(100))
    for equity in (10_000, 9_800, 9_000):
        assert bench.look(equity=Decimal(equity)) == Work()
        bench.later(60)
    assert went_out(bench, directive(), equity=Decimal(9_901)) == ["dir-1"]
    assert went_out(bench, directive("dir-2"), equity=Decimal(9_900)) == []
    assert refused(bench) == {"dir-2": "LIMIT_DAILY_LOSS"}


def test_peak_counts_without_orders(make_bench: MakeBench) -> None:
    bench = limited(make_bench, max_drawdown_percent=Decimal(10))
    for equity in (10_000, 20_000, 17_000):
        bench.look(equity=Decimal(equity))
    assert bench.rows("SELECT opening_equity, peak_equity FROM equity_days") == [("10000", "20000")]
    assert went_out(bench, directive(), equity=Decimal(18_000)) == []
    assert refused(bench) == {"dir-1": "LIMIT_DRAWDOWN"}


def test_known_equity_costs_no_transaction(make_bench: MakeBench) -> None:
    bench = limited(make_bench, max_daily_loss=Decimal(100))
    seen = begun(bench.connection)
    for equity in (10_000, 10_000, 9_999, 10_001, 10_000):
        bench.look(equity=Decimal(equity))
    assert len(seen) == 2


@pytest.mark.parametrize(
    "gate", [{"alive": False}, {"broker_connected": False}, {"equity": None}, {"equity": Decimal(0)}]
)
def test_equity_of_a_disconnected_terminal_opens_no_day(
    make_bench: MakeBench, gate: dict[str, object]
) -> None:
    bench = limited(make_bench, max_daily_loss=Decimal(100))
    bench.look(**{"equity": Decimal(7), **gate})
    assert bench.rows("SELECT * FROM equity_days") == []


def test_equity_is_not_stored_without_a_limit_on_it(make_bench: MakeBench) -> None:
    bench = limited(make_bench, min_margin_level_percent=Decimal(200))
    assert went_out(bench, directive(), equity=Decimal(1000), margin=Decimal(1)) == ["dir-1"]
    assert bench.rows("SELECT * FROM equity_days") == []


@pytest.mark.parametrize("limit", ["max_daily_loss", "max_drawdown_percent", "min_margin_level_percent"])
def test_account_without_equity_opens_nothing(make_bench: MakeBench, limit: str) -> None:
    bench = limited(make_bench, **{limit: Decimal(50)})
    assert went_out(bench, directive(), equity=Decimal(0), margin=Decimal(0)) == []
    assert refused(bench) == {"dir-1": "NO_EQUITY"}


# The rate


def test_order_that_was_not_sent_does_not_count_against_itself(make_bench: MakeBench) -> None:
    bench = limited(make_bench, max_orders_per_minute=1)
    [command] = bench.sent(directive())
    bench.report(not_sent(command.order, NotSentReason.LATE))
    bench.later(1)
    assert [again.order.client_order_id for again in bench.advance()] == [command.order.client_order_id]


def test_orders_that_never_reached_the_broker_do_not_count(make_bench: MakeBench) -> None:
    bench = limited(make_bench, max_orders_per_minute=1)
    # One waits again, one ended unsent, and one is withdrawn by the Director.
    [waits] = bench.sent(directive("dir-waits"))
    bench.report(not_sent(waits.order, NotSentReason.LATE))
    [ended] = bench.sent(directive("dir-ended"))
    bench.report(not_sent(ended.order, NotSentReason.INPUTS))
    [back] = bench.sent(directive("dir-back"))
    bench.report(not_sent(back.order, NotSentReason.LATE))
    bench.take(cancel("dir-cancel", "dir-back"))
    assert went_out(bench, directive("dir-seen"), directive("dir-over")) == ["dir-seen"]
    assert refused(bench)["dir-over"] == "LIMIT_RATE"
