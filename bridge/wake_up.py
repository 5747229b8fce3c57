"""Wake-up of a task that otherwise waits until its next deadline."""

import asyncio

from bridge.core.units.clock import Clock


class WakeUp:
    """Auto-reset event for one waiter: `set` ends its present wait, or the next one at once."""

    def __init__(self) -> None:
        self._set = False
        self._waiter: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Wake the waiter."""
        self._set = True
        if self._waiter is not None:
            _end(self._waiter)

    async def wait(self, clock: Clock, at_most_s: float) -> None:
        """Return when the event is set or the time is over, and reset it."""
        if not self._set:
            waiter = self._waiter = asyncio.get_running_loop().create_future()
            over = asyncio.ensure_future(clock.sleep(at_most_s))
            # Of this wait alone: where it ends sooner, the sleep ends by a cancellation during the next one.
            over.add_done_callback(lambda _: _end(waiter))
            try:
                await waiter
            finally:
                self._waiter = None
                over.cancel()
        self._set = False


def _end(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
