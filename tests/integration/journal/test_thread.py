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
    closed = threading.Event()
    ended_before = asyncio.create_task(thread.run(lambda: closed.wait(0.2), alone=True))
    waiting = asyncio.create_task(thread.run(lambda: bench.take(directive())))
    await asyncio.sleep(0)
    thread.close()
    closed.set()
    assert bench.rows("SELECT count(*) FROM directives") == [(1,)]
    assert not await ended_before
    assert (await waiting).new == 1


async def test_no_gathered_step_begins_before_the_last_is_submitted(thread: JournalThread) -> None:
    begun = threading.Event()
    with thread.gathering():
        submitted = thread.submit(begun.set)
        assert not begun.wait(0.05)
    await submitted
    assert begun.is_set()


async def test_nothing_can_be_submitted_after_the_close(bench: JournalBench) -> None:
    thread = JournalThread(bench.journal.together)
    await thread.run(lambda: None)
    thread.close()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="is closed"):
            await thread.run(lambda: None)


async def test_stop_iteration_of_a_step_is_an_error_for_its_caller_alone(thread: JournalThread) -> None:
    with thread.gathering():
        failing = thread.submit(lambda: next(iter(())))
        other = thread.submit(lambda: "done")
    with pytest.raises(RuntimeError, match="raised StopIteration"):
        await failing
    assert await other == "done"


async def test_results_reach_their_callers_in_the_order_of_the_steps(thread: JournalThread) -> None:
    known: list[str] = []
    begun = threading.Event()
    first = thread.submit(lambda: None)
    # The event loop has no turn before the third step runs: it learns of two jobs of the executor at once.
    thread._executor.submit(int).result(TIMEOUT_S)
    second, third = thread.submit(lambda: None, alone=True), thread.submit(begun.set, alone=True)
    assert begun.wait(TIMEOUT_S)
    for name, step in {"first": first, "second": second, "third": third}.items():
        step.add_done_callback(partial(_note, known, name))
    await asyncio.gather(first, second, third)
    assert known == ["first", "second", "third"]


def _note(known: list[str], name: str, _: object) -> None:
    known.append(name)
