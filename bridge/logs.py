"""The log of every process: to stderr, for people on a terminal, as JSON lines for machines.

stdout is left to what a command answers. What libraries log through `logging` takes the same way.
"""

import logging
import os
import sys
from enum import StrEnum
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    10: "\\n",
    13: "\\r",
}


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
