"""The Expert Advisor's ZMTP module, natively built, on a real TCP connection."""

import socket
import time
from collections.abc import Callable
from typing import Final

from tests.native.console import Console

START, TAKE, WRITE = 1, 2, 3
WAIT_S: Final = 15.0
PONG: Final = b"\x04PONG".hex()


class BrokenError(Exception):
    """An expected event did not happen. The message names it."""


class Expert:
    """One DEALER at a time. Every wait is bounded and raises BrokenError after WAIT_S."""

    def __init__(self, program: Console, port: int) -> None:
        self._program = program
        self.port = port
        self._link: socket.socket | None = None
        self._chunk = 65_536
        self._messages: list[bytes] = []
        self.pongs = 0
        """Number of PINGs answered so far."""
        self.failure = ""
        """Error text of the EA's ZMTP after it refused the peer; empty while it has not."""
        self.closed = False
        """True after the peer closed the connection."""
        self._ready = False

    def connect(self, *, bytewise: bool = False) -> None:
        """Open a new connection and complete its handshake; `bytewise` reads and writes single bytes."""
        self.dial(bytewise=bytewise)
        self._until(lambda: self._ready, "no READY came")

    def refused(self) -> str:
        """Open a connection to a peer older than ZMTP 3 and return the reason for which it ended.

        Such a peer reads the bytes behind our version as frames: it may close the connection before it has
        sent its own version.
        """
        self.dial()
        try:
            self._until(lambda: self._ready, "the connection was neither refused nor closed")
        except BrokenError as error:
            if self.failure or self.closed:
                return str(error)
            raise
        raise BrokenError("the EA accepted a peer older than ZMTP 3")

    def dial(self, *, bytewise: bool = False) -> None:
        """Open a new connection and send the greeting only."""
        self.close()
        self._chunk = 1 if bytewise else 65_536
        self._messages.clear()
        self.closed = False
        self._link = self._connection()
        self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._apply(self._program.ask(START))

    def _connection(self) -> socket.socket:
        """Connect, with retries: some peers report `listening` shortly before they listen."""
        until = time.monotonic() + WAIT_S
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port), WAIT_S)
            except OSError as error:
                if time.monotonic() > until:
                    raise BrokenError(
                        f"port {self.port} does not accept a connection: {error.strerror}"
                    ) from None
            time.sleep(0.02)

    def close(self) -> None:
        """Close the connection without a message."""
        if self._link is not None:
            self._link.close()
        self._link = None

    def send(self, message: bytes) -> None:
        """Send a message in the EA's framing."""
        self._apply(self._program.ask(WRITE, message.hex()))

    def message(self) -> bytes:
        """Return the next message from the peer."""
        self._until(lambda: bool(self._messages), "no message came")
        return self._messages.pop(0)

    def watch(self, seconds: float) -> None:
        """Serve the connection for `seconds`. Raises BrokenError where it ends earlier."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.carry()

    def carry(self) -> None:
        """Read the available bytes and send the EA's answers to them."""
        if self._link is None:
            raise BrokenError("there is no connection")
        self._link.settimeout(0.002)
        try:
            got = self._link.recv(self._chunk)
        except TimeoutError:
            return
        except OSError as error:
            self.closed = True
            raise BrokenError(f"the connection broke: {error.strerror}") from None
        if not got:
            self.closed = True
            raise BrokenError("the peer closed the connection")
        self._apply(self._program.ask(TAKE, got.hex()))
        if self.failure:
            raise BrokenError(self.failure)

    def _until(self, done: Callable[[], bool], missing: str) -> None:
        until = time.monotonic() + WAIT_S
        while not done():
            self.carry()
            if time.monotonic() > until:
                raise BrokenError(missing)

    def _apply(self, lines: list[str]) -> None:
        """Apply the program's output: bytes to send, messages received, and the connection state (last line)."""
        *output, state = lines
        self._ready = state == "ready"
        self.failure = state.removeprefix("failed: ") if state.startswith("failed: ") else ""
        for line in output:
            mark, _, text = line.partition(" ")
            if mark == "<":
                self._messages.append(bytes.fromhex(text))
                continue
            self.pongs += PONG in text
            self._put(bytes.fromhex(text))

    def _put(self, data: bytes) -> None:
        assert self._link is not None
        self._link.settimeout(WAIT_S)
        step = len(data) if self._chunk > 1 else 1
        try:
            for at in range(0, len(data), step):
                self._link.sendall(data[at : at + step])
        except OSError as error:
            raise BrokenError(f"the connection broke: {error.strerror}") from None
