"""A peer on the sidecar's link that sends any message, valid or not."""

import secrets
from types import TracebackType
from typing import Self, TypeVar

import msgspec
import zmq

from bridge.core.link.handshake import LinkKey
from bridge.core.link.messages import (
    PROTOCOL_MAX,
    PROTOCOL_MIN,
    AccountIdentity,
    Ack,
    Challenge,
    Hello,
    LedgerIdentity,
    Message,
    Prove,
    ReportMessage,
    Welcome,
    decode_from_sidecar,
    encode,
)
from bridge.core.link.reports import ScanReport, encode_report
from bridge.core.units.mt5_terms import MarginMode, TradeMode
from tests.rig.deadline import Deadline

M = TypeVar("M", bound=Message)


class Dealer:
    """A DEALER socket on the link."""

    def __init__(self, endpoint: str, *, officer: str, key: LinkKey) -> None:
        self._endpoint = endpoint
        self._officer = officer
        self._key = key
        self._instance_id = secrets.token_hex(16)
        self._context = zmq.Context()
        self._epoch = 0
        self._seq = 0
        self._connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close(linger=0)
        self._context.term()

    def _connect(self) -> None:
        self._socket: zmq.Socket[bytes] = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(self._endpoint)

    def reconnect(self) -> None:
        """Close the connection, and open a new one."""
        self._socket.close(linger=0)
        self._connect()

    def say(self, *parts: bytes) -> None:
        """Send a message of these frames."""
        self._socket.send_multipart(parts)

    def hear(self, kind: type[M]) -> M:
        """Wait for a message of that type, and return it; skip others."""
        deadline = Deadline()
        while self._socket.poll(int(deadline.left * 1000)):
            message = decode_from_sidecar(self._socket.recv())
            if isinstance(message, kind):
                return message
        raise AssertionError(f"the sidecar said no {kind.__name__}")

    def handshake(self) -> Welcome:
        """Complete the handshake; return the welcome."""
        self.claim()
        welcome = self.hear(Welcome)
        self._epoch, self._seq = welcome.epoch, 0
        return welcome

    def claim(self) -> None:
        """Send a hello, and a proof with the key. The proof of the challenge is not verified."""
        hello = Hello(
            min_version=PROTOCOL_MIN,
            max_version=PROTOCOL_MAX,
            officer=self._officer,
            instance_id=self._instance_id,
            nonce=secrets.token_hex(32),
        )
        self.say(encode(hello))
        challenge = self.hear(Challenge)
        account = AccountIdentity(
            login=7_000_001,
            server="Raw-Demo",
            margin_mode=MarginMode.RETAIL_HEDGING,
            trade_mode=TradeMode.DEMO,
            currency="USD",
        )
        proof = self._key.terminal_proof(hello, challenge.version, challenge.nonce, account)
        ledger = LedgerIdentity(id="ab" * 16, mark=0, unbroken=True)
        self.say(
            encode(Prove(proof=proof, account=account, ledger=ledger, program="raw dealer", server_ms=1))
        )

    def works(self) -> None:
        """Assert that a valid message is handled: an empty scan is acknowledged."""
        self._seq += 1
        scan = ScanReport(
            instance_id=self._instance_id,
            counter=self._seq,
            from_server_ms=0,
            to_server_ms=1,
            deals=0,
            orders=0,
            positions=[],
        )
        self.say(
            encode(ReportMessage(epoch=self._epoch, seq=self._seq, report=msgspec.Raw(encode_report(scan))))
        )
        while self.hear(Ack).seq < self._seq:
            pass
