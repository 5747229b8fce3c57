"""One child process of the demo: started with a log of its own, waited for, and always ended."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from demo_parts.deadline import Deadline

END_S: Final = 20.0
"""Seconds that a process has to end in order. The sidecar needs some to deliver the events in flight."""
TAIL: Final = 15
"""Number of lines of a log that are shown if a process failed."""


class ProcessDiedError(Exception):
    """A process ended that should be running."""


def bridge_command(*arguments: str) -> list[str]:
    """Return an `execution-officer` command in this interpreter's environment."""
    return [sys.executable, "-m", "bridge", *arguments]


def request_end(child: subprocess.Popen[bytes]) -> None:
    """Request a process to end in order. Raises OSError or SystemError where the request cannot reach it.

    Windows delivers it through the console. Where there is none (a service, a scheduled task, a remote shell),
    Python up to 3.12 ends the process by force and raises SystemError, later ones raise OSError.
    """
    if sys.platform == "win32":
        # terminate() would be a kill there.
        child.send_signal(signal.CTRL_BREAK_EVENT)
    else:
        child.terminate()


class Process:
    """A running `execution-officer` command. Its output is written to NAME.log."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        folder: Path,
        environ: Mapping[str, str],
        ready: str,
        request: Callable[[subprocess.Popen[bytes]], None] = request_end,
        end_s: float = END_S,
    ) -> None:
        """Start the command. `ready` is the pattern of its line when it is ready; the group is its address."""
        self.name: Final = name
        self._request = request
        self._end_s = end_s
        self._forced = ""
        """Reason for which it was ended by force; empty where it was not."""
        self._log = folder / f"{name}.log"
        self._ready = re.compile(ready)
        self._addresses: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        # Not reached by the terminal's Ctrl-C: the demo ends its processes itself, in order.
        windows_flag = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        self._child = subprocess.Popen(
            bridge_command(*arguments),
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=os.name == "posix",
            creationflags=windows_flag,
        )
        self._reader = threading.Thread(target=self._read, name=f"{name} log", daemon=True)
        self._reader.start()

    def wait_until_ready(self, deadline: Deadline) -> str:
        """Return its address, once it is ready. Raises ProcessDiedError, and the errors of `deadline`."""
        while True:
            try:
                address = self._addresses.get(timeout=deadline.moment())
            except queue.Empty:
                continue
            if address is None:
                raise self._died()
            return address

    def check(self) -> None:
        """Raise ProcessDiedError if it has ended."""
        if self._child.poll() is not None:
            raise self._died()

    def end(self) -> None:
        """End it: in order if it reacts, otherwise by force. Its log is complete then. Raises nothing."""
        if self._child.poll() is None:
            try:
                self._request(self._child)
                self._child.wait(self._end_s)
            except (OSError, SystemError) as error:
                self._forced = f"it could not be requested to end ({error})"
                if sys.platform == "win32":
                    self._forced += "; that needs a console: run this in a console window"
            except subprocess.TimeoutExpired:
                self._forced = f"it did not end within {self._end_s:g} s"
            if self._forced:
                self._child.kill()
                self._child.wait()
        self._reader.join()

    def end_in_order(self) -> None:
        """End it. Raises ProcessDiedError unless it ends by itself, with exit status 0."""
        self.end()
        if self._forced:
            raise ProcessDiedError(f"{self.name} was ended by force: {self._forced}")
        if self._child.returncode:
            raise self._died()

    def kill(self) -> None:
        """End it as a power cut does. Its log is complete then."""
        self._child.kill()
        self._child.wait()
        self._reader.join()

    def _read(self) -> None:
        """Copy its output into the log, to the end: a full pipe would block the process."""
        assert self._child.stdout is not None  # noqa: S101 (it was asked for)
        waiting = True
        with self._child.stdout as lines, self._log.open("wb", buffering=0) as log:
            for line in lines:
                log.write(line)
                # Without its end, which has two characters on Windows.
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                found = self._ready.search(text) if waiting else None
                if found:
                    self._addresses.put(found[1])
                    waiting = False
        self._addresses.put(None)

    def _died(self) -> ProcessDiedError:
        status = self._child.wait()
        self._reader.join()
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL:]
        tail = "\n".join(f"  {line}" for line in lines) or "  (empty)"
        return ProcessDiedError(f"{self.name} ended with exit status {status}. Its log ends with:\n{tail}")
