"""The Expert Advisor's own ZMTP, natively built, on a real TCP connection."""

import socket
import time
from collections.abc import Callable
from typing import Final

from tests.native.console import Console

START, TAKE, WRITE = 1, 2, 3
PATIENCE_S: Final = 15.0
PONG: Final = b"\x04PONG".hex()


class BrokenError(Exception):
    """What was expected did not come. The message says what."""


class Expert:
    """One DEALER at a time. Whatever it waits for raises BrokenError where it does not come."""

    def __init__(self, program: Console, port: int) -> None:
        self._program = program
        self.port = port
        self._link: socket.socket | None = None
        self._chunk = 65_536
        self._messages: list[bytes] = []
        self.pongs = 0
        """How many PINGs were answered."""
        self.failure = ""
        """Why the EA's ZMTP has given the peer up."""
        self.closed = False
        """Whether the peer has closed the connection."""
        self._ready = False

    def connect(self, *, bytewise: bool = False) -> None:
        """A fresh connection, through its handshake; `bytewise`: each byte is read and sent alone."""
        self.dial(bytewise=bytewise)
        self._until(lambda: self._ready, "no READY came")

    def refused(self) -> str:
        """A fresh connection to a peer that is none: what the EA says to it, or the peer to our greeting.

        A peer older than ZMTP 3 reads what comes behind our version as frames: it may close the connection
        before it has said which version is its own.
        """
        self.dial()
        try:
            self._until(lambda: self._ready, "it was neither refused nor closed")
        except BrokenError as error:
            if self.failure or self.closed:
                return str(error)
            raise
        raise BrokenError("it was taken for a peer")

    def dial(self, *, bytewise: bool = False) -> None:
        """A fresh connection, with nothing said but our greeting."""
        self.close()
        self._chunk = 1 if bytewise else 65_536
        self._messages.clear()
        self.closed = False
        self._link = self._dialled()
        self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._obey(self._program.ask(START))

    def _dialled(self) -> socket.socket:
        """Some listen only a moment after they said so."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
            except OSError as error:
                if time.monotonic() > until:
                    raise BrokenError(f"no connection: {error.strerror}") from None
            time.sleep(0.02)

    def close(self) -> None:
        """End the connection without a word."""
        if self._link is not None:
            self._link.close()
        self._link = None

    def send(self, message: bytes) -> None:
        """A message, in the EA's framing."""
        self._obey(self._program.ask(WRITE, message.hex()))

    def message(self) -> bytes:
        """The next message that comes."""
        self._until(lambda: bool(self._messages), "no message came")
        return self._messages.pop(0)

    def watch(self, seconds: float) -> None:
        """Serve the connection for so long, which must hold."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.carry()

    def carry(self) -> None:
        """Take in what has come, and send what answers it."""
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
        self._obey(self._program.ask(TAKE, got.hex()))
        if self.failure:
            raise BrokenError(self.failure)

    def _until(self, done: Callable[[], bool], missing: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while not done():
            self.carry()
            if time.monotonic() > until:
                raise BrokenError(missing)

    def _obey(self, lines: list[str]) -> None:
        """What the program printed: bytes to send, messages, and how the connection stands."""
        *emitted, standing = lines
        self._ready = standing == "ready"
        self.failure = standing.removeprefix("failed: ") if standing.startswith("failed: ") else ""
        for line in emitted:
            mark, _, text = line.partition(" ")
            if mark == "<":
                self._messages.append(bytes.fromhex(text))
                continue
            self.pongs += PONG in text
            self._put(bytes.fromhex(text))

    def _put(self, data: bytes) -> None:
        assert self._link is not None  # noqa: S101 (only a connection makes the program print bytes)
        self._link.settimeout(PATIENCE_S)
        step = len(data) if self._chunk > 1 else 1
        try:
            for at in range(0, len(data), step):
                self._link.sendall(data[at : at + step])
        except OSError as error:
            raise BrokenError(f"the connection broke: {error.strerror}") from None
