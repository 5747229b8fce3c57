"""The link socket against real DEALERs: delivered and dropped messages, and calls that never block."""

import asyncio
import os
import select
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
import zmq

from bridge.address import EndpointError
from bridge.core.link.connection_limiter import ConnectionLimits
from bridge.core.link.cut_reasons import CutReason
from bridge.core.link.messages import MAX_MESSAGE_BYTES
from bridge.link import MAX_DRAIN, RECEIVE_WINDOW, Link

GRACE_S = 20.0
STUCK_MS = 1000
"""Milliseconds after which a peer whose frame is not accepted counts as unread."""


class Terminals:
    """DEALERs that connect to one link."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._context = zmq.Context()
        self._dealers: list[zmq.Socket[bytes]] = []

    def connect(
        self, *, identity: bytes = b"", receive_window: int = 1000, send_window: int = 1000
    ) -> "zmq.Socket[bytes]":
        """Connect one more peer."""
        dealer: zmq.Socket[bytes] = self._context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.setsockopt(zmq.RCVHWM, receive_window)
        dealer.setsockopt(zmq.SNDHWM, send_window)
        dealer.setsockopt(zmq.RCVTIMEO, int(GRACE_S * 1000))
        if identity:
            dealer.setsockopt(zmq.IDENTITY, identity)
        dealer.connect(self._endpoint)
        self._dealers.append(dealer)
        return dealer

    def close(self) -> None:
        for dealer in self._dealers:
            dealer.close()
        self._context.term()


PLENTY = ConnectionLimits(
    unproved_bytes_s=2**40, burst_bytes=2**40, unproved_held=2**21, accepts=1000, openings=1000
)
"""Limits that no test here reaches: `test_link_front` is about them."""


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    made = Link("tcp://127.0.0.1:0", limits=PLENTY)
    yield made
    made.close()


@pytest.fixture
def terminals(link: Link) -> Iterator[Terminals]:
    made = Terminals(link.endpoint)
    yield made
    made.close()


async def read(dealer: "zmq.Socket[bytes]") -> list[bytes]:
    """Return the next message of a peer. The link works on this thread's event loop meanwhile."""
    return await asyncio.to_thread(dealer.recv_multipart)


async def received(link: Link, count: int = 1) -> list[tuple[bytes, bytes]]:
    """Return the next `count` messages; fail after GRACE_S."""
    messages: list[tuple[bytes, bytes]] = []
    async with asyncio.timeout(GRACE_S):
        while len(messages) < count:
            messages += await link.receive()
    return messages


async def test_single_part_message_is_delivered_in_both_directions(link: Link, terminals: Terminals) -> None:
    dealer = terminals.connect()
    dealer.send(b"hello")
    [(peer, frame)] = await received(link)
    assert frame == b"hello"
    assert link.send(peer, b"welcome")
    assert await read(dealer) == [b"welcome"]


async def test_messages_of_two_peers_are_kept_apart(link: Link, terminals: Terminals) -> None:
    dealers = [terminals.connect() for _ in range(3)]
    for number, dealer in enumerate(dealers):
        dealer.send(b"%d" % number)
    for peer, frame in await received(link, 3):
        assert link.send(peer, b"for " + frame)
    assert [await read(dealer) for dealer in dealers] == [[b"for 0"], [b"for 1"], [b"for 2"]]


@pytest.mark.parametrize("parts", [2, 3, 2000])
async def test_multipart_message_is_dropped_and_counted(link: Link, terminals: Terminals, parts: int) -> None:
    dealer = terminals.connect()
    dealer.send_multipart([b"{}"] * parts)
    dealer.send(b"next")
    assert [frame for _, frame in await received(link)] == [b"next"]
    assert link.cuts == {CutReason.MULTIPART: 1}


async def test_empty_message_is_delivered_as_one_part(link: Link, terminals: Terminals) -> None:
    dealer = terminals.connect()
    dealer.send(b"")
    assert [frame for _, frame in await received(link)] == [b""]


async def test_message_of_exactly_the_limit_is_delivered(link: Link, terminals: Terminals) -> None:
    dealer = terminals.connect()
    dealer.send(bytes(MAX_MESSAGE_BYTES))
    [(peer, frame)] = await received(link)
    assert len(frame) == MAX_MESSAGE_BYTES
    assert link.send(peer, frame)
    assert await read(dealer) == [frame]


async def test_message_above_the_limit_disconnects_its_sender_alone(link: Link, terminals: Terminals) -> None:
    good, bad = terminals.connect(), terminals.connect()
    bad.send(b"first")
    [(gone, _)] = await received(link)
    good.send(b"first")
    [(present, _)] = await received(link)
    bad.send(bytes(MAX_MESSAGE_BYTES + 1))
    # It comes back by itself, as somebody else; what it had queued is lost.
    frames: dict[bytes, bytes] = {}
    async with asyncio.timeout(GRACE_S):
        while b"again" not in frames.values():
            with suppress(zmq.Again):
                bad.send(b"again", zmq.NOBLOCK)
            good.send(b"round")
            frames = dict(await received(link))
    assert frames.pop(present, b"round") == b"round"
    assert gone not in frames
    assert not link.send(gone, b"lost")
    assert link.send(present, b"still here")
    assert await read(good) == [b"still here"]


async def test_peer_with_a_chosen_id_is_refused_and_counted(link: Link, terminals: Terminals) -> None:
    terminals.connect(identity=b"terminal-1").send(b"mine")
    receiving = asyncio.create_task(received(link))
    async with asyncio.timeout(GRACE_S):
        # The other end sees it first; nothing of this loop announces it.
        while not link.cuts:  # noqa: ASYNC110 - no event announces it
            await asyncio.sleep(0)
    terminals.connect().send(b"good")
    assert [frame for _, frame in await receiving] == [b"good"]
    assert set(link.cuts) == {CutReason.ROUTING_ID}


