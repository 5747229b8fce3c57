"""The journal's thread: one step at a time, and a submitted step finishes."""

import asyncio
import threading
from collections.abc import AsyncIterator
from functools import partial

import pytest

from bridge.journal.database.errors import JournalUnavailableError
from bridge.journal.database.thread import JournalThread

from .bench import JournalBench, directive

TIMEOUT_S = 20.0


@pytest.fixture
async def thread(bench: JournalBench) -> AsyncIterator[JournalThread]:
    made = JournalThread(bench.journal.together)
    yield made
    made.close()


async def test_steps_run_one_at_a_time_in_the_order_of_submission(
    thread: JournalThread,
) -> None:
    done: list[int] = []
    running: set[int] = set()

    def step(number: int) -> int:
        running.add(number)
        assert len(running) == 1
        done.append(number)
        running.remove(number)
        return number

    results = await asyncio.gather(*(thread.run(partial(step, number)) for number in range(50)))
    assert results == done == list(range(50))


async def test_steps_run_off_the_event_loop_in_one_thread(thread: JournalThread) -> None:
    names = {await thread.run(lambda: threading.current_thread().name) for _ in range(3)}
    assert len(names) == 1
    assert threading.current_thread().name not in names


async def test_step_of_a_cancelled_caller_commits(bench: JournalBench, thread: JournalThread) -> None:
    begun, go = threading.Event(), threading.Event()

    def take() -> None:
        begun.set()
        assert go.wait(TIMEOUT_S)
        bench.take(directive())

    caller = asyncio.create_task(thread.run(take))
    await asyncio.to_thread(begun.wait, TIMEOUT_S)
    queued = asyncio.create_task(thread.run(lambda: bench.take(directive("dir-2"))))
    await asyncio.sleep(0)
    for task in (caller, queued):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    go.set()
    assert await thread.run(lambda: bench.rows("SELECT directive_id FROM directives ORDER BY id")) == [
        ("dir-1",),
        ("dir-2",),
    ]


async def test_error_reaches_the_caller_and_the_next_step_runs(
    bench: JournalBench, thread: JournalThread
) -> None:
    bench.connection.execute("PRAGMA query_only = ON")
    with pytest.raises(JournalUnavailableError):
        await thread.run(lambda: bench.take(directive()))
    bench.connection.execute("PRAGMA query_only = OFF")
    assert (await thread.run(lambda: bench.take(directive()))).new == 1


async def test_close_waits_for_submitted_steps(bench: JournalBench) -> None:
    thread = JournalThread(bench.journal.together)
    caller = asyncio.create_task(thread.run(lambda: bench.take(directive())))
    await asyncio.sleep(0)
    thread.close()
    assert bench.rows("SELECT count(*) FROM directives") == [(1,)]
    await caller
