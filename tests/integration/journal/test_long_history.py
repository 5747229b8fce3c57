"""An account with a long history: thousands of foreign deals, and a few of ours among them."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec
import pytest

from bridge.core.link.reports import AnyReport, DealReport
from bridge.core.units.mt5_terms import MarginMode
from bridge.simulator.broker.book.archive import Archive
from bridge.simulator.terminal.broker_reports import deal_report

from .bench import ACCOUNT, NOW, JournalBench, directive, server_ms
from .reports import deal, leaving, result, scan

YEARS = int(os.environ.get("RIG_PAST", "5000"))
"""Number of foreign deals, from RIG_PAST: a hundred thousand take half a minute."""
BATCH = 256
OURS = 20
FIRST = 5_000_000
DAY_MS = 86_400_000


def foreign_deals() -> Iterator[DealReport]:
    archive = Archive(
        count=YEARS,
        first_order=FIRST,
        first_deal=FIRST,
        from_ms=server_ms(NOW) - 400 * DAY_MS,
        step_ms=300_000,
        symbol="EURUSD",
    )
    return map(deal_report, archive.deals(0, 2**52))


def steps(bench: JournalBench, reports: Sequence[AnyReport]) -> int:
    """Return the work of the database for one batch, in hundreds of virtual machine instructions."""
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1

    bench.connection.set_progress_handler(tick, 100)
    bench.report(*reports)
    bench.connection.set_progress_handler(None, 0)
    return count


@pytest.mark.parametrize("mode", [MarginMode.RETAIL_HEDGING, MarginMode.RETAIL_NETTING])
def test_own_deals_count_among_thousands_of_foreign_ones(bench: JournalBench, mode: MarginMode) -> None:
    bench.join(account=msgspec.structs.replace(ACCOUNT, margin_mode=mode))
    ours: list[tuple[AnyReport, ...]] = []
    for number in range(OURS):
        [command] = bench.sent(directive(f"dir-{number}"))
        bench.report(result(command.order))
        opened = deal(command.order, FIRST - 2 * OURS + 2 * number, position_id=FIRST - OURS + number)
        stopped = leaving(command.order, opened.ticket + 1, position_id=opened.position_id)
        # The stop of every other one is hit.
        ours.append((opened, stopped) if number % 2 else (opened,))
    foreign: list[int] = []
    known: list[int] = []
    past = foreign_deals()
    apart = YEARS // OURS
    for reports in ours:
        some = islice(past, apart)
        while batch := list(islice(some, BATCH)):
            foreign.append(steps(bench, batch))
        known.append(steps(bench, reports))
    # A deal is as much work as before, however long the history is.
    assert foreign[-2] < 2 * foreign[1]
    assert known[-1] < 2 * known[1]
    bench.report(scan(1))
    assert bench.rows("SELECT count(*), count(DISTINCT ticket) FROM deals WHERE client_order_id IS NULL") == [
        (YEARS + OURS // 2, YEARS + OURS // 2)
    ]
    assert bench.rows("SELECT count(*) FROM deals WHERE disposition = 'APPLIED'") == [(OURS + OURS // 2,)]
    assert bench.rows("SELECT count(*) FROM deals WHERE disposition = 'UNUSABLE'") == [(0,)]
    held = bench.rows("SELECT state, count(*), sum(volume_in), sum(volume_out) FROM positions GROUP BY state")
    assert [(state, count, round(lots, 2), round(out, 2)) for state, count, lots, out in held] == [
        ("CLOSED", 10, 3.0, 3.0),
        ("OPEN", 10, 3.0, 0.0),
    ]
    money = bench.rows("SELECT sum(commission), sum(profit) FROM positions")
    assert [(round(paid, 2), round(earned, 2)) for paid, earned in money] == [(-21.0, -15.0)]
    for number in range(OURS):
        emitted = ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"]
        assert bench.emitted(f"dir-{number}") == [
            *emitted,
            *(["SL_TRIGGERED", "POSITION_CLOSED"] if number % 2 else []),
        ]
    assert bench.emitted(None) == []
