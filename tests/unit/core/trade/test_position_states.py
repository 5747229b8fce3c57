"""The life of a position: every state under every deal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.trade.position_states import (
    POSITION_TABLE,
    PositionInput,
    PositionOutput,
    PositionState,
    step_position,
)

P, I, O = PositionState, PositionInput, PositionOutput  # noqa: E741 - short, as in the table itself

CLOSINGS: dict[PositionInput, tuple[PositionState, tuple[PositionOutput, ...]]] = {
    I.REDUCED_BY_COMMAND: (P.OPEN, ()),
    I.REDUCED_OTHERWISE: (P.OPEN, (O.REDUCED,)),
    I.CLOSED_BY_COMMAND: (P.CLOSED, (O.CLOSED,)),
    I.CLOSED_BY_SL: (P.CLOSED, (O.SL, O.CLOSED)),
    I.CLOSED_BY_TP: (P.CLOSED, (O.TP, O.CLOSED)),
    I.CLOSED_OTHERWISE: (P.CLOSED, (O.CLOSED,)),
}


@pytest.mark.parametrize("state", [P.OPEN, P.CLOSED])
@pytest.mark.parametrize("what", list(CLOSINGS))
def test_a_deal_that_takes_volume_off_a_known_position(state: PositionState, what: PositionInput) -> None:
    assert step_position(state, what) == CLOSINGS[what]


@pytest.mark.parametrize("what", list(CLOSINGS))
def test_a_deal_that_takes_volume_off_an_unknown_position_waits(what: PositionInput) -> None:
    assert step_position(None, what) is None


REVISIONS = {I.REVISED_NONE_OPEN: P.CLOSED, I.REVISED_SOME_OPEN: P.OPEN}


@pytest.mark.parametrize("state", [None, P.OPEN, P.CLOSED])
@pytest.mark.parametrize("what", list(REVISIONS))
def test_revision_leaves_a_known_position_open_where_volume_is_left(
    state: PositionState | None, what: PositionInput
) -> None:
    assert step_position(state, what) == (None if state is None else (REVISIONS[what], ()))


@pytest.mark.parametrize(("state", "emitted"), [(None, (O.OPENED,)), (P.OPEN, ()), (P.CLOSED, ())])
def test_entering_deal_opens_and_emits_it_the_first_time(
    state: PositionState | None, emitted: tuple[PositionOutput, ...]
) -> None:
    assert step_position(state, I.ENTERED) == (P.OPEN, emitted)


@pytest.mark.parametrize(
    ("state", "after"), [(None, P.SHOWN), (P.SHOWN, P.SHOWN), (P.OPEN, P.OPEN), (P.CLOSED, P.OPEN)]
)
def test_position_that_the_broker_shows_is_open_again_whatever_its_deals_say(
    state: PositionState | None, after: PositionState
) -> None:
    assert step_position(state, I.SEEN) == (after, ())


def test_position_without_volume_is_closed_once_the_broker_does_not_show_it() -> None:
    assert step_position(P.OPEN, I.GONE) == (P.CLOSED, (O.CLOSED,))
    assert step_position(P.CLOSED, I.GONE) == (P.CLOSED, ())


def test_position_is_written_off_once_and_only_where_a_deal_has_opened_it() -> None:
    assert step_position(P.OPEN, I.WRITTEN_OFF) == (P.CLOSED, (O.CLOSED,))
    assert step_position(P.CLOSED, I.WRITTEN_OFF) == (P.CLOSED, ())
    assert step_position(P.SHOWN, I.WRITTEN_OFF) is None


@pytest.mark.parametrize("what", list(CLOSINGS))
def test_deal_that_takes_volume_off_a_position_that_is_only_shown_waits(what: PositionInput) -> None:
    assert step_position(P.SHOWN, what) is None
    assert step_position(P.SHOWN, I.ENTERED) == (P.OPEN, (O.OPENED,))


def test_table_has_every_state_and_every_input() -> None:
    assert {*CLOSINGS, *REVISIONS, I.ENTERED, I.SEEN, I.GONE, I.WRITTEN_OFF} == set(PositionInput)
    assert set(POSITION_TABLE) == {None, *PositionState}
    assert all(set(row) == set(PositionInput) for row in POSITION_TABLE.values())


@given(st.lists(st.sampled_from(PositionInput), max_size=20))
def test_sequence_emits_one_opening_first_and_each_stop_before_its_close(
    deals: list[PositionInput],
) -> None:
    state: PositionState | None = None
    emitted: list[PositionOutput] = []
    for deal in deals:
        stepped = step_position(state, deal)
        if stepped is not None:
            state = stepped[0]
            emitted += stepped[1]
    assert emitted.count(O.OPENED) == (1 if emitted else 0)
    assert not emitted or emitted[0] is O.OPENED
    for at, output in enumerate(emitted):
        if output in (O.SL, O.TP):
            assert emitted[at + 1] is O.CLOSED
