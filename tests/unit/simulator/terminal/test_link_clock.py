"""The estimate of the sidecar's link clock."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.simulator.terminal.link_clock import SLACK_PPM, LinkClock


def test_clock_starts_at_the_welcome_and_advances_without_heartbeats() -> None:
    clock = LinkClock(5_000)
    assert clock.now(5_000) == 0
    assert clock.now(6_000) in (999, 1_000)


def test_heartbeat_advances_the_clock() -> None:
    clock = LinkClock(0)
    clock.heartbeat(1_500, 1_000)
    assert clock.now(1_000) == 1_500


def test_heartbeat_buffered_during_a_stall_sets_nothing_back() -> None:
    clock = LinkClock(0)
    clock.heartbeat(1_000, 1_000)
    # The link stalls for ten seconds; then all messages arrive at once.
    for buffered in (2_000, 3_000, 4_000):
        clock.heartbeat(buffered, 11_000)
    assert clock.now(11_000) >= 11_000 - 10_000 * SLACK_PPM // 1_000_000
    clock.heartbeat(11_000, 11_000)
    assert clock.now(11_000) == 11_000


def test_fast_clock_does_not_run_ahead() -> None:
    clock = LinkClock(0)
    day_ms = 86_400_000
    for sidecar_ms in range(0, day_ms, 10_000):
        own_ms = sidecar_ms + sidecar_ms * 100 // 1_000_000  # 100 ppm fast
        clock.heartbeat(sidecar_ms, own_ms)
    assert clock.now(own_ms) - sidecar_ms <= 1


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**5)), max_size=50))
def test_clock_never_goes_back(beats: list[tuple[int, int]]) -> None:
    clock, mono_ms, last = LinkClock(0), 0, 0
    for clock_ms, passed in beats:
        mono_ms += passed
        clock.heartbeat(clock_ms, mono_ms)
        assert clock.now(mono_ms) >= max(last, clock_ms)
        last = clock.now(mono_ms)
