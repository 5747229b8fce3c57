"""Errors of the event loop that no task raises, such as a failed accept: each is logged once a minute."""

import asyncio
from typing import Any

from bridge.log_codes import LogCode
from bridge.logs import EventLog
from bridge.sidecar.counted_log import CountedLog


class LoopErrors:
    """Exception handler of the event loop. asyncio's own one logs a traceback each time, thousands in a minute."""

    def __init__(self, log: EventLog, counted: CountedLog) -> None:
        self._log = log
        self._counted = counted

    def __call__(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        message = str(context.get("message", ""))
        if count := self._counted.note((message, type(error), getattr(error, "errno", None))):
            self._log.error(
                LogCode.EVENT_LOOP_ERROR,
                message=message,
                count=count,
                **({} if error is None else {"exc_info": error}),
            )
