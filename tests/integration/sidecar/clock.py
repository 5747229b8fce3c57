"""A clock that a test advances."""

import asyncio
from datetime import UTC, datetime, timedelta

TIMEOUT_S = 180.0
"""Seconds of real time after which a test fails that waits for something immediate."""


class ManualClock:
    """Clock (core.units.clock) whose time changes only by `advance`; a sleeper wakes when its time is reached."""

    def __init__(self) -> None:
        # Near the machine's own time, which a real Director's responses carry.
        self._start = datetime.now(UTC)
        self._seconds = 0.0
        self._sleepers: dict[asyncio.Future[None], float] = {}
        self._moved = asyncio.Event()
        self.most = 0
        """Largest number of simultaneous sleepers."""

    @property
    def waits(self) -> list[float]:
        """Remaining seconds of each sleeper, ascending."""
        return sorted(round(until - self._seconds, 6) for until in self._sleepers.values())

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    def jump(self, days: float) -> None:
        """Move the wall clock by that many days. The monotonic clock does not change."""
        self._start += timedelta(days=days)

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers[future] = self._seconds + seconds
        self.most = max(self.most, len(self._sleepers))
        self._moved.set()
        try:
            await future
        finally:
            self._sleepers.pop(future, None)

    def advance(self, seconds: float) -> None:
        """Let that many seconds pass, and wake each sleeper whose time is reached."""
        self._seconds = round(self._seconds + seconds, 6)
        for future, until in list(self._sleepers.items()):
            if until <= self._seconds + 1e-9 and not future.done():
                del self._sleepers[future]
                future.set_result(None)

    async def asleep(self, count: int = 1) -> list[float]:
        """Wait until there are that many sleepers; return `waits`."""
        async with asyncio.timeout(TIMEOUT_S):
            while len(self._sleepers) < count:
                self._moved.clear()
                await self._moved.wait()
        return self.waits
