"""Kill points: written form, and the moment from which calls count. tests/native covers the kill itself."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mql5.host.kill_point import Killer, KillPoint
from tests.mql5.host.stepped import SteppedTerminal


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("OrderSend:1", KillPoint("OrderSend", 1, after=True)),
        ("OrderSend:2:after", KillPoint("OrderSend", 2, after=True)),
        ("FileFlush:10:before", KillPoint("FileFlush", 10, after=False)),
    ],
)
def test_kill_point_is_parsed(text: str, point: KillPoint) -> None:
    assert KillPoint.read(text) == point


@pytest.mark.parametrize("text", ["", "OrderSend", "OrderSend:0", "OrderSend:x", ":1", "OrderSend:1:behind"])
def test_malformed_kill_point_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="--die-at"):
        KillPoint.read(text)


def test_calls_count_from_the_moment_a_text_is_received(
    built: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    terminal = SteppedTerminal(built("expert"), {"InpPlan": ""}, tmp_path)
    killer = Killer(KillPoint.read("nowhere:1"), b"command")
    killer.watch(terminal.terminal)
    try:
        terminal.start()
        terminal.advance(150)
        killer.received(b"comm")
        assert "passes" not in capfd.readouterr().err
        killer.received(b"and")
        terminal.advance(150)
        assert "passes Print\n" in capfd.readouterr().err
    finally:
        terminal.close()
