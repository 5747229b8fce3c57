"""Memory, descriptors and CPU time of another process, as Linux shows them."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

LOOK_S: Final = 0.1
_USER_TIME: Final = 11
"""Place of the user time in /proc/PID/stat, counted behind the program's name; the system time follows it."""


class Usage:
    """Resources that a process uses while the context lasts; None each where the system does not show it."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        self.memory_mb: float | None = None
        """Largest resident memory."""
        self.descriptors: int | None = None
        """Largest number of them."""
        self.cpu: float | None = None
        """CPU seconds by second."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="usage", daemon=True)

    def __enter__(self) -> Self:
        self._began, self._cpu_before = time.monotonic(), self._cpu_s()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        after, seconds = self._cpu_s(), time.monotonic() - self._began
        if after is not None and self._cpu_before is not None and seconds > 0:
            self.cpu = (after - self._cpu_before) / seconds

    def _cpu_s(self) -> float | None:
        with suppress(OSError):
            # The name may have spaces and brackets in it.
            fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
            ticks = sum(int(each) for each in fields[_USER_TIME : _USER_TIME + 2])
            return ticks / os.sysconf("SC_CLK_TCK")
        return None

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            with suppress(OSError):
                pages = int((self._folder / "statm").read_text().split()[1])
                self.memory_mb = max(self.memory_mb or 0.0, pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
                self.descriptors = max(self.descriptors or 0, len(os.listdir(self._folder / "fd")))
