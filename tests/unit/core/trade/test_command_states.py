"""Table of OPEN and CLOSE commands: every state under every input, and the laws that protect money."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.link.messages import CommandKind
from bridge.core.trade.command_states import (
    ORDER_TABLE,
    CommandInput,
    CommandOutput,
    CommandState,
    IllegalTransitionError,
    Transition,
    step_command,
)

S, I, O = CommandState, CommandInput, CommandOutput  # noqa: E741 - as in the table itself


def step_order(state: CommandState, what: CommandInput) -> Transition:
    """Return the transition of an OPEN, which is that of a CLOSE."""
    transition = step_command(CommandKind.OPEN, state, what)
    assert step_command(CommandKind.CLOSE, state, what) == transition
    return transition


INPUTS = (
    I.DISPATCH,
    I.EXPIRE,
    I.NOT_SENT_PASSING,
    I.NOT_SENT_FINAL,
    I.MARKET_CLOSED_UNSENT,
    I.SUBMITTED,
    I.ACCEPTED,
    I.REFUSED,
    I.MARKET_CLOSED_REFUSED,
    I.OUTCOME_OPEN,
    I.ORDER_SEEN,
    I.ORDER_REAPPEARED,
    I.ORDER_GONE,
    I.FILL_PART,
    I.FILL_WHOLE,
    I.ABSENT,
    I.ID_FOUND,
    I.WITHDRAWN,
    I.RESOLVED_FILLED,
    I.RESOLVED_REJECTED,
    I.RESOLVED_CANCELLED,
)
OF_AMENDMENTS = (I.EFFECT_SEEN, I.TARGET_GONE, I.TARGET_FILLED, I.NO_EFFECT)
"""Inputs that move no OPEN and no CLOSE."""
STATES = [state for state in CommandState if state is not S.DONE]
"""DONE is a state of a MODIFY or CANCEL alone."""
EMITTED = {
    "P": O.PLACED,
    "p": O.PART_FILLED,
    "F": O.FILLED,
    "N": O.NEVER_SENT,
    "R": O.REFUSED,
    "C": O.CANCELLED,
    "E": O.BROKER_ERROR,
    "M": O.WAITS,
    "U": O.UNKNOWN,
    "W": O.RESOLVED,
}
SHORT = {
    "pln": S.PLANNED,
    "dsp": S.DISPATCHED,
    "sub": S.SUBMITTED,
    "plc": S.PLACED,
    "par": S.PARTIAL,
    "fil": S.FILLED,
    "rej": S.REJECTED,
    "rpl": S.REPLACED,
    "can": S.CANCELLED,
    "nev": S.NEVER_SENT,
    "unc": S.UNRESOLVED,
    "unk": S.UNKNOWN,
}
# A cell is the state after, and the events. '.': as it was; '!': raises.
MATRIX = """
    dsp expi pass finl m-un sub acce refu m-re open seen agan gone  part  whol  absn foun with rs-f rs-r rs-c
