"""An account with a long past: thousands of strangers' deals, and a few of ours in their midst."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec
import pytest

from bridge.core.link.reports import AnyReport, DealReport
from bridge.core.units.mt5_terms import MarginMode
from bridge.simulator.broker.book.archive import Archive
from bridge.simulator.terminal.broker_reports import deal_report

from .desk import ACCOUNT, NOW, Desk, directive, server_ms
from .reports import deal, leaving, result, scan

YEARS = int(os.environ.get("RIG_PAST", "20000"))
"""Deals of strangers. RIG_PAST says how many: a hundred thousand take half a minute."""
BATCH = 256
OURS = 20
FIRST = 5_000_000
DAY_MS = 86_400_000


def strangers() -> Iterator[DealReport]:
    archive = Archive(
        count=YEARS,
        first_order=FIRST,
        first_deal=FIRST,
        from_ms=server_ms(NOW) - 400 * DAY_MS,
        step_ms=300_000,
        symbol="EURUSD",
    )
    return map(deal_report, archive.deals(0, 2**52))


def steps(desk: Desk, reports: Sequence[AnyReport]) -> int:
    """How much the database does, in hundreds of its machine's instructions, to take in a batch."""
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1

    desk.connection.set_progress_handler(tick, 100)
    desk.report(*reports)
    desk.connection.set_progress_handler(None, 0)
    return count


@pytest.mark.parametrize("mode", [MarginMode.RETAIL_HEDGING, MarginMode.RETAIL_NETTING])
def test_what_is_ours_is_counted_among_all_that_is_not(desk: Desk, mode: MarginMode) -> None:
    desk.join(account=msgspec.structs.replace(ACCOUNT, margin_mode=mode))
    ours: list[tuple[AnyReport, ...]] = []
    for number in range(OURS):
        [command] = desk.sent(directive(f"dir-{number}"))
        desk.report(result(command.order))
        opened = deal(command.order, FIRST - 2 * OURS + 2 * number, position_id=FIRST - OURS + number)
        stopped = leaving(command.order, opened.ticket + 1, position_id=opened.position_id)
        # Of every other one the stop is hit.
        ours.append((opened, stopped) if number % 2 else (opened,))
    strange: list[int] = []
    known: list[int] = []
    past = strangers()
    apart = YEARS // OURS
    for reports in ours:
        some = islice(past, apart)
        while batch := list(islice(some, BATCH)):
            strange.append(steps(desk, batch))
        known.append(steps(desk, reports))
    # However long the past is by then, a deal is as much work as ever.
    assert strange[-2] < 2 * strange[1]
    assert known[-1] < 2 * known[1]
    desk.report(scan(1))
    assert desk.rows("SELECT count(*), count(DISTINCT ticket) FROM deals WHERE client_order_id IS NULL") == [
        (YEARS + OURS // 2, YEARS + OURS // 2)
    ]
    assert desk.rows("SELECT count(*) FROM deals WHERE disposition = 'APPLIED'") == [(OURS + OURS // 2,)]
    assert desk.rows("SELECT count(*) FROM deals WHERE disposition = 'UNUSABLE'") == [(0,)]
    held = desk.rows("SELECT state, count(*), sum(volume_in), sum(volume_out) FROM positions GROUP BY state")
    assert [(state, count, round(lots, 2), round(out, 2)) for state, count, lots, out in held] == [
        ("CLOSED", 10, 3.0, 3.0),
        ("OPEN", 10, 3.0, 0.0),
    ]
    money = desk.rows("SELECT sum(commission), sum(profit) FROM positions")
    assert [(round(paid, 2), round(earned, 2)) for paid, earned in money] == [(-21.0, -15.0)]
    for number in range(OURS):
        emitted = ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"]
        assert desk.emitted(f"dir-{number}") == [
            *emitted,
            *(["SL_TRIGGERED", "POSITION_CLOSED"] if number % 2 else []),
        ]
    assert desk.emitted(None) == []
