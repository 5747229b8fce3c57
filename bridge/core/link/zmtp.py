"""ZMTP 3 (RFC 23 and 37), the listening side: bytes of one peer in, whole frames out. No socket, no clock.

    state      event                                          next
    GREETING   64 bytes, version 3, mechanism NULL            READY
    READY      the command READY of a DEALER, REQ or ROUTER   TRAFFIC
    TRAFFIC    messages of one part, PING, PONG               TRAFFIC
    any        anything else that the protocol forbids        the connection is cut

What is held of a peer is bounded: a message counts with all its parts and their headers, and its parts are dropped
as they come. Commands other than PING and PONG mean nothing to a ROUTER and are dropped.
"""

from collections.abc import Iterator
from enum import Enum, auto
from typing import Final, NamedTuple

from bridge.core.link.cut_reasons import CutReason
from bridge.core.link.messages import MAX_MESSAGE_BYTES

_MECHANISM: Final = b"NULL".ljust(20, b"\0")
GREETING: Final = b"\xff" + bytes(8) + b"\x7f\x03\x01" + _MECHANISM + bytes(32)
"""Greeting of either side: ZMTP 3.1, NULL, not a server of credentials."""
PEER_SOCKETS: Final = (b"DEALER", b"REQ", b"ROUTER")
"""Socket types that may talk to a ROUTER."""
LONGEST_HEAD: Final = 9
"""Bytes of flags and size in the long form."""
MAX_COMMAND_BYTES: Final = 1024
MAX_PING_CONTEXT: Final = 16

_MORE, _LONG, _COMMAND = 1, 2, 4


