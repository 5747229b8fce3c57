"""Sockets of the EA: MQL5's functions with their quirks, over real or simulated connections.

Source: MQL5 reference, 'Network Functions'; mql5/FACTS.md 1 and 8.1. A connection reads and writes without
blocking; waiting uses the EA's clock.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from tests.mql5.host.binding.host import Answer, fail
from tests.mql5.host.functions.program import Program
from tests.mql5.host.switches import Switches
from tests.mql5.reference import constants

C: Final = constants()
MOST_OPEN: Final = 128
DEFAULT_WAIT_MS: Final = 120_000
_POLL_MS: Final = 1


class Connection(Protocol):
    """One TCP connection. No method blocks."""

    @property
    def closed(self) -> bool:
        """True after the peer has closed; earlier bytes may still be unread."""
        ...

    def arrived(self) -> int:
        """Return the number of bytes that can be read now."""
        ...

    def take(self, most: int) -> bytes:
        """Read the available bytes, at most the given number."""
        ...

    def put(self, data: bytes) -> int:
        """Send bytes; return the number taken, or -1 where the connection is lost."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class Network(Protocol):
    """Source of connections."""

    def connect(self, server: str, port: int, timeout_ms: int) -> Connection | None:
        """Return a connection; None without a listener."""
        ...


@dataclass
class _Socket:
    connection: Connection | None = None
    connected_in: int = -1
    """Number of the handler that connected."""
    connected_us: int = 0
    looks: int = 0
    writable_looks: int = 0
    sends: int = 0
    receive_ms: int = 0
    failed: bool = False
    """True after a failed send, from which the loss is visible."""


