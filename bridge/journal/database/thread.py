"""The journal off the event loop: one thread, one step after the other.

Steps that wait behind a running one share its commit, so that the disk is synced once for all of them. What a step
returns reaches its caller after that commit. A submitted step finishes even where its caller is cancelled: a commit
whose result nobody waits for must not be interrupted.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

GROUP_S: Final = 0.02
"""Seconds of work after which no further step joins a commit: the first one waits for the last."""


class _Submitted(Generic[T]):
    """A step that was submitted, and its outcome."""

    def __init__(self, step: Callable[[], T], *, alone: bool) -> None:
        self.loop = asyncio.get_running_loop()
        self.result: asyncio.Future[T] = self.loop.create_future()
        self.alone = alone
        self._step = step
        self._set: Callable[[], object] = self.result.cancel

    def perform(self) -> None:
        """Run the step and keep what it returned or raised."""
        try:
            result = self._step()
        except BaseException as error:
            self.fail(error)
        else:
            self._set = lambda: self.result.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Keep the error as the outcome."""
        if isinstance(error, StopIteration):
            # A future takes none, and its caller would wait for ever.
            stopped, error = error, RuntimeError("the step raised StopIteration")
            error.__cause__ = stopped
        self._set = partial(self.result.set_exception, error)

    def publish(self) -> None:
        """Give the outcome to the caller, unless that was cancelled. For the event loop."""
        if not self.result.done():
            self._set()


class JournalThread:
    """Runs the steps of a journal in their own thread, in the order of their submission. For one event loop."""

    def __init__(
        self,
        together: Callable[[], AbstractContextManager[None]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`together`: context in which steps share a commit; it raises where that fails. `monotonic`: seconds."""
        self._together = together
        self._monotonic = monotonic
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._lock = threading.Lock()
        """Held while steps are taken, and while some are gathered."""
        self._waiting: deque[_Submitted[Any]] = deque()
        self._scheduled = False
        """True while the executor has a job that has not begun: it will find what waits."""
        self._done: deque[Sequence[_Submitted[Any]]] = deque()
        """Groups that are committed, in order, whose callers do not know it yet."""
        self._closed = False

    def submit(self, step: Callable[[], T], *, alone: bool = False) -> asyncio.Future[T]:
        """Let the step run in its turn. Return its outcome; cancelling that does not stop the step.

        It runs once more where a commit failed that it shared with others. `alone`: it shares none, because it
        takes long or must not run twice. Raises RuntimeError after `close`.
        """
        if self._closed:
            raise RuntimeError("the journal's thread is closed")
        submitted = _Submitted(step, alone=alone)
        self._waiting.append(submitted)
        if not self._scheduled:
            self._scheduled = True
            submitted.loop.run_in_executor(self._executor, self._serve).add_done_callback(self._publish)
        return submitted.result

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Let none of the steps that the body submits begin before its end, so that they share a commit."""
        with self._lock:
            yield

    async def run(self, step: Callable[[], T], *, alone: bool = False) -> T:
        """Submit the step and return its result, or raise what it raised."""
        return await self.submit(step, alone=alone)

    def close(self) -> None:
        """Wait for the steps that were submitted. No further one can be."""
        self._closed = True
        self._executor.shutdown(wait=True)

    def _serve(self) -> None:
        """Run what waits, group by group. The end of the job publishes the last group: one wake-up of the loop."""
        self._scheduled = False
        loop: asyncio.AbstractEventLoop | None = None
        while (first := self._take(joining=False)) is not None:
            if loop is not None:
                with suppress(RuntimeError):
                    # The loop is closed: nobody waits any more.
                    loop.call_soon_threadsafe(self._publish)
            loop, group = first.loop, [first]
            if first.alone:
                first.perform()
            else:
                self._commit(group, joined=True)
            self._done.append(group)

    def _take(self, *, joining: bool) -> _Submitted[Any] | None:
        """Return the next step; None where none waits. `joining`: None too where none can join now."""
        with self._lock:
            if not self._waiting or (joining and self._waiting[0].alone):
                return None
            return self._waiting.popleft()

    def _commit(self, group: list[_Submitted[Any]], *, joined: bool) -> None:
        """Run the one step of the group and commit. `joined`: those that wait behind it join the group."""
        ends = self._monotonic() + GROUP_S
        try:
            with self._together():
                group[0].perform()
                while joined and self._monotonic() < ends and (step := self._take(joining=True)) is not None:
                    group.append(step)
                    step.perform()
        except BaseException as error:
            if len(group) == 1:
                group[0].fail(error)
                return
            # Nothing of the group is stored. One step may be the cause, and must not be the others'.
            for step in group:
                self._commit([step], joined=False)

    def _publish(self, _: object = None) -> None:
        """Give the callers the outcomes of every group that is committed, in order. For the event loop."""
        while self._done:
            for step in self._done.popleft():
                step.publish()
