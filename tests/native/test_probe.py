"""The Probe measures each manner of the stand-in that can be measured from inside, and its report can be read."""

from pathlib import Path

import pytest

from bridge.core.terms import TradeMode
from bridge.paper.scenario import AccountTerms, Scenario
from tests.native.bench import HOST, PORT
from tests.native.rig import EXPERT
from tests.native.zmtpend import GREETING
from tests.terminal.build import build
from tests.terminal.simulated_network import Pipe
from tests.terminal.stepped import SteppedTerminal
from tests.terminal.switches import ABOUT, Switches, load_switches, thrown

PROBE = EXPERT.with_name("Probe.mq5")
SWITCHES = "ExecutionOfficer-probe.json"
NOTES = "ExecutionOfficer-probe-notes.json"

MEASURED = [
    "speculative_byte", "readable_at_second_look", "long_read_blocks", "zero_wait_read_blocks", "close_unseen",
    "closed_while_bytes_remain", "bytes_with_error", "first_send_refused", "connect_takes", "address_refused",
    "send_at_most", "timer_grain_us", "server_offset_s", "history_late", "comment_too_long",
    "comment_rewritten", "comment_most", "result_without_tickets", "account_late", "empty_text_counts_terminator",
]  # fmt: skip


EXACT = {"address_refused", "comment_most", "server_offset_s", "send_at_most"}
"""The numbers that are no durations."""


class Router:
    """What a ROUTER does to whoever connects: greet, and close on what is no greeting."""

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
    """Run the Probe to its end; what it wrote."""
    terminal = SteppedTerminal(
        build(PROBE).library, {"InpTrade": "true", "InpPort": str(PORT)}, folder, switches, scenario=scenario
    )
    router = Router()
    terminal.network.listen(HOST, PORT, router.accept)
    assert terminal.start() == 0
    for _ in range(20_000):
        terminal.advance(10)
        router.look()
        if terminal.terminal.expert is None:
            break
    return load_switches(folder / "Files" / SWITCHES), terminal


def test_an_ordinary_terminal(tmp_path: Path) -> None:
    found, terminal = probe(tmp_path, Switches())
    assert found == Switches(closing_magic_zero=True)
    assert terminal.broker.positions() == []
    assert [record.retcode for record in terminal.broker.sends()][1:] == [10009, 10009]
    assert (tmp_path / "Files" / NOTES).exists()
    assert terminal.terminal.chart.objects == {}


@pytest.mark.parametrize("name", MEASURED)
def test_a_manner_is_found(tmp_path: Path, name: str) -> None:
    found, terminal = probe(tmp_path, thrown(name))
    awkward = ABOUT[name].thrown
    value = getattr(found, name)
    if isinstance(awkward, bool | str) or name in EXACT:
        assert value == awkward
    else:
        assert 0.8 * awkward <= value <= 1.3 * awkward
    assert terminal.broker.positions() == []


def test_nothing_is_traded_on_a_real_account(tmp_path: Path) -> None:
    _, terminal = probe(tmp_path, Switches(), Scenario(account=AccountTerms(trade_mode=TradeMode.REAL)))
    assert terminal.broker.sends() == []


def test_a_probe_that_is_removed_in_the_middle_leaves_no_position(tmp_path: Path) -> None:
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
