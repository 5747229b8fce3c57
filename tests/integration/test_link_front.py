"""The link's front against raw sockets: each limit by its count, on a clock that the test moves."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, suppress
from typing import Final

import pytest
import zmq

from bridge.core.link import zmtp
from bridge.core.link.connection_limiter import FRAME_BYTES, ConnectionLimits, Stage, StageLimit
from bridge.core.link.cut_reasons import CutReason
from bridge.core.link.messages import MAX_MESSAGE_BYTES
from bridge.link import Link, Pings
from bridge.link_front.connection import MOST_QUEUED
from bridge.link_front.inner import MOST_CANDIDATES, InnerConnection

from .sidecar.clock import ManualClock

GRACE_S: Final = 20.0
HANDSHAKE: Final = zmtp.GREETING + zmtp.ready(b"DEALER")
LIMITS: Final = ConnectionLimits(
    greeting=StageLimit(4, 4, 5.0, 1.0),
    unproved=StageLimit(3, 3, 30.0, 2.0),
    burst_bytes=4 * FRAME_BYTES,
    unproved_bytes_s=10 * FRAME_BYTES,
)


def message(body: bytes, flags: int = 0) -> bytes:
    return bytes([flags | 2]) + len(body).to_bytes(8, "big") + body


class Rig:
    """A link that is received from, its clock, and raw peers."""

    def __init__(self, limits: ConnectionLimits = LIMITS, pings: Pings | None = None) -> None:
        self.now = 0.0
        self.link = Link("tcp://127.0.0.1:0", limits=limits, monotonic=lambda: self.now, pings=pings)
        self.frames: list[tuple[bytes, bytes]] = []
        self._peers = ExitStack()
        self._receiving = asyncio.create_task(self._receive())

    async def _receive(self) -> None:
        while True:
            self.frames += await self.link.receive()

    async def peer(self, first: bytes = b"") -> "Raw":
        """Connect, and send the first bytes."""
        made = Raw(self.link.endpoint)
        self._peers.callback(made.close)
        await made.connect()
        await made.send(first)
        return made

    async def until(self, reached: Callable[[], bool]) -> None:
        """Let the event loop work until the condition holds."""
        async with asyncio.timeout(GRACE_S):
            # Sockets bring it about; no event of this loop announces it.
            while not reached():  # noqa: ASYNC110 - no event announces it
                await asyncio.sleep(0)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.link.sweep()

    async def stop_receiving(self) -> None:
        self._receiving.cancel()
        with suppress(asyncio.CancelledError):
            await self._receiving

    async def close(self) -> None:
        await self.stop_receiving()
        self._peers.close()
        self.link.close()


class Raw:
    """A peer that sends any bytes."""

    def __init__(self, endpoint: str) -> None:
        host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
        self._address = (host, int(port))
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self._loop = asyncio.get_running_loop()

    async def connect(self) -> None:
        await self._loop.sock_connect(self.socket, self._address)

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self.socket, data)

    async def read(self, count: int) -> bytes:
        """Return the next bytes; fewer where the connection ends."""
        data = b""
        async with asyncio.timeout(GRACE_S):
            while len(data) < count:
                try:
                    more = await self._loop.sock_recv(self.socket, count - len(data))
                except ConnectionError:
                    more = b""
                if not more:
                    break
                data += more
        return data

    async def rest(self) -> bytes:
        """Return everything until the connection ends."""
        return await self.read(2**30)

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    await made.close()


async def greeted(rig: Rig) -> Raw:
    """Connect a peer, and end its handshake."""
    made = await rig.peer(HANDSHAKE)
    answer = zmtp.GREETING + zmtp.ready(b"ROUTER")
    assert await made.read(len(answer)) == answer
    return made


async def test_message_without_end_is_cut_and_others_are_served() -> None:
    rig = Rig(ConnectionLimits(burst_bytes=2**40))
    try:
        endless, good = await greeted(rig), await greeted(rig)
        part = message(bytes(4096), flags=1)
        sent = 0
        with suppress(ConnectionError):
            while sent < 1000 * MAX_MESSAGE_BYTES:
                await endless.send(part)
                sent += len(part)
        assert sent < 1000 * MAX_MESSAGE_BYTES
        assert rig.link.cuts == {CutReason.TOO_LONG: 1}
        await good.send(message(b"good"))
        await rig.until(lambda: [frame for _, frame in rig.frames] == [b"good"])
    finally:
        await rig.close()


async def test_frame_of_any_announced_length_is_cut_by_its_header(rig: Rig) -> None:
    peer = await greeted(rig)
    await peer.send(b"\x02" + (2**40).to_bytes(8, "big"))
    assert await peer.rest() == b""
    assert rig.link.cuts == {CutReason.TOO_LONG: 1}


async def test_connections_before_their_handshake_are_bounded(rig: Rig) -> None:
    peers = [await rig.peer() for _ in range(4)]
    await rig.until(lambda: rig.link.connections(Stage.GREETING) == 4)
    refused = await rig.peer()
    assert await refused.rest() == b""
    assert rig.link.connections(Stage.GREETING) == 4
    rig.pass_time(1.0)
    late = await rig.peer(HANDSHAKE)
    # The oldest made room.
    assert await peers[0].rest() == zmtp.GREETING
    assert (await late.read(len(zmtp.GREETING))) == zmtp.GREETING
    assert sum(rig.link.cuts.values()) == 2


async def test_handshake_has_a_time_however_slowly_it_goes_on(rig: Rig) -> None:
    slow = await rig.peer(HANDSHAKE[:10])
    await rig.until(lambda: rig.link.connections(Stage.GREETING) == 1)
    rig.pass_time(4.9)
    await slow.send(HANDSHAKE[10:20])
    assert rig.link.cuts == {}
    rig.pass_time(0.1)
    assert await slow.rest() == zmtp.GREETING
    assert rig.link.cuts == {CutReason.GREETING_LATE: 1}


async def test_connection_without_a_session_has_a_time_and_one_with_a_session_has_none(rig: Rig) -> None:
    stranger, terminal = await greeted(rig), await greeted(rig)
    await terminal.send(message(b"hello"))
    await rig.until(lambda: len(rig.frames) == 1)
    rig.link.set_proved({rig.frames[0][0]})
    assert [rig.link.connections(stage) for stage in Stage] == [0, 1, 1]
    rig.pass_time(1000.0)
    assert await stranger.rest() == b""
    assert rig.link.cuts == {CutReason.UNPROVED_LATE: 1}
    assert rig.link.send(rig.frames[0][0], b"welcome")
    assert await terminal.read(9) == b"\x00\x07welcome"


async def test_connection_whose_session_ends_stirs_the_watch(rig: Rig) -> None:
    terminal = await greeted(rig)
    await terminal.send(message(b"hello"))
    await rig.until(lambda: len(rig.frames) == 1)
    rig.link.set_proved({rig.frames[0][0]})
    rig.pass_time(2.0)
    await rig.link.stirred.wait(ManualClock(), 1.0)
    assert rig.link.still
    rig.link.set_proved(())
    async with asyncio.timeout(GRACE_S):
        # Returns although no time passes.
        await rig.link.stirred.wait(ManualClock(), 1.0)


async def test_unproved_connections_are_bounded(rig: Rig) -> None:
    for _ in range(3):
        await greeted(rig)
    refused = await rig.peer(HANDSHAKE)
    assert await refused.rest() == zmtp.GREETING
    assert rig.link.connections(Stage.UNPROVED) == 3
    rig.pass_time(2.0)
    await greeted(rig)
    assert rig.link.connections(Stage.UNPROVED) == 3


async def test_stranger_that_sent_more_than_its_burst_waits_for_the_rest(rig: Rig) -> None:
    peer = await greeted(rig)
    # What comes with one read is taken whole, and paid for by a longer wait.
    await peer.send(message(b"x") * 20)
    await rig.until(lambda: len(rig.frames) == 20)
    await peer.send(message(b"late"))
    # Twenty frames cost two seconds, of which the burst paid some.
    for _ in range(90):
        rig.pass_time(0.01)
        await asyncio.sleep(0)
    assert len(rig.frames) == 20
    # Not until the frame is here: the time of this clock would run out for the connection before it came.
    for _ in range(20):
        rig.pass_time(0.1)
        await asyncio.sleep(0)
    await rig.until(lambda: len(rig.frames) == 21)


async def test_only_so_many_are_accepted_between_two_sweeps() -> None:
    rig = Rig(ConnectionLimits(accepts=3))
    try:
        peers = [await rig.peer() for _ in range(5)]
        await rig.until(lambda: rig.link.connections(Stage.GREETING) == 3)
        for _ in range(100):
            await asyncio.sleep(0)
        assert rig.link.connections(Stage.GREETING) == 3
        rig.pass_time(0.1)
        await rig.until(lambda: rig.link.connections(Stage.GREETING) == len(peers))
    finally:
        await rig.close()


async def test_only_so_many_inner_connections_are_made_between_two_sweeps() -> None:
    rig = Rig(ConnectionLimits(openings=2))
    try:
        for number in range(5):
            await rig.peer(HANDSHAKE + message(b"%d" % number))
        await rig.until(lambda: len(rig.frames) == 2)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(rig.frames) == 2
        rig.pass_time(0.1)
        await rig.until(lambda: len(rig.frames) == 4)
    finally:
        await rig.close()


async def test_peer_without_a_message_costs_no_inner_connection(rig: Rig) -> None:
    before = len(rig.link._front._connections)
    await greeted(rig)
    [connection] = rig.link._front._connections.values()
    assert (before, connection.inner) == (0, None)


async def test_ping_is_answered_with_its_context(rig: Rig) -> None:
    peer = await greeted(rig)
    await peer.send(zmtp.command(b"PING", b"\0\x64context"))
    pong = zmtp.pong(b"context")
    assert await peer.read(len(pong)) == pong


async def test_silent_peer_of_zmtp_3_0_gets_pings_and_is_disconnected() -> None:
    """PING came with ZMTP 3.1: whoever writes a terminal by the older text must skip it."""
    rig = Rig(pings=Pings(every_ms=10, silence_ms=50))
    try:
        older = zmtp.GREETING[:11] + b"\0" + zmtp.GREETING[12:]
        peer = await rig.peer(older + zmtp.ready(b"DEALER") + message(b"hello"))
        assert zmtp.command(b"PING", b"\0\0") in await peer.rest()
        assert [frame for _, frame in rig.frames] == [b"hello"]
    finally:
        await rig.close()


@pytest.mark.parametrize(
    ("socket_type", "routing_id", "said"),
    [(b"DEALER", b"chosen", b"must not choose a routing id"), (b"SUB", b"", b"use a DEALER")],
)
async def test_refused_handshake_says_why(
    rig: Rig, socket_type: bytes, routing_id: bytes, said: bytes
) -> None:
    peer = await rig.peer(zmtp.GREETING + zmtp.ready(socket_type, routing_id))
    answer = await peer.rest()
    assert b"ERROR" in answer and said in answer
    assert sum(rig.link.cuts.values()) == 1


async def test_message_before_a_close_is_delivered(rig: Rig) -> None:
    peer = await greeted(rig)
    await peer.send(message(b"last words"))
    peer.close()
    await rig.until(lambda: [frame for _, frame in rig.frames] == [b"last words"])
    await rig.until(lambda: rig.link._front._connections == {})


async def test_peer_that_reads_nothing_holds_a_bounded_amount_here(rig: Rig) -> None:
    peer = await greeted(rig)
    await peer.send(message(b"hello"))
    await rig.until(lambda: len(rig.frames) == 1)
    [connection] = rig.link._front._connections.values()
    outer = connection.outer
    assert outer is not None
    sent, frame = 0, bytes(MAX_MESSAGE_BYTES)
    async with asyncio.timeout(GRACE_S):
        while rig.link.send(rig.frames[0][0], frame):
            sent += 1
            assert sent < 10_000
            await asyncio.sleep(0)
    assert outer.unsent <= MOST_QUEUED + MAX_MESSAGE_BYTES + zmtp.LONGEST_HEAD


async def test_last_messages_leave_before_the_link_ends() -> None:
    rig = Rig()
    peer = await rig.peer(HANDSHAKE + message(b"hello"))
    await rig.until(lambda: len(rig.frames) == 1)
    assert rig.link.send(rig.frames[0][0], b"bye")
    await rig.stop_receiving()
    await rig.link.finish()
    assert (await peer.rest()).endswith(b"\x00\x03bye")
    await rig.close()


async def test_lack_of_descriptors_is_counted_and_ends_with_it(rig: Rig) -> None:
    if sys.platform == "win32":
        pytest.skip("there is no such limit on Windows")
    import resource

    first = await greeted(rig)
    await first.send(message(b"hello"))
    await rig.until(lambda: len(rig.frames) == 1)
    waiting = [Raw(rig.link.endpoint) for _ in range(2)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = max(each.socket.fileno() for each in waiting) + 1
    blocked: list[socket.socket] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        with suppress(OSError):
            while True:
                blocked.append(socket.socket())
        await waiting[0].connect()
        await rig.until(lambda: rig.link.cuts[CutReason.NO_DESCRIPTOR] == 1)
        await first.send(message(b"served"))
        await rig.until(lambda: len(rig.frames) == 2)
        # It is not tried again before the next sweep.
        assert rig.link.cuts[CutReason.NO_DESCRIPTOR] == 1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for filler in blocked:
            filler.close()
    rig.pass_time(0.1)
    assert await waiting[0].read(len(zmtp.GREETING)) == zmtp.GREETING
    for each in waiting:
        each.close()


async def test_usual_zeromq_clients_get_through() -> None:
    rig = Rig(ConnectionLimits())
    try:
        with zmq.Context() as context, ExitStack() as sockets:
            for kind in (zmq.DEALER, zmq.ROUTER):
                client = sockets.enter_context(context.socket(kind))
                client.setsockopt(zmq.LINGER, 0)
                if kind == zmq.ROUTER:
                    client.setsockopt(zmq.CONNECT_ROUTING_ID, b"sidecar")
                client.connect(rig.link.endpoint)
                client.send_multipart([b"sidecar", b"hello"] if kind == zmq.ROUTER else [b"hello"])
            await rig.until(lambda: len(rig.frames) == 2)
    finally:
        await rig.close()


# The inner connection


class Inner:
    """An inner connection whose ROUTER the test plays."""

    def __init__(self) -> None:
        self.address = ""
        self.pings: list[bytes] = []
        self.ended = False
        self.connection = InnerConnection(
            asyncio.get_running_loop(),
            routing_id=b"p1",
            router_id=b"s" * 32,
            connect=self._connect,
            on_ping=self.pings.append,
            on_end=self._on_end,
            on_drained=lambda: None,
        )

    def _connect(self, address: str) -> None:
        self.address = address

    def _on_end(self) -> None:
        self.ended = True

    async def router(self, router_id: bytes) -> Raw:
        made = Raw(self.address)
        await made.connect()
        await made.send(zmtp.GREETING + zmtp.ready(b"ROUTER", router_id))
        return made


async def test_stranger_at_the_inner_port_is_closed_and_the_router_gets_the_messages(rig: Rig) -> None:
    inner = Inner()
    inner.connection.write(message(b"hello"))
    ready = zmtp.GREETING + zmtp.ready(b"DEALER", b"p1")
    silent = Raw(inner.address)
    await silent.connect()
    stranger = await inner.router(b"t" * 32)
    assert await stranger.rest() == ready
    router = await inner.router(b"s" * 32)
    assert await router.read(len(ready) + 14) == ready + message(b"hello")
    await rig.until(lambda: inner.connection.stands)
    # The port is closed with that.
    assert await silent.rest() in (b"", ready)
    late = Raw(inner.address)
    with pytest.raises(ConnectionError):
        await late.connect()
    pings = zmtp.ping(b"one") + zmtp.ping(b"two")
    await router.send(pings[:-3])
    await rig.until(lambda: inner.pings == [b"one"])
    await router.send(pings[-3:])
    await rig.until(lambda: inner.pings == [b"one", b"two"])
    inner.connection.close()
    for each in (silent, stranger, router, late):
        each.close()


async def test_inner_connection_ends_after_strangers_alone(rig: Rig) -> None:
    inner = Inner()
    for _ in range(MOST_CANDIDATES):
        stranger = await inner.router(b"t" * 32)
        await stranger.rest()
        stranger.close()
    await rig.until(lambda: inner.ended)
    assert not inner.connection.stands
