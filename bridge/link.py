"""The ROUTER socket that terminals connect to. It moves frames; `core.session` says what they mean."""

import asyncio
import errno
from typing import Final

import zmq

from bridge.core.link.messages import MAX_MESSAGE_BYTES

MAX_DRAIN: Final = 256
"""Messages taken in one go. Between two goes everything else gets its turn."""

RECEIVE_WINDOW: Final = 32
"""Messages that the transport holds for us, of each peer; what is over it waits on the peer's side. Anybody on this
machine may connect, and send the longest that there are."""

_OWN_ID: Final = b"\x00"
"""A routing id that the ROUTER gave begins so; one that a peer chose cannot."""


class EndpointError(Exception):
    """The link's address cannot be bound. The message names it, the reason and the remedy."""


class Link:
    """A bound ROUTER. Sending never blocks; receiving never builds a queue of our own."""

    def __init__(self, endpoint: str) -> None:
        """Bind. Raises EndpointError."""
        self._readable = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context = zmq.Context()
        self._socket: zmq.Socket[bytes] = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        # A frame for a peer that is gone is an error that we see, never a silent loss.
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._socket.setsockopt(zmq.SNDTIMEO, 0)
        self._socket.setsockopt(zmq.RCVHWM, RECEIVE_WINDOW)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        # A dead peer behind a half-open connection is dropped by the transport too.
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
        """The address that was bound, with its port."""
        self.refused_ids = 0
        """Messages of peers that chose their own routing id."""
        self.refused_shapes = 0
        """Messages of more or fewer than one part."""

    async def receive(self) -> list[tuple[bytes, bytes]]:
        """Wait for messages; (peer, frame) of each, at most MAX_DRAIN, none where all were rubbish."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._socket.FD, self._readable.set)
        while True:
            self._readable.clear()
            messages, taken = self._drain()
            if taken == MAX_DRAIN:
                # What is left wakes nobody by itself: see `stir`.
                self._readable.set()
            if taken:
                return messages
            await self._readable.wait()

    def _drain(self) -> tuple[list[tuple[bytes, bytes]], int]:
        """What came, and how many messages that took off the socket, rubbish among them."""
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
        """One message, or None for one that no terminal sends. Raises zmq.Again where there is none."""
        peer = self._socket.recv(zmq.NOBLOCK)
        frame = b""
        parts = 0
        while self._socket.getsockopt(zmq.RCVMORE):
            # Part by part, the surplus dropped: thousands of parts of one message never stand in memory.
            part = self._socket.recv(zmq.NOBLOCK)
            parts += 1
            if parts == 1:
                frame = part
        if parts != 1:
            self.refused_shapes += 1
            return None
        if not peer.startswith(_OWN_ID):
            # Whoever chose the id of a terminal that left would be taken for it.
            self.refused_ids += 1
            return None
        return peer, frame

    def send(self, peer: bytes, frame: bytes) -> bool:
        """Hand the frame to the transport. False where the peer is gone or takes no more."""
        try:
            self._socket.send_multipart([peer, frame], zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno in (zmq.EAGAIN, zmq.EHOSTUNREACH):
                return False
            raise
        finally:
            self.stir()
        return True

    def stir(self) -> bool:
        """Wake the receiver if a message waits. Whether one does.

        libzmq's descriptor signals an edge, once, and any call on the socket may have taken that signal for
        itself: a message that came during a send would wake nobody.
        """
        waits = bool(self._socket.poll(0, zmq.POLLIN))
        if waits:
            self._readable.set()
        return waits

    def close(self) -> None:
        """Unbind. What the transport still holds is dropped: a terminal asks again."""
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
