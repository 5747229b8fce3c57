"""The terminal's side of the link: handshake, epochs, reports, heartbeats. No socket, no clock, no randomness.

Frames are given to `on_frame` and taken from `take_frames`; every call receives the time, in milliseconds of a
monotonic clock. After `take_reconnect` the caller must open a NEW socket: an old DEALER would deliver frames that
were queued for the ended session.

    phase   event                                 next
    DOWN    back-off over, logged in, connected   HELLO; a hello is sent
    HELLO   challenge with a valid proof          PROVE; the terminal's proof is sent
    HELLO   challenge with a wrong proof          DOWN
    PROVE   welcome within HANDSHAKE_MS           UP
    PROVE   welcome later than that               DOWN
    HELLO, PROVE   refused, or HANDSHAKE_MS over  DOWN
    UP      bye, another account, DEAD_MS silent  DOWN

Every way DOWN reconnects and backs off 1, 2, 4, ... 30 s. A message that fits no row is dropped and counted; one of
an unknown type is answered with an error that names it.
"""

from collections import Counter
from enum import StrEnum
from typing import Final

import msgspec

from bridge.core.link.handshake import LinkKey, proofs_equal
from bridge.core.link.messages import (
    MAX_MESSAGE_BYTES,
    PROTOCOL_MAX,
    PROTOCOL_MIN,
    AccountIdentity,
    Ack,
    Bye,
    Challenge,
    Command,
    ErrorMessage,
    Hello,
    Inquire,
    InstanceId,
    LedgerIdentity,
    Message,
    ProtocolError,
    Prove,
    Refused,
    ScanRequest,
    SidecarHeartbeat,
    StatusRequest,
    TerminalHeartbeat,
    UnknownTypeError,
    Welcome,
    decode_from_sidecar,
    encode,
)
from bridge.core.link.reports import AnyReport
from bridge.core.units.clock import Entropy, Uniform
from bridge.log_codes import LogCode
from bridge.logs import EventLog
from bridge.simulator.terminal.link_clock import LinkClock
from bridge.simulator.terminal.outbox import ReportOutbox
from bridge.simulator.terminal.standing import Standing

HANDSHAKE_MS: Final = 5_000
"""Time that the sidecar has to answer a hello or a proof. An older welcome says nothing about the present."""
DEAD_MS: Final = 15_000
"""A sidecar that was silent for so long is considered dead."""
SILENT_BEATS: Final = 3
"""After so many missed heartbeats no command is executed."""
BACKOFF_CAP_S: Final = 30
HEARTBEAT_RANGE_MS: Final = (100, 5_000)
"""Bounds of a welcome's heartbeat interval. SILENT_BEATS of the longest are DEAD_MS."""

Work = Welcome | Command | StatusRequest | Inquire | ScanRequest
"""Messages that a session passes on to its terminal."""

_log = EventLog.named(__name__)


class Phase(StrEnum):
    """Progress of the session."""

    DOWN = "down"
    HELLO = "hello"
    PROVE = "prove"
    UP = "up"


