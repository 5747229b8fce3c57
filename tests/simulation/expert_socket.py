"""The Expert Advisor's end of the link: a TCP connection that carries bytes, with ZMTP spoken by the EA itself.

The other end is the least that a ROUTER does (`tests/native/zmtpend.py`). Bytes travel in pieces, so that a message
arrives in parts; a socket takes no more than its window while the other side does not read.
"""

from random import Random
from typing import Final

from tests.native.zmtpend import ZmtpEnd
from tests.simulation.network import Connection, Network, SidecarLink
from tests.simulation.schedule import Life

WINDOW: Final = 64 * 1024
"""Bytes under way from which a socket takes no more."""


class ByteConnection(Connection):
    """TCP connection whose terminal's end reads and writes bytes."""

    def __init__(self, peer: bytes, socket: "ByteSocket", listener: SidecarLink, network: Network) -> None:
        super().__init__(peer, socket, listener)
        self._zmtp = ZmtpEnd()
        self._network = network
        self._known = False
        self.unread = 0
        """Bytes of the terminal that have not arrived."""

    def deliver(self, data: bytes) -> None:
        self.unread -= len(data)
        messages = self._zmtp.take(data)
        if self._zmtp.ready and not self._known and self.up:
            self._known = True
            self._network.introduce(self)
        for message in messages:
            self.listener.arrived(self.peer, message)
        self.flush()

    def encoded(self, frame: bytes) -> bytes:
        self._zmtp.send(frame)
        return self._taken()

    def flush(self) -> None:
        """Send what the other end has to say by itself: greeting, READY, answers to PING."""
        if self._zmtp.out:
            self._network.carry(self, self._taken(), to_sidecar=False)

    def _taken(self) -> bytes:
        data = bytes(self._zmtp.out)
        self._zmtp.out.clear()
        return data


class ByteSocket:
    """Socket of the EA (`tests.mql5.host.functions.sockets.Connection`). No method blocks."""

    def __init__(self, network: Network, life: Life, random: Random, listener: SidecarLink) -> None:
        self._network = network
        self._random = random
        self.life = life
        self.closed = False
        """True once either end has closed it."""
        self._inbox = bytearray()
        self._connection = ByteConnection(network.new_peer(), self, listener, network)
        network.add(self._connection)
        self._connection.flush()

    def deliver(self, data: bytes) -> None:
        self._inbox += data

    def lose(self, connection: Connection) -> None:
        self.closed = True

    def arrived(self) -> int:
        return len(self._inbox)

    def take(self, most: int) -> bytes:
        data = bytes(self._inbox[:most])
        del self._inbox[:most]
        return data

    def put(self, data: bytes) -> int:
        if self.closed:
            return -1
        taken = data[: max(0, WINDOW - self._connection.unread)]
        self._connection.unread += len(taken)
        cut = self._random.randrange(1, len(taken)) if len(taken) > 1 and self._random.random() < 0.2 else 0
        for piece in (taken[:cut], taken[cut:]):
            if piece:
                self._network.carry(self._connection, piece, to_sidecar=True)
        return len(taken)

    def close(self) -> None:
        """Close; what has left still arrives, and then the sidecar's end learns of it."""
        if not self.closed:
            self.closed = True
            self._network.closed_by_terminal(self._connection)


class ByteNetwork:
    """The network as one life of the EA connects to it (`tests.mql5.host.functions.sockets.Network`)."""

    def __init__(self, network: Network, life: Life, random: Random) -> None:
        self._network = network
        self._life = life
        self._random = random

    def connect(self, server: str, port: int, timeout_ms: int) -> ByteSocket | None:
        """Return a connection; None where no sidecar listens."""
        listener = self._network.listener
        return None if listener is None else ByteSocket(self._network, self._life, self._random, listener)
