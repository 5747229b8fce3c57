"""Conditions that alerts are about, observed in a journal and beside a live status."""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.alerts.observation import Observation
from bridge.core.settings import AlertSettings, RiskLimits
from bridge.sidecar.live_status import LiveStatus
from bridge.status.command_lines import CommandLines
from tests.integration.journal.bench import OFFICER, OTHER, JournalBench, directive, settings
from tests.integration.journal.reports import deal, result
from tests.unit.status import samples
from tests.unit.status.samples import LIVE, OFFICER_STATUS, SESSION

BEAT = replace(samples.BEAT, balance=Decimal(10_000), equity=Decimal(10_000))
SETTINGS = replace(
    settings(risk_limits=RiskLimits(max_daily_loss=Decimal(500))),
    alerts=AlertSettings(addresses_env="ALERTS", rejections_in_a_row=2),
)
INVALID_STOPS = 10016


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[JournalBench]:
    with closing(JournalBench(tmp_path / "journal.db", SETTINGS)) as made:
        made.join()
        yield made


def live(**beat: object) -> LiveStatus:
    session = replace(SESSION, heartbeat=replace(BEAT, **beat))
    return replace(
        LIVE, officers=[replace(OFFICER_STATUS, officer=each, session=session) for each in (OFFICER, OTHER)]
    )


def observed(bench: JournalBench, shown: LiveStatus) -> list[tuple[str, str]]:
    found, about_day = Observation(SETTINGS, bench.path, CommandLines()).observe(shown, bench.now, False)
    assert about_day is None
    return [condition.key for condition in found]


def test_nothing_is_observed_while_all_is_well(bench: JournalBench) -> None:
    assert observed(bench, live()) == []


def test_broker_that_is_not_connected_is_observed(bench: JournalBench) -> None:
    shown = live(broker_connected=False)
    assert observed(bench, shown) == [(OFFICER, "BROKER_CONNECTION"), (OTHER, "BROKER_CONNECTION")]


def test_actions_of_status_are_observed_but_for_that_about_the_alerts(bench: JournalBench) -> None:
    shown = replace(live(trade_allowed=False), alert_trouble="nobody listens")
    assert observed(bench, shown) == [(OFFICER, "TRADING_FORBIDDEN"), (OTHER, "TRADING_FORBIDDEN")]


def test_rejections_in_a_row_are_observed_until_an_order_is_filled(bench: JournalBench) -> None:
    for directive_id in ("dir-1", "dir-2"):
        [command] = bench.sent(directive(directive_id))
        bench.report(result(command.order, INVALID_STOPS, ticket=0))
    assert observed(bench, live()) == [(OFFICER, "REJECTIONS")]
    [command] = bench.sent(directive("dir-3"))
    bench.report(result(command.order), deal(command.order))
    assert observed(bench, live()) == []


def test_limit_on_equity_is_observed_without_an_order(bench: JournalBench) -> None:
    bench.take(directive("dir-1"))
    bench.advance(equity=Decimal(10_000))
    assert observed(bench, live(equity=Decimal("9500.01"))) == []
    assert observed(bench, live(equity=Decimal(9500))) == [(OFFICER, "EQUITY_LIMIT")]


def test_journal_that_cannot_be_read_is_observed(bench: JournalBench) -> None:
    bench.close()
    bench.path.write_bytes(b"x" * 100)
    assert observed(bench, live()) == [("", "JOURNAL_UNREAD")]


def test_day_has_a_line_for_each_officer(bench: JournalBench) -> None:
    [command] = bench.sent(directive("dir-1"))
    bench.report(result(command.order), deal(command.order))
    observation = Observation(SETTINGS, bench.path, CommandLines())
    found, message = observation.observe(live(), bench.now, True)
    assert found == []
    assert message is not None
    assert message.title == "2026-01-05, all is well"
    assert message.body.splitlines() == [
        f"{OFFICER}: directives: 1, fills: 1, opened positions: 1; balance 10000, equity 10000",
        f"{OTHER}: nothing; balance 10000, equity 10000",
    ]
