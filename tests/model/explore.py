"""Breadth-first search over the states of a model."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True)
class Explored(Generic[S]):
    """Result of a search."""

    states: int
    """Number of different states that were reached."""
    reached: frozenset[str]
    """Names of the goals that some state reached."""
    violation: list[str]
    """Shortest sequence of steps that breaks the invariant; empty where none does."""


def explore(
    initial: S,
    steps: Callable[[S], Iterable[tuple[str, S]]],
    holds: Callable[[S], bool],
    goals: Callable[[S], Iterable[str]] = lambda state: (),
) -> Explored[S]:
    """Visit every state that can be reached, nearest first. Stop at the first that breaks the invariant."""
    before: dict[S, tuple[str, S] | None] = {initial: None}
    waiting = deque([initial])
    reached: set[str] = set()
    while waiting:
        state = waiting.popleft()
        reached.update(goals(state))
        if not holds(state):
            return Explored(len(before), frozenset(reached), _path(before, state))
        for name, following in steps(state):
            if following not in before:
                before[following] = name, state
                waiting.append(following)
    return Explored(len(before), frozenset(reached), [])


def _path(before: dict[S, tuple[str, S] | None], state: S) -> list[str]:
    names: list[str] = []
    step = before[state]
    while step is not None:
        names.append(step[0])
        step = before[step[1]]
    return names[::-1]
