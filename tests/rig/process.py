"""One process of the bridge, whose log can be waited for."""

import json
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from tests.rig import signals
from tests.rig.deadline import TIMEOUT_S
from tests.rig.starting import Child

T = TypeVar("T")


class Process:
    """A named process. Its stdout and stderr together are its log."""

    def __init__(self, name: str, child: Child) -> None:
        self.name = name
        self._child = child
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._code: int | None = None
        """Exit status, once the process has ended and its log is complete."""
        threading.Thread(target=self._read, name=f"log of {name}", daemon=True).start()

    def _read(self) -> None:
        for line in self._child.log:
            with self._news:
                self._lines.append(line.decode(errors="replace").rstrip("\r\n"))
                self._news.notify_all()
        code = self._child.wait()
        with self._news:
            self._code = code
            self._news.notify_all()

    @property
    def log(self) -> list[str]:
        """Lines so far."""
        with self._news:
            return list(self._lines)

    @property
    def mark(self) -> int:
        """Number of lines so far, from which a later wait may start."""
        with self._news:
            return len(self._lines)

    def line(self, text: str, *, since: int = 0, within: float = TIMEOUT_S) -> str:
        """Wait for a line that contains the text; return it."""
        return self._await(
            lambda line: line if text in line else None, f"a line with {text!r}", since, within
        )

    def logged(
        self, code: str, *, since: int = 0, within: float = TIMEOUT_S, **fields: object
    ) -> dict[str, Any]:
        """Wait for a log record with that code and those fields. Return it."""

        def pick(line: str) -> dict[str, Any] | None:
            record = read_record(line)
            wanted = {"code": code, **fields}
            return record if all(record.get(name) == value for name, value in wanted.items()) else None

        return self._await(pick, f"{code!r} {fields or ''}", since, within)

    def any_line(self, *, since: int, within: float) -> None:
        """Return once there is a line after `since`, the log has ended, or the time is over."""
        with self._news:
            self._news.wait_for(lambda: len(self._lines) > since or self._code is not None, within)

    def _await(self, pick: Callable[[str], T | None], what: str, since: int, within: float) -> T:
        seen = since
        found: list[T] = []

        def look() -> bool:
            nonlocal seen
            for line in self._lines[seen:]:
                seen += 1
                if (picked := pick(line)) is not None:
                    found.append(picked)
                    return True
            return self._code is not None

        with self._news:
            self._news.wait_for(look, within)
        assert found, f"{self.name} did not log {what}; its last lines:\n" + "\n".join(self._lines[-30:])
        return found[0]

    @property
    def running(self) -> bool:
        with self._news:
            return self._code is None

    def exited(self, within: float = TIMEOUT_S) -> int:
        """Wait for its end, with which its log is complete; return its exit status.

        It is `signals.KILLED` where it was killed.
        """
        with self._news:
            self._news.wait_for(lambda: self._code is not None, within)
            assert self._code is not None, f"{self.name} still runs after {within:.0f} s"
            return self._code

    def send(self, number: signal.Signals) -> None:
        """Send a signal, where it still runs."""
        if self.running:
            with _perhaps_ended():
                signals.send(self._child.pid, number)

    def suspend(self) -> None:
        """Let it do nothing until `resume`."""
        signals.suspend(self._child.pid)

    def resume(self) -> None:
        """Let it go on."""
        signals.resume(self._child.pid)

    def kill(self) -> None:
        """End it by force, and wait for its end."""
        self.begin_kill()
        self.exited()

    def begin_kill(self) -> None:
        """End it by force, where it still runs; do not wait for its end."""
        if self.running:
            with _perhaps_ended():
                signals.kill(self._child.pid)

    def terminate(self) -> int:
        """Send SIGTERM; return its exit status."""
        self.send(signal.SIGTERM)
        return self.exited()


def _perhaps_ended() -> suppress:
    """Return a context in which a process that has just ended is no error. Windows has no own error for it."""
    return suppress(OSError if sys.platform == "win32" else ProcessLookupError)


def read_record(line: str) -> dict[str, Any]:
    """Return the record of a JSON log line; an empty one for any other line."""
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
