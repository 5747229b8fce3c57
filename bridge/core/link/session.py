"""Sessions with terminals: handshake, epochs, sequence, liveness. No socket, no clock.

Theory of operation:

1. A peer is a routing id. It sends a hello, is challenged, and proves that it has its officer's key. No other
   message of it is read before that.
2. The journal decides on the account and the ledger, and assigns the epoch. `admit` or `refuse` ends the handshake.
3. One session per officer. The same instance may come back at any time and takes over; another instance only when
   the present one has been silent for three heartbeats, and when the journal admits it (`trade.executors`). One
   whose place another has taken is let through to the journal, which refuses it and quarantines the officer.
4. Reports are numbered in each epoch. A report out of order ends the session: the terminal comes back and numbers
   unacknowledged reports anew.
5. The memory that a peer can make the sidecar use is bounded.
"""

from collections.abc import Callable, Mapping
from math import inf
from typing import Final, NamedTuple, assert_never

import msgspec

from bridge.core.link import messages
from bridge.core.link.handshake import LinkKey, choose_version, proofs_equal
from bridge.core.link.messages import (
    Bye,
    Challenge,
    ErrorMessage,
    Hello,
    ProtocolError,
    Prove,
    RefusalCode,
    Refused,
    ReportMessage,
    SidecarHeartbeat,
    TerminalHeartbeat,
    UnknownTypeError,
)
from bridge.core.link.session_effects import Admit, Effect, Ended, HeartbeatReceived, Reports, Send
from bridge.core.link.unanswered import Unanswered

MISSED_HEARTBEATS: Final = 3
HANDSHAKE_S: Final = 5.0
BUSY_S: Final = 60.0
"""Seconds that a synchronous send may keep a terminal silent while it counts as alive."""
MAX_PENDING: Final = 64
"""Handshakes under way at once. The oldest is dropped for a new one."""
REPLACED: Final = 16
"""Replaced instances that are remembered for each officer."""
TAKEN_OVER: Final = "a new session took over"
HELLOS: Final = 10
HELLOS_S: Final = 0.1
"""Connection limiter: at most HELLOS hellos are answered in HELLOS_S seconds. A flood of them leaves every
handshake its place for more than half a second, and costs little."""


class Session:
    """One authenticated session of one instance."""

    __slots__ = (
        "acked",
        "busy",
        "epoch",
        "heartbeat",
        "instance_id",
        "last_seen",
        "officer",
        "peer",
        "ready",
        "seq",
        "started",
    )

    def __init__(self, *, officer: str, peer: bytes, instance_id: str, epoch: int, now: float) -> None:
        self.officer = officer
        self.peer = peer
        self.instance_id = instance_id
        self.epoch = epoch
        self.started = now
        self.last_seen = now
        self.seq = 0
        """Number of the last report received."""
        self.acked = 0
        """Number of the last report that the journal has."""
        self.ready = False
        """True once the first scan of this epoch is in the journal."""
        self.heartbeat: TerminalHeartbeat | None = None
        self.busy = False
        """True while its last heartbeat announced a synchronous send, whatever it has reported since."""

    def clock_ms(self, now: float) -> int:
        """Return the link clock: milliseconds since the welcome."""
        return int((now - self.started) * 1000)

    def alive(self, now: float, heartbeat_s: float) -> bool:
        """Return True with a message within three heartbeats, or while a synchronous send keeps it busy."""
        return now - self.last_seen < (BUSY_S if self.busy else MISSED_HEARTBEATS * heartbeat_s)


class _Stored(NamedTuple):
    """Reports of an instance's epoch that the journal has: all up to `seq`."""

    instance_id: str
    epoch: int
    seq: int


class _Pending(msgspec.Struct):
    hello: Hello
    version: int
    nonce: str
    since: float
    proved: bool = False


class Counters(msgspec.Struct):
    """Counts of dropped messages, for `status` and the log."""

    malformed: int = 0
    unknown_type: int = 0
    unproven: int = 0
    """Messages of peers that have not proved themselves."""
    stale_epoch: int = 0
    key_refused: int = 0
    hellos_limited: int = 0
    """Hellos that the connection limiter did not answer. The terminal sends them again."""


