"""Front: the public port of the link. It accepts within limits, checks frames, and passes whole messages on.

libzmq bounds a frame and not a message, and accepts connections without end. So nothing of a peer reaches it but
single frames of allowed length, over an inner connection for each peer (`inner`). Routing ids are given here.
What a peer is sent goes to its connection at once, and not through libzmq.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Collection
from typing import Final

from bridge import accept_errors
from bridge.core.link import zmtp
from bridge.core.link.connection_limiter import FRAME_BYTES, ConnectionLimits, LinkLimiter, Stage
from bridge.core.link.cut_reasons import CutReason
from bridge.link_front.connection import Connection
from bridge.link_front.inner import InnerConnection
from bridge.link_front.stream import Stream
from bridge.wake_up import WakeUp

SWEEP_S: Final = 0.1
"""Seconds between sweeps."""
FINISH_S: Final = 2.0
"""Seconds in which a peer must take what it was sent before its connection is closed."""
_NUMBER_BYTES: Final = 8
_ID_MARK: Final = b"p"
"""First byte of a routing id: zero is for ids of the ROUTER's own."""


class LinkFront:
    """All connections of one listening socket. `sweep` is to be called every SWEEP_S, unless `still`."""

    def __init__(
        self,
        listener: socket.socket,
        *,
        connect: Callable[[str], None],
        router_id: bytes,
        limits: ConnectionLimits,
        monotonic: Callable[[], float],
    ) -> None:
        """`connect` makes the ROUTER connect to an address; `router_id` is the routing id that it shows there."""
        listener.setblocking(False)
        self._listener = listener
        self._connect = connect
        self._router_id = router_id
        self._limits = limits
        self._monotonic = monotonic
        self._limiter = LinkLimiter(limits, monotonic())
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections: dict[int, Connection] = {}
        self._unopened: dict[int, Connection] = {}
        """Connections that wait for an inner connection."""
        self._last = 0
        self._accepts_left = limits.accepts
        self._openings_left = limits.openings
        self._accepting = False
        self._empty = asyncio.Event()
        self.stirred = WakeUp()
        """Set whenever a sweep has to follow within SWEEP_S."""
        self.cuts: Counter[CutReason] = Counter()
        """Connections that were closed or refused, and messages that were dropped, by reason."""

    def count_of(self, stage: Stage) -> int:
        """Return the number of connections in a stage."""
        return self._limiter.count(stage)

    @property
    def still(self) -> bool:
        """True where no limit depends on time now: every connection has a session, and new ones may come."""
        finishing = any(each.finishing_since is not None for each in self._connections.values())
        waiting = self._unopened or finishing or not self._accepting
        return not waiting and self._limiter.all_proved and self._accepts_left == self._limits.accepts

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Accept from now on."""
        self._loop = loop
        self._set_accepting(True)

    def sweep(self) -> None:
        """Close what is overdue, and let in and read what had to wait."""
        now = self._monotonic()
        for number, reason in self._limiter.overdue(now):
            self._connections[number].cut(reason)
        for connection in list(self._connections.values()):
            if connection.finishing_since is not None and now - connection.finishing_since >= FINISH_S:
                connection.close()
        self._limiter.refill(now)
        for connection in list(self._connections.values()):
            self._pace(connection)
        self._accepts_left, self._openings_left = self._limits.accepts, self._limits.openings
        self._open_inner()
        if self._loop is not None:
            self._set_accepting(True)

    def set_proved(self, peers: Collection[bytes]) -> None:
        """Set the routing ids of the peers that have a session."""
        self._limiter.set_proved({_number(peer) for peer in peers}, self._monotonic())
        if not self.still:
            self.stirred.set()

    def send(self, peer: bytes, body: bytes) -> bool:
        """Send a message to a peer. Return False where that is gone, or takes nothing."""
        connection = self._connections.get(_number(peer))
        return connection is not None and connection.send(body)

    def taken(self, peer: bytes, size: int) -> None:
        """Note that a message of that many bytes was taken from the ROUTER."""
        number = _number(peer)
        self._limiter.hold(number, -size - FRAME_BYTES)
        if (connection := self._connections.get(number)) is not None:
            self._pace(connection)
            if connection.peer_gone:
                self.peer_left(connection)

    async def emptied(self) -> None:
        """Accept nothing more, and wait until every connection that the ROUTER closes is closed."""
        self._stop_accepting()
        for connection in list(self._connections.values()):
            if connection.inner is None:
                connection.close()
        while self._connections:
            self._empty.clear()
            await self._empty.wait()

    def close(self) -> None:
        """Close everything at once."""
        self._stop_accepting()
        self._listener.close()
        for connection in list(self._connections.values()):
            connection.close()

    # What the connections say (connection.Owner).

    def greeted(self, connection: Connection) -> bool:
        """Admit a connection to the unproved ones."""
        return self._admitted(connection, *self._limiter.greeted(connection.number, self._monotonic()))

    def message(self, connection: Connection, frame: bytes) -> None:
        """Count a message, and make an inner connection for the first one."""
        self._limiter.hold(connection.number, zmtp.payload_bytes(frame) + FRAME_BYTES)
        if connection.inner is None and connection.number not in self._unopened:
            self._unopened[connection.number] = connection
            self._open_inner()

    def received(self, connection: Connection, size: int, frames: int) -> None:
        """Count bytes, and stop reading where it was enough."""
        self._limiter.received(connection.number, size, frames)
        self._pace(connection)

    def peer_left(self, connection: Connection) -> None:
        """Close a connection whose peer has closed it, where all its messages are taken."""
        if self._limiter.held(connection.number) <= 0:
            connection.close()

    def count(self, reason: CutReason) -> None:
        """Count what was cut or dropped."""
        self.cuts[reason] += 1

    def ended(self, connection: Connection) -> None:
        """Forget a connection."""
        self._limiter.forget(connection.number)
        self._unopened.pop(connection.number, None)
        self._connections.pop(connection.number, None)
        self._empty.set()

    # Accepting

    def _set_accepting(self, wanted: bool) -> None:
        if self._loop is None or wanted == self._accepting:
            return
        self._accepting = wanted
        if wanted:
            self._loop.add_reader(self._listener, self._accept)
        else:
            self._loop.remove_reader(self._listener)

    def _stop_accepting(self) -> None:
        self._set_accepting(False)
        self._loop = None

    def _accept(self) -> None:
        """Accept one connection. The event loop calls again where more wait, and lets others in between."""
        if self._accepts_left <= 0:
            self._set_accepting(False)
            return
        self._accepts_left -= 1
        self.stirred.set()
        try:
            connected, address = self._listener.accept()
        except OSError as error:
            if accept_errors.is_of_one_connection(error):
                return
            self.count(_reason(error))
            # It would be signalled again at once, and without end.
            self._set_accepting(False)
            return
        self._last += 1
        connection = Connection(self._last, self)
        self._connections[connection.number] = connection
        decision = self._limiter.accept(connection.number, address[0], self._monotonic())
        if not self._admitted(connection, *decision) or self._loop is None:
            connected.close()
            return
        connection.outer = Stream(
            self._loop,
            connected,
            on_data=connection.on_data,
            on_end=connection.on_peer_gone,
        )
        connection.outer.write(zmtp.GREETING)

    def _admitted(self, connection: Connection, refused: CutReason | None, displaced: int | None) -> bool:
        if displaced is not None:
            self._connections[displaced].cut(CutReason.TOO_MANY)
        if refused is not None:
            connection.cut(refused)
        return refused is None

    # Inner connections

    def _open_inner(self) -> None:
        """Make inner connections, as many as may be made now."""
        being_made = sum(
            each.inner is not None and not each.inner.stands for each in self._connections.values()
        )
        while self._unopened and self._openings_left > 0 and being_made < self._limits.openings:
            connection = self._unopened.pop(next(iter(self._unopened)))
            self._openings_left -= 1
            being_made += 1
            self._open(connection)

    def _open(self, connection: Connection) -> None:
        if self._loop is None:
            return
        try:
            inner = InnerConnection(
                self._loop,
                routing_id=_peer(connection.number),
                router_id=self._router_id,
                connect=self._connect,
                on_ping=connection.on_inner_ping,
                on_end=lambda: self._router_gone(connection),
                on_drained=lambda: self._pace(connection),
            )
        except OSError as error:
            connection.cut(_reason(error))
            return
        connection.opened(inner)

    def _router_gone(self, connection: Connection) -> None:
        connection.finishing_since = self._monotonic()
        self.stirred.set()
        connection.on_router_gone()

    def _pace(self, connection: Connection) -> None:
        if connection.outer is not None:
            connection.outer.set_reading(connection.takes_more and self._limiter.may_send(connection.number))


def _reason(error: OSError) -> CutReason:
    return CutReason.NO_DESCRIPTOR if accept_errors.is_scarcity(error) else CutReason.INNER


def _peer(number: int) -> bytes:
    return _ID_MARK + number.to_bytes(_NUMBER_BYTES, "big")


def _number(peer: bytes) -> int:
    return int.from_bytes(peer[len(_ID_MARK) :], "big")
