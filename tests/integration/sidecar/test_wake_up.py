"""WakeUp: it wakes a waiting task at once, or ends the next wait at once."""

import asyncio

from bridge.sidecar.runtime import WakeUp

from .clock import ManualClock
from .harness import eventually


async def test_a_ring_wakes_the_sleeper_without_time_passing() -> None:
    wake_up, clock = WakeUp(), ManualClock()
    sleeping = asyncio.create_task(wake_up.wait(clock, 100))
    await clock.asleep()
    wake_up.set()
    await eventually(sleeping.done)
    assert clock.monotonic() == 0


async def test_a_ring_while_nobody_sleeps_is_not_lost_and_counts_once() -> None:
    wake_up, clock = WakeUp(), ManualClock()
    wake_up.set()
    wake_up.set()
    await wake_up.wait(clock, 100)
    sleeping = asyncio.create_task(wake_up.wait(clock, 50))
    await eventually(lambda: clock.waits == [50])
    assert not sleeping.done()
    clock.advance(50)
    await eventually(sleeping.done)


async def test_without_a_ring_the_sleeper_wakes_when_its_time_is_over() -> None:
    wake_up, clock = WakeUp(), ManualClock()
    sleeping = asyncio.create_task(wake_up.wait(clock, 5))
    assert await clock.asleep() == [5]
    clock.advance(4.999)
    await eventually(lambda: clock.waits == [0.001])
    assert not sleeping.done()
    clock.advance(0.001)
    await eventually(sleeping.done)
