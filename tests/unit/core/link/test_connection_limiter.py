"""Connection limiter of the link: room and time in each stage, and what peers without a session may send."""

import pytest

from bridge.core.link.connection_limiter import (
    FRAME_BYTES,
    LEAST,
    RESERVED,
    ConnectionLimits,
    LinkLimiter,
    Stage,
    StageLimit,
)
from bridge.core.link.cut_reasons import CutReason

HERE, THERE = "127.0.0.1", "127.0.0.2"
LIMITS = ConnectionLimits(
    greeting=StageLimit(4, 3, 5.0, 1.0),
    unproved=StageLimit(2, 2, 30.0, 2.0),
    unproved_bytes_s=10_000,
    burst_bytes=1000,
    unproved_held=5000,
    proved_held=50_000,
)
ADMITTED = (None, None)


@pytest.fixture
def limiter() -> LinkLimiter:
    return LinkLimiter(LIMITS, 0.0)


def unproved(limiter: LinkLimiter, number: int, now: float = 0.0) -> None:
    assert limiter.accept(number, HERE, now) == ADMITTED
    assert limiter.greeted(number, now) == ADMITTED


def test_young_connection_is_not_displaced_and_the_new_one_is_refused(limiter: LinkLimiter) -> None:
    for number in range(3):
        assert limiter.accept(number, HERE, 0.0) == ADMITTED
    assert limiter.accept(3, HERE, 0.9) == (CutReason.TOO_MANY_OF_ADDRESS, None)
    assert limiter.count(Stage.GREETING) == 3


def test_oldest_connection_of_the_address_makes_room(limiter: LinkLimiter) -> None:
    assert limiter.accept(9, THERE, 0.0) == ADMITTED
    for number in range(3):
        assert limiter.accept(number, HERE, 0.1 * number) == ADMITTED
    assert limiter.accept(3, HERE, 1.5) == (None, 0)


def test_one_address_cannot_take_all_the_room(limiter: LinkLimiter) -> None:
    for number in range(3):
        limiter.accept(number, HERE, 0.0)
    assert limiter.accept(3, HERE, 0.0).refused is CutReason.TOO_MANY_OF_ADDRESS
    assert limiter.accept(4, THERE, 0.0) == ADMITTED


def test_all_the_room_is_bounded_over_all_addresses(limiter: LinkLimiter) -> None:
    for number in range(4):
        assert limiter.accept(number, f"127.0.0.{number}", 0.0) == ADMITTED
    assert limiter.accept(4, "127.0.0.9", 0.0) == (CutReason.TOO_MANY, None)
    assert limiter.accept(5, "127.0.0.9", 1.0) == (None, 0)


def test_handshakes_without_end_do_not_displace_who_just_ended_its_own(limiter: LinkLimiter) -> None:
    unproved(limiter, 1)
    unproved(limiter, 2)
    limiter.accept(3, HERE, 1.0)
    assert limiter.greeted(3, 1.9) == (CutReason.TOO_MANY_OF_ADDRESS, None)
    assert limiter.greeted(3, 2.0) == (None, 1)


def test_connection_is_overdue_by_its_stage(limiter: LinkLimiter) -> None:
    limiter.accept(1, HERE, 0.0)
    unproved(limiter, 2)
    unproved(limiter, 3)
    limiter.set_proved({3}, 0.0)
    assert limiter.overdue(4.9) == []
    assert limiter.overdue(5.0) == [(1, CutReason.GREETING_LATE)]
    assert limiter.overdue(30.0) == [(1, CutReason.GREETING_LATE), (2, CutReason.UNPROVED_LATE)]


def test_proved_connection_takes_no_room_and_is_never_displaced(limiter: LinkLimiter) -> None:
    unproved(limiter, 1)
    limiter.set_proved({1}, 0.0)
    unproved(limiter, 2)
    unproved(limiter, 3)
    assert [limiter.count(stage) for stage in Stage] == [0, 2, 1]
    limiter.accept(4, HERE, 9.0)
    assert limiter.greeted(4, 9.0).displaced == 2


def test_connection_whose_session_ended_has_its_time_again(limiter: LinkLimiter) -> None:
    unproved(limiter, 1)
    limiter.set_proved({1}, 1.0)
    limiter.set_proved(set(), 100.0)
    assert limiter.stage(1) is Stage.UNPROVED
    assert limiter.overdue(129.9) == []
    assert limiter.overdue(130.0) == [(1, CutReason.UNPROVED_LATE)]


def test_greeting_alone_proves_nothing(limiter: LinkLimiter) -> None:
    limiter.accept(1, HERE, 0.0)
    limiter.set_proved({1}, 0.0)
    assert limiter.stage(1) is Stage.GREETING


def test_unproved_peer_waits_after_its_burst_until_it_is_refilled(limiter: LinkLimiter) -> None:
    unproved(limiter, 1)
    limiter.received(1, 100, frames=1)
    assert limiter.may_send(1)
    limiter.received(1, 1000 - 100 - FRAME_BYTES)
    assert not limiter.may_send(1)
    limiter.refill(0.01)
    assert limiter.may_send(1)


def test_unproved_peers_divide_what_they_may_send(limiter: LinkLimiter) -> None:
    for number in (1, 2):
        unproved(limiter, number)
        limiter.received(number, 1000 + 4999)
    limiter.refill(0.9)
    assert not limiter.may_send(1)
    limiter.refill(1.1)
    assert limiter.may_send(1) and limiter.may_send(2)


def test_time_that_passes_saves_no_more_than_a_burst(limiter: LinkLimiter) -> None:
    unproved(limiter, 1)
    limiter.refill(3600.0)
    limiter.received(1, 1000)
    assert not limiter.may_send(1)


def test_proved_peer_is_not_slowed_down(limiter: LinkLimiter) -> None:
    unproved(limiter, 1)
    limiter.received(1, 5000)
    limiter.set_proved({1}, 0.0)
    limiter.received(1, 10**9, frames=10**6)
    assert limiter.may_send(1)


@pytest.mark.parametrize(("proved", "most"), [(False, LIMITS.unproved_held), (True, LIMITS.proved_held)])
def test_bytes_held_of_a_peer_are_bounded(limiter: LinkLimiter, proved: bool, most: int) -> None:
    unproved(limiter, 1)
    limiter.set_proved({1} if proved else set(), 0.0)
    limiter.hold(1, most - 1)
    assert limiter.may_send(1)
    limiter.hold(1, 1)
    assert not limiter.may_send(1)
    limiter.hold(1, -1)
    assert limiter.may_send(1)


def test_unknown_connection_may_send_nothing(limiter: LinkLimiter) -> None:
    limiter.forget(7)
    limiter.hold(7, 10)
    limiter.received(7, 10)
    assert not limiter.may_send(7)


@pytest.mark.parametrize(
    ("descriptors", "most"),
    [(None, 64), (4096, 64), (1024, 64), (RESERVED + 4 * 20, 20), (RESERVED, LEAST), (64, LEAST)],
)
def test_limits_leave_descriptors_for_what_matters(descriptors: int | None, most: int) -> None:
    limits = ConnectionLimits.within(descriptors)
    assert (limits.greeting.most, limits.unproved.most) == (most, most)
    assert limits.greeting.most_of_address == most * 3 // 4
    if descriptors is not None and descriptors >= RESERVED + 4 * LEAST:
        assert limits.greeting.most + 3 * limits.unproved.most <= descriptors - RESERVED
