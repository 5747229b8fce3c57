"""One child process of the demo: started with a log of its own, waited for, and always ended."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from demo_parts.patience import Patience

END_S: Final = 6.0
"""How long a process may take to end in order. The sidecar alone takes seconds, to deliver what is in flight."""
TAIL: Final = 15
"""The lines of a log that are shown where a process failed."""


class ProcessDiedError(Exception):
    """A process ended that should run."""


def bridge_command(*arguments: str) -> list[str]:
    """An `execution-officer` command in this interpreter's environment."""
    return [sys.executable, "-m", "bridge", *arguments]


class Process:
    """A running `execution-officer` command. What it prints goes to NAME.log, on which `wait_until_ready` looks."""

    def __init__(
        self, name: str, arguments: Sequence[str], *, folder: Path, environ: Mapping[str, str], ready: str
    ) -> None:
        """`ready` is a pattern for the line that says that it is ready; its group is the address."""
        self.name: Final = name
        self._log = folder / f"{name}.log"
        self._ready = re.compile(ready)
        self._heard: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        # Out of reach of the terminal's Ctrl-C: the demo ends its processes itself, in order.
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

    def wait_until_ready(self, patience: Patience) -> str:
        """Its address, once it is ready. Raises ProcessDiedError, and what `patience` raises."""
        while True:
            try:
                address = self._heard.get(timeout=patience.moment())
            except queue.Empty:
                continue
            if address is None:
                raise self._died()
            return address

    def check(self) -> None:
        """Raise ProcessDiedError where it has ended."""
        if self._child.poll() is not None:
            raise self._died()

    def end(self) -> None:
        """End it: in order if it will, else by force. Its log is complete then."""
        with suppress(OSError):  # what follows has the stronger means
            if sys.platform == "win32":
                # terminate() would be a kill there.
                self._child.send_signal(signal.CTRL_BREAK_EVENT)
            else:
                self._child.terminate()
        try:
            self._child.wait(END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join()

    def _read(self) -> None:
        """Copy what it prints into the log, to the end: a full pipe would hold it up."""
        assert self._child.stdout is not None  # noqa: S101 (it was asked for)
        waiting = True
        with self._child.stdout as lines, self._log.open("wb", buffering=0) as log:
            for line in lines:
                log.write(line)
                found = self._ready.search(line.decode("utf-8", "replace")) if waiting else None
                if found:
                    self._heard.put(found[1])
                    waiting = False
        self._heard.put(None)

    def _died(self) -> ProcessDiedError:
        status = self._child.wait()
        self._reader.join()
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL:]
        tail = "\n".join(f"  {line}" for line in lines) or "  (nothing)"
        return ProcessDiedError(f"{self.name} ended with exit status {status}. Its log ends with:\n{tail}")