pln dsp nevN .    nevN .    sub plcP rejR rplM uncE plcP plcP canPC parPp filPF .    unkU canC .    .    .
dsp !   .    pln  nevN plnM sub plcP rejR rplM uncE plcP plcP canPC parPp filPF unkU unkU .    .    .    .
sub !   .    unc  unc  unc  .   plcP rejR rplM uncE plcP plcP canPC parPp filPF unkU .    .    .    .    .
plc !   .    .    .    .    .   .    rejR rejR .    .    .    canC  parp  filF  unkU .    .    .    .    .
par !   .    .    .    .    .   .    .    .    .    .    .    canC  parp  filF  .    .    .    .    .    .
fil !   .    .    .    .    .   .    .    .    .    .    plcP .     .     .     .    .    .    .    .    .
rej !   .    .    .    .    .   plcP .    .    .    plcP plcP .     parPp filPF .    .    .    .    .    .
rpl !   .    .    .    .    .   plcP .    .    .    plcP plcP .     parPp filPF .    .    .    .    .    .
can !   .    .    .    .    .   .    .    .    .    .    plcP .     canp  filF  .    .    .    .    .    .
nev !   .    .    .    .    sub plcP .    .    uncE plcP plcP canPC parPp filPF .    unkU .    .    .    .
unc !   .    .    .    .    .   plcP rejR rejR .    plcP plcP canPC parPp filPF unkU .    .    filW rejR canC
unk !   .    nevN nevN nevN .   plcP rejR rejR .    plcP plcP canPC parPp filPF .    .    .    filW rejR canC
"""
CELLS = [
    pytest.param(SHORT[row.split()[0]], what, cell, id=f"{SHORT[row.split()[0]]}-{what}")
    for row in MATRIX.strip().splitlines()[1:]
    for what, cell in zip(INPUTS, row.split()[1:], strict=True)
]


def test_the_matrix_holds_every_state_and_every_input() -> None:
    assert {*INPUTS, *OF_AMENDMENTS} == set(CommandInput)
    assert len(CELLS) == len(STATES) * len(INPUTS)
    assert set(SHORT.values()) == set(STATES) == set(ORDER_TABLE)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("what", OF_AMENDMENTS)
def test_input_of_an_amendment_moves_no_order(state: CommandState, what: CommandInput) -> None:
    assert step_order(state, what) == (state, ())


@pytest.mark.parametrize(("state", "what", "cell"), CELLS)
def test_each_state_under_each_input(state: CommandState, what: CommandInput, cell: str) -> None:
    if cell == "!":
        with pytest.raises(IllegalTransitionError, match=state):
            step_order(state, what)
        return
    after, emitted = cell[:3], cell[3:]
    expected = (state if after == "." else SHORT[after], tuple(EMITTED[letter] for letter in emitted))
    assert step_order(state, what) == expected


FILLS = (I.FILL_PART, I.FILL_WHOLE)
HAPPENINGS = st.lists(st.sampled_from(CommandInput), max_size=30)


def live(
    happenings: list[CommandInput],
) -> list[tuple[CommandState, CommandInput, CommandState, tuple[CommandOutput, ...]]]:
    """Return the transitions: (before, input, after, outputs). A dispatch that raises has changed nothing."""
    state, life = S.PLANNED, []
    for what in happenings:
        try:
            after, emitted = step_order(state, what)
        except IllegalTransitionError:
            continue
        life.append((state, what, after, emitted))
        state = after
    return life


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("fill", FILLS)
def test_a_fill_counts_in_every_state_and_is_emitted_once(state: CommandState, fill: CommandInput) -> None:
    after, emitted = step_order(state, fill)
    assert after in (S.PARTIAL, S.FILLED, S.CANCELLED)
    fills = [each for each in emitted if each in (O.PART_FILLED, O.FILLED)]
    assert fills == ([] if state is S.FILLED else [O.FILLED if fill is I.FILL_WHOLE else O.PART_FILLED])


@pytest.mark.parametrize(
    "what", [each for each in CommandInput if each not in (I.DISPATCH, I.ORDER_REAPPEARED)]
)
def test_a_filled_command_stays_filled_and_silent(what: CommandInput) -> None:
    assert step_order(S.FILLED, what) == (S.FILLED, ())


@given(HAPPENINGS)
def test_only_the_dispatch_of_a_planned_command_dispatches(happenings: list[CommandInput]) -> None:
    for before, what, after, _ in live(happenings):
        if after is S.DISPATCHED and before is not S.DISPATCHED:
            assert (before, what) == (S.PLANNED, I.DISPATCH)


@given(HAPPENINGS)
def test_between_two_dispatches_the_terminal_said_that_it_did_not_send(
    happenings: list[CommandInput],
) -> None:
    may = True
    for _, what, _, _ in live(happenings):
        if what is I.DISPATCH:
            assert may
            may = False
        may = may or what is I.NOT_SENT_PASSING


@given(HAPPENINGS)
def test_after_any_sign_that_it_was_sent_a_command_is_never_dispatched_again(
    happenings: list[CommandInput],
) -> None:
    sent = False
    for _, what, after, _ in live(happenings):
        assert not (sent and what is I.DISPATCH)
        sent = sent or what in (
            I.SUBMITTED,
            I.ACCEPTED,
            I.REFUSED,
            I.OUTCOME_OPEN,
            I.ORDER_SEEN,
            I.ORDER_REAPPEARED,
            I.ORDER_GONE,
            *FILLS,
        )
        assert not (sent and after is S.PLANNED)


@given(HAPPENINGS)
def test_sequence_emits_one_whole_fill_at_most(happenings: list[CommandInput]) -> None:
    happenings = [each for each in happenings if each is not I.ORDER_REAPPEARED]
    emitted = [output for _, _, _, outputs in live(happenings) for output in outputs]
    assert emitted.count(O.FILLED) <= 1


WORDS = {I.RESOLVED_FILLED, I.RESOLVED_REJECTED, I.RESOLVED_CANCELLED}


@given(HAPPENINGS)
def test_placed_is_emitted_before_any_fill_or_cancellation_by_the_broker(
    happenings: list[CommandInput],
) -> None:
    """A resolved command was perhaps never placed; a withdrawn one never was."""
    life = [step for step in live(happenings) if not {step[1]} & {*WORDS, I.WITHDRAWN}]
    if len(life) < len(live(happenings)):
        return
    emitted = [output for _, _, _, outputs in life for output in outputs]
    for output in (O.PART_FILLED, O.FILLED, O.CANCELLED):
        if output in emitted:
            assert O.PLACED in emitted[: emitted.index(output)]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("word", sorted(WORDS))
def test_resolution_counts_only_for_an_open_outcome(state: CommandState, word: CommandInput) -> None:
    moved = step_order(state, word) != (state, ())
    assert moved is (state in {S.UNRESOLVED, S.UNKNOWN})


@pytest.mark.parametrize("state", STATES)
def test_only_a_planned_command_can_be_withdrawn(state: CommandState) -> None:
    moved = step_order(state, I.WITHDRAWN) != (state, ())
    assert moved is (state is S.PLANNED)


@given(HAPPENINGS)
def test_no_fill_is_ever_taken_back(happenings: list[CommandInput]) -> None:
    filled = False
    for _, what, after, _ in live(happenings):
        if what is I.ORDER_REAPPEARED:
            # Given only for an end that an operator reported.
            filled = False
        filled = filled or what in FILLS
        if filled:
            assert after in (S.PARTIAL, S.FILLED, S.CANCELLED)


@given(st.sampled_from(STATES), st.sampled_from(CommandInput).filter(lambda what: what is not I.DISPATCH))
def test_repeated_input_changes_nothing_and_repeats_no_end(state: CommandState, what: CommandInput) -> None:
    once, _ = step_order(state, what)
    twice, emitted = step_order(once, what)
    assert twice is once
    assert set(emitted) <= {O.PART_FILLED}


OVER = {S.FILLED, S.REJECTED, S.REPLACED, S.CANCELLED, S.NEVER_SENT, S.DONE}
CERTAIN = {*OVER, S.PLANNED}


@pytest.mark.parametrize("state", list(CommandState))
def test_states_are_over_unresolved_or_in_flight(state: CommandState) -> None:
    assert state.over is (state in OVER)
    assert state.unresolved is (state not in CERTAIN)
    assert state.in_flight is (state not in {*OVER, S.UNKNOWN})
