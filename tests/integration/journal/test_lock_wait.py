"""Waiting for another program's lock: as long as a step may wait, and no longer than another thread allows."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from bridge.journal.database.errors import JournalUnavailableError
from bridge.journal.database.lock_wait import LockWait
from bridge.journal.journal import Journal

from .bench import NOW, OFFICER, JournalBench, settings


@pytest.fixture
def locked(bench: JournalBench) -> Iterator[sqlite3.Connection]:
    """Another connection that holds the lock for writing."""
    with closing(sqlite3.connect(bench.path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


class Clock:
    """Monotonic clock that advances with each reading."""

    def __init__(self, step_s: float) -> None:
        self.step_s = step_s
        self.readings = 0

    def __call__(self) -> float:
        self.readings += 1
        return self.readings * self.step_s


def halting(bench: JournalBench, wait: LockWait) -> Callable[[], object]:
    """Return a step of a journal that waits so."""
    journal = Journal(bench.connection, settings(), wait=wait)
    return lambda: journal.halt(OFFICER, NOW, symbol="", why="")


def test_step_fails_once_its_time_is_over(bench: JournalBench, locked: sqlite3.Connection) -> None:
    clock = Clock(10.0)
    with pytest.raises(JournalUnavailableError, match="database is locked"):
        halting(bench, LockWait(25.0, monotonic=clock))()
    # The beginning, and one reading after each of the three attempts.
    assert clock.readings == 4


def test_sidecar_waits_for_a_lock_half_a_minute_or_longer(
    bench: JournalBench, locked: sqlite3.Connection
) -> None:
    clock = Clock(29.0)
    with pytest.raises(JournalUnavailableError):
        halting(bench, LockWait(monotonic=clock))()
    assert clock.readings > 2


def test_step_is_carried_out_once_the_lock_is_free(bench: JournalBench, locked: sqlite3.Connection) -> None:
    clock = Clock(1.0)

    def monotonic() -> float:
        if clock.readings == 2:
            locked.execute("ROLLBACK")
        return clock()

    halting(bench, LockWait(60.0, monotonic=monotonic))()
    assert bench.rows("SELECT officer FROM halts") == [(OFFICER,)]


def test_error_that_is_no_lock_is_not_waited_for(bench: JournalBench) -> None:
    clock = Clock(1.0)
    bench.connection.execute("PRAGMA query_only = ON")
    with pytest.raises(JournalUnavailableError, match="readonly"):
        halting(bench, LockWait(60.0, monotonic=clock))()
    assert clock.readings == 2


def test_another_thread_sees_the_wait_and_ends_it(bench: JournalBench, locked: sqlite3.Connection) -> None:
    waited = threading.Event()
    failed: list[Exception] = []
    clock = Clock(0.001)

    def monotonic() -> float:
        if clock.readings > 1:
            waited.set()
        return clock()

    wait = LockWait(1e9, monotonic=monotonic)
    step = halting(bench, wait)

    def work() -> None:
        try:
            step()
        except JournalUnavailableError as error:
            failed.append(error)

    # The bench's connection was made for any thread.
    thread = threading.Thread(target=work)
    thread.start()
    assert waited.wait(20.0)
    wait.end_within(0.0)
    thread.join(20.0)
    assert not thread.is_alive()
    assert len(failed) == 1
    assert wait.waiting_s == 0.0
    # Later work is tried once.
    readings = clock.readings
    with pytest.raises(JournalUnavailableError):
        step()
    assert clock.readings == readings + 2
