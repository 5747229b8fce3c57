"""One scenario with each switch of the terminal thrown, and with most of them at once."""

from pathlib import Path

import pytest

from bridge.core.link.messages import CommandKind
from bridge.core.link.reports import DealReport, PositionReport, ScanReport
from bridge.core.units.mt5_terms import Side
from tests.mql5.host.switches import ABOUT, Switches, all_thrown, thrown
from tests.native.bench import Bench
from tests.sidecar_peer import open_order


def trade(library: Path, folder: Path, switches: Switches, seed: int = 1) -> Bench:
    """Open, restart, close; check that everything is reported and nothing is sent twice."""
    bench = Bench(library, folder, switches, seed=seed)
    bench.start()
    _listed(bench)
    bench.join(120_000)
    bench.send_frame(bench.peer.command(open_order(1001)))
    bench.run(6_000)
    (position,) = bench.broker.positions()
    order = open_order(1002, kind=CommandKind.CLOSE, side=Side.SELL, position=position.identifier)
    bench.restart()
    _listed(bench)
    bench.join(120_000)
    for _ in range(2):
        bench.send_frame(bench.peer.command(order))
        bench.run(6_000)
    assert bench.broker.positions() == []
    # Two scans of the whole history, where it comes late.
    bench.run_until(lambda: _reported(bench), 130_000)
    bench.run(5_000)
    assert [record.request.magic for record in bench.broker.sends()] == [1001, 1002]
    deals = {deal.ticket: deal for deal in bench.peer.reports_of(DealReport)}
    assert deals.keys() == {deal.ticket for deal in bench.broker.history_deals(0, 2**52)}
    assert [deal.entry.value for deal in deals.values() if deal.position_id == position.identifier] == [
        "IN",
        "OUT",
    ]
    assert bench.peer.reports_of(PositionReport)[0].identifier == position.identifier
    assert bench.peer.reports_of(ScanReport)[-1].positions == []
    assert bench.stages(1001)[:1] == ["received"] and "result" in bench.stages(1002)
    return bench


def _reported(bench: Bench) -> bool:
    """Return True once every deal was reported, and a scan without positions."""
    deals = {deal.ticket for deal in bench.peer.reports_of(DealReport)}
    scans = bench.peer.reports_of(ScanReport)
    made = {deal.ticket for deal in bench.broker.history_deals(0, 2**52)}
    return deals == made and bool(scans) and scans[-1].positions == []


def _listed(bench: Bench) -> None:
    """Check that nothing is sent to an address outside the list, then add it as the panel asks."""
    if not bench.switches.address_refused:
        return
    connections = len(bench.pipes)
    bench.run(5_000)
    assert len(bench.pipes) == connections
    assert "Allow WebRequest for listed URL" in bench.panel
    bench.list_address()


@pytest.mark.parametrize("name", ABOUT)
def test_scenario_with_one_switch(expert: Path, tmp_path: Path, name: str) -> None:
    trade(expert, tmp_path, thrown(name)).close()


@pytest.mark.parametrize("seed", range(6))
def test_scenario_with_most_switches(expert: Path, tmp_path: Path, seed: int) -> None:
    trade(expert, tmp_path, all_thrown(seed), seed).close()
