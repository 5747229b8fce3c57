"""WakeUp: it wakes a waiting task at once, or ends the next wait at once."""

import asyncio

from bridge.wake_up import WakeUp

from .clock import ManualClock
from .harness import eventually


async def test_set_wakes_a_waiting_task_without_delay() -> None:
    wake_up, clock = WakeUp(), ManualClock()
    sleeping = asyncio.create_task(wake_up.wait(clock, 100))
    await clock.asleep()
    wake_up.set()
    await eventually(sleeping.done)
    assert clock.monotonic() == 0


async def test_set_without_a_waiting_task_ends_the_next_wait_once() -> None:
    wake_up, clock = WakeUp(), ManualClock()
    wake_up.set()
    wake_up.set()
    await wake_up.wait(clock, 100)
    sleeping = asyncio.create_task(wake_up.wait(clock, 50))
    await eventually(lambda: clock.waits == [50])
    assert not sleeping.done()
    clock.advance(50)
    await eventually(sleeping.done)


async def test_wait_after_a_set_lasts_until_its_own_timeout() -> None:
    wake_up, clock = WakeUp(), ManualClock()
    first = asyncio.create_task(wake_up.wait(clock, 100))
    await clock.asleep()
    wake_up.set()
    await first
    second = asyncio.create_task(wake_up.wait(clock, 50))
    await eventually(lambda: clock.waits == [50])
    for _ in range(10):
        await asyncio.sleep(0)
    assert not second.done()
    clock.advance(50)
    await eventually(second.done)


async def test_wait_without_set_ends_after_its_timeout() -> None:
    wake_up, clock = WakeUp(), ManualClock()
    sleeping = asyncio.create_task(wake_up.wait(clock, 5))
    assert await clock.asleep() == [5]
    clock.advance(4.999)
    await eventually(lambda: clock.waits == [0.001])
    assert not sleeping.done()
    clock.advance(0.001)
    await eventually(sleeping.done)
