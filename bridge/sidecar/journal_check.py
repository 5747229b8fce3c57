"""Check of the whole journal behind the start: a long one takes minutes, and its terminals do not wait for it."""

import asyncio
from pathlib import Path
from typing import Final

from bridge.journal.whole_check import Finding, JournalNotWholeError, Result, WholeCheck, find
from bridge.log_codes import LogCode
from bridge.sidecar.runtime import Runtime

CHECK_AGAIN_S: Final = 60.0
"""Seconds until a check is repeated that could not read the journal."""


class JournalCheck:
    """Checks the journal once. Where it is not whole the sidecar ends, as it would not have started."""

    def __init__(self, runtime: Runtime, path: Path | None) -> None:
        """`path` None: the journal was checked before the start."""
        self._runtime = runtime
        self._path = path

    async def run(self) -> None:
        """Check until there is a finding. Raises JournalNotWholeError."""
        if self._path is None:
            return
        log = self._runtime.log
        while True:
            found = await self._check(self._path)
            if found.result is Result.WHOLE:
                log.info(LogCode.JOURNAL_CHECKED)
                return
            if found.result is Result.DAMAGED:
                raise JournalNotWholeError(found.message)
            log.error(LogCode.JOURNAL_NOT_CHECKED, error=found.message)
            await self._runtime.clock.sleep(CHECK_AGAIN_S)

    async def _check(self, path: Path) -> Finding:
        loop = asyncio.get_running_loop()

        def progress(part: str) -> None:
            loop.call_soon_threadsafe(self._show, part)

        try:
            process = WholeCheck(path)
        except OSError:
            # No further process can be had: slower, and here.
            return await asyncio.to_thread(find, path, progress)
        try:
            return await asyncio.to_thread(process.follow, progress)
        finally:
            process.end()

    def _show(self, part: str) -> None:
        self._runtime.log.info(LogCode.JOURNAL_CHECKING, part=part)
