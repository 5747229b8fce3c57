"""After each try to deliver or to poll: who waits, how long, and what is given up."""

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.director.delivery import REFUSALS, PauseAll, Retry, SetAside, Tries, after_failure, next_poll
from bridge.core.director.responses import Failed, FailureKind

UNIFORM = st.floats(0, 1, exclude_max=True)
PATIENT = (FailureKind.NETWORK, FailureKind.BUSY)
LOCKED = (FailureKind.AUTH, FailureKind.MALFORMED)


def failed(kind: FailureKind, retry_after_s: float | None = None) -> Failed:
    return Failed(kind, None, "it failed", retry_after_s)


def after(
    kind: FailureKind,
    *,
    own: bool = False,
    refusals: int = 0,
    tries: int = 0,
    outage: int = 0,
    draw: float = 0.5,
) -> Retry | SetAside | PauseAll:
    return after_failure(
        failed(kind), own=own, refusals=refusals, tries=tries, outage=outage, uniform=lambda: draw
    )


@pytest.mark.parametrize("kind", PATIENT)
def test_passing_failure_pauses_delivery_longer_each_time_and_opens_go_on(kind: FailureKind) -> None:
    waits = [after(kind, outage=outage) for outage in (0, 1, 2, 6, 7, 100)]
    assert waits == [PauseAll(wait, circuit_open=False) for wait in (0.25, 0.5, 1.0, 16.0, 30.0, 30.0)]


@pytest.mark.parametrize("kind", PATIENT)
@pytest.mark.parametrize(("asked", "least"), [(7.0, 7.0), (300.0, 300.0), (1e9, 300.0), (None, 0.0)])
def test_retry_after_is_obeyed_up_to_five_minutes(
    kind: FailureKind, asked: float | None, least: float
) -> None:
    waits = [
        after_failure(failed(kind, asked), own=own, refusals=0, tries=0, outage=0, uniform=lambda: 0.0)
        for own in (False, True)
    ]
    assert waits == [PauseAll(least, circuit_open=False), Retry(least + 0.5, refused=False)]


@pytest.mark.parametrize("kind", LOCKED)
@pytest.mark.parametrize(("draw", "wait"), [(0.0, 15.0), (0.5, 30.0)])
def test_failure_for_an_operator_opens_the_circuit_and_is_tried_slowly(
    kind: FailureKind, draw: float, wait: float
) -> None:
    assert after(kind, outage=50, refusals=50, draw=draw) == PauseAll(wait, circuit_open=True)


@pytest.mark.parametrize("kind", [*LOCKED, FailureKind.REFUSED])
def test_event_refused_alone_is_set_aside_after_four_tries(kind: FailureKind) -> None:
    answers = [after(kind, own=True, refusals=refusals) for refusals in range(6)]
    assert answers == [Retry(45.0), Retry(60.0), Retry(90.0), SetAside(), SetAside(), SetAside()]


@pytest.mark.parametrize("kind", PATIENT)
def test_event_failing_alone_is_tried_without_end_and_slower(kind: FailureKind) -> None:
    answers = [after(kind, own=True, refusals=9, tries=tries, outage=3) for tries in (0, 1, 2, 7, 100)]
    assert answers == [Retry(wait, refused=False) for wait in (0.75, 1.0, 1.5, 30.5, 30.5)]


@given(
    st.sampled_from(FailureKind),
    st.booleans(),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    UNIFORM,
)
def test_only_an_event_refused_alone_is_set_aside(
    kind: FailureKind, own: bool, refusals: int, tries: int, outage: int, draw: float
) -> None:
    answer = after(kind, own=own, refusals=refusals, tries=tries, outage=outage, draw=draw)
    assert isinstance(answer, SetAside) is (own and kind not in PATIENT and refusals >= 3)
    assert isinstance(answer, SetAside) or 0 <= answer.after_s <= 150.0


def tried(
    tries: Tries, event: int, kind: FailureKind, *, queue: str = "", refusals: int = 0
) -> Retry | SetAside | PauseAll:
    return tries.failed(event, queue or f"dir-{event}", failed(kind), refusals=refusals, together=False)


