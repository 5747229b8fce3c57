"""TCP without a wire: a test listens at an address, and both ends are bytes in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Pipe:
    """One connection, seen from the test: what the EA has sent, and what it may read."""

    from_expert: bytearray = field(default_factory=bytearray)
    to_expert: bytearray = field(default_factory=bytearray)
    closed_by_expert: bool = False
    closed_by_peer: bool = False
    window: int = 1 << 20
    """How many bytes the EA may have on the way before a send takes no more."""

    def send(self, data: bytes) -> None:
        """Bytes to the EA."""
        self.to_expert += data

    def receive(self) -> bytes:
        """Everything that the EA has sent since the last time."""
        data = bytes(self.from_expert)
        self.from_expert.clear()
        return data

    def close(self) -> None:
        """The peer closes, behind what it has sent."""
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
    """Addresses where somebody listens."""

    def __init__(self) -> None:
        self._listeners: dict[tuple[str, int], Callable[[Pipe], None]] = {}

    def listen(self, server: str, port: int, accept: Callable[[Pipe], None]) -> None:
        """Call `accept` with each new connection."""
        self._listeners[server, port] = accept

    def silence(self, server: str, port: int) -> None:
        """Nobody listens there any more."""
        self._listeners.pop((server, port), None)

    def connect(self, server: str, port: int, timeout_ms: int) -> _ExpertEnd | None:
        accept = self._listeners.get((server, port))
        if accept is None:
            return None
        pipe = Pipe()
        accept(pipe)
        return _ExpertEnd(pipe)
