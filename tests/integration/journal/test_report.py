"""Report on a period."""

from datetime import datetime, timedelta
from decimal import Decimal

from bridge.core.units.quantiles import Quantiles
from bridge.journal.tables import equity_days
from bridge.journal.tables.values import Account
from bridge.journal.views.lists import reading
from bridge.journal.views.report import Report, report

from .bench import NOW, OFFICER, OTHER, JournalBench, directive

DAY = NOW.replace(hour=0)
NEXT = DAY + timedelta(days=1)


def made(
    bench: JournalBench, since: datetime = DAY, until: datetime = NEXT, officer: str | None = None
) -> Report:
    with reading(bench.path) as db:
        return report(db, since, until, officer)


def test_money_of_a_symbol_counts_each_deal_once(traded: JournalBench) -> None:
    """Three events of each fill have its commission; the account paid it once."""
    found = [
        (each.symbol, each.currency, each.deals, each.lots, each.commission, each.net)
        for each in made(traded).money
    ]
    assert found == [
        ("EURUSD", "USD", 3, Decimal("0.6"), Decimal("-2.10"), Decimal("10.20")),
        ("GBPUSD", "USD", 2, Decimal("0.6"), Decimal("-1.40"), Decimal("-2.90")),
    ]


def test_curve_ends_at_the_sum(traded: JournalBench) -> None:
    [points] = made(traded).curves.values()
    assert points[-1].total == sum(each.net for each in made(traded).money)


def test_directives_fills_slippage_and_hops(traded: JournalBench) -> None:
    found = made(traded)
    assert (found.directives, found.filled) == (3, 3)
    [slippage] = found.slippage
    assert (slippage.symbol, slippage.unit) == ("EURUSD", "points")
    assert slippage.numbers == Quantiles(1, Decimal(120), Decimal(120), Decimal(120))
    assert {hop.name: (hop.numbers.count, hop.numbers.largest) for hop in found.hops} == {
        "issue to receipt": (3, 121.0),
        "receipt to dispatch": (3, 0.0),
        "dispatch to answer": (3, 1.0),
    }


def test_rejections_are_counted_by_code(bench: JournalBench) -> None:
    bench.take(
        directive("dir-1", quantity=-1), directive("dir-2", quantity=-2), directive("dir-3", symbol="")
    )
    found = [(each.code, each.count) for each in made(bench).rejections]
    assert sum(count for _, count in found) == 3
    assert found[0][1] == max(count for _, count in found)
    assert "quantity -1 must be greater than 0" in {each.example for each in made(bench).rejections}


def test_report_of_another_period_or_officer_is_empty(traded: JournalBench) -> None:
    assert made(traded, NEXT, NEXT + timedelta(days=1)).empty
    assert made(traded, officer=OTHER).empty
    assert not made(traded, officer=OFFICER).empty


def test_equity_is_that_of_the_period_s_days(traded: JournalBench) -> None:
    account = Account(OFFICER, "Broker-Demo", 501)
    for day, equity in (("2026-01-04", 1), ("2026-01-05", 100), ("2026-01-06", 3)):
        equity_days.save_peak(traded.connection, account, day, Decimal(equity))
    equity_days.save_peak(traded.connection, account, "2026-01-05", Decimal(120))
    assert [(each.day, each.opening, each.peak) for each in made(traded).equity] == [
        ("2026-01-05", Decimal(100), Decimal(120))
    ]