class LinkSession:
    """The sessions of one terminal with its sidecar, one after the other."""

    def __init__(
        self,
        *,
        officer: str,
        key: LinkKey,
        instance_id: InstanceId,
        program: str,
        entropy: Entropy,
        uniform: Uniform,
        poll_interval_s: int | None = None,
    ) -> None:
        self.instance_id = instance_id
        self.reports = ReportOutbox()
        self.counts: Counter[str] = Counter()
        """Messages that were dropped, by reason."""
        self.phase = Phase.DOWN
        self.account: AccountIdentity | None = None
        """Account of the session; None while it is not up."""
        self._last_account: AccountIdentity | None = None  # of the last session: waiting reports belong to it
        self._officer = officer
        self._key = key
        self._program = program
        self._entropy = entropy
        self._uniform = uniform
        self._poll_interval_s = poll_interval_s
        self._frames: list[bytes] = []
        self._reconnect = False
        self._tries = 0
        self._due_ms: int | None = None  # DOWN: time of the next hello; otherwise end of the handshake
        self._hello: Hello | None = None
        self._claimed: AccountIdentity | None = None
        self._epoch = 0
        self._clock = LinkClock(0)
        self._received_ms = 0
        self._beat_ms = HEARTBEAT_RANGE_MS[0]
        self._next_beat_ms = 0
        self._busy = False  # a synchronous send follows, or is under way
        self._busy_over = False  # the next heartbeat that says so is due
        self._max_bytes = MAX_MESSAGE_BYTES

    @property
    def up(self) -> bool:
        """True while a session is established."""
        return self.phase is Phase.UP

    def in_contact(self, mono_ms: int) -> bool:
        """True where a message of the session arrived recently enough for a command to be executed."""
        return self.up and mono_ms - self._received_ms <= SILENT_BEATS * self._beat_ms

    def link_ms(self, mono_ms: int) -> int:
        """Return the link clock, on which deadlines are."""
        return self._clock.now(mono_ms)

    def take_frames(self) -> list[bytes]:
        """Return the frames to send now, in order."""
        if self.up:
            self._frames += self.reports.release(self._epoch, self._max_bytes)
        frames, self._frames = self._frames, []
        return frames

    def due_ms(self, mono_ms: int) -> int:
        """Return the time of the next timer call."""
        if self.up:
            return mono_ms if self._busy_over else min(self._next_beat_ms, self._received_ms + DEAD_MS)
        return mono_ms if self._due_ms is None else self._due_ms

    def take_reconnect(self) -> bool:
        """Return True once after a session ended: send the remaining frames, then open a new socket."""
        wanted, self._reconnect = self._reconnect, False
        return wanted

    def post(self, report: AnyReport) -> None:
        """Queue a report for this session or a later one."""
        self.reports.post(report)

    def begin_busy(self, standing: Standing) -> None:
        """Announce a synchronous send, behind the reports that wait; heartbeats say `busy` until `end_busy`."""
        self._busy, self._busy_over = True, False
        self._frames += self.reports.release(self._epoch, self._max_bytes)
        self._heartbeat(standing, 0)

    def end_busy(self) -> None:
        """The send is over, or not made: the next timer call sends a heartbeat without `busy`."""
        self._busy_over = self._busy_over or self._busy
        self._busy = False

    def _heartbeat(self, standing: Standing, timer_max_us: int) -> None:
        self._queue(
            TerminalHeartbeat(
                epoch=self._epoch,
                broker_connected=standing.connected,
                trade_allowed=not standing.forbidden_by,
                trade_forbidden_by=standing.forbidden_by,
                server_ms=standing.server_ms,
                balance=standing.balance,
                equity=standing.equity,
                margin=standing.margin,
                timer_max_us=timer_max_us,
                busy=self._busy,
            )
        )

    def bye(self, reason: str) -> None:
        """End the session in order. The caller sends the frames."""
        if self.up:
            self._frames += self.reports.release(self._epoch, self._max_bytes)
            self._queue(Bye(epoch=self._epoch, reason=reason))
        self.phase = Phase.DOWN
        self.account = None

    def drop(self, mono_ms: int, reason: str, *, keep_frames: bool = False) -> None:
        """End the session, or the attempt at one: have a new socket opened, and back off."""
        wait_s = min(BACKOFF_CAP_S, 2.0 ** min(self._tries, 10)) * (0.8 + 0.4 * self._uniform())
        _log.warning(LogCode.NO_SESSION, reason=reason, again_in_s=round(wait_s, 1))
        self._tries += 1
        self.phase = Phase.DOWN
        self.account = None
        self._due_ms = mono_ms + int(wait_s * 1000)
        if not keep_frames:
            self._frames.clear()
        self._reconnect = True

    def on_timer(self, mono_ms: int, standing: Standing, timer_max_us: int = 0) -> bool:
        """Do what is due. Return True where a heartbeat with `timer_max_us` was queued."""
        match self.phase:
            case Phase.DOWN:
                if self._due_ms is None or mono_ms >= self._due_ms:
                    self._send_hello(mono_ms, standing)
            case Phase.HELLO | Phase.PROVE:
                if self._due_ms is not None and mono_ms >= self._due_ms:
                    self.drop(mono_ms, "the sidecar did not answer")
            case Phase.UP if standing.account != self.account:
                # The waiting reports are the old account's. The next session scans the new one's records.
                self.bye("the terminal is logged in to another account")
                self.reports.clear()
                self.drop(mono_ms, "the account changed", keep_frames=True)
            case Phase.UP if mono_ms - self._received_ms >= DEAD_MS:
                self.drop(mono_ms, f"the sidecar was silent for {DEAD_MS / 1000:g} s")
            case Phase.UP if mono_ms >= self._next_beat_ms or self._busy_over:
                self._heartbeat(standing, timer_max_us)
                self._busy_over = False
                if mono_ms >= self._next_beat_ms:
                    # On a fixed schedule, or the interval grows by a timer call each time; no bursts after a stall.
                    missed = (mono_ms - self._next_beat_ms) // self._beat_ms
                    self._next_beat_ms += (missed + 1) * self._beat_ms
                return True
            case Phase.UP:
                pass
        return False

    def on_frame(self, frame: bytes, mono_ms: int, standing: Standing, ledger: LedgerIdentity) -> Work | None:
        """Take in one frame; return a message that the terminal has to act on. Never raises for a peer's
        content."""
        try:
            message = decode_from_sidecar(frame)
        except ProtocolError as error:
            self._count("unknown_type" if isinstance(error, UnknownTypeError) else "malformed")
            if not _is_error(frame):  # two peers that answer errors with errors never stop
                code = "UNKNOWN_TYPE" if isinstance(error, UnknownTypeError) else "MALFORMED"
                self._queue(ErrorMessage(code=code, message=str(error)[:1024]))
            return None
        match self.phase, message:
            case _, ErrorMessage():
                self._count("peer_error")
                _log.warning(LogCode.SIDECAR_REPORTED_ERROR, error=message.code, message=message.message)
            case Phase.HELLO, Challenge():
                self._prove(message, mono_ms, standing, ledger)
            case ((Phase.HELLO | Phase.PROVE), Refused()):
                _log.error(
                    LogCode.REFUSED_BY_SIDECAR,
                    refusal=message.code,
                    message=message.message,
                    remedy=message.remedy,
                )
                self.drop(mono_ms, f"refused: {message.code}")
            case Phase.PROVE, Welcome():
                return self._begin(message, mono_ms)
            case Phase.UP, (
                Command() | StatusRequest() | Inquire() | ScanRequest() | Ack() | SidecarHeartbeat() | Bye()
            ):
                return self._receive(message, mono_ms)
            case _:
                self._count("out_of_turn")
        return None

    def _send_hello(self, mono_ms: int, standing: Standing) -> None:
        if standing.account is None or not standing.connected:
            return
        self._hello = Hello(
            min_version=PROTOCOL_MIN,
            max_version=PROTOCOL_MAX,
            officer=self._officer,
            instance_id=self.instance_id,
            nonce=self._entropy(32).hex(),
        )
        self._queue(self._hello)
        self.phase = Phase.HELLO
        self._due_ms = mono_ms + HANDSHAKE_MS

    def _prove(self, challenge: Challenge, mono_ms: int, standing: Standing, ledger: LedgerIdentity) -> None:
        hello, version = self._hello, challenge.version
        if hello is None or standing.account is None:
            self.drop(mono_ms, "the account logged out")
            return
        if not hello.min_version <= version <= hello.max_version:
            self.drop(mono_ms, f"the sidecar chose version {version}, which was not offered")
            return
        if not proofs_equal(self._key.sidecar_proof(hello, version, challenge.nonce), challenge.proof):
            self._count("wrong_proof")
            _log.error(
                LogCode.SIDECAR_NOT_PROVED,
                remedy="compare the terminal's endpoint, officer and link key with the sidecar's",
            )
            self.drop(mono_ms, "wrong proof")
            return
        self._claimed = standing.account
        self._queue(
            Prove(
                proof=self._key.terminal_proof(hello, version, challenge.nonce, standing.account),
                account=standing.account,
                ledger=ledger,
                program=self._program,
                server_ms=standing.server_ms,
                poll_interval_s=self._poll_interval_s,
            )
        )
        self.phase = Phase.PROVE
        self._due_ms = mono_ms + HANDSHAKE_MS

    def _begin(self, welcome: Welcome, mono_ms: int) -> Welcome | None:
        if self._due_ms is not None and mono_ms > self._due_ms:
            self._count("stale_welcome")
            self.drop(mono_ms, "the welcome came too late")
            return None
        self.phase = Phase.UP
        self.account = self._claimed
        if self._last_account not in (None, self._claimed):
            # The account changed while no session was up: the waiting reports are the old one's.
            self.reports.clear()
        self._last_account = self._claimed
        if welcome.stored_epoch == self._epoch:
            # Sent again behind what was reported since, an order's earlier state would look like a change back.
            self.reports.ack(welcome.stored_seq)
        self.reports.restart()
        low, high = HEARTBEAT_RANGE_MS
        self._epoch = welcome.epoch
        self._beat_ms = min(high, max(low, welcome.heartbeat_ms))
        self._max_bytes = min(MAX_MESSAGE_BYTES, welcome.max_message_bytes)
        self._clock = LinkClock(mono_ms)
        self._received_ms = mono_ms
        self._next_beat_ms = mono_ms
        self._busy = self._busy_over = False
        self._tries = 0
        _log.info(LogCode.SESSION_ESTABLISHED, epoch=welcome.epoch, unacknowledged=len(self.reports))
        return welcome

    def _receive(
        self,
        message: Command | StatusRequest | Inquire | ScanRequest | Ack | SidecarHeartbeat | Bye,
        mono_ms: int,
    ) -> Command | StatusRequest | Inquire | ScanRequest | None:
        if message.epoch != self._epoch:
            self._count("other_epoch")
            return None
        self._received_ms = mono_ms
        match message:
            case SidecarHeartbeat():
                self._clock.heartbeat(message.clock_ms, mono_ms)
            case Ack():
                if not self.reports.ack(message.seq):
                    self._count("wild_ack")
            case Bye():
                self.drop(mono_ms, f"bye from the sidecar: {message.reason}")
            case Command() | StatusRequest() | Inquire() | ScanRequest():
                return message
        return None

    def _queue(self, message: Message) -> None:
        self._frames.append(encode(message))

    def _count(self, reason: str) -> None:
        self.counts[reason] += 1


class _Head(msgspec.Struct):
    type: str


_head = msgspec.json.Decoder(_Head)


def _is_error(frame: bytes) -> bool:
    """Return True where a frame that could not be decoded was meant as an `error`."""
    try:
        return _head.decode(frame).type == "error"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
