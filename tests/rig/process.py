"""One process of the bridge, with its log as something that can be waited for."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from tests.rig.patience import PATIENCE_S

T = TypeVar("T")

ROOT: Final = Path(__file__).parents[2]
"""Where `tests` can be imported from."""


class Process:
    """A Python module that runs as a process of its own. stdout and stderr together are its log."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`arguments` start with the module's name."""
        self.name = name
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._deaf = False
        """The log is at its end: the process, and whatever it has started, is gone."""
        self._popen = subprocess.Popen(
            # Warnings are errors in there too.
            [sys.executable, "-W", "error", "-m", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, name=f"log of {name}", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._popen.stdout is not None
        with self._popen.stdout as log:
            for line in log:
                with self._news:
                    self._lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._deaf = True
            self._news.notify_all()

    # The log

    @property
    def log(self) -> list[str]:
        """The lines so far."""
        with self._news:
            return list(self._lines)

    @property
    def mark(self) -> int:
        """How many lines there are: where a later wait may start."""
        with self._news:
            return len(self._lines)

    def line(self, text: str, *, since: int = 0, within: float = PATIENCE_S) -> str:
        """Wait for a line with the text in it."""
        return self._await(
            lambda line: line if text in line else None, f"a line with {text!r}", since, within
        )

    def event(
        self, event: str, *, since: int = 0, within: float = PATIENCE_S, **fields: object
    ) -> dict[str, Any]:
        """Wait for a log record with that event and those fields."""

        def pick(line: str) -> dict[str, Any] | None:
            record = read_record(line)
            wanted = {"event": event, **fields}
            return record if all(record.get(name) == value for name, value in wanted.items()) else None

        return self._await(pick, f"{event!r} {fields or ''}", since, within)

    def any_line(self, *, since: int, within: float) -> None:
        """Return once there is a line after `since`, the log has ended, or the time is over."""
        with self._news:
            self._news.wait_for(lambda: len(self._lines) > since or self._deaf, within)

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
            return self._deaf

        with self._news:
            self._news.wait_for(look, within)
        assert found, f"{self.name} did not log {what}; its last lines:\n" + "\n".join(self._lines[-30:])
        return found[0]

    # The process

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def exited(self, within: float = PATIENCE_S) -> int:
        """Wait for its end; its exit status, negative for a signal. The log is complete then."""
        try:
            code = self._popen.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {within:.0f} s") from None
        self._reader.join(PATIENCE_S)
        return code

    def send(self, number: signal.Signals) -> None:
        """A signal, where it still runs."""
        if self.running:
            self._popen.send_signal(number)

    def kill(self) -> None:
        """End it with SIGKILL, and wait for that."""
        self.send(signal.SIGKILL)
        self.exited()

    def terminate(self) -> int:
        """Ask it to end; its exit status."""
        self.send(signal.SIGTERM)
        return self.exited()


def read_record(line: str) -> dict[str, Any]:
    """A line of a JSON log; empty for any other line."""
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
