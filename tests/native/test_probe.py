"""Probe: it measures each switch that a program can measure, and its report can be loaded."""

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from bridge.core.units.mt5_terms import TradeMode
from bridge.simulator.broker.market.symbols import SHIPPED
from bridge.simulator.broker.scenario import AccountTerms, Quirks, RandomWalk, Scenario, SymbolTerms
from tests.mql5.builder.build import build
from tests.mql5.host.simulated_network import Pipe
from tests.mql5.host.stepped import SteppedTerminal
from tests.mql5.host.switches import ABOUT, Switches, load_switches, thrown
from tests.mql5.reference import constants
from tests.native.bench import HOST, PORT
from tests.native.console import console
from tests.native.rig import EXPERT
from tests.native.zmtpend import GREETING

PROBE = EXPERT.with_name("Probe.mq5")
SWITCHES = "ExecutionOfficer-probe.json"
NOTES = "ExecutionOfficer-probe-notes.json"
CHART_CHANGE = 3

MEASURED = [
    "speculative_byte", "readable_at_second_look", "long_read_blocks", "zero_wait_read_blocks", "close_unseen",
    "closed_while_bytes_remain", "bytes_with_error", "first_send_refused", "connect_takes", "address_refused",
    "send_at_most", "timer_grain_us", "server_offset_s", "history_late", "comment_too_long",
    "comment_rewritten", "comment_most", "result_without_tickets", "account_late", "empty_text_counts_terminator",
    "transactions_late", "transactions_dropped_every", "transactions_reordered", "closing_magic_zero",
]  # fmt: skip


EXACT = {"address_refused", "comment_most", "server_offset_s", "send_at_most", "transactions_dropped_every"}
"""Notes that are not durations."""

LIVELY = Scenario(random_walk=RandomWalk(interval_ms=200), quirks=Quirks(stop_deals_keep_magic=True))
"""Market that reaches a near stop, at a broker whose stop deals keep the position's magic."""


class Router:
    """Listener that behaves as a ROUTER: greets, and closes on anything but a greeting."""

    def __init__(self) -> None:
        self.pipes: list[Pipe] = []

    def accept(self, pipe: Pipe) -> None:
        pipe.send(GREETING[:12])
        self.pipes.append(pipe)

    def look(self) -> None:
        for pipe in self.pipes:
            if bytes(pipe.from_expert[:1]) not in (b"", b"\xff"):
                pipe.close()


def probe(
    folder: Path, switches: Switches, scenario: Scenario | None = None
) -> tuple[Switches, SteppedTerminal]:
    """Run the Probe to its end and return its report."""
    inputs = {"InpTrade": "true", "InpPort": str(PORT)}
    terminal = SteppedTerminal(build(PROBE).library, inputs, folder, switches, scenario=scenario or LIVELY)
    run(terminal, lambda: terminal.terminal.expert is None)
    return load_switches(folder / "Files" / SWITCHES), terminal


def run(terminal: SteppedTerminal, done: Callable[[], bool]) -> None:
    """Start the Probe beside a ROUTER and run until the condition holds."""
    router = Router()
    terminal.network.listen(HOST, PORT, router.accept)
    assert terminal.start() == 0
    for _ in range(20_000):
        if done():
            return
        terminal.advance(10)
        router.look()
    raise AssertionError(
        "the condition did not become true; " + "\n".join(terminal.terminal.program.journal[-5:])
    )


def notes(folder: Path) -> dict[str, object]:
    """Return the Probe's notes: the numbers behind the switches."""
    found: dict[str, object] = msgspec.json.decode((folder / "Files" / NOTES).read_bytes())
    return found


def test_report_of_an_ordinary_terminal(tmp_path: Path) -> None:
    found, terminal = probe(tmp_path, Switches())
    assert found == Switches()
    assert terminal.broker.positions() == []
    assert [record.retcode for record in terminal.broker.sends()][1:] == [10009, 10009, 10009]
    behind = notes(tmp_path)
    assert (behind["trade"], behind["stop"], behind["transactions_missing"]) == ("done", "hit", 0)
    assert behind["stop_deal_reason"] in ("SL", "TP")
    assert (behind["file_move_onto_another"], behind["file_move_rewrite"]) == ("refused", "done")
    assert (behind["unflushed_bytes_seen"], behind["flushed_bytes_seen"]) == (0, 64)
    assert (behind["file_shared_second_writer"], behind["file_shared_reader"]) == ("refused", "allowed")
    assert sorted(path.name for path in (tmp_path / "Files").iterdir()) == [NOTES, SWITCHES]
    assert terminal.terminal.chart.objects == {}


def test_timeframe_change_restarts_the_report(tmp_path: Path) -> None:
    inputs = {"InpTrade": "true", "InpPort": str(PORT)}
    terminal = SteppedTerminal(build(PROBE).library, inputs, tmp_path, Switches(), scenario=LIVELY)
    changed: list[int] = []

    def done() -> bool:
        if not changed and len(terminal.terminal.program.journal) > 8:
            changed.append(terminal.terminal.reinit(CHART_CHANGE))
        return terminal.terminal.expert is None

    run(terminal, done)
    assert changed == [0]

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    for name in (SWITCHES, NOTES):
        json.loads((tmp_path / "Files" / name).read_bytes(), object_pairs_hook=once)


@pytest.mark.parametrize("name", MEASURED)
def test_switch_is_measured(tmp_path: Path, name: str) -> None:
    found, terminal = probe(tmp_path, thrown(name))
    expected = ABOUT[name].thrown
    value = getattr(found, name)
    if isinstance(expected, bool | str) or name in EXACT:
        assert value == expected
    else:
        assert 0.8 * expected <= value <= 1.3 * expected
    assert terminal.broker.positions() == []


