"""Waiting for a lock that another program has on the journal's file.

SQLite itself waits for SLICE_MS only. A step is tried again for its time, so that the wait can be
ended from another thread: a sidecar that stops must not wait for minutes.
"""

import sqlite3
import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

SLICE_MS: Final = 100
"""Milliseconds for which SQLite itself waits for a lock."""
STEP_WAIT_S: Final = 60.0
"""Seconds for which a step of a running sidecar waits for a lock before it fails."""

_LOCKED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def is_locked(error: sqlite3.Error) -> bool:
    """Return True for the error of a lock that another connection holds."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _LOCKED


class LockWait:
    """Waits for locks. One thread waits; any thread may look at the wait, or limit it."""

    def __init__(
        self, limit_s: float = STEP_WAIT_S, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`limit_s`: seconds for which one piece of work is tried."""
        self._limit_s = limit_s
        self._monotonic = monotonic
        self._end = float("inf")
        """Time on the monotonic clock after which no work is tried again."""
        self._since: float | None = None

    @property
    def waiting_s(self) -> float:
        """Seconds for which the present work has waited for a lock; 0 while none waits."""
        since = self._since
        return 0.0 if since is None else self._monotonic() - since

    def end_within(self, seconds: float) -> None:
        """From now on no work waits longer than that from now; later work is tried once."""
        self._end = min(self._end, self._monotonic() + seconds)

    def attempt(self, work: Callable[[], T]) -> T:
        """Return what the work returns. It is tried again while the file is locked, and its last error is raised.

        `work` must have no effect where it raises the error of a lock.
        """
        began = self._monotonic()
        try:
            while True:
                try:
                    return work()
                except sqlite3.OperationalError as error:
                    now = self._monotonic()
                    if not is_locked(error) or now >= min(began + self._limit_s, self._end):
                        raise
                    self._since = began
        finally:
            self._since = None
