"""Sidecar side of the link, without a socket: enough of the protocol to drive a terminal in tests.

It answers in the order of the protocol (challenge, check of the proof, welcome, acknowledgements), keeps every
message that it receives, and builds the messages that a test sends. It makes no decisions.
"""

from decimal import Decimal
from typing import TypeVar

from bridge.core.link.handshake import LinkKey, choose_version, proofs_equal
from bridge.core.link.messages import (
    MAX_MESSAGE_BYTES,
    PROTOCOL_MAX,
    PROTOCOL_MIN,
    Ack,
    Bye,
    Challenge,
    Command,
    CommandKind,
    FromTerminal,
    Hello,
    Message,
    Order,
    Prove,
    Refused,
    ReportMessage,
    SidecarHeartbeat,
    StatusRequest,
    StatusRequestItem,
    Welcome,
    decode_from_terminal,
    encode,
)
from bridge.core.link.reports import AnyReport, Report, decode_report
from bridge.core.units.mt5_terms import Side

M = TypeVar("M", bound=Message)
F = TypeVar("F", bound=Report)

KEY = LinkKey(bytes(range(32)))
"""Link key that all tests use."""
OFFICER = "officer-1"
NONCE = "5e" * 32


class SidecarPeer:
    """Sidecar of one officer. `on_frame` returns the protocol's answers; a test builds all other messages."""

    def __init__(self, key: LinkKey = KEY, *, acks: bool = True) -> None:
        self.key = key
        self.acks = acks
        self.epoch = 0
        self.ledger_mark = 0
        self.watermark_server_ms = 0
        self.overlap_ms = 3_600_000
        self.heartbeat_ms = 1000
        self.refusal: Refused | None = None
        """Answer to every hello, where one is set."""
        self.messages: list[FromTerminal] = []
        self.proofs: list[Prove] = []
        self.reports: list[AnyReport] = []
        self.sequence: list[tuple[int, int]] = []
        """(epoch, seq) of every report, in the order of arrival."""
        self.stored = (0, 0)
        """Epoch and number of the last report that the next welcome says to be in the journal."""
        self._hello: Hello | None = None
        self._seq = 0

    def on_frame(self, frame: bytes) -> list[bytes]:
        """Process a frame and return the answers. Raises AssertionError for an invalid proof."""
        message = decode_from_terminal(frame)
        self.messages.append(message)
        match message:
            case Hello():
                return [encode(self.refusal or self.challenge(message))]
            case Prove():
                return [encode(self.welcome(message))]
            case ReportMessage():
                return self._report(message)
            case _:
                return []

    def _report(self, message: ReportMessage) -> list[bytes]:
        if message.epoch != self.epoch:
            return []
        if message.seq != self._seq + 1:
            # As the sidecar does: the missing reports are sent again in the next session.
            self._seq = 2**53
            return [encode(Bye(epoch=self.epoch, reason=f"report {message.seq} is out of order"))]
        self._seq = message.seq
        self.sequence.append((message.epoch, message.seq))
        self.reports.append(decode_report(bytes(message.report)))
        return [encode(Ack(epoch=message.epoch, seq=message.seq))] if self.acks else []

    def challenge(self, hello: Hello) -> Challenge:
        """Return the answer to a hello."""
        version = choose_version(hello, PROTOCOL_MIN, PROTOCOL_MAX)
        assert version is not None
        self._hello = hello
        return Challenge(version=version, nonce=NONCE, proof=self.key.sidecar_proof(hello, version, NONCE))

    def welcome(self, prove: Prove) -> Welcome:
        """Check a proof and return the answer, with a new epoch."""
        assert self._hello is not None
        assert proofs_equal(
            self.key.terminal_proof(self._hello, PROTOCOL_MAX, NONCE, prove.account), prove.proof
        )
        self.proofs.append(prove)
        self.epoch += 1
        self._seq = 0
        return Welcome(
            epoch=self.epoch,
            heartbeat_ms=self.heartbeat_ms,
            ledger_mark=self.ledger_mark,
            watermark_server_ms=self.watermark_server_ms,
            overlap_ms=self.overlap_ms,
            max_message_bytes=MAX_MESSAGE_BYTES,
            stored_epoch=self.stored[0],
            stored_seq=self.stored[1],
        )

    def heartbeat(self, clock_ms: int) -> bytes:
        """Return a heartbeat of the current epoch."""
        return encode(SidecarHeartbeat(epoch=self.epoch, clock_ms=clock_ms))

    def command(
        self,
        order: Order,
        *,
        attempt: int = 1,
        deadline_ms: int = 10**9,
        search_from_server_ms: int = 0,
    ) -> bytes:
        """Return a command of the current epoch."""
        return encode(
            Command(
                epoch=self.epoch,
                attempt=attempt,
                deadline_ms=deadline_ms,
                order=order,
                search_from_server_ms=search_from_server_ms,
            )
        )

    def status_request(
        self,
        order: Order,
        *,
        attempt: int = 1,
        request_no: int = 1,
        ledger: str = "",
        since_server_ms: int = 0,
    ) -> bytes:
        """Return a status request of the current epoch, for a command of the current ledger or of `ledger`."""
        item = StatusRequestItem(
            order=order,
            attempt=attempt,
            request_no=request_no,
            ledger=ledger or self.proofs[-1].ledger.id,
            since_server_ms=since_server_ms,
        )
        return encode(StatusRequest(epoch=self.epoch, item=item))

    def messages_of(self, kind: type[M]) -> list[M]:
        """Return all received messages of one type."""
        return [message for message in self.messages if isinstance(message, kind)]

    def reports_of(self, kind: type[F]) -> list[F]:
        """Return all received reports of one kind, in the order of arrival."""
        return [report for report in self.reports if isinstance(report, kind)]

    def forget(self) -> None:
        """Discard all messages and reports received so far."""
        self.messages.clear()
        self.reports.clear()
        self.sequence.clear()


def open_order(
    client_order_id: int = 1001,
    *,
    symbol: str = "EURUSD",
    side: Side = Side.BUY,
    volume: str = "0.10",
    kind: CommandKind = CommandKind.OPEN,
    position: int = 0,
    price: str | None = None,
    deviation_points: int | None = None,
) -> Order:
    """Return an order as a command carries it."""
    return Order(
        client_order_id=client_order_id,
        kind=kind,
        symbol=symbol,
        side=side,
        volume=Decimal(volume),
        position=position,
        price=None if price is None else Decimal(price),
        deviation_points=deviation_points,
        comment="test",
    )
