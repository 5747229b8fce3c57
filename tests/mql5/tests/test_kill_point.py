"""The place of a death, and from when its calls count. That it kills is what tests/native is about."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mql5.host.kill_point import Death, Place
from tests.mql5.host.stepped import SteppedTerminal


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("OrderSend:1", Place("OrderSend", 1, behind=True)),
        ("OrderSend:2:after", Place("OrderSend", 2, behind=True)),
        ("FileFlush:10:before", Place("FileFlush", 10, behind=False)),
    ],
)
def test_a_place_is_read(text: str, place: Place) -> None:
    assert Place.read(text) == place


@pytest.mark.parametrize("text", ["", "OrderSend", "OrderSend:0", "OrderSend:x", ":1", "OrderSend:1:behind"])
def test_anything_else_is_no_place(text: str) -> None:
    with pytest.raises(ValueError, match="--die-at"):
        Place.read(text)


def test_calls_count_from_when_a_text_has_come_in(
    built: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    terminal = SteppedTerminal(built("expert"), {"InpPlan": ""}, tmp_path)
    death = Death(Place.read("nowhere:1"), b"command")
    death.wait_in(terminal.terminal)
    try:
        terminal.start()
        terminal.advance(150)
        death.hear(b"comm")
        assert "passes" not in capfd.readouterr().err
        death.hear(b"and")
        terminal.advance(150)
        assert "passes Print\n" in capfd.readouterr().err
    finally:
        terminal.close()
