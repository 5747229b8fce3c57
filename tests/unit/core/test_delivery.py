"""After each try to deliver or to poll: who waits, how long, and what is given up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.answers import Failed, FailureKind
from bridge.core.delivery import PauseAll, Retry, SetAside, after_failure, next_poll

UNIFORM = st.floats(0, 1, exclude_max=True)
PATIENT = (FailureKind.NETWORK, FailureKind.BUSY)
LOCKED = (FailureKind.AUTH, FailureKind.MALFORMED)


def failed(kind: FailureKind, retry_after_s: float | None = None) -> Failed:
    return Failed(kind, None, "it failed", retry_after_s)


def after(
    kind: FailureKind, *, refusals: int = 0, outage: int = 0, draw: float = 0.5
) -> Retry | SetAside | PauseAll:
    return after_failure(failed(kind), refusals=refusals, outage=outage, uniform=lambda: draw)


@pytest.mark.parametrize("kind", PATIENT)
def test_trouble_that_time_mends_pauses_all_for_longer_and_longer_and_opens_go_on(kind: FailureKind) -> None:
    waits = [after(kind, outage=outage) for outage in (0, 1, 2, 6, 7, 100)]
    assert waits == [PauseAll(wait, opens=False) for wait in (0.25, 0.5, 1.0, 16.0, 30.0, 30.0)]


@pytest.mark.parametrize("kind", PATIENT)
@pytest.mark.parametrize(("asked", "least"), [(7.0, 7.0), (300.0, 300.0), (1e9, 300.0), (None, 0.0)])
def test_retry_after_is_obeyed_up_to_five_minutes(
    kind: FailureKind, asked: float | None, least: float
) -> None:
    wait = after_failure(failed(kind, asked), refusals=0, outage=0, uniform=lambda: 0.0)
    assert wait == PauseAll(least, opens=False)


@pytest.mark.parametrize("kind", LOCKED)
@pytest.mark.parametrize(("draw", "wait"), [(0.0, 15.0), (0.5, 30.0)])
def test_a_door_that_a_person_must_unlock_pauses_opens_too_and_is_tried_slowly(
    kind: FailureKind, draw: float, wait: float
) -> None:
    assert after(kind, outage=50, refusals=50, draw=draw) == PauseAll(wait, opens=True)


def test_a_definite_refusal_is_tried_four_times_and_then_set_aside() -> None:
    answers = [after(FailureKind.REFUSED, refusals=refusals) for refusals in range(6)]
    assert answers == [Retry(7.5), Retry(10.0), Retry(15.0), SetAside(), SetAside(), SetAside()]


@given(st.sampled_from(FailureKind), st.integers(0, 10**6), st.integers(0, 10**6), UNIFORM)
def test_only_a_definite_refusal_is_ever_given_up(
    kind: FailureKind, refusals: int, outage: int, draw: float
) -> None:
    answer = after(kind, refusals=refusals, outage=outage, draw=draw)
    assert isinstance(answer, SetAside) is (kind is FailureKind.REFUSED and refusals >= 3)
    assert isinstance(answer, SetAside) or 0 <= answer.after_s <= 65.0


def test_a_good_poll_is_followed_after_the_interval() -> None:
    assert next_poll(None, interval_s=5.0, failures=9, uniform=lambda: 0.9) == 5.0


@given(
    st.sampled_from(FailureKind),
    st.none() | st.floats(0, 1e9),
    st.floats(0.1, 300),
    st.integers(0, 10**6),
    UNIFORM,
)
def test_a_failed_poll_is_never_followed_at_once_nor_given_up(
    kind: FailureKind, asked: float | None, interval_s: float, failures: int, draw: float
) -> None:
    wait = next_poll(failed(kind, asked), interval_s=interval_s, failures=failures, uniform=lambda: draw)
    assert wait >= (interval_s if kind in LOCKED else min(interval_s, 0.2))
    assert wait >= min(asked or 0.0, 300.0)
    assert wait <= 300.0 + 60.0


def test_failed_polls_come_slower_and_slower() -> None:
    waits = [
        next_poll(failed(FailureKind.NETWORK), interval_s=5.0, failures=n, uniform=lambda: 0.5)
        for n in range(8)
    ]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
