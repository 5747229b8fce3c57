"""The journal's thread: one step after the other, and a step that was submitted finishes."""

import asyncio
import threading
from collections.abc import AsyncIterator
from functools import partial

import pytest

from bridge.journal.database.errors import JournalUnavailableError
from bridge.journal.database.thread import JournalThread

from .desk import Desk, directive

PATIENCE_S = 20.0


@pytest.fixture
async def thread() -> AsyncIterator[JournalThread]:
    made = JournalThread()
    yield made
    made.close()


async def test_steps_run_in_the_order_of_their_submission_and_never_two_at_once(
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


async def test_a_cancelled_callers_step_still_commits_whole(desk: Desk, thread: JournalThread) -> None:
    begun, go = threading.Event(), threading.Event()

    def take() -> None:
        begun.set()
        assert go.wait(PATIENCE_S)
        desk.take(directive())

    caller = asyncio.create_task(thread.run(take))
    await asyncio.to_thread(begun.wait, PATIENCE_S)
    queued = asyncio.create_task(thread.run(lambda: desk.take(directive("dir-2"))))
    await asyncio.sleep(0)
    for task in (caller, queued):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    go.set()
    assert await thread.run(lambda: desk.rows("SELECT directive_id FROM directives ORDER BY id")) == [
        ("dir-1",),
        ("dir-2",),
    ]


async def test_an_error_reaches_the_caller_and_the_next_step_runs(desk: Desk, thread: JournalThread) -> None:
    desk.connection.execute("PRAGMA query_only = ON")
    with pytest.raises(JournalUnavailableError):
        await thread.run(lambda: desk.take(directive()))
    desk.connection.execute("PRAGMA query_only = OFF")
    assert (await thread.run(lambda: desk.take(directive()))).new == 1


async def test_closing_waits_for_what_was_submitted(desk: Desk) -> None:
    thread = JournalThread()
    caller = asyncio.create_task(thread.run(lambda: desk.take(directive())))
    await asyncio.sleep(0)
    thread.close()
    assert desk.rows("SELECT count(*) FROM directives") == [(1,)]
    await caller
