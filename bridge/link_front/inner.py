"""Inner connection: the way of one peer's messages to the ROUTER of this process, over loopback.

The ROUTER connects, to a port that exists for this one connection. What another program connects to it meanwhile is
closed: the ROUTER proves itself by its routing id, which is random, and known in this process alone.
"""

import asyncio
import hmac
import socket
from collections.abc import Callable
from typing import Final

from bridge.core.link import zmtp
from bridge.core.link.zmtp import FrameReader, Kind, ZmtpError
from bridge.link_front.stream import Stream

HOST: Final = "127.0.0.1"
MOST_CANDIDATES: Final = 8
"""Connections to the port that are looked at; behind them nothing is waited for."""


class InnerConnection:
    """One connection to the ROUTER. Messages that are written before it stands wait in it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        routing_id: bytes,
        router_id: bytes,
        connect: Callable[[str], None],
        on_ping: Callable[[bytes], None],
        on_end: Callable[[], None],
        on_drained: Callable[[], None],
    ) -> None:
        """`routing_id`: the peer's, for the ROUTER; `router_id`: the ROUTER's own. `on_ping` gets the context of
        each PING of the ROUTER, which sends no messages. Raises OSError."""
        self._loop = loop
        self._greeting = zmtp.GREETING + zmtp.ready(b"DEALER", routing_id)
        self._router_id = router_id
        self._on_ping = on_ping
        self._on_end = on_end
        self._on_drained = on_drained
        self._waiting = bytearray()
        self._candidates: list[Stream] = []
        self._looked_at = 0
        self._stream: Stream | None = None
        self._listener: socket.socket | None = socket.create_server((HOST, 0), backlog=MOST_CANDIDATES)
        self._listener.setblocking(False)
        loop.add_reader(self._listener, self._accept)
        connect(f"tcp://{HOST}:{self._listener.getsockname()[1]}")

    @property
    def stands(self) -> bool:
        """True once the ROUTER is connected."""
        return self._stream is not None

    @property
    def unsent(self) -> int:
        """Bytes that have not left for the ROUTER."""
        return len(self._waiting) if self._stream is None else self._stream.unsent

    def write(self, frame: bytes) -> None:
        """Send a frame to the ROUTER."""
        if self._stream is None:
            self._waiting += frame
        else:
            self._stream.write(frame)

    def close(self) -> None:
        """Close at once."""
        self._stop_listening()
        if self._stream is not None:
            self._stream.close()

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            connected, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionError):
            return
        except OSError:
            self._fail()
            return
        self._looked_at += 1
        reader = FrameReader((b"ROUTER",), own_id=True)
        stream = Stream(
            self._loop,
            connected,
            on_data=lambda data: self._look_at(stream, reader, data),
            on_end=lambda: self._drop(stream),
            on_drained=self._on_drained,
        )
        self._candidates.append(stream)
        stream.write(self._greeting)

    def _look_at(self, stream: Stream, reader: FrameReader, data: bytes) -> None:
        try:
            for frame in reader.feed(data):
                if stream is self._stream:
                    if frame.kind is Kind.PING:
                        self._on_ping(frame.raw)
                elif frame.kind is Kind.READY and hmac.compare_digest(frame.raw, self._router_id):
                    self._stand(stream)
                else:
                    self._drop(stream)
                    return
        except ZmtpError:
            self._drop(stream)

    def _stand(self, stream: Stream) -> None:
        self._stream = stream
        self._candidates.remove(stream)
        self._stop_listening()
        waiting, self._waiting = bytes(self._waiting), bytearray()
        stream.write(waiting)

    def _drop(self, stream: Stream) -> None:
        if stream is self._stream:
            self._on_end()
            return
        stream.close()
        if stream in self._candidates:
            self._candidates.remove(stream)
        if self._looked_at >= MOST_CANDIDATES and not self._candidates:
            self._fail()

    def _fail(self) -> None:
        self.close()
        self._on_end()

    def _stop_listening(self) -> None:
        for stream in self._candidates:
            stream.close()
        self._candidates.clear()
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
