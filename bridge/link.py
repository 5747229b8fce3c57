"""ROUTER socket for the terminals. It moves frames; `core.link.session` interprets them.

Peers connect to the front (`link_front`), which lets whole messages of one part through, within limits. They are
received through libzmq, and sent by the front.
"""

import asyncio
import re
import secrets
import socket
from collections.abc import Callable, Collection, Mapping
from typing import Final, NamedTuple

import zmq

from bridge import confinement
from bridge.address import EndpointError, listen
from bridge.clock import SystemClock
from bridge.core.link.connection_limiter import ConnectionLimits, Stage
from bridge.core.link.cut_reasons import CutReason
from bridge.core.link.messages import MAX_MESSAGE_BYTES
from bridge.link_front.front import LinkFront
from bridge.wake_up import WakeUp

MAX_DRAIN: Final = 256
"""Most messages of one `receive`. Other tasks run between two of them."""

RECEIVE_WINDOW: Final = 32
"""Messages of one peer that libzmq queues here; further ones wait in front of it."""

BACKLOG: Final = 128
BYE_S: Final = 0.5
"""Seconds that the last messages may take to leave."""

_ENDPOINT: Final = re.compile(r"tcp://(?P<host>\[[0-9a-fA-F:]+\]|[^:\[\]]+):(?P<port>[0-9]+|\*)")


class Pings(NamedTuple):
    """PINGs of the transport to a peer. They find a dead peer behind a half-open connection."""

    every_ms: int = 5_000
    """Milliseconds between two of them."""
    silence_ms: int = 15_000
    """Milliseconds after one in which something must come from the peer: the transport drops it otherwise."""


class Link:
    """ROUTER behind its front. Sending never blocks; received messages are never queued in this process."""

    def __init__(
        self,
        endpoint: str,
        *,
        limits: ConnectionLimits | None = None,
        monotonic: Callable[[], float] | None = None,
        pings: Pings | None = None,
    ) -> None:
        """Bind. `monotonic`: clock of the limits in seconds, where not this machine's. Raises EndpointError,
        ConfinedError."""
        pings = pings or Pings()
        confinement.check_address_families()
        listener, self.endpoint = _listen(endpoint)
        self._readable = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context = zmq.Context()
        self._socket: zmq.Socket[bytes] = self._context.socket(zmq.ROUTER)
        router_id = secrets.token_bytes(32).replace(b"\0", b"\1")
        # It shows this id to the front alone, which knows its connections by it.
        self._socket.setsockopt(zmq.ROUTING_ID, router_id)
        # The ROUTER connects to the front; a peer that is gone comes back as another connection.
        self._socket.setsockopt(zmq.RECONNECT_IVL, -1)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RCVHWM, RECEIVE_WINDOW)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        # The transport, too, drops a dead peer behind a half-open connection.
        self._socket.setsockopt(zmq.HEARTBEAT_IVL, pings.every_ms)
        self._socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, pings.silence_ms)
        self._front = LinkFront(
            listener,
            connect=self._connect,
            router_id=router_id,
            limits=limits or ConnectionLimits(),
            monotonic=monotonic or SystemClock().monotonic,
        )

    @property
    def cuts(self) -> Mapping[CutReason, int]:
        """Connections that the front closed or refused, and messages that it dropped, by reason."""
        return self._front.cuts

    def connections(self, stage: Stage) -> int:
        """Return the number of connections in a stage."""
        return self._front.count_of(stage)

    def sweep(self) -> None:
        """Apply the limits that depend on time. To be called every `link_front.front.SWEEP_S`, unless `still`."""
        self._front.sweep()

    @property
    def still(self) -> bool:
        """True where no limit depends on time now. `stirred` is set when that ends."""
        return self._front.still

    @property
    def stirred(self) -> WakeUp:
        """Wake-up by a connection that the limits have to watch."""
        return self._front.stirred

    def set_proved(self, peers: Collection[bytes]) -> None:
        """Set the peers that have a session: the limits of the others do not hold for them."""
        self._front.set_proved(peers)

    async def receive(self) -> list[tuple[bytes, bytes]]:
        """Wait for messages and return (peer, frame) of each, at most MAX_DRAIN."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._socket.FD, self.wake_receiver)
            self._front.start(self._loop)
        while True:
            self._readable.clear()
            messages = self._drain()
            if len(messages) == MAX_DRAIN:
                # The remaining messages do not signal again: see `wake_receiver`.
                self._readable.set()
            if messages:
                return messages
            await self._readable.wait()

    def _drain(self) -> list[tuple[bytes, bytes]]:
        messages: list[tuple[bytes, bytes]] = []
        for _ in range(MAX_DRAIN):
            try:
                # The front lets messages of one part through alone.
                peer, frame = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            self._front.taken(peer, len(frame))
            messages.append((peer, frame))
        return messages

    def send(self, peer: bytes, frame: bytes) -> bool:
        """Pass the frame to the peer's connection. Return False if the peer is gone or its queue is full."""
        return self._front.send(peer, frame)

    def wake_receiver(self) -> bool:
        """Wake `receive` if a message waits. Return True if one does.

        libzmq's descriptor signals an edge, once, and any call on the socket can consume that signal: a message
        that arrives while a peer is connected would not wake the receiver. Until a call consumes it, the event loop
        would turn without a pause.
        """
        waits = bool(int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN)
        if waits:
            self._readable.set()
        return waits

    async def finish(self) -> None:
        """Send what was passed to the transport, for BYE_S at most, and close."""
        self._close_socket(int(BYE_S * 1000))
        try:
            async with asyncio.timeout(BYE_S):
                await self._front.emptied()
        except TimeoutError:
            pass
        self.close()

    def close(self) -> None:
        """Unbind. Messages that the transport still holds are dropped: a terminal repeats its own."""
        self._close_socket(0)
        self._front.close()
        self._context.term()

    def _close_socket(self, linger_ms: int) -> None:
        if self._socket.closed:
            return
        if self._loop is not None:
            self._loop.remove_reader(self._socket.FD)
        self._socket.close(linger=linger_ms)

    def _connect(self, address: str) -> None:
        self._socket.connect(address)
        self.wake_receiver()


def _listen(endpoint: str) -> tuple[socket.socket, str]:
    """Return the listening socket, and its address with the port. Raises EndpointError."""
    remedy = "set another [link] endpoint"
    match = _ENDPOINT.fullmatch(endpoint)
    if match is None:
        raise EndpointError(
            f'the link address "{endpoint}" cannot be bound: it is not like tcp://HOST:PORT; {remedy}'
        )
    host, port = match["host"], match["port"]
    listener = listen(
        "the link address", host.strip("[]"), 0 if port == "*" else int(port), backlog=BACKLOG, remedy=remedy
    )
    return listener, f"tcp://{host}:{listener.getsockname()[1]}"
