"""Simulated TCP: a test listens at an address; both ends are buffers in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Pipe:
    """One connection on the test's side: bytes that the EA sent, and bytes that it may read."""

    from_expert: bytearray = field(default_factory=bytearray)
    to_expert: bytearray = field(default_factory=bytearray)
    closed_by_expert: bool = False
    closed_by_peer: bool = False
    window: int = 1 << 20
    """Number of unread bytes from which a send of the EA takes no more."""

    def send(self, data: bytes) -> None:
        """Send bytes to the EA."""
        self.to_expert += data

    def receive(self) -> bytes:
        """Return all bytes that the EA has sent since the last call."""
        data = bytes(self.from_expert)
        self.from_expert.clear()
        return data

    def close(self) -> None:
        """Close the connection after the bytes already sent."""
        self.closed_by_peer = True


class _ExpertEnd:
    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    @property
    def closed(self) -> bool:
        return self._pipe.closed_by_peer

    def arrived(self) -> int:
        return len(self._pipe.to_expert)

    def take(self, most: int) -> bytes:
        data = bytes(self._pipe.to_expert[:most])
        del self._pipe.to_expert[:most]
        return data

    def put(self, data: bytes) -> int:
        if self._pipe.closed_by_peer or self._pipe.closed_by_expert:
            return -1
        taken = data[: max(0, self._pipe.window - len(self._pipe.from_expert))]
        self._pipe.from_expert += taken
        return len(taken)

    def close(self) -> None:
        self._pipe.closed_by_expert = True


class SimulatedNetwork:
    """Addresses with a listener."""

    def __init__(self) -> None:
        self._listeners: dict[tuple[str, int], Callable[[Pipe], None]] = {}

    def listen(self, server: str, port: int, accept: Callable[[Pipe], None]) -> None:
        """Call `accept` with each new connection."""
        self._listeners[server, port] = accept

    def silence(self, server: str, port: int) -> None:
        """Remove the listener of an address."""
        self._listeners.pop((server, port), None)

    def connect(self, server: str, port: int, timeout_ms: int) -> _ExpertEnd | None:
        accept = self._listeners.get((server, port))
        if accept is None:
            return None
        pipe = Pipe()
        accept(pipe)
        return _ExpertEnd(pipe)
