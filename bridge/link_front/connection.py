"""Connection of one peer: its frames, checked and counted, and the inner connection that carries its messages."""

from typing import Final, Protocol, assert_never

from bridge.core.link import zmtp
from bridge.core.link.cut_reasons import CutReason
from bridge.core.link.zmtp import FrameReader, Kind, ZmtpError
from bridge.link_front.inner import InnerConnection
from bridge.link_front.stream import Stream

MOST_UNSENT: Final = 65_536
"""Bytes that wait to leave for the ROUTER, beyond which nothing more is read from the peer."""
MOST_QUEUED: Final = 1_048_576
"""Bytes that wait to leave for the peer, beyond which it is sent nothing more."""
_EXPLAINED: Final = {
    CutReason.ROUTING_ID: b"a terminal must not choose a routing id; leave the socket's own empty",
    CutReason.SOCKET_TYPE: b"this socket type does not talk to a ROUTER; use a DEALER",
}
"""Reasons in words, for the writer of the peer: ZMTP has an ERROR for handshakes."""


class Owner(Protocol):
    """Front, as a connection sees it."""

    def greeted(self, connection: "Connection") -> bool:
        """Decide after its ZMTP handshake: True where it may stay."""

    def message(self, connection: "Connection", frame: bytes) -> None:
        """Count a message of it, and see to its inner connection."""

    def received(self, connection: "Connection", size: int, frames: int) -> None:
        """Count bytes of it, and decide whether more is read."""

    def peer_left(self, connection: "Connection") -> None:
        """Close it once its messages are taken."""

    def count(self, reason: CutReason) -> None:
        """Count what was cut or dropped."""

    def ended(self, connection: "Connection") -> None:
        """Forget it."""


class Connection:
    """One accepted connection."""

    def __init__(self, number: int, owner: Owner) -> None:
        self.number = number
        self.outer: Stream | None = None
        """Side of the peer."""
        self.inner: InnerConnection | None = None
        """Side of the ROUTER, from the first message on."""
        self.finishing_since: float | None = None
        """Time since which only what was written before is sent."""
        self.peer_gone = False
        self.closed = False
        self._owner = owner
        self._reader = FrameReader()
        self._dropped = 0
        self._waiting = bytearray()
        """Messages that came before there was an inner connection."""

    def on_data(self, data: bytes) -> None:
        """Take bytes of the peer."""
        frames = 0
        try:
            for frame in self._reader.feed(data):
                frames += 1
                self._take(frame)
                if self.closed:
                    return
        except ZmtpError as broken:
            self._refuse(broken.reason)
            return
        for _ in range(self._reader.dropped - self._dropped):
            self._owner.count(CutReason.MULTIPART)
        self._dropped = self._reader.dropped
        self._owner.received(self, len(data), frames)

    def send(self, body: bytes) -> bool:
        """Send a message to the peer. Return False where the connection ends, or where it takes nothing.

        A peer that has closed its side is sent nothing, and its connection lasts until its messages are taken.
        """
        if self.outer is None or self.closed or self.finishing_since is not None:
            return False
        if self.outer.unsent > MOST_QUEUED:
            return False
        self.outer.write(zmtp.message(body))
        return True

    def on_inner_ping(self, context: bytes) -> None:
        """Pass a PING of the ROUTER to the peer."""
        if self.outer is not None:
            self.outer.write(zmtp.ping(context))

    @property
    def takes_more(self) -> bool:
        """True where the way to the ROUTER takes more."""
        return self.inner is None or self.inner.unsent <= MOST_UNSENT

    def opened(self, inner: InnerConnection) -> None:
        """Send the messages that waited for the inner connection."""
        self.inner = inner
        inner.write(bytes(self._waiting))
        self._waiting.clear()

    def close(self) -> None:
        """Close both sides at once."""
        if self.closed:
            return
        self.closed = True
        for side in (self.outer, self.inner):
            if side is not None:
                side.close()
        self._owner.ended(self)

    def cut(self, reason: CutReason) -> None:
        """Close it, and count why."""
        if not self.closed:
            self._owner.count(reason)
            self.close()

    def on_peer_gone(self) -> None:
        """Close once what it sent is taken: the ROUTER drops what it has not passed on when a connection ends."""
        self.peer_gone = True
        self._owner.peer_left(self)

    def on_router_gone(self) -> None:
        """Send what the ROUTER sent before it closed; `finishing_since` is set by the front."""
        if self.outer is None or self.outer.closed:
            self.close()
        elif self.inner is not None and not self.inner.stands:
            self.cut(CutReason.INNER)
        else:
            self.outer.finish()

    def _take(self, frame: zmtp.Frame) -> None:
        match frame.kind:
            case Kind.READY:
                if self._owner.greeted(self) and self.outer is not None:
                    self.outer.write(zmtp.ready(b"ROUTER"))
            case Kind.MESSAGE:
                if self.inner is None:
                    self._waiting += frame.raw
                else:
                    self.inner.write(frame.raw)
                self._owner.message(self, frame.raw)
            case Kind.PING:
                if self.outer is not None:
                    self.outer.write(zmtp.pong(frame.raw))
            case Kind.PONG:
                if self.inner is not None:
                    self.inner.write(frame.raw)
            case _:
                assert_never(frame.kind)

    def _refuse(self, reason: CutReason) -> None:
        if reason in _EXPLAINED and self.outer is not None:
            self.outer.write(zmtp.error(_EXPLAINED[reason]))
        self.cut(reason)
