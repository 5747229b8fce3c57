"""End of the terminal by SIGKILL at one call of its EA: nothing is flushed, no handler runs.

A kill point is written `CALL:COUNT[:before|after]`, as in `OrderSend:1:before`: before or after (the default) the
COUNT-th such call. After a call its work is done, and the EA does not receive the result.
"""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from tests.mql5.host.binding.library import Cell
from tests.mql5.host.terminal import NativeTerminal


@dataclass(frozen=True)
class KillPoint:
    """One call of the EA, and the side of it: `after` is False in front of the call."""

    call: str
    count: int
    after: bool

    @classmethod
    def read(cls, text: str) -> Self:
        """Parse the written form. Raises ValueError."""
        call, _, rest = text.partition(":")
        count, _, side = rest.partition(":")
        if not call or not count.isdecimal() or int(count) == 0 or side not in ("", "before", "after"):
            raise ValueError(f"--die-at {text} is no kill point; write CALL:COUNT[:before|after]")
        return cls(call, int(count), side != "before")


class Killer:
    """Ends the process at a kill point.

    Calls count from the moment at which the text `count_from` was received; an empty text counts from the start.
    The names of the calls seen from then on are printed to stderr, each once, and the call at which the process
    ends.
    """

    def __init__(self, point: KillPoint, count_from: bytes = b"") -> None:
        self._point = point
        self._awaited = count_from
        self._tail = b""
        self._counting = not count_from
        self._left = point.count
        self._known: set[str] = set()
        self._terminal: NativeTerminal | None = None

    def watch(self, terminal: NativeTerminal) -> None:
        """Observe every call of the terminal's EA from now on."""
        self._terminal = terminal
        terminal.host.before, terminal.host.behind = self._before, self._behind

    def received(self, data: bytes) -> None:
        """Search bytes from the network for `count_from`."""
        if self._counting:
            return
        self._tail += data
        self._counting = self._awaited in self._tail
        self._tail = self._tail[-len(self._awaited) :]

    def _before(self, name: str, arguments: Sequence[Cell]) -> None:
        if self._counting and name not in self._known:
            self._known.add(name)
            _say(f"passes {name}")
        if not self._point.after:
            self._pass(name)

    def _behind(self, name: str, arguments: Sequence[Cell]) -> None:
        if self._point.after:
            self._pass(name)

    def _pass(self, name: str) -> None:
        if not self._counting or name != self._point.call:
            return
        self._left -= 1
        if self._left == 0:
            self._kill()

    def _kill(self) -> None:
        assert self._terminal is not None
        _say(f"dies at {self._point.call}")
        # A switch decides which bytes that were written and not flushed remain.
        self._terminal.files.close_all(crashed=True)
        os.kill(os.getpid(), signal.SIGKILL)


def _say(text: str) -> None:
    # Not through Python's buffers: the process may end before they are flushed.
    os.write(2, f"{text}\n".encode())
