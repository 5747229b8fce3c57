"""Log of every process: to stderr, as text on a terminal and as JSON lines elsewhere.

stdout is kept for a command's answer. Records that libraries log through `logging` go the same way. This package
logs through `EventLog` alone, which takes members of `LogCode` and nothing else.
"""

import logging
import os
import queue
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, Self, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bridge.console import is_console
from bridge.log_codes import LogCode, LogLevel

_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    10: "\\n",
    13: "\\r",
}

LINES_KEPT: Final = 10_000
"""Most log lines that wait to be written; further ones are dropped and counted."""
FLUSH_S: Final = 2.0
"""Seconds that the end of a process waits for the log to be written."""


class EventLog:
    """Logger of coded events: each record has `event`, `code` and the fields that are given."""

    def __init__(self, logger: structlog.stdlib.BoundLogger) -> None:
        self._logger = logger

    @classmethod
    def named(cls, name: str) -> Self:
        """Logger with this name. It follows `set_up`, also when made before."""
        return cls(structlog.stdlib.get_logger(name))

    def bind(self, **fields: object) -> "EventLog":
        """Logger that adds these fields to each record."""
        return EventLog(self._logger.bind(**fields))

    def debug(self, code: LogCode, **fields: object) -> None:
        """Log at level debug."""
        self._emit(logging.DEBUG, code, fields)

    def info(self, code: LogCode, **fields: object) -> None:
        """Log at level info."""
        self._emit(logging.INFO, code, fields)

    def warning(self, code: LogCode, **fields: object) -> None:
        """Log at level warning."""
        self._emit(logging.WARNING, code, fields)

    def repeated(self, code: LogCode, *, first: bool, **fields: object) -> None:
        """Log a failure that may last: a warning for the first of a row, level debug for the rest.

        An outage of days must not fill the disk.
        """
        self._emit(logging.WARNING if first else logging.DEBUG, code, fields)

    def error(self, code: LogCode, **fields: object) -> None:
        """Log at level error."""
        self._emit(logging.ERROR, code, fields)

    def exception(self, code: LogCode, **fields: object) -> None:
        """Log at level error, with the traceback of the exception that is being handled."""
        self._emit(logging.ERROR, code, {**fields, "exc_info": True})

    def critical(self, code: LogCode, **fields: object) -> None:
        """Log at level critical."""
        self._emit(logging.CRITICAL, code, fields)

    def _emit(self, level: int, code: str, fields: dict[str, object]) -> None:
        # The public methods' types say it already; this holds for callers that no type checker saw.
        if not isinstance(code, LogCode):
            raise TypeError(f"log code {code!r} is not registered; add it to bridge/log_codes.py")
        self._logger.log(level, code.event, code=code.value, **fields)


def set_up(
    level: LogLevel = LogLevel.INFO, *, json_lines: bool = False, stream: TextIO | None = None
) -> None:
    """Log to `stream` (default: stderr) from now on; an earlier set-up is replaced.

    JSON lines have `timestamp` (ISO 8601, UTC), `level`, `logger`, `event`, `code`, and the event's own fields;
    records of libraries have no `code`. A stream that is no terminal always gets JSON lines.
    """
    target = sys.stderr if stream is None else stream
    on_terminal = is_console(target)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        # Through `logging`, whose handlers survive a stream that is gone: a log must not end the bridge.
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(("code", "count"))],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(json_lines or not on_terminal, on_terminal),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Nothing is printed when a line cannot be written; there is nowhere to print it.
    logging.raiseExceptions = False


def mute(*names: str) -> None:
    """Log nothing of libraries with these loggers, nor of those below them: their lines have secrets."""
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class Writer:
    """Thread that writes the log."""

    def __init__(self, handlers: Sequence[logging.Handler]) -> None:
        self._handlers = handlers
        self.waiting: queue.Queue[logging.LogRecord | None] = queue.Queue(LINES_KEPT)
        # A daemon thread: it never ends when nothing reads the stream.
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    @property
    def stuck(self) -> bool:
        """True when lines still wait to be written after `finish`."""
        return self._thread.is_alive()

    def finish(self) -> None:
        """Wait up to FLUSH_S until everything is written."""
        with suppress(queue.Full):
            self.waiting.put(None, timeout=FLUSH_S)
            self._thread.join(FLUSH_S)

    def _write(self) -> None:
        while (record := self.waiting.get()) is not None:
            for handler in self._handlers:
                handler.handle(record)


@contextmanager
def aside() -> Iterator[Writer]:
    """Write the log in a separate thread for as long as the context lasts.

    The stream may have no reader: a terminal that is paused, a pipe whose reader hangs, a Windows console with a
    selection in it. Lines are then dropped and counted once LINES_KEPT wait; the program continues.
    """
    root = logging.getLogger()
    handlers = list(root.handlers)
    writer = Writer(handlers)
    root.handlers[:] = [_Waiting(writer.waiting)]
    try:
        yield writer
    finally:
        root.handlers[:] = handlers
        writer.finish()


class _Waiting(logging.Handler):
    """Handler that queues records for the writer and never blocks."""

    def __init__(self, waiting: queue.Queue[logging.LogRecord | None]) -> None:
        super().__init__()
        self._waiting = waiting
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        if self._dropped and self._waiting.qsize() < LINES_KEPT - 1:
            dropped, self._dropped = self._dropped, 0
            lost = logging.LogRecord(
                "bridge.logs", logging.WARNING, "", 0, LogCode.LOG_LINES_LOST.event, None, None
            )
            lost.__dict__.update(code=LogCode.LOG_LINES_LOST.value, count=dropped)
            self._put(lost)
        # Arguments that are logged by reference may have changed by the time the record is written.
        if not isinstance(record.msg, dict):
            record.msg, record.args = record.getMessage(), None
        elif record.msg.get("exc_info") is True:
            record.msg = {**record.msg, "exc_info": sys.exc_info()}
        self._put(record)

    def _put(self, record: logging.LogRecord) -> None:
        try:
            self._waiting.put_nowait(record)
        except queue.Full:
            self._dropped += 1


def _rendering(as_json: bool, on_terminal: bool) -> list[Processor]:
    """Return the last processors. Neither kind shows a traceback's local variables: these may hold keys."""
    if as_json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    colors = on_terminal and "NO_COLOR" not in os.environ
    return [
        _without_controls,
        structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback),
    ]


def _without_controls(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Escape control characters: a peer's text must not move the cursor or look like a line. JSON escapes."""
    for key, value in event.items():
        if isinstance(value, str) and key != "stack":
            event[key] = value.translate(_CONTROLS)
    return event
