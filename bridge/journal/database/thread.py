"""The journal off the event loop: one thread, one step after the other.

A submitted step finishes even where its caller is cancelled: a commit whose result nobody waits for must not be
interrupted.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class JournalThread:
    """Runs the steps of a journal in their own thread, in the order of their submission."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    async def run(self, step: Callable[[], T]) -> T:
        """Return the step's result, or raise what it raised. Cancelling the caller does not stop the step."""
        outcome: Future[T] = Future()
        done = asyncio.get_running_loop().run_in_executor(self._executor, _perform, step, outcome)
        await asyncio.shield(done)
        return outcome.result()

    def close(self) -> None:
        """Wait for the steps that were submitted."""
        self._executor.shutdown(wait=True)


def _perform(step: Callable[[], T], outcome: Future[T]) -> None:
    """Keep the error of the step in its outcome: a caller that was cancelled does not ask for it."""
    try:
        outcome.set_result(step())
    except BaseException as error:
        outcome.set_exception(error)
