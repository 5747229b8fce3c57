"""Non-blocking TCP for the EA's sockets, against a real sidecar."""

import select
import socket
from collections.abc import Callable
from typing import Final

_CHUNK: Final = 65_536


class RealConnection:
    """Non-blocking TCP socket. Received bytes are read into memory, so that they can be counted."""

    def __init__(self, peer: socket.socket, on_bytes: Callable[[bytes], None] | None = None) -> None:
        self._socket = peer
        self._on_bytes = on_bytes
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._data = bytearray()
        self._closed = False

    @property
    def closed(self) -> bool:
        self._drain()
        return self._closed

    def arrived(self) -> int:
        self._drain()
        return len(self._data)

    def take(self, most: int) -> bytes:
        self._drain()
        data = bytes(self._data[:most])
        del self._data[:most]
        return data

    def put(self, data: bytes) -> int:
        if self._closed:
            return -1
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._closed = True
            return -1

    def close(self) -> None:
        self._closed = True
        self._socket.close()

    def _drain(self) -> None:
        while not self._closed:
            try:
                chunk = self._socket.recv(_CHUNK)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            self._closed = not chunk
            self._data += chunk
            if self._on_bytes is not None:
                self._on_bytes(chunk)


class RealNetwork:
    """Network of this machine. `wait` sleeps until bytes arrive; `on_bytes` is called with received bytes."""

    def __init__(self, on_bytes: Callable[[bytes], None] | None = None) -> None:
        self._on_bytes = on_bytes
        self._sockets: list[socket.socket] = []

    def connect(self, server: str, port: int, timeout_ms: int) -> RealConnection | None:
        try:
            peer = socket.create_connection((server, port), max(0.001, timeout_ms / 1000))
        except OSError:
            return None
        self._sockets.append(peer)
        return RealConnection(peer, self._on_bytes)

    def wait(self, seconds: float) -> None:
        """Sleep for the given time, or until a connection has bytes or an error."""
        self._sockets = [one for one in self._sockets if one.fileno() >= 0]
        if self._sockets:
            select.select(self._sockets, [], [], seconds)
