"""Log of what peers of the link and the event loop's errors cost: one record a minute of each kind."""

import asyncio
import errno
from collections import Counter
from collections.abc import Collection, Mapping

from bridge.core.link.cut_reasons import CutReason
from bridge.core.link.session import Sessions
from bridge.link_front.front import SWEEP_S
from bridge.sidecar.connection_watch import STILL_S, ConnectionWatch
from bridge.sidecar.counted_log import EVERY_S, CountedLog
from bridge.sidecar.loop_errors import LoopErrors
from bridge.wake_up import WakeUp

from .harness import OFFICER, Harness, at_work, eventually
from .terminal import KEY


class CutsOnly:
    """Limits of a link, without one."""

    def __init__(self) -> None:
        self.cuts: Counter[CutReason] = Counter()
        self.sweeps = 0
        self.proved: Collection[bytes] = ()
        self.still = True
        self.stirred = WakeUp()

    def set_proved(self, peers: Collection[bytes]) -> None:
        self.proved = peers

    def sweep(self) -> None:
        self.sweeps += 1


def cut_records(harness: Harness) -> list[Mapping[str, object]]:
    return [
        {key: records[key] for key in ("reason", "count")}
        for records in harness.records
        if records["code"] == "connections_cut"
    ]


async def test_cuts_are_logged_once_a_minute_for_each_reason_with_their_number(harness: Harness) -> None:
    link = CutsOnly()
    sessions = Sessions({OFFICER: KEY}, heartbeat_s=1.0, lost_after_s=15.0, nonce=lambda: "0" * 64)
    watch = ConnectionWatch(harness.runtime, link, sessions)
    watch.look()
    assert cut_records(harness) == []
    link.cuts[CutReason.TOO_MANY] += 3
    watch.look()
    for _ in range(1000):
        link.cuts[CutReason.TOO_MANY] += 1
        watch.look()
    link.cuts[CutReason.TOO_LONG] += 1
    watch.look()
    first = [{"reason": "too_many", "count": 3}, {"reason": "message_too_long", "count": 1}]
    assert cut_records(harness) == first
    harness.clock.advance(EVERY_S)
    watch.look()
    assert cut_records(harness) == [*first, {"reason": "too_many", "count": 1000}]
    harness.clock.advance(EVERY_S)
    watch.look()
    assert len(cut_records(harness)) == 3
    assert link.sweeps == 1005


async def test_limits_are_applied_seldom_until_a_stranger_connects_and_then_once_a_sweep(
    harness: Harness,
) -> None:
    link = CutsOnly()
    sessions = Sessions({OFFICER: KEY}, heartbeat_s=1.0, lost_after_s=15.0, nonce=lambda: "0" * 64)
    watch = ConnectionWatch(harness.runtime, link, sessions)
    async with at_work(asyncio.create_task(watch.run())):
        await eventually(lambda: harness.clock.waits == [STILL_S])
        link.still = False
        link.stirred.set()
        await eventually(lambda: harness.clock.waits == [SWEEP_S])
        link.stirred.set()
        assert link.sweeps == 1
        harness.clock.advance(SWEEP_S)
        await eventually(lambda: link.sweeps == 2)
        await eventually(lambda: harness.clock.waits == [SWEEP_S])


async def test_event_loops_errors_are_logged_once_a_minute_for_each_kind(harness: Harness) -> None:
    loop = asyncio.get_running_loop()
    handler = LoopErrors(harness.log, CountedLog(harness.clock.monotonic))
    loop.set_exception_handler(handler)
    for _ in range(500):
        error = OSError(errno.EMFILE, "Too many open files")
        loop.call_exception_handler({"message": "socket.accept() out of system resource", "exception": error})
    loop.call_exception_handler({"message": "another"})
    harness.clock.advance(EVERY_S)
    loop.call_exception_handler(
        {"message": "socket.accept() out of system resource", "exception": OSError(errno.EMFILE, "")}
    )
    loop.set_exception_handler(None)
    assert [(records["message"], records["count"]) for records in harness.records] == [
        ("socket.accept() out of system resource", 1),
        ("another", 1),
        ("socket.accept() out of system resource", 500),
    ]
