"""Snapshot of the whole sidecar, taken where somebody looks: the journal is read in a thread of its own.

No worker waits for it. Whoever looks within KEEP_S gets the same one, so that no number of requests costs more than
one reading in that time.
"""

import asyncio
import copy
import os
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from bridge.core.settings import Settings
from bridge.journal.database.errors import JournalError
from bridge.sidecar.figures import Figures
from bridge.sidecar.live_status import LiveStatus
from bridge.sidecar.onlooker import Parts
from bridge.status.command_lines import CommandLines
from bridge.status.look import Look, with_journal
from bridge.status.overview import Report, report_of
from bridge.status.reading import connection_at
from bridge.web.history import History

T = TypeVar("T")

KEEP_S: Final = 1.0
"""Seconds for which a snapshot is used again."""


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes in bytes."""

    journal: int = 0
    wal: int = 0
    """The log beside the journal, whose content moves into it."""
    free: int = 0
    """Free room on the journal's disk."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """State of sidecar and journal as of one moment."""

    now_s: float
    """Seconds since 1970."""
    live: LiveStatus
    report: Report
    """The same as of `execution-officer status`."""
    overdue: list[str]
    """Workers that make no progress."""
    figures: Figures
    history: History
    files: Files
    journal_readable: bool


class Snapshots:
    """Takes snapshots."""

    def __init__(self, parts: Parts, journal: Path, lines: CommandLines) -> None:
        """`lines` makes the command lines in the remedies."""
        self._parts = parts
        self._journal = journal
        self._lines = lines
        self._history = History()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="web")
        self._lock = asyncio.Lock()
        self._last: Snapshot | None = None
        self._taken = 0.0
        """Time of the last one, on the monotonic clock."""

    async def begin(self) -> None:
        """Begin to count what the journal gets from now on."""
        await self.in_thread(self._begin)

    async def take(self) -> Snapshot:
        """Return the present state, at most KEEP_S old."""
        clock = self._parts.runtime.clock
        async with self._lock:
            if self._last is None or clock.monotonic() - self._taken >= KEEP_S:
                live, overdue = self._parts.status.read(), list(self._parts.watch.overdue)
                figures = copy.deepcopy(self._parts.runtime.figures)
                self._last = await self.in_thread(partial(self._take, live, overdue, figures))
                self._taken = clock.monotonic()
            return self._last

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Return the result of work that only reads, done beside the workers."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """End the thread, after a reading that is under way."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    @property
    def settings(self) -> Settings:
        """Configuration of the sidecar."""
        return self._parts.runtime.settings

    def _begin(self) -> None:
        with suppress(JournalError), connection_at(self._journal) as connection:
            self._history.begin(connection)

    def _take(self, live: LiveStatus, overdue: list[str], figures: Figures) -> Snapshot:
        now = self._parts.runtime.clock.now()
        look = with_journal(Look(sidecar=live), self._journal, self.settings, now)
        readable = look.journal is not None
        try:
            with connection_at(self._journal) as connection:
                self._history.read(connection)
        except (JournalError, sqlite3.Error):
            readable = False
        return Snapshot(
            now_s=now.timestamp(),
            live=live,
            report=report_of(look, self.settings, self._lines),
            overdue=overdue,
            figures=figures,
            history=copy.deepcopy(self._history),
            files=_files(self._journal),
            journal_readable=readable,
        )


def _files(journal: Path) -> Files:
    """Return the sizes; 0 for a file that is not there."""
    return Files(
        journal=_size(journal),
        wal=_size(journal.with_name(f"{journal.name}-wal")),
        free=_free(journal.parent),
    )


def _size(path: Path) -> int:
    # Never opened: closing a descriptor of the journal would release SQLite's locks of this process.
    with suppress(OSError):
        return os.stat(path).st_size
    return 0


def _free(folder: Path) -> int:
    with suppress(OSError):
        return shutil.disk_usage(folder).free
    return 0
