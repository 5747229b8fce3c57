"""Listening side of ZMTP 3 for tests: bytes in, messages out, without a socket."""

from typing import Final

GREETING: Final = b"\xff" + bytes(8) + b"\x7f\x03\x01NULL" + bytes(16) + b"\0" + bytes(31)
READY: Final = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER"


class ZmtpEnd:
    """One connection. `out` holds the bytes to send."""

    def __init__(self) -> None:
        self.out = bytearray(GREETING)
        self.pongs: list[bytes] = []
        self._in = bytearray()
        self._greeted = False
        self.ready = False
        """True after the peer's READY; before it a ROUTER knows no peer."""

    def take(self, data: bytes) -> list[bytes]:
        """Return the messages that these bytes complete. Raises AssertionError for a protocol error of the peer."""
        self._in += data
        if not self._greeted:
            if len(self._in) < len(GREETING):
                return []
            greeting = self._take(len(GREETING))
            assert greeting[:1] == b"\xff" and greeting[9:11] == b"\x7f\x03"
            assert greeting[12:32].rstrip(b"\0") == b"NULL"
            self._greeted = True
            self.out += bytes([4, len(READY)]) + READY
        messages = []
        while (frame := self._frame()) is not None:
            flags, body = frame
            assert not flags & 1, "a message of several parts"
            if flags & 4:
                self._command(body)
            else:
                assert self.ready, "a message before READY"
                messages.append(body)
        return messages

    def send(self, message: bytes) -> None:
        """Frame a message and append it to `out`."""
        long = len(message) > 255
        self.out += bytes([2 if long else 0]) + len(message).to_bytes(8 if long else 1, "big") + message

    def _command(self, body: bytes) -> None:
        name = body[1 : 1 + body[0]]
        assert name in (b"READY", b"PONG"), name
        if name == b"READY":
            assert b"Socket-Type\x00\x00\x00\x06DEALER" in body
            assert body.endswith(b"\x08Identity\x00\x00\x00\x00")
            self.ready = True
        else:
            self.pongs.append(body)

    def _frame(self) -> tuple[int, bytes] | None:
        if len(self._in) < 2:
            return None
        flags = self._in[0]
        head = 9 if flags & 2 else 2
        if len(self._in) < head:
            return None
        size = int.from_bytes(self._in[1:head], "big")
        if len(self._in) < head + size:
            return None
        self._take(head)
        return flags, self._take(size)

    def _take(self, count: int) -> bytes:
        data = bytes(self._in[:count])
        del self._in[:count]
        return data
