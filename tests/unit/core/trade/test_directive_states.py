"""A directive's state, from the states of its commands."""

import itertools

import pytest

from bridge.core.trade.command_states import CommandState
from bridge.core.trade.directive_states import CommandProgress, DirectiveState, directive_state

C, D = CommandState, DirectiveState

FILLED = CommandProgress(C.FILLED, filled=True)
DONE = CommandProgress(C.DONE, filled=False)
PART = CommandProgress(C.CANCELLED, filled=True)
CANCELLED = CommandProgress(C.CANCELLED, filled=False)
REJECTED = CommandProgress(C.REJECTED, filled=False)
NEVER = CommandProgress(C.NEVER_SENT, filled=False)
EXPIRED = CommandProgress(C.NEVER_SENT, filled=False, expired=True)
ENDED = (FILLED, DONE, PART, CANCELLED, REJECTED, NEVER, EXPIRED)
UNKNOWN = CommandProgress(C.UNKNOWN, filled=False)
REPLACED = CommandProgress(C.REPLACED, filled=False)
MOVING = tuple(
    CommandProgress(state, filled=state is C.PARTIAL)
    for state in (C.PLANNED, C.DISPATCHED, C.SUBMITTED, C.PLACED, C.PARTIAL, C.UNRESOLVED)
)

# One command on the diagonal; beside it, two in either order.
TABLE = """
           FILLED  DONE    PART    CANCELLED REJECTED  NEVER     EXPIRED
FILLED     FILLED  DONE    PARTIAL PARTIAL   PARTIAL   PARTIAL   PARTIAL
DONE       DONE    DONE    PARTIAL PARTIAL   PARTIAL   PARTIAL   PARTIAL
PART       PARTIAL PARTIAL PARTIAL PARTIAL   PARTIAL   PARTIAL   PARTIAL
CANCELLED  PARTIAL PARTIAL PARTIAL CANCELLED CANCELLED CANCELLED CANCELLED
REJECTED   PARTIAL PARTIAL PARTIAL CANCELLED REJECTED  REJECTED  REJECTED
NEVER      PARTIAL PARTIAL PARTIAL CANCELLED REJECTED  REJECTED  REJECTED
EXPIRED    PARTIAL PARTIAL PARTIAL CANCELLED REJECTED  REJECTED  EXPIRED
"""
PAIRS = {
    (one, two): DirectiveState[word]
    for one, row in zip(ENDED, TABLE.strip().splitlines()[1:], strict=True)
    for two, word in zip(ENDED, row.split()[1:], strict=True)
}


@pytest.mark.parametrize(("commands", "state"), PAIRS.items())
def test_ended_directive_has_the_state_of_its_commands(
    commands: tuple[CommandProgress, CommandProgress], state: DirectiveState
) -> None:
    assert directive_state(commands) is state
    if commands[0] is commands[1]:
        assert directive_state(commands[:1]) is state


@pytest.mark.parametrize("commands", [*itertools.combinations_with_replacement(ENDED, 3)])
def test_state_of_many_commands_is_that_of_their_pairs_in_any_order(
    commands: tuple[CommandProgress, ...],
) -> None:
    states = {directive_state(order) for order in itertools.permutations(commands)}
    assert len(states) == 1
    kinds = {PAIRS[pair] for pair in itertools.permutations(commands, 2)}
    (state,) = states
    assert state in kinds
    assert state.over


@pytest.mark.parametrize("moving", MOVING)
def test_directive_is_working_while_a_command_is(moving: CommandProgress) -> None:
    for others in [(), *itertools.combinations_with_replacement((*ENDED, *MOVING), 2)]:
        for commands in ((moving, *others), (*others, moving)):
            assert directive_state(commands) is D.WORKING


def test_one_unknown_command_makes_the_directive_unknown() -> None:
    for others in [(), *itertools.combinations_with_replacement((*ENDED, *MOVING, UNKNOWN), 2)]:
        for commands in ((UNKNOWN, *others), (*others, UNKNOWN)):
            assert directive_state(commands) is D.UNKNOWN


@pytest.mark.parametrize("command", [*ENDED, *MOVING, UNKNOWN])
def test_replaced_command_adds_nothing_to_its_successor(command: CommandProgress) -> None:
    alone = directive_state([command])
    assert directive_state([REPLACED, command]) is directive_state([REPLACED, REPLACED, command]) is alone
    assert directive_state([REPLACED]) is D.WORKING


def test_tried_commands_have_every_state() -> None:
    assert {command.state for command in (*ENDED, *MOVING, UNKNOWN, REPLACED)} == set(CommandState)


@pytest.mark.parametrize("state", list(DirectiveState))
def test_received_working_and_unknown_are_not_over(state: DirectiveState) -> None:
    assert state.over is (state not in {D.RECEIVED, D.WORKING, D.UNKNOWN})
