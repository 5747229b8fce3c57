"""An event loop on simulated time, without sockets and threads: one for each life of the sidecar.

Work for an executor runs inline, at its turn: the jobs of an executor follow one another, and each takes a drawn
time, in which other tasks go on.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

from tests.simulation.schedule import US, Life, Schedule

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs the callbacks of one life. `job_us` draws the time until a job begins, and until its result is known."""

    def __init__(
        self,
        schedule: Schedule,
        life: Life,
        *,
        job_us: Callable[[], int],
        on_error: Callable[[dict[str, Any]], None],
    ) -> None:
        """`on_error` receives the context of each error that nothing has caught while the life lasts."""
        self._schedule = schedule
        self._life = life
        self._job_us = job_us
        self._free: dict[Executor | None, int] = {}
        """By executor, the time at which it is free."""
        # Last: it calls methods of this class.
        super().__init__()
        self.set_exception_handler(lambda _, context: on_error(context) if life.alive else None)

    def time(self) -> float:
        return self._schedule.now / US

    def is_running(self) -> bool:
        return True

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._schedule.after(0, self._life, lambda: self._run(handle))
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        # Never sooner than asked for: a timer that ends early would be waited for again, at the same instant.
        self._schedule.at(-int(-when * US // 1), self._life, lambda: self._run(handle))
        return handle

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        begin = max(self._schedule.now, self._free.get(executor, 0)) + self._job_us()
        end = begin + self._job_us()
        self._free[executor] = end

        def perform() -> None:
            # The job is done whether its caller still waits or not; the caller knows it later.
            done: asyncio.Future[T] = self.create_future()
            try:
                done.set_result(func(*args))
            except BaseException as error:
                done.set_exception(error)
            self._schedule.at(end, self._life, lambda: self._copy(done, future))

        self._schedule.at(begin, self._life, perform)
        return future

    def discard(self) -> None:
        """End every task where it is, as a kill does. The life must be over, and everything outside dead to it."""
        for task in asyncio.all_tasks(self):
            coroutine = task.get_coro()
            # A `finally` that awaits cannot go on: RuntimeError. Whatever else it raises nobody hears.
            with suppress(BaseException):
                if coroutine is not None:
                    coroutine.close()
        self.close()

    def close(self) -> None:
        self._closed = True

    def is_closed(self) -> bool:
        return not self._life.alive

    def _check_closed(self) -> None:
        """Allow everything: after a kill nothing is run any more, whoever asks for it."""

    def _copy(self, done: asyncio.Future[T], future: asyncio.Future[T]) -> None:
        if future.done():
            return
        error = done.exception()
        if error is None:
            future.set_result(done.result())
        else:
            future.set_exception(error)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Do nothing: a cancelled timer is passed over at its time."""

    def _run(self, handle: asyncio.Handle) -> None:
        if handle.cancelled():
            return
        asyncio._set_running_loop(self)
        try:
            handle._run()
        finally:
            asyncio._set_running_loop(None)
