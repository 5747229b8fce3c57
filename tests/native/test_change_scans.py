"""Change scans of the EA: soon after a change or a request, behind the deals that explain it, and not too often."""

from decimal import Decimal

import pytest

from bridge.core.link.messages import ScanRequest, encode
from bridge.core.link.reports import DealReport, OrderReport, PositionReport, ScanReport
from bridge.simulator.broker.fault_rules import DelayHistory, Rule
from bridge.simulator.mt5.types import OrderType
from tests.native.bench import TIMER_MS, Bench
from tests.sidecar_peer import open_order

LOT = Decimal("0.10")
SOON_MS = 1_500
"""A quick scan and CHANGE_SCAN_MS of the EA, and its timer calls."""


def listed(bench: Bench) -> list[tuple[list[int], list[int] | None]]:
    """Return positions and live orders of each scan."""
    return [(scan.positions, scan.live_orders) for scan in bench.peer.reports_of(ScanReport)]


def request(bench: Bench) -> None:
    """Send a scan request."""
    bench.send_frame(encode(ScanRequest(epoch=bench.peer.epoch)))


def test_change_is_followed_by_a_scan_behind_its_reports(joined: Bench) -> None:
    position = joined.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    joined.run(500)
    assert listed(joined) == []
    joined.run(SOON_MS)
    assert [type(report) for report in joined.peer.reports] == [
        DealReport,
        OrderReport,
        PositionReport,
        ScanReport,
    ]
    assert listed(joined) == [([position], [])]
    joined.run(45_000)
    assert len(listed(joined)) == 1, "without a change the next scan is the minute's"


def test_end_of_a_live_order_is_followed_by_a_scan(joined: Bench) -> None:
    order = joined.broker.manual_pending("EURUSD", OrderType.BUY_LIMIT, LOT, Decimal("1.09000"))
    joined.run(SOON_MS)
    joined.broker.manual_cancel(order)
    joined.run(SOON_MS)
    assert listed(joined) == [([], [order]), ([], [])]


def test_changed_levels_are_followed_by_a_scan(joined: Bench) -> None:
    position = joined.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    joined.run(SOON_MS)
    joined.broker.manual_modify(position=position, sl=Decimal("1.09000"))
    joined.run(SOON_MS)
    assert len(listed(joined)) == 2


def test_late_deal_is_followed_by_a_further_scan(joined: Bench) -> None:
    """The lists change first: what the history lacks by then is compared once it has come."""
    joined.broker.add_rule(Rule(effect=DelayHistory(milliseconds=5_000)))
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(SOON_MS)
    assert (len(listed(joined)), joined.peer.reports_of(DealReport)) == (1, [])
    joined.run(5_000 + SOON_MS)
    assert isinstance(joined.peer.reports[-1], ScanReport)
    assert (len(listed(joined)), len(joined.peer.reports_of(DealReport))) == (2, 1)


def test_position_that_vanishes_without_a_deal_is_followed_by_a_scan(joined: Bench) -> None:
    position = joined.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    joined.run(SOON_MS)
    joined.peer.forget()
    joined.broker.delay_history(deals=30_000, orders=30_000)
    joined.broker.manual_close(position)
    joined.run(SOON_MS)
    assert (listed(joined), joined.peer.reports_of(DealReport)) == ([([], [])], [])


def test_many_changes_are_scanned_once_a_second(joined: Bench) -> None:
    for _ in range(50):
        joined.broker.manual_open("EURUSD", OrderType.BUY, LOT)
        joined.run(100)
    joined.run(SOON_MS)
    assert 3 <= len(listed(joined)) <= 6
    assert len(listed(joined)[-1][0]) == 50


def test_change_scan_moves_the_watermark_and_lets_nothing_be_repeated(joined: Bench) -> None:
    for _ in range(5):
        joined.broker.manual_close(joined.broker.manual_open("EURUSD", OrderType.BUY, LOT))
        joined.run(800)
    joined.run(130_000)
    joined.broker.manual_open("GBPUSD", OrderType.BUY, LOT)
    joined.run(70_000)
    tickets = [deal.ticket for deal in joined.peer.reports_of(DealReport)]
    assert tickets == [deal.ticket for deal in joined.broker.history_deals(0, 2**62) if deal.symbol]
    ends = [scan.to_server_ms for scan in joined.peer.reports_of(ScanReport)]
    assert ends == sorted(set(ends))


def test_requested_scan_comes_once_for_all_requests_and_keeps_its_distance(joined: Bench) -> None:
    for _ in range(3):
        request(joined)
    joined.run(SOON_MS)
    assert listed(joined) == [([], [])]
    for _ in range(100):
        request(joined)
        joined.run(50)
    assert 4 <= len(listed(joined)) <= 6


@pytest.mark.parametrize("later_ms", [*range(0, 100, TIMER_MS), *range(1_000, 1_100, TIMER_MS)])
def test_no_position_is_reported_as_open_behind_the_annulled_deal_that_opened_it(
    joined: Bench, later_ms: int
) -> None:
    joined.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    # In each timer call about the first quick scan and the change scan: one is between reading and reports.
    joined.run(later_ms)
    [deal] = joined.broker.history_deals(0, 2**62)[-1:]
    joined.broker.cancel_deal(deal.ticket)
    joined.run(2 * SOON_MS)
    reports = joined.peer.reports
    annulled = next(n for n, each in enumerate(reports) if isinstance(each, DealReport) and each.annulled)
    behind = reports[annulled:]
    assert not [each for each in behind if isinstance(each, PositionReport)]
    assert {tuple(scan.positions) for scan in behind if isinstance(scan, ScanReport)} == {()}
