"""A ROUTER in a process of its own: routers/lines.py says how the two talk."""

import os
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from peers_parts.catalogue import Served, UnavailableError

STARTS_S: Final = 60
ENDS_S: Final = 5


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Router:
    """Serves from entering the context to its end. What it prints on stderr goes to `log`."""

    def __init__(self, served: Served, port: int, log: Path) -> None:
        self._served = served
        self._port = port
        self._log = log
        self._heard: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
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
            word, *rest = self._heard.get(timeout=STARTS_S)
        except queue.Empty:
            word, rest = "", []
        if word != "listening":
            self._end()
            said = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise UnavailableError(f"it does not start: {said[-1] if said else 'it says nothing'}")
        self.version, self.pings = rest[0], rest[1] == "1"
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def send(self, *parts: bytes) -> None:
        """Send a message, the routing id first."""
        assert self._child.stdin is not None  # noqa: S101 (it was asked for)
        self._child.stdin.write(" ".join(part.hex() or "-" for part in parts) + "\n")
        self._child.stdin.flush()

    def receive(self, meanwhile: Callable[[], object], within_s: float) -> list[bytes]:
        """The next message, or none. `meanwhile` is called again and again, and must not take long."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            meanwhile()
            try:
                _, *parts = self._heard.get(timeout=0.002)
            except queue.Empty:
                continue
            return [bytes.fromhex(part.strip("-")) for part in parts]
        return []

    def _read(self) -> None:
        assert self._child.stdout is not None  # noqa: S101 (it was asked for)
        with self._child.stdout as lines:
            for line in lines:
                self._heard.put(line.split())
        self._heard.put(["ended"])

    def _end(self) -> None:
        """As kill -9 does: a peer that goes away says no more."""
        self._child.kill()
        self._child.wait(ENDS_S)
        self._reader.join()
        if self._child.stdin is not None:
            self._child.stdin.close()