class Sockets:
    """SocketCreate and the other socket functions."""

    def __init__(self, network: Network, program: Program, switches: Switches) -> None:
        self._network = network
        self._program = program
        self._switches = switches
        self._open: dict[int, _Socket] = {}
        self._last = 0
        self._reads = 0
        self._listed = not switches.address_refused

    def list_address(self) -> None:
        """Add the address to the list of allowed addresses; effective at the next connect."""
        self._listed = True

    def close_all(self) -> None:
        """Close all connections, as the operating system does after the EA's end."""
        for socket in self._open.values():
            if socket.connection is not None:
                socket.connection.close()
        self._open.clear()

    def SocketCreate(self, flags: int) -> Answer:
        if len(self._open) >= MOST_OPEN:
            return fail(C["ERR_NETSOCKET_TOO_MANY_OPENED"], -1)
        self._last += 1
        self._open[self._last] = _Socket()
        return self._last

    def SocketClose(self, handle: int) -> Answer:
        socket = self._open.pop(handle, None)
        if socket is None:
            return fail(C["ERR_NETSOCKET_INVALIDHANDLE"], False)
        if socket.connection is not None:
            socket.connection.close()
        return True

    def SocketConnect(self, handle: int, server: str, port: int, timeout_ms: int) -> Answer:
        socket = self._open.get(handle)
        if socket is None:
            return fail(C["ERR_NETSOCKET_INVALIDHANDLE"], False)
        if not self._listed:
            return fail(self._switches.address_refused, False)
        self._program.clock.sleep(min(self._switches.connect_takes, timeout_ms))
        connection = self._network.connect(server, port, timeout_ms)
        if connection is None:
            return fail(self._switches.connect_error, False)
        socket.connection, socket.connected_in = connection, self._program.handler
        socket.connected_us = self._program.clock.now_us()
        return True

    def SocketTimeouts(self, handle: int, send_ms: int, receive_ms: int) -> Answer:
        socket = self._open.get(handle)
        if socket is None:
            return fail(C["ERR_NETSOCKET_INVALIDHANDLE"], False)
        socket.receive_ms = receive_ms
        return True

    def SocketIsConnected(self, handle: int) -> Answer:
        socket = self._open.get(handle)
        if socket is None or socket.connection is None or socket.failed:
            return False
        if not socket.connection.closed or self._switches.close_unseen:
            return True
        # While bytes are unread, the documentation counts the connection as open.
        return socket.connection.arrived() > 0 and not self._switches.closed_while_bytes_remain

    def SocketIsReadable(self, handle: int) -> Answer:
        socket = self._open.get(handle)
        if socket is None:
            return fail(C["ERR_NETSOCKET_INVALIDHANDLE"], 0)
        if socket.connection is None:
            return 0
        arrived = socket.connection.arrived()
        socket.looks += 1
        if arrived and self._switches.readable_at_second_look and socket.looks % 2:
            return 0
        if not arrived and (self._switches.speculative_byte or self._closed_with_error(socket)):
            return 1
        return arrived

    def SocketIsWritable(self, handle: int) -> Answer:
        socket = self._open.get(handle)
        if socket is None or socket.connection is None or socket.failed:
            return False
        socket.writable_looks += 1
        return not (self._switches.writable_at_second_look and socket.writable_looks % 2)

    def SocketRead(self, handle: int, most: int, timeout_ms: int) -> Answer:
        socket = self._open.get(handle)
        if socket is None or socket.connection is None:
            return fail(C["ERR_NETSOCKET_INVALIDHANDLE"], -1, b"")
        self._reads += 1
        if (every := self._switches.read_fails_every) and self._reads % every == 0:
            return fail(C["ERR_NETSOCKET_IO_ERROR"], -1, b"")
        arrived = socket.connection.arrived()
        if arrived < most and self._switches.long_read_blocks:
            # Measured: neither time-out ended it, and nothing was read.
            self._program.clock.sleep(self._switches.long_read_blocks)
            return self._lost(socket)
        if arrived == 0:
            wait = timeout_ms or self._switches.zero_wait_read_blocks
            self._wait(socket, min(wait, DEFAULT_WAIT_MS))
        data = socket.connection.take(most)
        if not data:
            return (
                self._lost(socket) if socket.connection.closed else fail(C["ERR_NETSOCKET_IO_ERROR"], -1, b"")
            )
        if self._switches.bytes_with_error and socket.connection.closed and not socket.connection.arrived():
            return fail(C["ERR_NETSOCKET_IO_ERROR"], -1, data)
        return len(data), data

    def SocketSend(self, handle: int, data: bytes, size: int) -> Answer:
        socket = self._open.get(handle)
        if socket is None or socket.connection is None or socket.failed:
            return fail(C["ERR_NETSOCKET_INVALIDHANDLE"], -1)
        if self._switches.first_send_refused and socket.connected_in == self._program.handler:
            return self._lost(socket, -1)
        age_us = self._program.clock.now_us() - socket.connected_us
        if age_us < self._switches.send_refused_for * 1000:
            return self._lost(socket, -1)
        socket.sends += 1
        if (every := self._switches.send_would_block_every) and socket.sends % every == 0:
            return 0 if socket.sends // every % 2 else -1
        most = self._switches.send_at_most or size
        sent = socket.connection.put(data[: min(size, most)])
        return self._lost(socket, -1) if sent < 0 else sent

    def _closed_with_error(self, socket: _Socket) -> bool:
        """Return True where a closed connection reports 1 readable byte (mql5/FACTS.md 1)."""
        return self._switches.bytes_with_error and socket.connection is not None and socket.connection.closed

    def _wait(self, socket: _Socket, milliseconds: int) -> None:
        assert socket.connection is not None
        for _ in range(0, milliseconds, _POLL_MS):
            if socket.connection.arrived() or socket.connection.closed:
                return
            self._program.clock.sleep(_POLL_MS)

    def _lost(self, socket: _Socket, *results: int) -> Answer:
        """Drop the connection, as after a system error (reference, 'SocketRead')."""
        socket.failed = True
        if socket.connection is not None:
            socket.connection.close()
        return fail(C["ERR_NETSOCKET_IO_ERROR"], *(results or (-1, b"")))
