"""After a scan: the journal's open positions are compared with the broker's."""

from decimal import Decimal

import msgspec
import pytest

from bridge.core.link.messages import Order
from bridge.core.link.reports import AnyReport, PositionReport, ScanReport
from bridge.core.units.mt5_terms import Side
from tests.integration.journal.bench import INSTANCE_ID, JournalBench, directive, server_ms
from tests.integration.journal.reports import POSITION, deal, submitted

GRACE_S = 30.0
LASTING_S = 60.0
"""Twice the grace time."""


def seen(volume: str = "0.3") -> PositionReport:
    return PositionReport(
        identifier=POSITION,
        ticket=POSITION,
        symbol="EURUSD",
        side=Side.BUY,
        volume=Decimal(volume),
        price_open=Decimal("1.0950"),
        stop_loss=Decimal("1.09"),
        take_profit=Decimal("1.11"),
    )


def scanned(number: int, *positions: int) -> ScanReport:
    return ScanReport(
        instance_id=INSTANCE_ID,
        counter=number,
        from_server_ms=0,
        to_server_ms=server_ms(),
        deals=0,
        orders=0,
        positions=list(positions),
    )


@pytest.fixture
def opened(joined: JournalBench) -> Order:
    """A position of ours is open, at the broker as in the journal."""
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), deal(command.order))
    return command.order


def emitted(bench: JournalBench) -> list[str]:
    return [
        body["error_message"]
        for body in bench.bodies("SYSTEM_ERROR")
        if body["error_code"] == "POSITION_MISMATCH"
    ]


def test_equal_positions_raise_nothing(joined: JournalBench, opened: Order) -> None:
    for number in range(3):
        joined.report(seen(), scanned(number, POSITION))
        joined.later(LASTING_S)
    assert emitted(joined) == []


@pytest.mark.parametrize(
    ("reports", "words"), [([], "and the broker has no such position"), ([seen("0.2")], "and the broker 0.2")]
)
def test_lasting_difference_is_raised_once(
    joined: JournalBench, opened: Order, reports: list[PositionReport], words: str
) -> None:
    positions = [report.identifier for report in reports]
    joined.report(*reports, scanned(1, *positions))
    assert emitted(joined) == []
    for number in range(2, 5):
        joined.later(LASTING_S)
        joined.report(*reports, scanned(number, *positions))
    [message] = emitted(joined)
    assert words in message and "0.3 lots" in message


def test_late_history_raises_nothing(joined: JournalBench, opened: Order) -> None:
    joined.report(scanned(1))
    joined.later(LASTING_S)
    joined.report(seen(), scanned(2, POSITION))
    joined.report(scanned(3))
    assert emitted(joined) == []
    assert joined.rows("SELECT count(*) FROM position_mismatches") == [(1,)]


def test_full_scan_says_nothing_about_positions_that_it_does_not_name(
    joined: JournalBench, opened: Order
) -> None:
    many = range(POSITION + 1, POSITION + 2049)
    for number in range(3):
        joined.report(scanned(number, *many))
        joined.later(LASTING_S)
    assert emitted(joined) == []


def test_scans_that_follow_each_other_raise_nothing_before_the_grace_time(
    joined: JournalBench, opened: Order
) -> None:
    for number in range(1, int(GRACE_S) + 1):
        joined.report(scanned(number))
        joined.later(1)
    assert emitted(joined) == []
    joined.report(scanned(100))
    [message] = emitted(joined)
    assert "has no such position" in message


def test_difference_that_ended_and_came_back_is_as_old_as_its_return(
    joined: JournalBench, opened: Order
) -> None:
    joined.report(scanned(1))
    joined.later(GRACE_S - 1)
    joined.report(seen(), scanned(2, POSITION))
    joined.later(1)
    joined.report(scanned(3))
    joined.later(GRACE_S - 1)
    joined.report(scanned(4))
    assert emitted(joined) == []
    joined.later(1)
    joined.report(scanned(5))
    assert len(emitted(joined)) == 1


def test_clock_that_is_set_back_delays_a_difference_by_no_more_than_the_grace_time(
    joined: JournalBench, opened: Order
) -> None:
    joined.report(scanned(1))
    joined.later(-3_600)
    for number, seconds in ((2, GRACE_S - 1), (3, 1)):
        joined.report(scanned(number))
        assert emitted(joined) == []
        joined.later(seconds)
    joined.report(scanned(4))
    assert len(emitted(joined)) == 1


def further(bench: JournalBench, *reports: AnyReport) -> float | None:
    """Return the seconds after which a further scan is of use."""
    after = bench.report(*reports).further_scan_after
    return None if after is None else after.total_seconds()


def test_further_scan_is_of_use_once_a_difference_has_lasted(joined: JournalBench, opened: Order) -> None:
    assert further(joined, seen(), scanned(1, POSITION)) is None
    assert further(joined, scanned(2)) == GRACE_S
    joined.later(20)
    assert further(joined, scanned(3)) == GRACE_S - 20
    joined.later(10)
    assert further(joined, scanned(4)) is None, "it is raised: nothing waits"
    assert len(emitted(joined)) == 1


def test_reports_without_a_scan_name_no_further_one(joined: JournalBench, opened: Order) -> None:
    assert further(joined, seen()) is None


@pytest.mark.parametrize(("later_ms", "seconds"), [(400, 1.4), (5_000, 6.0), (5_001, None)])
def test_further_scan_is_of_use_after_a_change_that_the_last_one_missed(
    joined: JournalBench, opened: Order, later_ms: int, seconds: float | None
) -> None:
    until = server_ms()
    changed = msgspec.structs.replace(seen("0.5"), updated_server_ms=until + later_ms)
    assert further(joined, changed, scanned(1, POSITION)) == seconds
    assert joined.rows("SELECT count(*) FROM position_mismatches") == [(0,)]
