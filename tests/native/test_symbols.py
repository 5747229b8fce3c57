"""Symbol inquiries: exact name, name with an affix, several, none; a long list is searched in portions."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest

from bridge.core.director.contract import OrderType
from bridge.core.link.messages import Inquire, encode
from bridge.core.link.reports import SymbolReport
from bridge.simulator.broker.scenario import Scenario, SymbolTerms
from bridge.simulator.terminal.broker_reports import symbol_report
from tests.mql5.host.binding.library import Cell
from tests.native.bench import Bench
from tests.native.requests import inquire

MAX_INQUIRIES = 64
"""Maximum number of waiting inquiries (SymbolDetection in the EA)."""
BID, ASK = Decimal("1.09500"), Decimal("1.09510")


def named(*names: str) -> Scenario:
    """Return a scenario with these symbols, each like EURUSD."""
    symbols = [SymbolTerms(name=name, like="EURUSD", bid=BID, ask=ASK) for name in names]
    return Scenario(symbols=tuple(symbols))


def joined_to(expert: Path, folder: Path, *names: str) -> Bench:
    bench = Bench(expert, folder, scenario=named(*names))
    bench.start()
    bench.join()
    bench.peer.forget()
    return bench


def answer(bench: Bench, symbol: str, *, exact: bool = False) -> SymbolReport:
    bench.peer.forget()
    inquire(bench, symbol, exact=exact)
    bench.run(500)
    (report,) = bench.peer.reports_of(SymbolReport)
    assert report.asked == symbol
    return report


def test_inquiry_returns_names_and_terms(expert: Path, tmp_path: Path) -> None:
    bench = joined_to(
        expert, tmp_path, "EURUSD.r", "GBPUSD", "GBPUSD.r", "mXAU.x", "USDJPY-a", "USDJPY-b", "eurchf"
    )
    try:
        report = answer(bench, "EURUSD")
        assert (report.name, report.candidates) == ("", ["EURUSD.r"])
        assert (report.alike, report.symbols_total) == ([2], 7)
        exact = answer(bench, "EURUSD.r")
        assert (exact.name, exact.candidates, exact.alike, exact.symbols_total) == ("EURUSD.r", [], [], 0)
        report = exact
        assert (report.digits, str(report.point), str(report.tick_size)) == (5, "0.00001", "0.00001")
        assert (str(report.volume_min), str(report.volume_max), str(report.volume_step)) == (
            "0.01",
            "500",
            "0.01",
        )
        assert report.volume_limit == 0 and report.trade_mode == "FULL"
        assert report.order_types == list(OrderType)
        assert (report.execution_mode, report.filling_modes) == ("MARKET", ["FOK", "IOC"])
        assert (report.stops_level, report.freeze_level) == (0, 0)
        assert answer(bench, "GBPUSD").name == "GBPUSD"
        assert answer(bench, "GBPUSD", exact=True).name == "GBPUSD"
        assert answer(bench, "XAU").candidates == ["mXAU.x"]
        several = answer(bench, "USDJPY")
        assert (several.name, several.candidates) == ("", ["USDJPY-a", "USDJPY-b"])
        assert several.alike == [1, 1]
        for symbol, is_exact in [("EURUSD", True), ("EURCHF", False), ("NOPE", False), ("E", False)]:
            none = answer(bench, symbol, exact=is_exact)
            assert (none.name, none.candidates, none.trade_mode) == ("", [], "FULL")
        # One answer for each inquiry, also without a change.
        assert answer(bench, "EURUSD.r") == report
    finally:
        bench.close()


@pytest.mark.parametrize(
    ("execution", "filling", "modes"),
    [
        ("MARKET", (), []),
        ("INSTANT", ("FOK",), ["FOK", "RETURN"]),
        ("REQUEST", (), ["RETURN"]),
        ("EXCHANGE", ("IOC", "BOC"), ["IOC", "BOC", "RETURN"]),
    ],
)
def test_inquiry_returns_how_orders_are_filled_and_how_near_they_may_be(
    expert: Path,
    tmp_path: Path,
    execution: Literal["REQUEST", "INSTANT", "MARKET", "EXCHANGE"],
    filling: tuple[Literal["FOK", "IOC", "BOC"], ...],
    modes: list[str],
) -> None:
    terms = SymbolTerms(name="EURUSD", execution=execution, filling=filling, stops_level=30, freeze_level=10)
    bench = Bench(expert, tmp_path, scenario=Scenario(symbols=(terms,)))
    bench.start()
    bench.join()
    try:
        report = answer(bench, "EURUSD", exact=True)
        assert (report.execution_mode, report.filling_modes) == (execution, modes)
        assert (report.stops_level, report.freeze_level) == (30, 10)
        # The reference terminal reports the same.
        assert report == symbol_report("EURUSD", bench.broker.symbol("EURUSD"))
    finally:
        bench.close()


def test_long_list_is_searched_in_portions(expert: Path, tmp_path: Path) -> None:
    names = [f"S{number:04}.{number % 37}" for number in range(1_800)]
    bench = joined_to(expert, tmp_path, *names, "zzEURUSD")
    reads: Counter[int] = Counter()

    def count(name: str, arguments: Sequence[Cell]) -> None:
        reads[bench.stepped.terminal.program.handler] += name == "SymbolName"

    try:
        bench.stepped.terminal.host.before = count
        assert answer(bench, "EURUSD").candidates == ["zzEURUSD"]
        # Twice: for candidates, and for symbols with their prefix and suffix.
        assert max(reads.values()) == 500 and sum(reads.values()) == 2 * 1_801
        many = answer(bench, "S01")
        matching = sorted(name for name in names if "S01" in name and len(name) <= len("S01") + 6)
        assert (many.name, many.candidates) == ("", matching[:16]) and len(matching) > 16
        affixes = [name.partition("S01")[::2] for name in matching[:16]]
        assert many.alike == [
            sum(
                name.startswith(prefix) and name.endswith(suffix) and len(name) > len(prefix + suffix)
                for name in [*names, "zzEURUSD"]
            )
            for prefix, suffix in affixes
        ]
    finally:
        bench.close()


def test_inquiries_are_queued_once_each(joined: Bench) -> None:
    for number in range(MAX_INQUIRIES + 5):
        joined._ends[-1].send(encode(Inquire(epoch=joined.peer.epoch, symbol=f"X{number}", exact=True)))
        joined._ends[-1].send(encode(Inquire(epoch=joined.peer.epoch, symbol=f"X{number}", exact=True)))
    joined.carry()
    joined.run(4_000)
    asked = [report.asked for report in joined.peer.reports_of(SymbolReport)]
    assert len(asked) == len(set(asked)) and set(asked) >= {f"X{n}" for n in range(MAX_INQUIRIES - 1)}
    assert any("more inquiries than can wait" in line for line in joined.journal)


@pytest.mark.parametrize("exact", [True, False])
def test_inquiry_is_not_answered_while_the_broker_is_unreachable(joined: Bench, exact: bool) -> None:
    joined.broker.disconnect()
    joined.run(100)
    inquire(joined, "EURUSD", exact=exact)
    joined.run(500)
    assert joined.peer.reports_of(SymbolReport) == []
    joined.broker.connect()
    joined.run(500)
    assert joined.peer.reports_of(SymbolReport)[0].name == "EURUSD"
