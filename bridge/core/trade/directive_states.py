"""State of a directive, derived from the states of its commands."""

from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never

import msgspec

from bridge.core.trade.command_states import CommandState


class DirectiveState(StrEnum):
    """State of a directive."""

    RECEIVED = "RECEIVED"
    """Journaled; not planned yet."""
    WORKING = "WORKING"
    FILLED = "FILLED"
    PARTIAL = "PARTIAL"
    """Ended, with some of it filled or done."""
    DONE = "DONE"
    """Everything took effect: a MODIFY or CANCEL, or the closes and cancels of a flatten."""
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"

    @property
    def over(self) -> bool:
        """True where nothing more is expected of it."""
        match self:
            case DirectiveState.RECEIVED | DirectiveState.WORKING | DirectiveState.UNKNOWN:
                return False
            case (
                DirectiveState.FILLED
                | DirectiveState.PARTIAL
                | DirectiveState.DONE
                | DirectiveState.CANCELLED
                | DirectiveState.REJECTED
                | DirectiveState.EXPIRED
            ):
                return True
            case _:
                assert_never(self)


class CommandProgress(msgspec.Struct, frozen=True):
    """State of one command, as far as its directive's state depends on it."""

    state: CommandState
    filled: bool
    """True where a deal of it is known."""
    expired: bool = False
    """True for NEVER_SENT because its time to live had passed."""


def directive_state(commands: Sequence[CommandProgress]) -> DirectiveState:
    """Return the state of a planned directive from its commands."""
    if not commands:
        return DirectiveState.RECEIVED
    # A replaced command counts as its successor does.
    commands = [command for command in commands if command.state is not CommandState.REPLACED]
    if not commands:
        return DirectiveState.WORKING
    states = {command.state for command in commands}
    if CommandState.UNKNOWN in states:
        return DirectiveState.UNKNOWN
    if not all(state.over for state in states):
        return DirectiveState.WORKING
    if states == {CommandState.FILLED}:
        return DirectiveState.FILLED
    if states <= {CommandState.FILLED, CommandState.DONE}:
        return DirectiveState.DONE
    if any(command.filled for command in commands) or CommandState.DONE in states:
        return DirectiveState.PARTIAL
    if CommandState.CANCELLED in states:
        return DirectiveState.CANCELLED
    if all(command.expired for command in commands):
        return DirectiveState.EXPIRED
    return DirectiveState.REJECTED