async def test_one_receive_returns_a_bounded_number_of_messages(link: Link, terminals: Terminals) -> None:
    # More than MAX_DRAIN at once come from many peers alone: little is held of each.
    dealers = [terminals.connect() for _ in range(30)]
    numbers = range(RECEIVE_WINDOW - 2)
    for number in numbers:
        for dealer in dealers:
            dealer.send(b"%d" % number)
    frames: dict[bytes, list[bytes]] = {}
    while sum(map(len, frames.values())) < len(dealers) * len(numbers):
        batch = await received(link)
        assert len(batch) <= MAX_DRAIN
        for peer, frame in batch:
            frames.setdefault(peer, []).append(frame)
    assert list(frames.values()) == [[b"%d" % number for number in numbers]] * len(dealers)


async def test_send_to_a_vanished_peer_fails(link: Link, terminals: Terminals) -> None:
    dealer, other = terminals.connect(), terminals.connect()
    dealer.send(b"hello")
    [(peer, _)] = await received(link)
    dealer.close()
    # The transport learns of it in its own time; nothing else can make it known here.
    async with asyncio.timeout(GRACE_S):
        while link.send(peer, b"anybody?"):
            other.send(b"round")
            await received(link)
    assert not link.send(b"\x00abcd", b"never was")


async def test_send_to_a_blocked_peer_fails_at_once(link: Link, terminals: Terminals) -> None:
    stuck, other = terminals.connect(receive_window=1), terminals.connect()
    stuck.send(b"hello")
    [(peer, _)] = await received(link)
    frame = bytes(60_000)
    sent = 0
    # It reads nothing: its own window, the system's buffers and ours fill up.
    while link.send(peer, frame):
        sent += 1
        assert sent < 10_000
    assert not link.send(peer, b"more")
    # Nobody else is held up by it.
    other.send(b"hello")
    [(free, _)] = await received(link)
    assert link.send(free, b"welcome")
    assert await read(other) == [b"welcome"]


async def test_unread_peer_has_a_bounded_amount_of_buffered_data(link: Link, terminals: Terminals) -> None:
    dealer = terminals.connect(send_window=1)
    dealer.setsockopt(zmq.SNDTIMEO, STUCK_MS)
    dealer.send(b"hello")
    [(peer, _)] = await received(link)
    link.set_proved({peer})
    frame = bytes(MAX_MESSAGE_BYTES)
    sent = 0
    # Nothing is received: the peer's window, the system's buffers and ours fill up, and then the peer must wait.
    with suppress(zmq.Again):
        while sent < 1000:
            await asyncio.to_thread(dealer.send, frame)
            sent += 1
    assert RECEIVE_WINDOW <= sent < 1000
    assert [peer_frame for _, peer_frame in await received(link, sent)] == [frame] * sent


@asynccontextmanager
async def peer_inside(link: Link) -> AsyncIterator[tuple[zmq.Socket[bytes], int]]:
    """A peer in this process, whose messages need no event loop, and the descriptor of the link's socket.

    One message of the peer was received.
    """
    link._socket.bind("inproc://peer")
    with link._context.socket(zmq.DEALER) as dealer:
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.setsockopt(zmq.ROUTING_ID, b"peer")
        dealer.connect("inproc://peer")
        dealer.send(b"first")
        await received(link)
        descriptor = link._socket.getsockopt(zmq.FD)
        assert isinstance(descriptor, int)
        yield dealer, descriptor


@pytest.mark.skipif(os.name == "nt", reason="the socket's descriptor cannot be polled so on Windows")
async def test_event_loop_rests_while_a_message_waits_that_nothing_receives(link: Link) -> None:
    async with peer_inside(link) as (dealer, descriptor):
        dealer.send(b"second")
        async with asyncio.timeout(GRACE_S):
            # The event loop's selector looks at it in the same way.
            while select.select([descriptor], [], [], 0)[0]:  # noqa: ASYNC110 - no event announces it
                await asyncio.sleep(0)
        assert [frame for _, frame in await received(link)] == [b"second"]


@pytest.mark.skipif(os.name == "nt", reason="the socket's descriptor cannot be polled so on Windows")
async def test_message_whose_signal_another_call_took_is_received(link: Link) -> None:
    async with peer_inside(link) as (dealer, descriptor):
        receiving = asyncio.create_task(link.receive())
        try:
            await asyncio.sleep(0)  # It waits now.
            dealer.send(b"second")
            assert select.select([descriptor], [], [], GRACE_S)[0]
            # The call looks at the same signal that the waiting receive is to be woken by, and takes it away.
            assert link.wake_receiver()
            assert not select.select([descriptor], [], [], 0)[0]
            async with asyncio.timeout(2):
                assert [frame for _, frame in await receiving] == [b"second"]
        finally:
            receiving.cancel()
            with suppress(asyncio.CancelledError):
                await receiving


async def test_used_address_is_refused_with_address_and_remedy(link: Link) -> None:
    with pytest.raises(EndpointError, match=r"127\.0\.0\.1:\d+ is in use.*\[link\] endpoint"):
        Link(link.endpoint)


@pytest.mark.parametrize("endpoint", ["tcp://192.0.2.1:5760", "nonsense"])
async def test_address_that_cannot_be_bound_is_refused_with_its_name(endpoint: str) -> None:
    with pytest.raises(EndpointError, match="cannot be bound"):
        Link(endpoint)


async def test_address_is_free_after_close() -> None:
    first = Link("tcp://127.0.0.1:0")
    first.close()
    second = Link(first.endpoint)
    assert second.endpoint == first.endpoint
    second.close()
