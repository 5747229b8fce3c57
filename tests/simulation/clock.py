"""Clocks on simulated time."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.simulation.schedule import US, Schedule

START: Final = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
"""Beginning of simulated time: a Wednesday."""


class SimulatedClock:
    """Clock of one machine (`bridge.core.units.clock.Clock`). `ahead` is the error of its wall clock."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return START + timedelta(microseconds=self._schedule.now) + self.ahead

    def monotonic(self) -> float:
        return self._schedule.now / US

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 1e-6))