class ZmtpError(Exception):
    """The peer broke a rule of the transport; its connection is cut."""

    def __init__(self, reason: CutReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Kind(Enum):
    """Kind of a received frame."""

    READY = auto()
    MESSAGE = auto()
    PING = auto()
    PONG = auto()


class Frame(NamedTuple):
    """One frame. `raw` is all of it as it came; of a PING its context, of a READY its routing id."""

    kind: Kind
    raw: bytes


def ready(socket_type: bytes, routing_id: bytes = b"") -> bytes:
    """Return the frame of the command READY."""
    return command(b"READY", _property(b"Socket-Type", socket_type) + _property(b"Identity", routing_id))


def message(body: bytes) -> bytes:
    """Return the frame of a message of one part."""
    if len(body) <= 255:
        return bytes([0, len(body)]) + body
    return bytes([_LONG]) + len(body).to_bytes(8, "big") + body


def ping(context: bytes) -> bytes:
    """Return the frame of a PING with that context, and without a time to live."""
    return command(b"PING", b"\0\0" + context)


def pong(context: bytes) -> bytes:
    """Return the frame that answers a PING with that context."""
    return command(b"PONG", context)


def error(reason: bytes) -> bytes:
    """Return the frame of the command ERROR, with which a handshake is refused."""
    return command(b"ERROR", bytes([len(reason)]) + reason)


def command(name: bytes, data: bytes) -> bytes:
    """Return the frame of a command."""
    body = bytes([len(name)]) + name + data
    if len(body) <= 255:
        return bytes([_COMMAND, len(body)]) + body
    return bytes([_COMMAND | _LONG]) + len(body).to_bytes(8, "big") + body


def payload_bytes(frame: bytes) -> int:
    """Return the length of a frame without its header."""
    return len(frame) - (LONGEST_HEAD if frame[0] & _LONG else 2)


def _property(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + len(value).to_bytes(4, "big") + value


class FrameReader:
    """Frames of one peer. `sockets`: the socket types that are let through; `own_id`: whether it may choose one."""

    def __init__(self, sockets: tuple[bytes, ...] = PEER_SOCKETS, *, own_id: bool = False) -> None:
        self._sockets = sockets
        self._own_id = own_id
        self._buffer = bytearray()
        self._greeted = False
        self._ready = False
        self._message = 0
        """Bytes of the parts of the present message, with their headers."""
        self.dropped = 0
        """Number of messages of several parts that ended."""

    @property
    def held(self) -> int:
        """Bytes that wait for the rest of a frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that these bytes complete. Raises ZmtpError, after which nothing more may be fed."""
        self._buffer += data
        if not self._greeted:
            if not self._take_greeting():
                return
            self._greeted = True
        at = 0
        try:
            while (found := self._next(at)) is not None:
                at, frame = found
                if frame is not None:
                    yield frame
        finally:
            del self._buffer[:at]

    def _take_greeting(self) -> bool:
        buffer = self._buffer
        if (buffer[:1] and buffer[0] != 0xFF) or (len(buffer) > 9 and buffer[9] != 0x7F):
            raise ZmtpError(CutReason.NOT_ZMTP)
        if len(buffer) > 10 and buffer[10] < 3:
            raise ZmtpError(CutReason.OLD_ZMTP)
        if len(buffer) < len(GREETING):
            return False
        if buffer[12:32] != _MECHANISM:
            raise ZmtpError(CutReason.MECHANISM)
        del buffer[: len(GREETING)]
        return True

    def _next(self, at: int) -> tuple[int, Frame | None] | None:
        """Return the end of the frame at that place and the frame; None where it is not complete."""
        buffer, there = self._buffer, len(self._buffer) - at
        if there < 2:
            return None
        flags = buffer[at]
        if flags > 7 or flags & (_COMMAND | _MORE) == _COMMAND | _MORE:
            raise ZmtpError(CutReason.MALFORMED)
        if not flags & _LONG:
            head, size = 2, buffer[at + 1]
        elif there < LONGEST_HEAD:
            return None
        else:
            head, size = LONGEST_HEAD, int.from_bytes(buffer[at + 1 : at + LONGEST_HEAD], "big")
        self._check_size(flags, head + size)
        if there < head + size:
            return None
        end = at + head + size
        if flags & _COMMAND:
            return end, self._command(bytes(buffer[at + head : end]), bytes(buffer[at:end]))
        if not self._ready:
            raise ZmtpError(CutReason.MALFORMED)
        return end, self._part(flags, at, end)

    def _check_size(self, flags: int, size: int) -> None:
        """Refuse a frame by its header, before any of its content is held."""
        most = MAX_COMMAND_BYTES if flags & _COMMAND else MAX_MESSAGE_BYTES
        so_far = 0 if flags & _COMMAND else self._message
        if so_far + size > most + LONGEST_HEAD:
            raise ZmtpError(CutReason.TOO_LONG)

    def _part(self, flags: int, at: int, end: int) -> Frame | None:
        if not flags & _MORE and not self._message:
            return Frame(Kind.MESSAGE, bytes(self._buffer[at:end]))
        self._message += end - at
        if not flags & _MORE:
            self._message = 0
            self.dropped += 1
        return None

    def _command(self, body: bytes, raw: bytes) -> Frame | None:
        name, data = body[1 : 1 + body[0]] if body else b"", body[1 + body[0] :] if body else b""
        if not name or len(name) != body[0]:
            raise ZmtpError(CutReason.MALFORMED)
        if not self._ready:
            if name != b"READY":
                raise ZmtpError(CutReason.MALFORMED)
            self._ready = True
            return Frame(Kind.READY, self._read_ready(data))
        if name == b"PING":
            # Two bytes of time to live come first.
            if not 2 <= len(data) <= 2 + MAX_PING_CONTEXT:
                raise ZmtpError(CutReason.MALFORMED)
            return Frame(Kind.PING, data[2:])
        if name == b"PONG":
            if len(data) > MAX_PING_CONTEXT:
                raise ZmtpError(CutReason.MALFORMED)
            return Frame(Kind.PONG, raw)
        return None

    def _read_ready(self, data: bytes) -> bytes:
        """Return the routing id. Raises ZmtpError."""
        properties: dict[bytes, bytes] = {}
        while data:
            name = data[1 : 1 + data[0]]
            data = data[1 + data[0] :]
            size = int.from_bytes(data[:4], "big")
            if not name or len(data) < 4 + size:
                raise ZmtpError(CutReason.MALFORMED)
            properties[name.lower()] = data[4 : 4 + size]
            data = data[4 + size :]
        if properties.get(b"socket-type") not in self._sockets:
            raise ZmtpError(CutReason.SOCKET_TYPE)
        routing_id = properties.get(b"identity", b"")
        if routing_id and not self._own_id:
            raise ZmtpError(CutReason.ROUTING_ID)
        return routing_id
