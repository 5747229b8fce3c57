"""Long history: every deal is reported once, in bounded portions per timer event, the watermark last."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.core.link.reports import DealReport, OrderReport, ScanReport
from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.mt5.types import OrderType
from tests.mql5.host.binding.library import Cell
from tests.mql5.host.switches import Switches
from tests.native.bench import Bench
from tests.sidecar_peer import open_order

YEARS = int(os.environ.get("RIG_PAST", "5000"))
"""Number of old deals of an account traded by robots for years, each with an order; the deposit is one deal more.
Set by RIG_PAST: 100,000 take a minute."""
PAST = 3_000
"""Number of old deals where the length of the history is not the subject."""


@dataclass
class Work:
    """Counter of the calls of terminal functions per timer event."""

    bench: Bench
    records: Counter[int] = field(default_factory=Counter)
    selects: Counter[int] = field(default_factory=Counter)

    def __call__(self, name: str, arguments: Sequence[Cell]) -> None:
        call = self.bench.stepped.terminal.program.handler
        self.records[call] += name in ("HistoryDealGetTicket", "HistoryOrderGetTicket")
        self.selects[call] += name == "HistorySelect"


def with_past(expert: Path, folder: Path, count: int, switches: Switches | None = None) -> Bench:
    """Return an EA on an account with a history that the sidecar has not received yet."""
    past = Scenario(first_order=10 * count, first_deal=10 * count)
    bench = Bench(expert, folder, switches or Switches(), scenario=past)
    bench.broker.seed_history(count)
    bench.start()
    return bench


def join(bench: Bench) -> None:
    """Run until the first scan has ended."""
    for _ in range(4_000):
        bench.run(100)
        if bench.peer.reports_of(ScanReport):
            return
    raise AssertionError("the first scan does not end")


def test_long_history_is_reported_once(expert: Path, tmp_path: Path) -> None:
    bench = with_past(expert, tmp_path, YEARS)
    try:
        work = Work(bench)
        bench.stepped.terminal.host.before = work
        join(bench)
        (scan,) = bench.peer.reports_of(ScanReport)
        assert bench.peer.reports[-1] is scan  # it has no deals
        deals, orders = bench.peer.reports_of(DealReport), bench.peer.reports_of(OrderReport)
        assert (scan.deals, scan.orders) == (YEARS + 1, YEARS)
        assert len(deals) == len({deal.ticket for deal in deals}) == YEARS + 1
        assert len(orders) == len({order.ticket for order in orders}) == YEARS
        assert deals == sorted(deals, key=lambda deal: deal.time_server_ms)
        # The deposit is in the last minute, which is scanned last.
        assert bench.peer.reports.index(deals[-2]) < bench.peer.reports.index(orders[0])
        assert max(work.records.values()) <= 256
        assert max(work.selects.values()) <= 10
    finally:
        bench.close()


@pytest.mark.parametrize("off_s", [0, 1_790])
def test_scans_continue_during_a_rescan(expert: Path, tmp_path: Path, off_s: int) -> None:
    bench = with_past(expert, tmp_path, PAST, Switches(pc_clock_off_s=off_s))
    try:
        join(bench)
        bench.peer.forget()
        work = Work(bench)
        bench.stepped.terminal.host.before = work
        while max(work.records.values(), default=0) < 100:  # until a rescan reads the history
            bench.run(20)
        bench.send_frame(bench.peer.command(open_order()))
        bench.run(300)
        assert [deal.magic for deal in bench.peer.reports_of(DealReport)] == [1001]
        assert bench.peer.reports_of(ScanReport) == []
        bench.run(10_000)
        (scan,) = bench.peer.reports_of(ScanReport)
        assert scan.deals == PAST + 2
        # No old deal was reported again.
        assert [deal.magic for deal in bench.peer.reports_of(DealReport)] == [1001]
    finally:
        bench.close()


def test_scan_restarts_after_a_broken_session(expert: Path, tmp_path: Path) -> None:
    bench = with_past(expert, tmp_path, PAST)
    try:
        while len(bench.peer.reports_of(DealReport)) < 1_000:
            bench.run(20)
        assert bench.peer.reports_of(ScanReport) == []
        bench.pipes[-1].close()
        bench.peer.forget()
        join(bench)
        (scan,) = bench.peer.reports_of(ScanReport)
        assert (scan.deals, scan.orders) == (PAST + 1, PAST)
        assert len({deal.ticket for deal in bench.peer.reports_of(DealReport)}) == PAST + 1
    finally:
        bench.close()


def test_many_deals_in_one_second_are_reported_once(expert: Path, tmp_path: Path) -> None:
    bench = Bench(expert, tmp_path)
    try:
        for _ in range(2_100):
            bench.broker.deposit(Decimal(1))
        bench.clock.advance_us(3_600_000_000)
        bench.start()
        join(bench)
        assert len({deal.ticket for deal in bench.peer.reports_of(DealReport)}) == len(
            bench.broker.state.trade.book.deals
        )
    finally:
        bench.close()


DEEP_SCAN_MS = 3_600_000
RESCAN_MS = 60_000


def test_deep_scan_reports_what_was_annulled_behind_the_overlap_and_repeats_nothing_then(
    expert: Path, tmp_path: Path
) -> None:
    bench = Bench(expert, tmp_path)
    try:
        bench.peer.overlap_ms = 1_000
        bench.start()
        join(bench)
        bench.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.10"))
        bench.run(2 * RESCAN_MS)
        opening = bench.peer.reports_of(DealReport)[-1].ticket
        # For ten minutes each rescan starts as early as the first scan.
        bench.peer.watermark_server_ms = bench.broker.server_time()
        bench.pipes[-1].close()
        bench.join()
        bench.broker.cancel_deal(opening)
        bench.run(2 * RESCAN_MS)

        def types() -> list[str]:
            return [deal.type for deal in bench.peer.reports_of(DealReport) if deal.ticket == opening]

        # It is older than what a rescan reads.
        assert types() == ["BUY"]
        bench.clock.advance_us(DEEP_SCAN_MS * 1_000)
        bench.run(2 * RESCAN_MS)
        assert types() == ["BUY", "BUY_CANCELED"]
        bench.peer.watermark_server_ms = bench.broker.server_time()
        bench.peer.forget()
        bench.clock.advance_us(DEEP_SCAN_MS * 1_000)
        bench.run(2 * RESCAN_MS)
        earliest = min(scan.from_server_ms for scan in bench.peer.reports_of(ScanReport))
        assert earliest <= bench.broker.server_time() - 7 * 86_400_000
        assert bench.peer.reports_of(DealReport) == []
    finally:
        bench.close()
