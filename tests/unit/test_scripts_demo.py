"""The demo's parts: the verdict on what was heard, processes that die or will not end, the end of patience."""

import importlib
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bridge.core.director.contract import EventClass, EventType, ExecutionEvent

ROOT = Path(__file__).resolve().parents[2]


class Parts:
    """The modules of scripts/demo_parts."""

    def __getattr__(self, name: str) -> Any:
        return importlib.import_module(f"demo_parts.{name}")


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Parts:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return Parts()


def hear(parts: Parts, play: Any, directive_id: str | None, *event_types: EventType) -> None:
    for event_type in event_types:
        event = ExecutionEvent(
            directive_id=directive_id,
            event_type=event_type,
            event_class=EventClass.INFO,
            occurred_at=datetime(2026, 1, 4, tzinfo=UTC),
            reported_by="eo",
        )
        play.emitted.append(parts.director.Emitted(msgspec.Raw(b"{}"), event))


@pytest.fixture
def play(parts: Parts) -> Any:
    act = parts.story.Act(
        directive_id="d",
        about="",
        directive={},
        expected=(EventType.DIRECTIVE_RECEIVED, EventType.ORDER_PLACED),
    )
    return parts.play.Play([act], [])


def test_what_is_missing_is_named(parts: Parts, play: Any) -> None:
    hear(parts, play, "d", EventType.DIRECTIVE_RECEIVED)
    assert not play.complete
    assert not play.surprised
    assert play.faults() == ["d: missing ORDER_PLACED"]


def test_exactly_what_was_expected_is_complete(parts: Parts, play: Any) -> None:
    hear(parts, play, "d", EventType.DIRECTIVE_RECEIVED, EventType.ORDER_PLACED)
    assert play.complete
    assert not play.surprised


@pytest.mark.parametrize(
    "heard",
    [
        [EventType.ORDER_PLACED, EventType.DIRECTIVE_RECEIVED],
        [EventType.DIRECTIVE_RECEIVED, EventType.ORDER_REJECTED],
        [EventType.DIRECTIVE_RECEIVED, EventType.ORDER_PLACED, EventType.ORDER_PLACED],
    ],
)
def test_another_order_or_an_event_too_many_is_a_surprise(
    parts: Parts, play: Any, heard: list[EventType]
) -> None:
    hear(parts, play, "d", *heard)
    assert play.surprised
    assert not play.complete
    assert play.faults() == [f"d: expected DIRECTIVE_RECEIVED, ORDER_PLACED; came: {', '.join(heard)}"]


def test_an_event_of_no_directive_is_a_surprise(parts: Parts, play: Any) -> None:
    hear(parts, play, "d", EventType.DIRECTIVE_RECEIVED, EventType.ORDER_PLACED)
    hear(parts, play, None, EventType.SYSTEM_ERROR)
    assert play.surprised
    assert play.faults() == ["not expected: SYSTEM_ERROR of no directive"]


def test_every_cue_of_the_story_comes(parts: Parts) -> None:
    story = parts.story
    coming = {story.Cue(act.directive_id, event_type) for act in story.ACTS for event_type in act.expected}
    given = [each.cue for each in (*story.ACTS, *story.MOVES) if each.cue is not None]
    assert len(given) == 9
    assert set(given) <= coming


def start(parts: Parts, monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> Any:
    """A process that runs `code` instead of the bridge."""
    monkeypatch.setattr(parts.process, "bridge_command", lambda *words: [sys.executable, *words])
    return parts.process.Process("child", ["-u", "-c", code], folder=folder, environ={}, ready="at (.*)")


def test_a_process_that_dies_early_shows_its_log(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    process = start(parts, monkeypatch, tmp_path, "print('no luck'); raise SystemExit(7)")
    with pytest.raises(parts.process.ProcessDiedError, match=r"child ended with exit status 7[^$]*no luck"):
        process.wait_until_ready(parts.patience.Patience(20))
    process.end()
    assert (tmp_path / "child.log").read_text().split() == ["no", "luck"]


def test_a_process_that_dies_late_is_noticed(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    process = start(parts, monkeypatch, tmp_path, "print('at home'); input()")
    assert process.wait_until_ready(parts.patience.Patience(20)) == "home"
    process._child.wait(20)
    with pytest.raises(parts.process.ProcessDiedError, match="EOFError"):
        process.check()
    process.end()


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_process_that_will_not_end_is_killed(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(parts.process, "END_S", 0.2)
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('at work'); time.sleep(60)"
    process = start(parts, monkeypatch, tmp_path, code)
    process.wait_until_ready(parts.patience.Patience(20))
    process.check()
    process.end()
    assert process._child.returncode == -signal.SIGKILL


def test_patience_ends_with_the_time(parts: Parts) -> None:
    with pytest.raises(parts.patience.TimeUpError, match="not done within 0 s"):
        parts.patience.Patience(0).left()
    assert parts.patience.Patience(60).moment() == parts.patience.LOOK_S


def test_patience_ends_with_a_signal_that_is_noted_not_raised(parts: Parts) -> None:
    patience = parts.patience.Patience(60)
    before = signal.getsignal(signal.SIGINT)
    with patience.heeding_signals():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(parts.patience.InterruptedDemoError, match="SIGINT") as interrupted:
            patience.left()
    assert interrupted.value.status == 128 + signal.SIGINT
    assert signal.getsignal(signal.SIGINT) is before
