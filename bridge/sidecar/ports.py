"""Ports: the Director and the terminals, as the workers see them.

In production they are `bridge.director.DirectorClient` and `bridge.link.Link`.
"""

from typing import Protocol

from bridge.core.director.responses import Failed, Polled, Posted
from bridge.sidecar.connection_watch import Limited


class Director(Protocol):
    """The Director. No error of the network or the server is raised: it is returned as `Failed`."""

    async def poll(self, officer: str) -> Polled | Failed:
        """Return the pending directives of an officer, as text."""

    async def post(self, body: bytes, idempotency_key: str) -> Posted | Failed:
        """Post one event."""


class TerminalLink(Limited, Protocol):
    """Messages to and from the terminals, each of which is a peer."""

    @property
    def endpoint(self) -> str:
        """Address at which terminals connect."""

    async def receive(self) -> list[tuple[bytes, bytes]]:
        """Wait for messages and return (peer, frame) of each."""

    def send(self, peer: bytes, frame: bytes) -> bool:
        """Pass the frame to the transport. Return False if the peer is gone or its queue is full."""

    def wake_receiver(self) -> bool:
        """Wake `receive` if a message waits. Return True if one does."""

    async def finish(self) -> None:
        """Send what was passed to the transport, within a bounded time, and close."""

    def close(self) -> None:
        """Unbind, and drop what the transport still holds."""
