"""Commands that wait for their second question: each can be confirmed once, and for a short time."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from bridge.sidecar.operator.request import Request

LIFE_S: Final = 120.0
"""Seconds in which a command can be confirmed."""
MOST_WAITING: Final = 16
"""Most commands that wait; the oldest makes room."""


class _Waiting(NamedTuple):
    asked: Request[Any]
    until: float
    """On the monotonic clock."""


class Confirmations:
    """Commands by the random ids that confirm them. An id is shown to whoever gave the page key alone."""

    def __init__(self, new_id: Callable[[], str], monotonic: Callable[[], float]) -> None:
        """`new_id` draws an id that nobody can guess."""
        self._new_id = new_id
        self._monotonic = monotonic
        self._waiting: dict[str, _Waiting] = {}

    def add(self, asked: Request[Any]) -> str:
        """Let a command wait, and return its id."""
        while len(self._waiting) >= MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        made = self._new_id()
        self._waiting[made] = _Waiting(asked, self._monotonic() + LIFE_S)
        return made

    def take(self, given: str) -> Request[Any] | None:
        """Return the command of an id, which is used up by this; None where there is none, or its time is over."""
        found = self._waiting.pop(given, None)
        return None if found is None or self._monotonic() >= found.until else found.asked
