"""The link between terminals and sidecar: sockets that connect by themselves, connections that fail.

Each end is what the product sees of ZeroMQ: a DEALER that queues and reconnects, a ROUTER that knows its peers by
ids and refuses to send to one that is gone. Within a connection frames keep their order, as TCP does. Between two
connections there is none. A connection can be slow, break with what is under way, or become half-open: nothing
arrives any more, and neither end learns of it. What travels are frames, or the bytes of an end that speaks ZMTP by
itself (`expert_socket.py`).
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from random import Random
from typing import Final, Protocol

from bridge.core.link.cut_reasons import CutReason
from bridge.wake_up import WakeUp
from tests.simulation.schedule import US, Life, Schedule

MS: Final = US // 1000
MAX_DRAIN: Final = 256
QUEUE: Final = 1000
"""Frames that a socket without a connection keeps."""
ROUTER_SILENCE_S: Final = (15, 20)
"""Seconds after which the sidecar's transport notices that a connection is half-open."""


class Socket(Protocol):
    """Terminal's end of a connection."""

    life: Life
    closed: bool

    def deliver(self, data: bytes) -> None:
        """Take in what has arrived."""

    def lose(self, connection: "Connection") -> None:
        """Learn that a connection is broken."""


class Connection:
    """One TCP connection of a terminal's socket."""

    def __init__(self, peer: bytes, socket: Socket, listener: "SidecarLink") -> None:
        self.peer = peer
        self.socket = socket
        self.listener = listener
        self.up = True
        """False once either end has closed it."""
        self.arrives = {True: True, False: True}
        """True where what is under way arrives, towards the sidecar and back."""
        self.slow_until = 0
        """Time up to which frames wait on their way."""
        self.last = {True: 0, False: 0}
        """Arrival of the last frame, towards the sidecar and back."""

    def deliver(self, data: bytes) -> None:
        """Take in at the sidecar's end what has arrived."""
        self.listener.arrived(self.peer, data)

    def encoded(self, frame: bytes) -> bytes:
        """Return what travels to the terminal for a frame."""
        return frame