@pytest.mark.parametrize("kind", [*PATIENT, *LOCKED])
def test_failure_is_the_events_own_once_another_was_accepted(
    kind: FailureKind,
) -> None:
    tries = Tries(lambda: 0.5)
    assert [type(tried(tries, event, kind)) for event in (1, 1, 2, 1)] == [PauseAll] * 4
    assert (tries.outage, tries.failing) == (4, 2)
    tries.taken(2)
    assert (tries.outage, tries.failing) == (0, 1)
    assert [type(tried(tries, event, kind)) for event in (1, 1, 2, 1)] == [Retry, Retry, PauseAll, Retry]
    tries.taken(1)
    assert isinstance(tried(tries, 1, kind), PauseAll)


def test_several_events_refused_in_a_row_are_not_set_aside() -> None:
    tries = Tries(lambda: 0.5)
    assert [tried(tries, event, FailureKind.REFUSED) for event in (1, 2)] == [Retry(45.0)] * 2
    for event in (3, 1, 2, 4):
        answer = tried(tries, event, FailureKind.REFUSED, refusals=REFUSALS)
        assert answer == PauseAll(30.0, circuit_open=True)
    assert tries.outage == 4
    tries.taken(4)
    assert [tried(tries, event, FailureKind.REFUSED) for event in (1, 2)] == [Retry(45.0)] * 2


def test_events_refused_of_one_directive_are_set_aside() -> None:
    tries = Tries(lambda: 0.5)
    for event in range(9):
        assert tried(tries, event, FailureKind.REFUSED, queue="dir-1", refusals=3) == SetAside()
    # Where one of another is refused too, nobody knows.
    assert tried(tries, 10, FailureKind.REFUSED, queue="dir-2") == PauseAll(30.0, circuit_open=True)


def test_queues_that_fail_together_are_one_failure_in_a_row() -> None:
    tries = Tries(lambda: 0.5)
    for event, together in ((1, False), (2, True), (3, True)):
        answer = tries.failed(event, event, failed(FailureKind.NETWORK), refusals=0, together=together)
        assert answer == PauseAll(0.25 if event == 1 else 0.5, circuit_open=False)
    assert tries.outage == 1


def test_event_without_a_failure_is_tried_before_the_longest_failed() -> None:
    tries = Tries(lambda: 0.5)
    for event in (1, 2, 3, 1):
        tried(tries, event, FailureKind.NETWORK)
    assert sorted(range(1, 6), key=tries.turn) == [4, 5, 2, 3, 1]


QUEUES = st.lists(
    st.lists(st.none() | st.sampled_from(FailureKind), min_size=1, max_size=4), min_size=1, max_size=8
)


@given(QUEUES, UNIFORM)
def test_failing_events_do_not_stop_other_directives(
    queues: list[list[FailureKind | None]], draw: float
) -> None:
    """Each queue holds a directive's events: None is accepted, any other kind is the event's lasting failure."""
    outbox = {queue: list(enumerate(kinds, 10 * queue)) for queue, kinds in enumerate(queues)}
    tries, now, paused_until, resting = Tries(lambda: draw), 0.0, 0.0, dict.fromkeys(outbox, 0.0)
    refusals: Counter[int] = Counter()
    # What never fails needs no more than the pauses that others cause at their first failure.
    bad = sum(kind is not None for kinds in queues for kind in kinds)
    steps = itertools.count()
    while any(kinds and all(kind is None for _, kind in kinds) for kinds in outbox.values()):
        assert next(steps) <= 1000
        now = max(now, paused_until, min(resting[queue] for queue, events in outbox.items() if events))
        assert now <= 65.0 * bad
        heads = [(queue, *events[0]) for queue, events in outbox.items() if events and resting[queue] <= now]
        queue, event, kind = min(heads, key=lambda head: tries.turn(head[1]) if tries.outage else 0)
        if kind is None:
            tries.taken(event)
            decision: object = None
        else:
            decision = tries.failed(event, queue, failed(kind), refusals=refusals[event], together=False)
        match decision:
            case PauseAll():
                paused_until = now + decision.after_s
            case Retry():
                resting[queue] = now + decision.after_s
                refusals[event] += decision.refused
            case _:
                del outbox[queue][0]


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
