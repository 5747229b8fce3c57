"""A foreign ROUTER in its own process, driven by the protocol of routers/protocol.py."""

import os
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from tests.interop.catalogue import Served
from tests.rig.packages import UnavailableError

START_WITHIN_S: Final = 60
END_WITHIN_S: Final = 5


def free_port() -> int:
    """Return a TCP port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Router:
    """Process that runs while the context is entered. Its stderr is appended to `log`."""

    def __init__(self, served: Served, port: int, log: Path) -> None:
        self._served = served
        self._port = port
        self._log = log
        self._lines: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
        self.version = ""
        self.pings = False

    def __enter__(self) -> Self:
        command = [str(self._port) if word == "PORT" else word for word in self._served.command]
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                command,
                env={**os.environ, **self._served.environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                bufsize=1,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            word, *rest = self._lines.get(timeout=START_WITHIN_S)
        except queue.Empty:
            word, rest = "", []
        if word != "listening":
            self._end()
            output = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise UnavailableError(f"the process does not start: {output[-1] if output else 'no output'}")
        self.version, self.pings = rest[0], rest[1] == "1"
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def send(self, *parts: bytes) -> None:
        """Send a message; the first part is the routing id."""
        assert self._child.stdin is not None
        self._child.stdin.write(" ".join(part.hex() or "-" for part in parts) + "\n")
        self._child.stdin.flush()

    def receive(self, meanwhile: Callable[[], object], within_s: float) -> list[bytes]:
        """Return the next message, or [] after `within_s`. `meanwhile` is called repeatedly and must be quick."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            meanwhile()
            try:
                _, *parts = self._lines.get(timeout=0.002)
            except queue.Empty:
                continue
            return [bytes.fromhex(part.strip("-")) for part in parts]
        return []

    def _read(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as lines:
            for line in lines:
                self._lines.put(line.split())
        self._lines.put(["ended"])

    def _end(self) -> None:
        """Kill the process with SIGKILL: the peer disappears without a last message."""
        self._child.kill()
        self._child.wait(END_WITHIN_S)
        self._reader.join()
        if self._child.stdin is not None:
            self._child.stdin.close()