class SidecarLink:
    """The sidecar's end (`bridge.sidecar.ports.TerminalLink`), of one life."""

    endpoint = "tcp://simulated:1"

    def __init__(self, network: "Network", life: Life) -> None:
        self._network = network
        self.life = life
        self.connections: dict[bytes, Connection] = {}
        self._inbox: deque[tuple[bytes, bytes]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._stirred = WakeUp()

    @property
    def cuts(self) -> Mapping[CutReason, int]:
        return {}

    @property
    def still(self) -> bool:
        return True

    @property
    def stirred(self) -> WakeUp:
        return self._stirred

    def sweep(self) -> None:
        pass

    def set_proved(self, peers: Collection[bytes]) -> None:
        pass

    async def receive(self) -> list[tuple[bytes, bytes]]:
        while not self._inbox:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return [self._inbox.popleft() for _ in range(min(MAX_DRAIN, len(self._inbox)))]

    def send(self, peer: bytes, frame: bytes) -> bool:
        connection = self.connections.get(peer)
        if connection is None or not self.life.alive:
            return False
        self._network.carry(connection, connection.encoded(frame), to_sidecar=False)
        return True

    def wake_receiver(self) -> bool:
        if self._inbox and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        return bool(self._inbox)

    def arrived(self, peer: bytes, frame: bytes) -> None:
        """Take a frame in."""
        self._inbox.append((peer, frame))
        self.wake_receiver()

    async def finish(self) -> None:
        self.close()

    def close(self) -> None:
        if self.life.alive:
            self._network.stop_listening(self)


class TerminalSocket:
    """A DEALER of one life of a terminal. `on_frame` is called when frames have arrived in `inbox`."""

    def __init__(self, network: "Network", life: Life, on_frame: Callable[[], None]) -> None:
        self._network = network
        self.life = life
        self.on_frame = on_frame
        self.inbox: deque[bytes] = deque()
        self.waiting: deque[bytes] = deque()
        """Frames that were sent while there is no connection."""
        self.connection: Connection | None = None
        self.closed = False
        network.connect(self, first=True)

    def send(self, frame: bytes) -> bool:
        """Send, or queue until there is a connection. Return False where the queue is full."""
        if self.connection is not None:
            self._network.carry(self.connection, frame, to_sidecar=True)
            return True
        if len(self.waiting) >= QUEUE:
            return False
        self.waiting.append(frame)
        return True

    def deliver(self, data: bytes) -> None:
        self.inbox.append(data)
        self.on_frame()

    def lose(self, connection: Connection) -> None:
        if self.connection is connection:
            self.connection = None
            if not self.closed and self.life.alive:
                self._network.connect(self)

    def close(self) -> None:
        """Close; what has left still arrives, and then the sidecar's end learns of it."""
        self.closed = True
        if self.connection is not None:
            self._network.closed_by_terminal(self.connection)
            self.connection = None


class Network:
    """All connections to one sidecar."""

    def __init__(self, schedule: Schedule, random: Random) -> None:
        self._schedule = schedule
        self._random = random
        self._listener: SidecarLink | None = None
        self._connections: list[Connection] = []
        self.counts: Counter[str] = Counter()

    def listen(self, life: Life) -> SidecarLink:
        """Return the end of a sidecar that has bound its address."""
        self._listener = SidecarLink(self, life)
        return self._listener

    def stop_listening(self, listener: SidecarLink) -> None:
        """End all connections of a sidecar that has ended, or was killed."""
        if self._listener is listener:
            self._listener = None
        for connection in [each for each in self._connections if each.listener is listener]:
            listener.connections.pop(connection.peer, None)
            self.cut(connection, lose=self._random.random() < 0.5)

    def connect(self, socket: TerminalSocket, *, first: bool = False) -> None:
        """Let the socket connect as soon as there is a sidecar."""
        wait = self._random.randrange(1, 20) if first else self._random.randrange(100, 300)

        def attempt() -> None:
            if socket.closed or socket.connection is not None:
                return
            listener = self._listener
            if listener is None or listener.life.stopped_until > self._schedule.now + 60 * US:
                self._schedule.after(self._random.randrange(100, 300) * MS, socket.life, attempt)
                return
            connection = Connection(self.new_peer(), socket, listener)
            socket.connection = connection
            self.add(connection)
            self.introduce(connection)
            while socket.waiting:
                self.carry(connection, socket.waiting.popleft(), to_sidecar=True)

        self._schedule.after(wait * MS, socket.life, attempt)

    @property
    def listener(self) -> SidecarLink | None:
        """End of the sidecar that listens now."""
        return self._listener

    def new_peer(self) -> bytes:
        """Return an id as a ROUTER draws it for a connection."""
        return self._random.randbytes(5)

    def add(self, connection: Connection) -> None:
        """Keep a new connection."""
        self._connections.append(connection)

    def introduce(self, connection: Connection) -> None:
        """Let the sidecar's end know the connection's peer."""
        connection.listener.connections[connection.peer] = connection

    def carry(self, connection: Connection, frame: bytes, *, to_sidecar: bool) -> None:
        """Let a frame travel. It is lost where the connection breaks before it arrives."""
        delay = (
            self._random.randrange(30, 400)
            if self._random.random() < 0.97
            else self._random.randrange(MS, 80 * MS)
        )
        when = max(connection.last[to_sidecar], self._schedule.now + delay, connection.slow_until)
        connection.last[to_sidecar] = when
        receiver = connection.listener.life if to_sidecar else connection.socket.life

        def arrive() -> None:
            if not connection.arrives[to_sidecar]:
                self.counts["frames lost with their connection"] += 1
            elif to_sidecar:
                connection.deliver(frame)
            elif not connection.socket.closed:
                connection.socket.deliver(frame)

        self._schedule.at(when, receiver, arrive)

    def closed_by_terminal(self, connection: Connection) -> None:
        """Let the sidecar's end learn that the socket was closed, behind what was sent."""
        connection.arrives[False] = False
        self._end(connection)

    def cut(self, connection: Connection, *, lose: bool = True) -> None:
        """Break a connection at both ends. `lose` False: what was sent to the sidecar still arrives."""
        if not connection.up:
            return
        connection.arrives = {True: not lose and connection.arrives[True], False: False}
        self._end(connection)
        connection.socket.lose(connection)

    def present(self) -> list[Connection]:
        """Return the connections that are up, in the order of their making."""
        return list(self._connections)

    def half_open(self, connection: Connection, seconds: float) -> None:
        """Lose everything in a connection from now on; it breaks after that time at the latest."""
        connection.arrives = {True: False, False: False}
        self._schedule.after(int(seconds * US), None, lambda: self.cut(connection))
        noticed = self._random.randrange(*ROUTER_SILENCE_S) * US
        self._schedule.after(noticed, connection.listener.life, lambda: self._forget_peer(connection))

    def _end(self, connection: Connection) -> None:
        connection.up = False
        self._connections.remove(connection)
        # The sidecar's end reads what has arrived, and then the end of the connection.
        silent = self._random.randrange(*ROUTER_SILENCE_S) * US if not any(connection.arrives.values()) else 0
        when = max(connection.last[True], self._schedule.now) + silent + self._random.randrange(30, 400)
        self._schedule.at(when, connection.listener.life, lambda: self._forget_peer(connection))

    def _forget_peer(self, connection: Connection) -> None:
        connection.listener.connections.pop(connection.peer, None)
