"""After a scan: the journal's open positions are compared with the broker's."""

from decimal import Decimal

import pytest

from bridge.core.link.messages import Order
from bridge.core.link.reports import PositionReport, ScanReport
from bridge.core.units.mt5_terms import Side
from tests.integration.journal.bench import INSTANCE_ID, JournalBench, directive, server_ms
from tests.integration.journal.reports import POSITION, deal, submitted

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
