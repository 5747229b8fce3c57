"""Steps that wait behind a running one share its commit: one sync of the disk, and no error of one is another's."""

import asyncio
import itertools
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest

from bridge.journal.database import file
from bridge.journal.database.errors import JournalUnavailableError
from bridge.journal.database.thread import GROUP_S, JournalThread
from bridge.journal.operator.stop_requests import StopRequest

from .bench import OFFICER, JournalBench, directive
from .conftest import InstallHook
from .reports import scan

TIMEOUT_S = 20.0


def poison(bench: JournalBench, effect: str) -> None:
    """Let one directive have an effect, for an error of the database itself in the middle of a group."""
    bench.connection.execute(
        "CREATE TEMP TRIGGER poison BEFORE INSERT ON directives WHEN NEW.directive_id = 'dir-2'"
        f" BEGIN {effect}; END"
    )


def deferred_fault(bench: JournalBench) -> None:
    """Let the commit fail that stores dir-2: it checks a deferred foreign key, which that directive breaks."""
    bench.connection.execute("CREATE TEMP TABLE parent (id INTEGER PRIMARY KEY)")
    bench.connection.execute(
        "CREATE TEMP TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)"
    )
    poison(bench, "INSERT INTO child VALUES (7)")


@pytest.fixture
async def thread(bench: JournalBench) -> AsyncIterator[JournalThread]:
    # Time stands still, so that a busy machine does not end a group sooner.
    made = JournalThread(bench.journal.together, monotonic=lambda: 0.0)
    yield made
    made.close()


def taking(bench: JournalBench, directive_id: str) -> Callable[[], object]:
    return partial(bench.take, directive(directive_id))


async def behind_one_another(thread: JournalThread, *steps: Callable[[], object]) -> list[object]:
    """Submit the steps while the thread is occupied, so that they wait together. Return results and errors."""
    go = threading.Event()
    occupied = asyncio.create_task(thread.run(lambda: go.wait(TIMEOUT_S), alone=True))
    tasks = [asyncio.create_task(thread.run(step)) for step in steps]
    # Each task submits its step in its first turn.
    await asyncio.sleep(0)
    go.set()
    assert await occupied
    return await asyncio.gather(*tasks, return_exceptions=True)


def stored(bench: JournalBench) -> list[str]:
    """Return the directives that another connection sees: those that are committed."""
    with file.open_reader(bench.path) as reader:
        return [row[0] for row in reader.execute("SELECT directive_id FROM directives ORDER BY id")]


async def test_steps_that_wait_together_have_one_commit(bench: JournalBench, thread: JournalThread) -> None:
    statements: list[str] = []
    bench.connection.set_trace_callback(statements.append)
    await behind_one_another(thread, *(taking(bench, f"dir-{number}") for number in range(4)))
    bench.connection.set_trace_callback(None)
    assert stored(bench) == ["dir-0", "dir-1", "dir-2", "dir-3"]
    assert statements.count("COMMIT") == 1


async def test_commit_does_not_wait_for_more_than_a_time(bench: JournalBench) -> None:
    ticks = itertools.count()
    thread = JournalThread(bench.journal.together, monotonic=lambda: next(ticks) * GROUP_S / 2)
    statements: list[str] = []
    bench.connection.set_trace_callback(statements.append)
    await behind_one_another(thread, *(taking(bench, f"dir-{number}") for number in range(4)))
    bench.connection.set_trace_callback(None)
    thread.close()
    assert stored(bench) == ["dir-0", "dir-1", "dir-2", "dir-3"]
    assert statements.count("COMMIT") == 2


async def test_step_alone_has_a_commit_of_its_own(bench: JournalBench, thread: JournalThread) -> None:
    statements: list[str] = []
    bench.connection.set_trace_callback(statements.append)
    alone = asyncio.create_task(thread.run(taking(bench, "dir-1"), alone=True))
    behind = asyncio.create_task(thread.run(taking(bench, "dir-2")))
    await asyncio.gather(alone, behind)
    bench.connection.set_trace_callback(None)
    assert statements.count("COMMIT") == 2


async def test_no_result_is_returned_before_the_shared_commit(
    bench: JournalBench, thread: JournalThread, install_hook: InstallHook
) -> None:
    loop, seen = asyncio.get_running_loop(), list[list[str]]()
    passes = 0

    def hook(name: str) -> None:
        nonlocal passes
        passes += name == "journal.intake.before_commit"
        if passes == 2:
            # The first step of the group is done. The event loop has turns to return it, and must not.
            asyncio.run_coroutine_threadsafe(turns(), loop).result(TIMEOUT_S)
            assert not returned
            seen.append(stored(bench))
            passes += 1

    async def turns() -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    returned: list[object] = []

    async def take(directive_id: str) -> None:
        returned.append(await thread.run(taking(bench, directive_id)))

    install_hook(hook)
    go = threading.Event()
    occupied = asyncio.create_task(thread.run(lambda: go.wait(TIMEOUT_S), alone=True))
    tasks = [asyncio.create_task(take(f"dir-{number}")) for number in range(2)]
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(occupied, *tasks)
    assert seen == [[]]
    assert len(returned) == 2
    assert stored(bench) == ["dir-0", "dir-1"]


