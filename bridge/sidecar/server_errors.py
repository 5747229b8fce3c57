"""Errors of an HTTP server: any program can cause one; each kind is logged once a minute."""

import logging
from collections.abc import Callable

from aiohttp.http_exceptions import HttpProcessingError

from bridge.log_codes import LogCode
from bridge.logs import EventLog
from bridge.sidecar.counted_log import CountedLog


class ServerErrors(logging.Handler):
    """Handler of what the server logs. It logs a traceback for each request that it cannot read."""

    def __init__(self, log: EventLog, counted: CountedLog, unreadable: Callable[..., None]) -> None:
        """`unreadable` logs, with these fields, a request that is none of HTTP."""
        super().__init__(logging.WARNING)
        self._unreadable = unreadable
        self._log = log
        self._counted = counted

    def logger(self) -> logging.Logger:
        """Return the logger for the server: its records come here and go nowhere else."""
        made = logging.Logger("bridge.sidecar.control", logging.WARNING)
        made.addHandler(self)
        return made

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record, and log it where its minute has come."""
        error = record.exc_info[1] if record.exc_info else None
        if not (count := self._counted.note((record.msg, type(error)))):
            return
        if isinstance(error, HttpProcessingError):
            self._unreadable(error=type(error).__name__, count=count)
        else:
            trace = {} if error is None else {"exc_info": error}
            self._log.error(LogCode.EVENT_LOOP_ERROR, message=record.getMessage(), count=count, **trace)
