"""A terminal that dies with SIGKILL at one call of its EA: nothing is flushed, nobody is told.

A place is `CALL:COUNT[:before|after]`: in front of the COUNT-th such call or behind it (the default), as in
`OrderSend:1:before`. Behind a call its work is done, and the EA never learns of it.
"""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from tests.mql5.host.binding.library import Cell
from tests.mql5.host.terminal import NativeTerminal


@dataclass(frozen=True)
class Place:
    """One moment of the EA's life."""

    call: str
    count: int
    behind: bool

    @classmethod
    def read(cls, text: str) -> Self:
        """The place in its written form. Raises ValueError."""
        call, _, rest = text.partition(":")
        count, _, side = rest.partition(":")
        if not call or not count.isdecimal() or int(count) == 0 or side not in ("", "before", "after"):
            raise ValueError(f"--die-at {text}: not of the form CALL:COUNT[:before|after]")
        return cls(call, int(count), side != "before")


class Death:
    """Waits for its place. Calls count from when the text `count_from` has come in; an empty one is there at
    once. On stderr it says which calls it sees from then on, each once, and where it strikes."""

    def __init__(self, place: Place, count_from: bytes = b"") -> None:
        self._place = place
        self._awaited = count_from
        self._tail = b""
        self._counting = not count_from
        self._left = place.count
        self._known: set[str] = set()
        self._terminal: NativeTerminal | None = None

    def wait_in(self, terminal: NativeTerminal) -> None:
        """See every call of the terminal's EA from now on."""
        self._terminal = terminal
        terminal.host.before, terminal.host.behind = self._before, self._behind

    def hear(self, data: bytes) -> None:
        """Bytes have come in from the network."""
        if self._counting:
            return
        self._tail += data
        self._counting = self._awaited in self._tail
        self._tail = self._tail[-len(self._awaited) :]

    def _before(self, name: str, arguments: Sequence[Cell]) -> None:
        if self._counting and name not in self._known:
            self._known.add(name)
            _say(f"passes {name}")
        if not self._place.behind:
            self._pass(name)

    def _behind(self, name: str, arguments: Sequence[Cell]) -> None:
        if self._place.behind:
            self._pass(name)

    def _pass(self, name: str) -> None:
        if not self._counting or name != self._place.call:
            return
        self._left -= 1
        if self._left == 0:
            self._strike()

    def _strike(self) -> None:
        assert self._terminal is not None
        _say(f"dies at {self._place.call}")
        # What is left of bytes that were written and not flushed is a matter of the terminal's manners.
        self._terminal.files.close_all(crashed=True)
        os.kill(os.getpid(), signal.SIGKILL)


def _say(text: str) -> None:
    # Past Python's buffers: nothing is certain to be written after this line.
    os.write(2, f"{text}\n".encode())
