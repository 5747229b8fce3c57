"""A halt of one symbol, by the name that the Director, the broker or the configuration uses."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bridge.core.settings import RiskLimits
from bridge.sidecar.operator.halt import HaltRequest
from bridge.sidecar.operator.request import MOST_NAMED, RefusedError
from tests.integration.journal.bench import NOW, OFFICER, OTHER, JournalBench, settings, terms


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[JournalBench]:
    """The journal of two officers; one is configured to trade gold and trades the euro."""
    made = JournalBench(
        tmp_path / "journal.db",
        settings(symbols={"GOLD": "XAUUSD.r"}, risk_limits=RiskLimits(allowed_symbols=["GOLD", "EURUSD"])),
    )
    made.join()
    made.report(msgspec.structs.replace(terms("EURUSD"), name="EURUSD.r"))
    yield made
    made.close()


def halt(bench: JournalBench, symbol: str, officer: str | None = OFFICER) -> list[tuple[str, str]]:
    """Return officer and symbol of each halt."""
    done = HaltRequest(officer=officer, symbol=symbol).perform(bench.journal, bench.settings, NOW)
    return [(each.officer, each.symbol) for each in done.halts]


@pytest.mark.parametrize("symbol", ["GOLD", "XAUUSD.r", "EURUSD", "EURUSD.r", ""])
def test_symbol_can_be_halted_by_each_of_its_names(bench: JournalBench, symbol: str) -> None:
    assert halt(bench, symbol) == [(OFFICER, symbol)]
    assert halt(bench, symbol, None) == [(OFFICER, symbol), (OTHER, symbol)]


@pytest.mark.parametrize("officer", [OFFICER, None])
def test_unknown_symbol_is_refused_with_the_known_ones(bench: JournalBench, officer: str | None) -> None:
    with pytest.raises(RefusedError) as refused:
        halt(bench, "eurusd", officer)
    assert str(refused.value) == (
        'unknown symbol "eurusd": it was never traded or configured here; '
        "known symbols: EURUSD, EURUSD.r, GOLD, XAUUSD.r"
    )
    assert bench.rows("SELECT * FROM halts") == []


def test_refusal_of_unknown_symbol_names_a_limited_number_of_known_ones(bench: JournalBench) -> None:
    bench.report(*(terms(f"S{number:03}") for number in range(100)))
    with pytest.raises(RefusedError) as refused:
        halt(bench, "eurusd")
    assert str(refused.value).count(", ") == MOST_NAMED
    assert str(refused.value).endswith(", ...")


def test_any_symbol_can_be_halted_while_none_is_known(bench: JournalBench) -> None:
    assert halt(bench, "EURUSD", OTHER) == [(OTHER, "EURUSD")]
