"""Host of the EA: objects whose methods implement MQL5's functions under the functions' own names.

The method `SocketRead` of an object is called for the EA's SocketRead. It returns one result or a tuple of results;
`fail` adds an error code for GetLastError. It raises Fault where a terminal would stop the EA, and Crash to end the
terminal at this call.
"""

from collections.abc import Callable, Sequence
from typing import Any

from tests.mql5.host.binding.library import CRASH, FAULT, Cell


class Crash(Exception):
    """End of the terminal at this call, as by kill -9; the call's work may be done or not."""


class Fault(Exception):
    """Fault for which a terminal stops the EA."""


class Failed:
    """Results with an error code."""

    def __init__(self, error: int, results: tuple[Cell, ...]) -> None:
        self.error = error
        self.results = results


Answer = Cell | tuple[Cell, ...] | Failed | None


def fail(error: int, *results: Cell) -> Failed:
    """Return these results with an error code for GetLastError."""
    return Failed(error, results)


class Host:
    """Functions of all given objects.

    `before` and `behind`, where set, are called before and after every call of the EA, and may raise Crash.
    """

    def __init__(self, *parts: object) -> None:
        self.parts = parts
        self.functions: dict[str, Callable[..., Answer]] = {
            name: getattr(part, name) for part in parts for name in dir(part) if name[:1].isupper()
        }
        self.before: Callable[[str, Sequence[Cell]], None] | None = None
        self.behind: Callable[[str, Sequence[Cell]], None] | None = None

    def answer(self, name: str, arguments: list[Cell]) -> tuple[int, Sequence[Cell], int]:
        """Execute one call of the EA (see library.Answering)."""
        function = self.functions.get(name)
        if function is None:
            return FAULT, ("this terminal does not have the function",), 0
        try:
            if self.before is not None:
                self.before(name, arguments)
            answer: Any = function(*arguments)
            if self.behind is not None:
                self.behind(name, arguments)
        except Crash:
            return CRASH, (), 0
        except Fault as fault:
            return FAULT, (str(fault),), 0
        error = 0
        if isinstance(answer, Failed):
            error, answer = answer.error, answer.results
        if answer is None:
            return 0, (), error
        return 0, answer if isinstance(answer, tuple) else (answer,), error
