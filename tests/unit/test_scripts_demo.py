"""Modules of the demo: comparison of events, processes that die or do not end, the deadline."""

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


def receive(parts: Parts, runner: Any, directive_id: str | None, *event_types: EventType) -> None:
    for event_type in event_types:
        event = ExecutionEvent(
            directive_id=directive_id,
            event_type=event_type,
            event_class=EventClass.INFO,
            occurred_at=datetime(2026, 1, 4, tzinfo=UTC),
            reported_by="eo",
        )
        runner.emitted.append(parts.director.Emitted(msgspec.Raw(b"{}"), event))


@pytest.fixture
def runner(parts: Parts) -> Any:
    case = parts.cases.Case(
        directive_id="d",
        about="",
        directive={},
        expected=(EventType.DIRECTIVE_RECEIVED, EventType.ORDER_PLACED),
    )
    return parts.runner.Runner([case], [])


def test_missing_event_is_named(parts: Parts, runner: Any) -> None:
    receive(parts, runner, "d", EventType.DIRECTIVE_RECEIVED)
    assert not runner.complete
    assert not runner.unexpected
    assert runner.faults() == ["d: missing ORDER_PLACED"]


def test_expected_events_are_complete(parts: Parts, runner: Any) -> None:
    receive(parts, runner, "d", EventType.DIRECTIVE_RECEIVED, EventType.ORDER_PLACED)
    assert runner.complete
    assert not runner.unexpected


@pytest.mark.parametrize(
    "received",
    [
        [EventType.ORDER_PLACED, EventType.DIRECTIVE_RECEIVED],
        [EventType.DIRECTIVE_RECEIVED, EventType.ORDER_REJECTED],
        [EventType.DIRECTIVE_RECEIVED, EventType.ORDER_PLACED, EventType.ORDER_PLACED],
    ],
)
def test_events_in_another_order_or_too_many_are_unexpected(
    parts: Parts, runner: Any, received: list[EventType]
) -> None:
    receive(parts, runner, "d", *received)
    assert runner.unexpected
    assert not runner.complete
    assert runner.faults() == [
        f"d: expected DIRECTIVE_RECEIVED, ORDER_PLACED; received: {', '.join(received)}"
    ]


def test_event_without_a_directive_is_unexpected(parts: Parts, runner: Any) -> None:
    receive(parts, runner, "d", EventType.DIRECTIVE_RECEIVED, EventType.ORDER_PLACED)
    receive(parts, runner, None, EventType.SYSTEM_ERROR)
    assert runner.unexpected
    assert runner.faults() == ["not expected: SYSTEM_ERROR of no directive"]


def test_every_trigger_is_an_expected_event(parts: Parts) -> None:
    cases = parts.cases
    expected = {cases.Trigger(case.directive_id, kind) for case in cases.CASES for kind in case.expected}
    given = [each.trigger for each in (*cases.CASES, *cases.QUOTE_CHANGES) if each.trigger is not None]
    assert len(given) == 9
    assert set(given) <= expected


def start(parts: Parts, monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> Any:
    """Return a process that runs `code` instead of the bridge."""
    monkeypatch.setattr(parts.process, "bridge_command", lambda *words: [sys.executable, *words])
    return parts.process.Process("child", ["-u", "-c", code], folder=folder, environ={}, ready="at (.*)")


def test_process_that_dies_before_it_is_ready_shows_its_log(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    process = start(parts, monkeypatch, tmp_path, "print('no luck'); raise SystemExit(7)")
    with pytest.raises(parts.process.ProcessDiedError, match=r"child ended with exit status 7[^$]*no luck"):
        process.wait_until_ready(parts.deadline.Deadline(20))
    process.end()
    assert (tmp_path / "child.log").read_text().split() == ["no", "luck"]


def test_process_that_dies_later_is_noticed(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    process = start(parts, monkeypatch, tmp_path, "print('at home'); input()")
    assert process.wait_until_ready(parts.deadline.Deadline(20)) == "home"
    process._child.wait(20)
    with pytest.raises(parts.process.ProcessDiedError, match="EOFError"):
        process.check()
    process.end()


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_process_that_ignores_the_request_to_end_is_killed(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(parts.process, "END_S", 0.2)
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('at work'); time.sleep(60)"
    process = start(parts, monkeypatch, tmp_path, code)
    process.wait_until_ready(parts.deadline.Deadline(20))
    process.check()
    process.end()
    assert process._child.returncode == -signal.SIGKILL


def test_deadline_ends_after_its_time(parts: Parts) -> None:
    with pytest.raises(parts.deadline.TimeUpError, match="not done within 0 s"):
        parts.deadline.Deadline(0).left()
    assert parts.deadline.Deadline(60).moment() == parts.deadline.LOOK_S


def test_deadline_ends_by_a_signal_that_is_noted_and_not_raised(parts: Parts) -> None:
    deadline = parts.deadline.Deadline(60)
    before = signal.getsignal(signal.SIGINT)
    with deadline.noting_signals():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(parts.deadline.InterruptedDemoError, match="SIGINT") as interrupted:
            deadline.left()
    assert interrupted.value.status == 128 + signal.SIGINT
    assert signal.getsignal(signal.SIGINT) is before
