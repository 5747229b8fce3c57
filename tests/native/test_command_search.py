"""Search at the broker before a send: what bears the command's id was sent before the ledger was lost."""

from pathlib import Path

import pytest

from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import (
    CommandReport,
    DealReport,
    OrderReport,
    PositionReport,
    TroubleReport,
)
from bridge.core.units.mt5_terms import Side
from bridge.simulator.broker.scenario import Scenario
from tests.mql5.host.switches import Switches
from tests.native.bench import Bench
from tests.native.requests import change, pending
from tests.native.test_flatten import press
from tests.native.test_history import Work
from tests.sidecar_peer import open_order

PAST = 20_000
LIMIT = pending("LIMIT", "1.05000")


def lose_ledger(bench: Bench) -> None:
    """Restart the terminal without its ledger."""
    bench.stop()
    bench.ledger.unlink()
    bench.restart()
    bench.join()
    bench.peer.forget()


def execute(bench: Bench, order: Order) -> None:
    bench.send_frame(bench.peer.command(order))
    bench.run(1_000)
    assert bench.sends(order.client_order_id) == 1


def close_position(bench: Bench) -> None:
    bench.broker.manual_close(bench.broker.positions()[0].ticket)


@pytest.mark.parametrize("search_from", [0, 1])
@pytest.mark.parametrize(
    ("order", "reported"),
    [(open_order(), {DealReport, PositionReport}), (LIMIT, {OrderReport})],
    ids=["position", "order"],
)
def test_open_that_is_live_at_the_broker_is_reported_and_not_sent(
    joined: Bench, order: Order, reported: set[type], search_from: int
) -> None:
    execute(joined, order)
    lose_ledger(joined)
    joined.send_frame(joined.peer.command(order, search_from_server_ms=search_from))
    joined.run(1_000)
    assert joined.stages(order.client_order_id) == ["received", "found"]
    assert joined.sends(order.client_order_id) == 1
    assert reported <= {type(report) for report in joined.peer.reports}
    (raised,) = joined.peer.reports_of(TroubleReport)
    assert (raised.code, str(order.client_order_id) in raised.message) == ("LEDGER", True)
    assert joined.peer.reports_of(CommandReport)[-1].stage == "found"
    # Neither the same attempt again nor a status request raises it once more, or sends anything.
    joined.send_frame(joined.peer.command(order))
    joined.send_frame(joined.peer.status_request(order))
    joined.run(1_000)
    assert joined.stages(order.client_order_id) == ["received", "found"]
    assert joined.sends(order.client_order_id) == 1
    assert len(joined.peer.reports_of(TroubleReport)) == 1


@pytest.mark.parametrize(
    ("offset_ms", "found"), [(-1_000_000, True), (0, True), (2_000, False)], ids=["before", "at", "after"]
)
def test_closed_position_is_found_in_the_history_from_the_given_time_on(
    joined: Bench, offset_ms: int, found: bool
) -> None:
    execute(joined, open_order())
    (deal,) = joined.peer.reports_of(DealReport)
    joined.run(5_000)
    close_position(joined)
    lose_ledger(joined)
    since = deal.time_server_ms + offset_ms
    joined.send_frame(joined.peer.command(open_order(), search_from_server_ms=since))
    joined.run(1_000)
    assert joined.stages()[-1] == ("found" if found else "result")
    assert joined.sends() == (1 if found else 2)
    # The manual close of the position that was found is reported too.
    closes = [each.reason for each in joined.peer.reports_of(DealReport) if each.entry == "OUT"]
    assert closes == (["CLIENT"] if found else [])


def test_history_is_not_searched_without_a_start_time(joined: Bench) -> None:
    execute(joined, open_order())
    close_position(joined)
    lose_ledger(joined)
    work = Work(joined)
    joined.stepped.terminal.host.before = work
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(100)
    assert joined.sends() == 2


