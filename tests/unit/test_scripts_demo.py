"""Modules of the demo: comparison of events, processes that die or do not end, the deadline."""

import importlib
import signal
import sys
from contextlib import nullcontext
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


def start(parts: Parts, monkeypatch: pytest.MonkeyPatch, folder: Path, code: str, **options: Any) -> Any:
    """Return a process that runs `code` instead of the bridge."""
    monkeypatch.setattr(parts.process, "bridge_command", lambda *words: [sys.executable, *words])
    words = ["-u", "-c", code]
    return parts.process.Process("child", words, folder=folder, environ={}, ready="at (.*)", **options)


UNTIL_REQUESTED = """
import pathlib, time
print("at work")
while not pathlib.Path("end").exists():
    time.sleep(0.01)
"""
"""A process that ends in order once there is a file: a request that every platform can deliver."""


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


def test_line_that_ends_as_on_windows_is_read_without_its_end(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = "import sys; sys.stdout.buffer.write(b'at home\\r\\n')"
    process = start(parts, monkeypatch, tmp_path, code)
    assert process.wait_until_ready(parts.deadline.Deadline(20)) == "home"
    process.end()


def test_process_that_does_not_end_on_request_is_killed(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    process = start(parts, monkeypatch, tmp_path, UNTIL_REQUESTED, request=lambda child: None, end_s=0.2)
    process.wait_until_ready(parts.deadline.Deadline(20))
    process.check()
    with pytest.raises(parts.process.ProcessDiedError, match=r"ended by force: it did not end within 0\.2 s"):
        process.end_in_order()
    assert process._child.returncode not in (None, 0)


@pytest.mark.parametrize(
    "error", [SystemError("returned a result with an exception set"), OSError("invalid")]
)
def test_process_that_no_request_reaches_is_killed_and_named(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception
) -> None:
    """Without a console Windows delivers no request, and Python raises one of these."""

    def request(child: object) -> None:
        raise error

    one, other = (start(parts, monkeypatch, tmp_path, UNTIL_REQUESTED, request=request) for _ in range(2))
    for process in (one, other):
        process.wait_until_ready(parts.deadline.Deadline(20))
    one.end()
    with pytest.raises(
        parts.process.ProcessDiedError, match=r"could not be requested to end \(.*(set|invalid)"
    ):
        other.end_in_order()
    assert None not in (one._child.returncode, other._child.returncode)


@pytest.mark.parametrize(("last", "says"), [("", ""), ("raise SystemExit(1)", "ended with exit status 1")])
def test_process_that_ends_on_request_is_judged_by_its_exit_status(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, last: str, says: str
) -> None:
    code = UNTIL_REQUESTED + last
    process = start(parts, monkeypatch, tmp_path, code, request=lambda child: (tmp_path / "end").touch())
    process.wait_until_ready(parts.deadline.Deadline(20))
    with pytest.raises(parts.process.ProcessDiedError, match=says) if says else nullcontext():
        process.end_in_order()


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_process_is_requested_to_end_by_a_signal(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(0)); print('at work'); time.sleep(60)"
    process = start(parts, monkeypatch, tmp_path, code)
    process.wait_until_ready(parts.deadline.Deadline(20))
    process.end_in_order()


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
