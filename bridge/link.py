"""ROUTER socket for the terminals. It moves frames; `core.link.session` interprets them."""

import asyncio
import errno
from typing import Final

import zmq

from bridge import confinement
from bridge.core.link.messages import MAX_MESSAGE_BYTES

MAX_DRAIN: Final = 256
"""Most messages of one `receive`. Other tasks run between two of them."""

RECEIVE_WINDOW: Final = 32
"""Messages of one peer that the transport queues here; further ones wait at the peer.

Any program on this machine can connect, and send messages of the greatest length."""

_OWN_ID: Final = b"\x00"
"""First byte of a routing id that the ROUTER assigned; an id that a peer chose cannot begin with it."""


class EndpointError(Exception):
    """An address cannot be bound. The message has the address, the reason and the remedy."""


class Link:
    """Bound ROUTER. Sending never blocks; received messages are never queued in this process."""

    def __init__(self, endpoint: str) -> None:
        """Bind. Raises EndpointError, ConfinedError."""
        confinement.check_address_families()
        self._readable = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context = zmq.Context()
        self._socket: zmq.Socket[bytes] = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        # A frame for a peer that is gone is an error, not a silent loss.
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._socket.setsockopt(zmq.SNDTIMEO, 0)
        self._socket.setsockopt(zmq.RCVHWM, RECEIVE_WINDOW)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        # The transport, too, drops a dead peer behind a half-open connection.
        self._socket.setsockopt(zmq.HEARTBEAT_IVL, 5_000)
        self._socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 15_000)
        self._socket.setsockopt(zmq.HANDSHAKE_IVL, 5_000)
        if "[" in endpoint:
            self._socket.setsockopt(zmq.IPV6, 1)
        try:
            self._socket.bind(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise EndpointError(_explain(endpoint, error)) from error
        self.endpoint: str = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)
        """Bound address, with its port."""
        self.refused_ids = 0
        """Number of messages from peers that chose their own routing id."""
        self.refused_shapes = 0
        """Number of messages with more or fewer than one part."""

    async def receive(self) -> list[tuple[bytes, bytes]]:
        """Wait for messages and return (peer, frame) of each, at most MAX_DRAIN; none if all were invalid."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._socket.FD, self._readable.set)
        while True:
            self._readable.clear()
            messages, taken = self._drain()
            if taken == MAX_DRAIN:
                # The remaining messages do not signal again: see `wake_receiver`.
                self._readable.set()
            if taken:
                return messages
            await self._readable.wait()

    def _drain(self) -> tuple[list[tuple[bytes, bytes]], int]:
        """Return the valid messages, and the number of all messages that were read."""
        messages: list[tuple[bytes, bytes]] = []
        for taken in range(MAX_DRAIN):
            try:
                message = self._take()
            except zmq.Again:
                return messages, taken
            if message is not None:
                messages.append(message)
        return messages, MAX_DRAIN

    def _take(self) -> tuple[bytes, bytes] | None:
        """Return one message, or None for an invalid one. Raises zmq.Again if there is none."""
        peer = self._socket.recv(zmq.NOBLOCK)
        frame = b""
        parts = 0
        while self._socket.getsockopt(zmq.RCVMORE):
            # Part by part, the surplus dropped: thousands of parts of one message must not fill the memory.
            part = self._socket.recv(zmq.NOBLOCK)
            parts += 1
            if parts == 1:
                frame = part
        if parts != 1:
            self.refused_shapes += 1
            return None
        if not peer.startswith(_OWN_ID):
            # A peer that chose the id of a terminal that left would be taken for it.
            self.refused_ids += 1
            return None
        return peer, frame

    def send(self, peer: bytes, frame: bytes) -> bool:
        """Pass the frame to the transport. Return False if the peer is gone or its queue is full."""
        try:
            self._socket.send_multipart([peer, frame], zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                return False
            raise
        finally:
            self.wake_receiver()
        return True

    def wake_receiver(self) -> bool:
        """Wake `receive` if a message waits. Return True if one does.

        libzmq's descriptor signals an edge, once, and any call on the socket can consume that signal: a message
        that arrives during a send would not wake the receiver.
        """
        waits = bool(self._socket.poll(0, zmq.POLLIN))
        if waits:
            self._readable.set()
        return waits

    def close(self) -> None:
        """Unbind. Messages that the transport still holds are dropped: a terminal repeats its own."""
        if self._loop is not None and not self._socket.closed:
            self._loop.remove_reader(self._socket.FD)
        self._socket.close(linger=0)
        self._context.term()


def _explain(endpoint: str, error: zmq.ZMQError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"the link address {endpoint} is in use; stop what listens there, or set another [link] endpoint"
        )
    return f"the link address {endpoint} cannot be bound: {error}; set another [link] endpoint"
