"""Connection limiter of the link: who may connect, for how long without a session, and how much it may send.

Theory of operation:

1. A connection is GREETING until its ZMTP handshake has ended, UNPROVED until it has a session, and PROVED from
   then on. A proved peer holds an officer's key. It has no limit but the bytes that are held of it.
2. Each of the other stages has room for so many, in all and of one address, and so much time. Where there is no
   room, the oldest is displaced by a new one, unless it is younger than the time that every connection is spared:
   then the new one is refused. So a terminal that got in can finish, however many others try.
3. All unproved peers together may send so many bytes a second, divided equally. A frame counts as FRAME_BYTES more
   than it has, so that short ones are not free.
"""

from collections.abc import Collection
from enum import Enum, auto
from typing import Final, NamedTuple

import msgspec

from bridge.core.link.cut_reasons import CutReason
from bridge.core.link.messages import MAX_MESSAGE_BYTES

FRAME_BYTES: Final = 512
"""Bytes that a frame counts as beside its own: the work that it makes."""

RESERVED: Final = 192
"""Descriptors that the link leaves to the journal, the Director, the control endpoint, the log and the sessions."""
LEAST: Final = 8
"""Connections of a stage that are always allowed, however few descriptors there are."""


class Stage(Enum):
    """Stage of a connection."""

    GREETING = auto()
    UNPROVED = auto()
    PROVED = auto()


class StageLimit(msgspec.Struct, frozen=True):
    """Limit of one stage."""

    most: int
    """Connections at a time."""
    most_of_address: int
    """Connections of one address at a time."""
    within_s: float
    """Seconds after which a connection must have left the stage."""
    spared_s: float
    """Seconds in which it is not displaced."""


class ConnectionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the link. They are chosen for terminals that need milliseconds, and seconds on a busy machine."""

    greeting: StageLimit = StageLimit(64, 48, 5.0, 1.0)
    unproved: StageLimit = StageLimit(64, 48, 30.0, 2.0)
    unproved_bytes_s: int = 2**20
    """Bytes a second that all unproved peers may send together, frames counted as FRAME_BYTES more."""
    burst_bytes: int = 2**14
    """Bytes that a new connection may send at once."""
    unproved_held: int = MAX_MESSAGE_BYTES
    """Bytes of one unproved peer that wait for the sidecar, beyond which no more is read from it."""
    proved_held: int = 32 * MAX_MESSAGE_BYTES
    accepts: int = 50
    """Connections that are accepted between two sweeps."""
    openings: int = 8
    """Inner connections that are made between two sweeps, and that are being made at a time."""

    @classmethod
    def within(cls, descriptors: int | None) -> "ConnectionLimits":
        """Return the limits for a process that may have so many descriptors; None: as many as it wants.

        A connection in its greeting has one, an unproved one three. RESERVED are left for everything else.
        """
        if descriptors is None:
            return cls()
        most = max((descriptors - RESERVED) // 4, LEAST)
        usual = cls()
        greeting, unproved = (
            StageLimit(
                min(each.most, most), min(each.most_of_address, most * 3 // 4), each.within_s, each.spared_s
            )
            for each in (usual.greeting, usual.unproved)
        )
        return cls(greeting=greeting, unproved=unproved)

    def of(self, stage: Stage) -> StageLimit | None:
        """Return the limit of a stage; None where it has none."""
        return {Stage.GREETING: self.greeting, Stage.UNPROVED: self.unproved}.get(stage)


class Admission(NamedTuple):
    """Decision about a connection that wants into a stage."""

    refused: CutReason | None = None
    """None: it is admitted."""
    displaced: int | None = None
    """Connection that makes room for it."""


class _Connection:
    __slots__ = ("address", "allowance", "held", "since", "stage")

    def __init__(self, address: str, since: float, allowance: float) -> None:
        self.stage = Stage.GREETING
        self.address = address
        self.since = since
        """Time at which it entered its stage."""
        self.allowance = allowance
        """Bytes that it may send now. Below 0 after a frame that was longer."""
        self.held = 0


class LinkLimiter:
    """Stages and traffic of all connections, by number. Each `now` is monotonic, in seconds."""

    def __init__(self, limits: ConnectionLimits, now: float) -> None:
        self._limits = limits
        self._connections: dict[int, _Connection] = {}
        self._filled = now

    def count(self, stage: Stage) -> int:
        """Return the number of connections in a stage."""
        return sum(each.stage is stage for each in self._connections.values())

    @property
    def all_proved(self) -> bool:
        """True where every connection has a session."""
        return all(each.stage is Stage.PROVED for each in self._connections.values())

    def stage(self, number: int) -> Stage:
        """Return the stage of a connection."""
        return self._connections[number].stage

    def accept(self, number: int, address: str, now: float) -> Admission:
        """Admit a new connection, or refuse it."""
        admission = self._room(Stage.GREETING, address, now)
        if admission.refused is None:
            self._connections[number] = _Connection(address, now, self._limits.burst_bytes)
        return admission

    def greeted(self, number: int, now: float) -> Admission:
        """Admit a connection whose ZMTP handshake has ended to the unproved ones, or refuse it."""
        connection = self._connections[number]
        admission = self._room(Stage.UNPROVED, connection.address, now)
        if admission.refused is None:
            self._enter(connection, Stage.UNPROVED, now)
        return admission

    def set_proved(self, proved: Collection[int], now: float) -> None:
        """Set the connections that have a session. Others that had one are unproved from now on."""
        for number, connection in self._connections.items():
            if number in proved and connection.stage is Stage.UNPROVED:
                self._enter(connection, Stage.PROVED, now)
            elif number not in proved and connection.stage is Stage.PROVED:
                self._enter(connection, Stage.UNPROVED, now)
                connection.allowance = self._limits.burst_bytes

    def forget(self, number: int) -> None:
        """Remove a connection that has ended."""
        self._connections.pop(number, None)

    def overdue(self, now: float) -> list[tuple[int, CutReason]]:
        """Return the connections that have been in their stage for too long."""
        found = []
        for number, connection in self._connections.items():
            limit = self._limits.of(connection.stage)
            if limit is not None and now - connection.since >= limit.within_s:
                greeting = connection.stage is Stage.GREETING
                found.append((number, CutReason.GREETING_LATE if greeting else CutReason.UNPROVED_LATE))
        return found

    def received(self, number: int, size: int, frames: int = 0) -> None:
        """Count what a peer has sent."""
        connection = self._connections.get(number)
        if connection is not None and connection.stage is not Stage.PROVED:
            connection.allowance -= size + frames * FRAME_BYTES

    def hold(self, number: int, size: int) -> None:
        """Count a message that waits for the sidecar; with a negative size one that it has taken."""
        connection = self._connections.get(number)
        if connection is not None:
            connection.held += size

    def held(self, number: int) -> int:
        """Return the bytes of a connection's messages that wait for the sidecar."""
        connection = self._connections.get(number)
        return 0 if connection is None else connection.held

    def may_send(self, number: int) -> bool:
        """Return True where more may be read from the peer now."""
        connection = self._connections.get(number)
        match connection.stage if connection is not None else None:
            case Stage.PROVED:
                return connection is not None and connection.held < self._limits.proved_held
            case Stage.UNPROVED | Stage.GREETING:
                return (
                    connection is not None
                    and connection.held < self._limits.unproved_held
                    and connection.allowance > 0
                )
            case None:
                return False

    def refill(self, now: float) -> None:
        """Divide among the peers without a session what they may send since the last call."""
        waiting = [each for each in self._connections.values() if each.stage is not Stage.PROVED]
        seconds, self._filled = max(now - self._filled, 0.0), now
        for each in waiting:
            more = self._limits.unproved_bytes_s * seconds / len(waiting)
            each.allowance = min(each.allowance + more, max(self._limits.burst_bytes, each.allowance))

    def _enter(self, connection: _Connection, stage: Stage, now: float) -> None:
        connection.stage, connection.since = stage, now

    def _room(self, stage: Stage, address: str, now: float) -> Admission:
        limit = self._limits.of(stage)
        assert limit is not None  # noqa: S101 - narrowing: only stages with a limit are entered by request
        there = {number: each for number, each in self._connections.items() if each.stage is stage}
        same = {number: each for number, each in there.items() if each.address == address}
        if len(same) >= limit.most_of_address:
            there, reason = same, CutReason.TOO_MANY_OF_ADDRESS
        elif len(there) >= limit.most:
            reason = CutReason.TOO_MANY
        else:
            return Admission()
        oldest = min(there, key=lambda number: there[number].since)
        if now - there[oldest].since < limit.spared_s:
            return Admission(refused=reason)
        return Admission(displaced=oldest)
