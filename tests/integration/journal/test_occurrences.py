"""Occurrences that alerts are about: rejections in a row, a limit on equity, the day."""

from datetime import timedelta
from decimal import Decimal

from bridge.core.settings import RiskLimits
from bridge.journal.views import occurrences
from tests.integration.journal.bench import NOW, OFFICER, OTHER, JournalBench, directive, settings
from tests.integration.journal.conftest import MakeBench
from tests.integration.journal.reports import deal, result

INVALID_STOPS = 10016


def reject(bench: JournalBench, *ids: str) -> None:
    for directive_id in ids:
        [command] = bench.sent(directive(directive_id))
        bench.report(result(command.order, INVALID_STOPS, ticket=0))


def in_a_row(bench: JournalBench, officer: str = OFFICER, most: int = 10) -> int:
    return occurrences.rejections_in_a_row(bench.connection, officer, bench.now, most)


def test_rejections_count_since_the_last_fill(bench: JournalBench) -> None:
    bench.join()
    assert in_a_row(bench) == 0
    reject(bench, "dir-1", "dir-2", "dir-3")
    assert in_a_row(bench) == 3
    assert in_a_row(bench, most=2) == 2
    assert in_a_row(bench, OTHER) == 0
    [command] = bench.sent(directive("dir-4"))
    bench.report(result(command.order), deal(command.order))
    assert in_a_row(bench) == 0
    reject(bench, "dir-5")
    assert in_a_row(bench) == 1


def test_rejections_of_the_day_before_do_not_count(bench: JournalBench) -> None:
    bench.join()
    reject(bench, "dir-1", "dir-2")
    bench.later(86_401)
    assert in_a_row(bench) == 0


def test_limit_on_equity_is_found_without_an_order(make_bench: MakeBench) -> None:
    bench = make_bench(settings(risk_limits=RiskLimits(max_daily_loss=Decimal(500))))
    officer = bench.settings.officers[0]
    bench.join()
    bench.advance(equity=Decimal(10_000))
    bench.take(directive("dir-1"))
    bench.advance(equity=Decimal(10_000))

    def limit(equity: str) -> str:
        found = occurrences.equity_limit(bench.connection, officer, Decimal(equity), Decimal(0), bench.now)
        return "" if found is None else found.code

    assert limit("9500.01") == ""
    assert limit("9500") == "LIMIT_DAILY_LOSS"
    other = bench.settings.officers[1]
    assert occurrences.equity_limit(bench.connection, other, Decimal(0), Decimal(0), bench.now) is None


def test_day_is_one_line(bench: JournalBench) -> None:
    bench.join()
    assert occurrences.day_of(bench.connection, OTHER, NOW - timedelta(hours=10)) == "nothing"
    reject(bench, "dir-1")
    [command] = bench.sent(directive("dir-2"))
    bench.report(result(command.order), deal(command.order))
    line = occurrences.day_of(bench.connection, OFFICER, NOW - timedelta(hours=10))
    assert line == "directives: 2, fills: 1, rejections: 1, opened positions: 1"
    assert occurrences.day_of(bench.connection, OFFICER, bench.now + timedelta(seconds=1)) == "nothing"