class Sessions:
    """Sessions with all terminals of one sidecar. Each method takes `now` on the monotonic clock, in seconds."""

    def __init__(
        self,
        keys: Mapping[str, LinkKey],
        *,
        heartbeat_s: float,
        lost_after_s: float,
        nonce: Callable[[], str],
    ) -> None:
        self._keys = dict(keys)
        self._heartbeat_s = heartbeat_s
        self._lost_after_s = lost_after_s
        self._nonce = nonce
        self._pending: dict[bytes, _Pending] = {}
        self._by_officer: dict[str, Session] = {}
        self._by_peer: dict[bytes, Session] = {}
        self._last_instance: dict[str, str] = {}
        """By officer, the instance of its last session."""
        self._stored: dict[str, _Stored] = {}
        """By officer, the last reports that are in the journal."""
        self._unanswered = Unanswered()
        self._replaced: dict[str, list[str]] = {}
        """By officer, the instances whose place another one has taken."""
        self._hellos_since = -HELLOS_S
        self._hellos = 0
        """Number of hellos answered since then."""
        self._next_beat: float | None = None
        self.counters = Counters()

    @property
    def next_beat(self) -> float:
        """Time of the next heartbeats; in the past before the first ones."""
        return -inf if self._next_beat is None else self._next_beat

    def session(self, officer: str) -> Session | None:
        """Return the officer's present session."""
        return self._by_officer.get(officer)

    def unanswered(self, officer: str, now: float) -> int:
        """Return the number of challenges in a row that no terminal of the officer answered; 0 with a session."""
        return 0 if officer in self._by_officer else self._unanswered.count(officer, now)

    def proved_peers(self) -> set[bytes]:
        """Return the peers that have shown that they hold a key, and are not refused since."""
        return {*self._by_peer, *(peer for peer, pending in self._pending.items() if pending.proved)}

    def alive(self, officer: str, now: float) -> bool:
        """Return True where the officer's terminal is alive by its heartbeats."""
        session = self._by_officer.get(officer)
        return session is not None and session.alive(now, self._heartbeat_s)

    def receive(self, peer: bytes, frame: bytes, now: float) -> list[Effect]:
        """Take one message of a peer and return its effects."""
        session = self._by_peer.get(peer)
        try:
            message = messages.decode_from_terminal(frame)
        except UnknownTypeError as error:
            self.counters.unknown_type += 1
            return [_error(peer, "UNKNOWN_TYPE", str(error))] if session else []
        except ProtocolError as error:
            self.counters.malformed += 1
            # Without a session there is no answer: a peer that sends garbage is not a terminal.
            return [_error(peer, "MALFORMED", str(error))] if session else []
        match message:
            case Hello():
                return self._hello(peer, message, now)
            case Prove():
                return self._prove(peer, message, now)
            case ReportMessage() | TerminalHeartbeat() if session is None:
                # Its session is unknown here: the sidecar was restarted, or the connection was. With this answer it
                # sends a hello at once instead of waiting until the sidecar counts as silent.
                self.counters.unproven += 1
                return [Send(peer, Bye(epoch=message.epoch, reason="unknown session: send hello"))]
            case _ if session is None:
                self.counters.unproven += 1
                return []
            case ErrorMessage():
                session.last_seen = now
                return []
            case ReportMessage() | TerminalHeartbeat() | Bye() if message.epoch != session.epoch:
                self.counters.stale_epoch += 1
                return []
            case TerminalHeartbeat():
                session.last_seen = now
                session.heartbeat = message
                session.busy = message.busy
                return [HeartbeatReceived(session.officer, message)]
            case ReportMessage():
                session.last_seen = now
                return self._report(session, message)
            case Bye():
                return [self._end(session, f"the terminal ended the session: {message.reason}")]
            case _:
                assert_never(message)

    def _hello(self, peer: bytes, hello: Hello, now: float) -> list[Effect]:
        if now - self._hellos_since >= HELLOS_S:
            self._hellos_since, self._hellos = now, 0
        if self._hellos >= HELLOS:
            self.counters.hellos_limited += 1
            return []
        self._hellos += 1
        key = self._keys.get(hello.officer)
        if key is None:
            return [
                _refused(
                    peer,
                    RefusalCode.OFFICER,
                    f"officer {hello.officer!r} is not in this sidecar's configuration",
                    "set the officer id in the terminal's inputs to one of the sidecar's configuration",
                )
            ]
        version = choose_version(hello, messages.PROTOCOL_MIN, messages.PROTOCOL_MAX)
        if version is None:
            ours = f"{messages.PROTOCOL_MIN} to {messages.PROTOCOL_MAX}"
            theirs = f"{hello.min_version} to {hello.max_version}"
            older = "terminal's program" if hello.max_version < messages.PROTOCOL_MIN else "sidecar"
            return [
                _refused(
                    peer,
                    RefusalCode.VERSION,
                    f"protocol {theirs} of the terminal does not meet {ours} of the sidecar",
                    f"update the {older}",
                    hello.officer,
                )
            ]
        if self._shut_out(hello, now):
            return [_second_instance(peer, hello)]
        pending = self._pending.get(peer)
        if pending is not None and pending.proved:
            # The journal is deciding on this peer's proof; its identity must not change meanwhile.
            return []
        self._pending.pop(peer, None)
        while len(self._pending) >= MAX_PENDING:
            del self._pending[next(iter(self._pending))]
        nonce = self._nonce()
        self._pending[peer] = _Pending(hello=hello, version=version, nonce=nonce, since=now)
        self._unanswered.challenged(hello.officer, now)
        proof = key.sidecar_proof(hello, version, nonce)
        return [Send(peer, Challenge(version=version, nonce=nonce, proof=proof))]

    def _other_lives(self, hello: Hello, now: float) -> bool:
        """Return True where another instance of the officer has a session and is alive."""
        present = self._by_officer.get(hello.officer)
        if present is None or present.instance_id == hello.instance_id:
            return False
        return present.alive(now, self._heartbeat_s)

    def _shut_out(self, hello: Hello, now: float) -> bool:
        """Return True where another instance lives and the journal need not know of this one."""
        replaced = self._replaced.get(hello.officer, ())
        return self._other_lives(hello, now) and hello.instance_id not in replaced

    def _replace(self, officer: str, instance_id: str) -> None:
        """Remember the instance of a new session, and the one that it replaces."""
        before = self._last_instance.get(officer, instance_id)
        self._last_instance[officer] = instance_id
        if before != instance_id:
            self._replaced[officer] = [*self._replaced.get(officer, ()), before][-REPLACED:]

    def _prove(self, peer: bytes, prove: Prove, now: float) -> list[Effect]:
        pending = self._pending.get(peer)
        if pending is None or pending.proved:
            self.counters.unproven += 1
            return []
        self._unanswered.answered(pending.hello.officer)
        key = self._keys[pending.hello.officer]
        ours = key.terminal_proof(pending.hello, pending.version, pending.nonce, prove.account)
        if not proofs_equal(ours, prove.proof):
            del self._pending[peer]
            self.counters.key_refused += 1
            return [
                _refused(
                    peer,
                    RefusalCode.KEY,
                    f"the terminal does not hold the link key of officer {pending.hello.officer!r}",
                    "copy the 64 digits of the officer's .linkkey file into the terminal's inputs",
                    pending.hello.officer,
                )
            ]
        if self._shut_out(pending.hello, now):
            # Both began their handshake while there was no session.
            del self._pending[peer]
            return [_second_instance(peer, pending.hello)]
        pending.proved = True
        return [Admit(peer, pending.hello.officer, pending.hello, prove)]

    def admit(self, peer: bytes, welcome: messages.Welcome, now: float) -> list[Effect]:
        """Start the session of a peer for which the journal opened an epoch. No effects where the peer is gone."""
        pending = self._pending.get(peer)
        if pending is None or not pending.proved:
            return []
        del self._pending[peer]
        if self._other_lives(pending.hello, now):
            return [_second_instance(peer, pending.hello)]
        officer = pending.hello.officer
        effects: list[Effect] = []
        for present in (self._by_officer.get(officer), self._by_peer.get(peer)):
            if present is not None and self._by_officer.get(present.officer) is present:
                if present.peer != peer:
                    # A frozen instance that wakes reads this before it executes a command that waits in it.
                    effects.append(_bye(present, TAKEN_OVER))
                effects.append(self._end(present, TAKEN_OVER))
        session = Session(
            officer=officer, peer=peer, instance_id=pending.hello.instance_id, epoch=welcome.epoch, now=now
        )
        self._by_officer[officer] = session
        self._by_peer[peer] = session
        self._replace(officer, session.instance_id)
        stored = self._stored.get(officer)
        if (
            stored is not None
            and stored.instance_id == session.instance_id
            and (stored.epoch, stored.seq) > (welcome.stored_epoch, welcome.stored_seq)
        ):
            # A step of its earlier session has ended since the journal opened this one.
            welcome = msgspec.structs.replace(welcome, stored_epoch=stored.epoch, stored_seq=stored.seq)
        return [*effects, Send(peer, welcome)]

    def refuse(self, peer: bytes, code: RefusalCode, message: str, remedy: str) -> list[Effect]:
        """End the handshake of a peer that the journal refused."""
        pending = self._pending.pop(peer, None)
        return [_refused(peer, code, message, remedy, pending.hello.officer if pending is not None else "")]

    def _report(self, session: Session, message: ReportMessage) -> list[Effect]:
        if message.seq <= session.seq:
            # A repeated report. Where it is in the journal already, it is acknowledged again.
            if message.seq <= session.acked:
                return [Send(session.peer, messages.Ack(epoch=session.epoch, seq=session.acked))]
            return []
        if message.seq != session.seq + 1:
            why = f"report {message.seq} came after report {session.seq}"
            return [_bye(session, why), self._end(session, why)]
        session.seq = message.seq
        return [Reports(session.officer, session.epoch, message.seq, bytes(message.report))]

    def committed(self, officer: str, epoch: int, seq: int, *, ready: bool) -> list[Effect]:
        """Acknowledge that the journal has all reports of the epoch up to `seq`; `ready`: a scan is among them."""
        session, stored = self._by_officer.get(officer), self._stored.get(officer)
        if session is None or session.epoch != epoch:
            if stored is not None and stored.epoch == epoch:
                self._stored[officer] = stored._replace(seq=max(stored.seq, seq))
            return []
        session.acked = max(session.acked, seq)
        if session.acked:
            self._stored[officer] = _Stored(session.instance_id, epoch, session.acked)
        session.ready = session.ready or ready
        return [Send(session.peer, messages.Ack(epoch=epoch, seq=session.acked))]

    def drop(self, officer: str, why: str) -> list[Effect]:
        """End the officer's session from the sidecar's side. The terminal comes back by itself."""
        session = self._by_officer.get(officer)
        if session is None:
            return []
        return [_bye(session, why), self._end(session, why)]

    def gone(self, peer: bytes) -> list[Effect]:
        """End the session of a peer that the transport has lost, so that its successor need not wait."""
        self._pending.pop(peer, None)
        session = self._by_peer.get(peer)
        return [self._end(session, "the terminal takes no messages")] if session is not None else []

    def tick(self, now: float, caught_up: float) -> list[Effect]:
        """Return heartbeats that are due and ends of silent sessions, and drop handshakes that took too long.

        Every message that terminals sent before `caught_up` has been received. A message that the sidecar has not
        read yet does not count as silence.
        """
        for peer in [peer for peer, each in self._pending.items() if now - each.since >= HANDSHAKE_S]:
            del self._pending[peer]
        effects: list[Effect] = []
        for session in list(self._by_officer.values()):
            # `alive` allows a busy terminal more time; after both limits it is gone.
            silent = caught_up - session.last_seen
            if silent >= self._lost_after_s and not session.alive(caught_up, self._heartbeat_s):
                why = f"silent for {silent:.1f} s"
                effects += [_bye(session, why), self._end(session, why)]
        if self._next_beat is None or now >= self._next_beat:
            # A fixed schedule: next += interval, and no burst after a stall.
            base = now if self._next_beat is None else self._next_beat
            self._next_beat = base + self._heartbeat_s
            if self._next_beat <= now:
                self._next_beat = now + self._heartbeat_s
            effects += [
                Send(session.peer, SidecarHeartbeat(epoch=session.epoch, clock_ms=session.clock_ms(now)))
                for session in self._by_officer.values()
            ]
        return effects

    def _end(self, session: Session, why: str) -> Ended:
        del self._by_officer[session.officer]
        del self._by_peer[session.peer]
        return Ended(session.officer, session.epoch, why)


def _bye(session: Session, why: str) -> Send:
    return Send(session.peer, Bye(epoch=session.epoch, reason=why))


def _second_instance(peer: bytes, hello: Hello) -> Send:
    return _refused(
        peer,
        RefusalCode.SECOND_INSTANCE,
        f"officer {hello.officer!r} already has a session with another terminal",
        "attach the program to one chart of one terminal only",
        hello.officer,
    )


def _refused(peer: bytes, code: RefusalCode, message: str, remedy: str, officer: str = "") -> Send:
    return Send(peer, Refused(code=code, message=message, remedy=remedy), officer)


def _error(peer: bytes, code: str, message: str) -> Send:
    return Send(peer, ErrorMessage(code=code, message=message[:1024]))
