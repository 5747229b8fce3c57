"""Report of a clock that cannot be trusted, to the log and the Director: once for each time that it goes wrong."""

from functools import partial

from bridge.journal.database.errors import JournalUnavailableError
from bridge.journal.journal import Journal
from bridge.log_codes import LogCode
from bridge.sidecar.runtime import Runtime

STORE_AGAIN_S = 5.0
"""Seconds between attempts to store the event."""


class ClockReport:
    """Looks at the clock, and reports it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._reported = False
        self._trouble = ""
        """Id of the clock's present trouble; empty where there is none."""
        self._tried = runtime.clock.monotonic()
        """Time of the last attempt to store it."""

    async def look(self) -> None:
        """Report the clock where it cannot be trusted, and that is not reported yet."""
        runtime = self._runtime
        if runtime.watch.trusted or self._reported:
            self._reported = not runtime.watch.trusted
            self._trouble = self._trouble if self._reported else ""
            return
        first, monotonic = not self._trouble, runtime.clock.monotonic()
        now, reason = runtime.now(), runtime.watch.trouble
        if first:
            self._trouble = self._runtime.occurrence_id()
            runtime.log.error(LogCode.CLOCK_UNTRUSTED, reason=reason)
        elif monotonic - self._tried < STORE_AGAIN_S:
            return
        self._tried = monotonic
        subject = f"clock:{self._trouble}"
        for officer in runtime.settings.officers:

            def emit(journal: Journal, officer: str) -> None:
                journal.emit_trouble(officer, "CLOCK", reason, subject, now)

            try:
                await runtime.step(partial(emit, officer=officer.id))
            except JournalUnavailableError as error:
                if first:
                    runtime.log.error(LogCode.CLOCK_TROUBLE_NOT_STORED, error=str(error))
                return
        self._reported = True