@pytest.mark.parametrize("late", [False, True])
def test_close_that_was_executed_is_found_and_not_refused(joined: Bench, late: bool) -> None:
    execute(joined, open_order())
    (position,) = joined.broker.positions()
    close = open_order(1003, kind=CommandKind.CLOSE, side=Side.SELL, position=position.identifier)
    execute(joined, close)
    assert joined.broker.positions() == []
    lose_ledger(joined)
    # A deadline that passes while the command waits for its turn.
    deadline_ms = joined.clock_ms + 25 if late else 10**9
    frame = joined.peer.command(close, deadline_ms=deadline_ms, search_from_server_ms=1)
    joined.send_frame(frame)
    joined.run(1_000)
    assert joined.stages(1003) == ["received", "found"]
    assert {deal.magic for deal in joined.peer.reports_of(DealReport)} == {1001, 1003}


def test_change_is_sent_without_a_search(joined: Bench) -> None:
    execute(joined, LIMIT)
    (order,) = joined.broker.orders()
    cancel = change("CANCEL", client_order_id=1004, order=order.ticket, opener=order.magic)
    joined.send_frame(joined.peer.command(cancel, search_from_server_ms=1))
    joined.run(1_000)
    assert joined.stages(1004) == ["received", "submitted", "result"]


def test_command_whose_history_cannot_be_selected_is_not_sent(expert: Path, tmp_path: Path) -> None:
    bench = Bench(expert, tmp_path, Switches(history_refused_for=120_000))
    try:
        bench.start()
        _until_session(bench)
        bench.send_frame(bench.peer.command(open_order(), search_from_server_ms=1))
        bench.run(1_000)
        assert bench.stages() == ["received", "not_sent UNSEARCHED"]
        bench.run(120_000)
        bench.send_frame(bench.peer.command(open_order(), attempt=2, search_from_server_ms=1))
        bench.run(1_000)
        assert bench.stages()[-1] == "result"
        assert bench.sends() == 1
    finally:
        bench.close()


def test_account_without_any_history_counts_as_not_loaded_for_a_minute(expert: Path, tmp_path: Path) -> None:
    bench = Bench(expert, tmp_path, Switches(history_late=10_000_000))
    try:
        bench.start()
        _until_session(bench)
        bench.send_frame(bench.peer.command(open_order(), search_from_server_ms=1))
        bench.run(1_000)
        assert bench.stages() == ["received", "not_sent UNSEARCHED"]
        bench.run(60_000)
        bench.send_frame(bench.peer.command(open_order(), attempt=2, search_from_server_ms=1))
        bench.run(1_000)
        assert bench.stages()[-1] == "result"
    finally:
        bench.close()


def test_search_of_a_long_history_is_divided_among_timer_events(expert: Path, tmp_path: Path) -> None:
    past = Scenario(first_order=10 * PAST, first_deal=10 * PAST)
    bench = Bench(expert, tmp_path, scenario=past)
    try:
        bench.start()
        bench.join()
        # Seeded after the scan, which would read it too.
        bench.broker.seed_history(PAST)
        work = Work(bench)
        bench.stepped.terminal.host.before = work
        bench.send_frame(bench.peer.command(open_order(), search_from_server_ms=1))
        bench.run(10_000)
        assert bench.stages() == ["received", "submitted", "result"]
        read = [count for count in work.records.values() if count > 100]
        assert sum(read) > 2 * PAST
        assert max(read) <= 4_096 + 256
        assert max(work.selects.values()) <= 20
    finally:
        bench.close()


def test_halted_terminal_does_not_refuse_a_command_for_good_that_may_have_been_sent(joined: Bench) -> None:
    press(joined)
    joined.send_frame(joined.peer.command(open_order(), search_from_server_ms=1))
    joined.send_frame(joined.peer.command(open_order(1002)))
    joined.run(1_000)
    assert joined.stages() == ["not_sent UNSEARCHED"]
    assert joined.stages(1002) == ["not_sent TRADING_OFF"]


def _until_session(bench: Bench) -> None:
    for _ in range(2_000):
        bench.run(20)
        if bench.peer.epoch:
            return
    raise AssertionError("no session was established")
