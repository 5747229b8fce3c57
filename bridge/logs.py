"""The log of every process: to stderr, for people on a terminal, as JSON lines for machines.

stdout is left to what a command answers. What libraries log through `logging` takes the same way.
"""

import logging
import os
import queue
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    10: "\\n",
    13: "\\r",
}

LINES_KEPT: Final = 10_000
"""Log lines that may wait for whoever reads them."""
FLUSH_S: Final = 2.0
"""How long the end waits until they are read."""


class LogLevel(StrEnum):
    """From what weight on something is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def set_up(
    level: LogLevel = LogLevel.INFO, *, json_lines: bool = False, stream: TextIO | None = None
) -> None:
    """Log to `stream` (default: stderr) from now on; an earlier set-up is replaced.

    JSON lines have `timestamp` (ISO 8601, UTC), `level`, `logger`, `event`, and the event's own fields. They
    are also what a stream that is no terminal gets.
    """
    target = sys.stderr if stream is None else stream
    on_terminal = target.isatty()
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
            foreign_pre_chain=shared,
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


class Writer:
    """The thread that writes the log."""

    def __init__(self, handlers: Sequence[logging.Handler]) -> None:
        self._handlers = handlers
        self.waiting: queue.Queue[logging.LogRecord | None] = queue.Queue(LINES_KEPT)
        # A daemon: where nobody reads, it never ends.
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    @property
    def stuck(self) -> bool:
        """True where the end came and lines still wait for a reader."""
        return self._thread.is_alive()

    def finish(self) -> None:
        """Wait until everything is written, for a while."""
        with suppress(queue.Full):
            self.waiting.put(None, timeout=FLUSH_S)
            self._thread.join(FLUSH_S)

    def _write(self) -> None:
        while (record := self.waiting.get()) is not None:
            for handler in self._handlers:
                handler.handle(record)


@contextmanager
def aside() -> Iterator[Writer]:
    """Write the log in a thread of its own for as long as the context lasts.

    Nobody may read the stream: a terminal that is paused, a pipe whose reader hangs, a console on Windows with a
    selection in it. Then lines are dropped once LINES_KEPT wait, and counted; what runs goes on.
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
    """Puts records where the writer finds them, and never waits."""

    def __init__(self, waiting: queue.Queue[logging.LogRecord | None]) -> None:
        super().__init__()
        self._waiting = waiting
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        if self._dropped and self._waiting.qsize() < LINES_KEPT - 1:
            dropped, self._dropped = self._dropped, 0
            lost = f"{dropped} log lines are lost: nobody read them"
            self._put(logging.LogRecord("bridge.logs", logging.WARNING, "", 0, lost, None, None))
        # What is logged by reference may be another thing by the time it is written.
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
    """The last processors. Neither kind shows the local variables of a traceback: they hold keys."""
    if as_json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    colors = on_terminal and "NO_COLOR" not in os.environ
    return [
        _without_controls,
        structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback),
    ]


def _without_controls(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Text from a peer must not move the cursor, or pass for a line of its own. JSON escapes by itself."""
    for key, value in event.items():
        if isinstance(value, str) and key != "stack":
            event[key] = value.translate(_CONTROLS)
    return event