def test_probe_gives_up_on_a_stop_that_is_never_hit(tmp_path: Path) -> None:
    found, terminal = probe(tmp_path, Switches(), Scenario())
    assert notes(tmp_path)["stop"] == "neither stop was hit in time"
    assert terminal.broker.positions() == []
    assert b"closing_magic_zero" not in (tmp_path / "Files" / SWITCHES).read_bytes()
    assert found == Switches()


def test_stops_keep_the_brokers_stops_level(tmp_path: Path) -> None:
    far = tuple(SymbolTerms(name=name, stops_level=30) for name in SHIPPED)
    _, terminal = probe(tmp_path, Switches(), Scenario(symbols=far))
    assert notes(tmp_path)["stop_points"] == 35
    assert terminal.broker.positions() == []


def test_position_of_a_killed_probe_is_closed(tmp_path: Path) -> None:
    inputs = {"InpTrade": "true", "InpPort": "1"}
    first = SteppedTerminal(build(PROBE).library, inputs, tmp_path, thrown("history_late"))
    run(first, lambda: bool(first.broker.positions()))
    first.close()
    again = SteppedTerminal(
        build(PROBE).library, inputs, tmp_path, clock=first.clock, network=first.network, broker=first.broker
    )
    run(again, lambda: again.terminal.expert is None)
    assert again.broker.positions() == []
    assert notes(tmp_path)["trade"] == "done"


@pytest.mark.parametrize("names", [(), ("init_twice",), ("unflushed_bytes_lost",)])
def test_restart_measures_flushing_and_reload(tmp_path: Path, names: tuple[str, ...]) -> None:
    """The terminal is killed, then closed normally; the earlier report remains."""
    switches = thrown(*names)
    inputs = {"InpRestart": "true", "InpPort": "1"}

    def terminal() -> SteppedTerminal:
        return SteppedTerminal(build(PROBE).library, inputs, tmp_path, switches)

    first = terminal()
    run(first, lambda: "Task Manager" in first.terminal.program.comment)
    before = load_switches(tmp_path / "Files" / SWITCHES)
    first.terminal.kill()
    second = terminal()
    run(second, lambda: "File > Exit" in second.terminal.program.comment)
    second.terminal.stop(constants()["REASON_CLOSE"])
    third = terminal()
    run(third, lambda: third.terminal.expert is None)
    found = load_switches(tmp_path / "Files" / SWITCHES)
    assert found == replace(before, **{name: getattr(switches, name) for name in names})
    assert b"init_twice" in (tmp_path / "Files" / SWITCHES).read_bytes()
    assert b"unflushed_bytes_lost" in (tmp_path / "Files" / SWITCHES).read_bytes()
    assert notes(tmp_path)["loads_at_start"] == (2 if switches.init_twice else 1)
    assert sorted(path.name for path in (tmp_path / "Files").iterdir()) == [NOTES, SWITCHES]


def test_immediate_close_does_not_measure_unflushed_bytes(tmp_path: Path) -> None:
    inputs = {"InpRestart": "true", "InpPort": "1"}
    first = SteppedTerminal(build(PROBE).library, inputs, tmp_path)
    run(first, lambda: first.terminal.program.comment != "")
    first.terminal.stop(constants()["REASON_CLOSE"])
    second = SteppedTerminal(build(PROBE).library, inputs, tmp_path)
    run(second, lambda: second.terminal.expert is None)
    text = (tmp_path / "Files" / SWITCHES).read_bytes()
    assert b"init_twice" in text and b"unflushed_bytes_lost" not in text


def test_removal_of_a_waiting_probe_ends_the_measurement(tmp_path: Path) -> None:
    inputs = {"InpRestart": "true", "InpPort": "1"}
    terminal = SteppedTerminal(build(PROBE).library, inputs, tmp_path)
    run(terminal, lambda: terminal.terminal.program.comment != "")
    terminal.terminal.stop(constants()["REASON_REMOVE"])
    assert terminal.terminal.program.comment == ""
    assert sorted(path.name for path in (tmp_path / "Files").iterdir()) == [NOTES, SWITCHES]


@pytest.mark.parametrize(
    ("copy_us", "move_us", "copies"),
    [(9_000, 80, 0), (9_000, 8_000, 1), (9_000, 5_000, 1), (1_500, 1_500, -1)],
)
def test_move_as_slow_as_a_copy_counts_as_a_copy(
    tmp_path: Path, copy_us: int, move_us: int, copies: int
) -> None:
    """Neither takes time under the simulated clock: only the evaluation is tested."""
    with console("probe", tmp_path) as program:
        assert program.one(copy_us, number=move_us) == str(copies)


def test_nothing_is_traded_on_a_real_account(tmp_path: Path) -> None:
    _, terminal = probe(tmp_path, Switches(), Scenario(account=AccountTerms(trade_mode=TradeMode.REAL)))
    assert terminal.broker.sends() == []


def test_probe_removed_early_leaves_no_position(tmp_path: Path) -> None:
    inputs = {"InpTrade": "true", "InpPort": "1"}
    terminal = SteppedTerminal(build(PROBE).library, inputs, tmp_path, thrown("history_late"))
    assert terminal.start() == 0
    for _ in range(3_000):
        terminal.advance(10)
        if terminal.broker.positions():
            break
    assert terminal.broker.positions()
    terminal.terminal.stop(1)
    assert terminal.broker.positions() == []
