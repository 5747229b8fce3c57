"""The log: JSON lines for machines, text for terminals, no secrets and no control characters in either."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TextIO, cast

import pytest
import structlog

from bridge.log_codes import LogLevel
from bridge.logs import LINES_KEPT, aside, set_up

SECRET = "-".join(["key", "of", "the", "director"])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    """Restore the logging set-up for other tests."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.raiseExceptions)
    configured = structlog.get_config()
    yield
    structlog.configure(**configured)
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    logging.raiseExceptions = before[2]


def fail_with_a_secret() -> None:
    held = SECRET  # noqa: F841 - a local variable that a traceback could show
    raise ValueError("no")


def test_log_to_a_stream_that_is_no_terminal_is_json_lines() -> None:
    stream = io.StringIO()
    set_up(stream=stream)
    structlog.get_logger("bridge.x").info("polled", officer="eo-001", count=2)
    line = json.loads(stream.getvalue())
    at = datetime.fromisoformat(line.pop("timestamp"))
    assert at.tzinfo == UTC
    assert line == {"level": "info", "logger": "bridge.x", "event": "polled", "officer": "eo-001", "count": 2}


def test_log_to_a_terminal_is_text_unless_json_is_requested() -> None:
    stream = Terminal()
    set_up(stream=stream)
    structlog.get_logger().info("polled")
    assert not stream.getvalue().startswith("{")
    assert "polled" in stream.getvalue()
    stream = Terminal()
    set_up(stream=stream, json_lines=True)
    structlog.get_logger().info("polled")
    assert json.loads(stream.getvalue())["event"] == "polled"


def test_no_color_variable_disables_colors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    set_up(stream=stream)
    structlog.get_logger().info("polled")
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(("level", "lines"), [(LogLevel.DEBUG, 4), (LogLevel.INFO, 3), (LogLevel.ERROR, 1)])
def test_records_below_the_level_are_dropped(level: LogLevel, lines: int) -> None:
    stream = io.StringIO()
    set_up(level, stream=stream)
    log = structlog.get_logger()
    log.debug("a")
    log.info("b")
    log.warning("c")
    log.error("d")
    assert len(stream.getvalue().splitlines()) == lines


def test_library_records_are_formatted_alike() -> None:
    stream = io.StringIO()
    set_up(stream=stream)
    logging.getLogger("asyncio").error("task %s failed", "poll")
    line = json.loads(stream.getvalue())
    assert (line["logger"], line["level"], line["event"]) == ("asyncio", "error", "task poll failed")


def test_second_set_up_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    log = structlog.get_logger()
    set_up(stream=first)
    log.info("a")
    set_up(stream=second)
    log.info("b")
    assert "b" not in first.getvalue()
    assert len(second.getvalue().splitlines()) == 1


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_traceback_shows_no_variables(stream: io.StringIO) -> None:
    set_up(stream=stream)
    try:
        fail_with_a_secret()
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "fail_with_a_secret" in stream.getvalue()
    assert SECRET not in stream.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_control_characters_from_a_peer_stay_on_one_line(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    set_up(stream=stream)
    structlog.get_logger().info("answered", said="a\nfaked line\r\x1b[2J\x9b2J")
    assert stream.getvalue().count("\n") == 1
    assert not {"\r", "\x1b", "\x9b"} & set(stream.getvalue())


def test_closed_log_stream_raises_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    set_up(stream=stream)
    stream.close()
    structlog.get_logger().info("polled")
    assert capsys.readouterr().err == ""


def test_log_is_written_to_stderr_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    set_up()
    structlog.get_logger().info("polled")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err)["event"] == "polled"
    assert sys.stderr is not None


class Unread:
    """A stream that accepts one line, and blocks the next until it is read."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.taken = threading.Event()
        self.flowing = threading.Event()
        self.read = threading.Event()
        self.complete = threading.Event()

    def write(self, text: str) -> int:
        self.lines.append(text)
        self.taken.set()
        if '"event": "last"' in text:
            self.complete.set()
        if len(self.lines) == 3:
            self.flowing.set()
        assert self.read.wait(60)
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False


def test_unread_log_blocks_nothing_and_reports_the_number_of_lost_lines() -> None:
    stream = Unread()
    set_up(stream=cast(TextIO, stream))
    log = structlog.get_logger("bridge.x")
    with aside() as writer:
        log.info("first")
        assert stream.taken.wait(60)
        for number in range(LINES_KEPT + 50):
            log.info("more", number=number)
        stream.read.set()
        assert stream.flowing.wait(60)
        log.info("last")
        # The end of a process waits for seconds only; a busy machine needs more for so many lines.
        assert stream.complete.wait(60)
    assert not writer.stuck
    records = [json.loads(line) for line in stream.lines]
    assert (records[-2]["code"], records[-2]["count"]) == ("log_lines_lost", 50)
    events = [record["event"] for record in records]
    assert len(events) == LINES_KEPT + 3
    assert events[-2:] == ["log lines lost", "last"]


def test_log_lines_are_written_in_order_and_completely_at_the_end() -> None:
    stream = io.StringIO()
    set_up(stream=stream)
    log = structlog.get_logger("bridge.x")
    seen: list[int] = [0]
    with aside():
        for number in range(200):
            log.info("counted", number=number)
        logging.getLogger("somebody.else").warning("held %s", seen)
        seen.append(1)
        try:
            fail_with_a_secret()
        except ValueError:
            log.exception("failed")
    *lines, foreign, failed = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["number"] for line in lines] == list(range(200))
    assert foreign["event"] == "held [0]"
    assert "ValueError: no" in failed["exception"]
    assert SECRET not in stream.getvalue()