@pytest.mark.parametrize("reaction", ["ABORT", "ROLLBACK"])
async def test_failing_step_takes_none_of_the_others_with_it(
    bench: JournalBench, thread: JournalThread, reaction: str
) -> None:
    # With ROLLBACK, SQLite ends the whole transaction by itself, as it does on a full disk.
    poison(bench, f"SELECT RAISE({reaction}, 'no')")
    half_way = partial(bench.take, directive("dir-4"), directive("dir-2"))
    results = await behind_one_another(thread, taking(bench, "dir-1"), half_way, taking(bench, "dir-3"))
    assert [isinstance(result, JournalUnavailableError) for result in results] == [False, True, False]
    assert stored(bench) == ["dir-1", "dir-3"]
    assert bench.chain_break() == ""


async def test_step_that_cannot_be_undone_alone_is_not_stored_with_the_others(
    bench: JournalBench, thread: JournalThread
) -> None:
    # Going back to the savepoint fails, as it may on a defective disk. The transaction itself can be undone.
    poison(bench, "SELECT RAISE(ABORT, 'no')")

    def authorize(action: int, operation: str | None, *_: str | None) -> int:
        denied = action == sqlite3.SQLITE_SAVEPOINT and operation == "ROLLBACK"
        return sqlite3.SQLITE_DENY if denied else sqlite3.SQLITE_OK

    bench.connection.set_authorizer(authorize)
    half_way = partial(bench.take, directive("dir-4"), directive("dir-2"))
    results = await behind_one_another(thread, taking(bench, "dir-1"), half_way, taking(bench, "dir-3"))
    bench.connection.set_authorizer(None)
    assert [isinstance(result, JournalUnavailableError) for result in results] == [False, True, False]
    assert stored(bench) == ["dir-1", "dir-3"]
    assert bench.chain_break() == ""


async def test_commit_that_fails_is_repeated_for_each_step_alone(
    bench: JournalBench, thread: JournalThread
) -> None:
    deferred_fault(bench)
    results = await behind_one_another(thread, *(taking(bench, f"dir-{number}") for number in (1, 2, 3)))
    assert [isinstance(result, JournalUnavailableError) for result in results] == [False, True, False]
    assert stored(bench) == ["dir-1", "dir-3"]


async def test_step_that_waits_behind_a_failed_commit_joins_none_of_its_steps(bench: JournalBench) -> None:
    # The time of the first group is over before the third step, and no time passes after that.
    times = itertools.chain([0.0, 0.0], itertools.repeat(1.0))
    thread = JournalThread(bench.journal.together, monotonic=lambda: next(times))
    deferred_fault(bench)
    async with asyncio.timeout(TIMEOUT_S):
        results = await behind_one_another(thread, *(taking(bench, f"dir-{number}") for number in (1, 2, 3)))
    thread.close()
    assert [isinstance(result, JournalUnavailableError) for result in results] == [False, True, False]
    assert stored(bench) == ["dir-1", "dir-3"]


def test_scan_counts_once_it_is_committed(bench: JournalBench) -> None:
    bench.join()
    deferred_fault(bench)
    bench.connection.execute(
        "CREATE TEMP TRIGGER lost BEFORE UPDATE ON officers BEGIN INSERT INTO child VALUES (7); END"
    )
    with pytest.raises(JournalUnavailableError):
        bench.report(scan(1))
    assert not bench.journal.has_scanned(OFFICER)
    bench.connection.execute("DROP TRIGGER lost")
    bench.report(scan(1))
    assert bench.journal.has_scanned(OFFICER)


def test_stop_request_waits_until_its_commit_has_succeeded(bench: JournalBench) -> None:
    halt = StopRequest(OFFICER, bench.now, why="test")
    bench.journal.stops.accept([halt])
    deferred_fault(bench)
    with pytest.raises(JournalUnavailableError):
        bench.take(directive("dir-2"))
    assert (bench.journal.stops.waiting, halt.stored) == ((halt,), None)
    bench.take(directive("dir-3"))
    assert bench.journal.stops.waiting == ()


async def test_stop_request_between_two_steps_of_a_commit_holds_for_the_second(
    bench: JournalBench, thread: JournalThread, install_hook: InstallHook
) -> None:
    bench.join()
    bench.planned(directive())
    halt = StopRequest(OFFICER, bench.now, why="test")

    def hook(name: str) -> None:
        if name == "journal.intake.before_commit" and not bench.journal.stops.waiting:
            bench.journal.stops.accept([halt])

    install_hook(hook)
    _, sent, again = await behind_one_another(
        thread, taking(bench, "dir-2"), bench.advance, taking(bench, "dir-3")
    )
    assert sent == []
    assert not isinstance(again, Exception)
    assert bench.journal.stops.waiting == ()
    assert halt.stored is not None
    assert bench.rows("SELECT count(*) FROM audit WHERE kind = 'operator'") == [(1,)]


async def test_events_are_unseen_until_the_outbox_is_looked_into(
    bench: JournalBench, thread: JournalThread
) -> None:
    await behind_one_another(thread, taking(bench, "dir-1"), bench.due)
    assert not bench.journal.has_unseen_events
    await behind_one_another(thread, taking(bench, "dir-2"), bench.due, taking(bench, "dir-3"))
    assert bench.journal.has_unseen_events


async def test_read_after_a_step_of_the_same_commit_sees_it_and_fails_with_it(
    bench: JournalBench, thread: JournalThread
) -> None:
    _, due = await behind_one_another(thread, taking(bench, "dir-1"), bench.due)
    assert isinstance(due, list)
    assert [event.directive_id for event in due] == ["dir-1"]
