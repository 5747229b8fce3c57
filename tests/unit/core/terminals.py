"""A terminal's half of the link, as far as a session needs it."""

import msgspec

from bridge.core.link.handshake import LinkKey
from bridge.core.link.messages import (
    PROTOCOL_MAX,
    PROTOCOL_MIN,
    AccountIdentity,
    Challenge,
    Hello,
    LedgerIdentity,
    Message,
    Prove,
    ReportMessage,
    TerminalHeartbeat,
    Welcome,
    encode,
)
from bridge.core.link.session import Sessions
from bridge.core.link.session_effects import Admit, Effect, Send
from bridge.core.units.mt5_terms import MarginMode, TradeMode
from tests.unit.core.samples import OFFICER

OTHER = "eo-002"
KEYS = {OFFICER: LinkKey(b"1" * 32), OTHER: LinkKey(b"2" * 32)}
ACCOUNT = AccountIdentity(
    login=12345,
    server="Broker-Demo",
    margin_mode=MarginMode.RETAIL_HEDGING,
    trade_mode=TradeMode.DEMO,
    currency="EUR",
)


def sessions() -> Sessions:
    """Two officers, a heartbeat a second, lost after fifteen; nonces count up."""
    numbers = iter(range(10**9))
    return Sessions(KEYS, heartbeat_s=1.0, lost_after_s=15.0, nonce=lambda: f"{next(numbers):064x}")


def welcome(epoch: int) -> Welcome:
    return Welcome(
        epoch=epoch,
        heartbeat_ms=1000,
        ledger_mark=0,
        watermark_server_ms=0,
        overlap_ms=0,
        max_message_bytes=65536,
    )


class Terminal:
    """Terminal of one officer: one instance at one routing id."""

    def __init__(self, peer: bytes = b"peer-1", *, officer: str = OFFICER, instance_id: str = "a") -> None:
        self.peer = peer
        self.key = KEYS[officer]
        self.hello = Hello(
            min_version=PROTOCOL_MIN,
            max_version=PROTOCOL_MAX,
            officer=officer,
            instance_id=instance_id * 32,
            nonce="c" * 64,
        )

    def say(self, sessions: Sessions, message: Message, now: float = 0.0) -> list[Effect]:
        return sessions.receive(self.peer, encode(message), now)

    def send_hello(self, sessions: Sessions, now: float = 0.0) -> list[Effect]:
        return self.say(sessions, self.hello, now)

    def proof(self, challenge: Challenge) -> Prove:
        return Prove(
            proof=self.key.terminal_proof(self.hello, challenge.version, challenge.nonce, ACCOUNT),
            account=ACCOUNT,
            ledger=LedgerIdentity(id="e" * 32, mark=0),
            program="test",
            server_ms=1,
        )

    def prove(self, sessions: Sessions, now: float = 0.0) -> list[Effect]:
        """Send hello and proof; return the effects of the proof."""
        return self.say(sessions, self.proof(challenged(self.send_hello(sessions, now))), now)

    def enter(
        self, sessions: Sessions, epoch: int = 1, now: float = 0.0, *, stored: tuple[int, int] = (0, 0)
    ) -> list[Effect]:
        """The whole handshake, with a journal that opens the epoch and has the `stored` reports: epoch, number."""
        (admit,) = self.prove(sessions, now)
        assert isinstance(admit, Admit)
        stored_epoch, stored_seq = stored
        opened = msgspec.structs.replace(welcome(epoch), stored_epoch=stored_epoch, stored_seq=stored_seq)
        return sessions.admit(self.peer, opened, now)

    def report(self, sessions: Sessions, seq: int, *, epoch: int = 1, now: float = 0.0) -> list[Effect]:
        raw = msgspec.Raw(b'{"n":%d}' % seq)
        return self.say(sessions, ReportMessage(epoch=epoch, seq=seq, report=raw), now)

    def beat(
        self, sessions: Sessions, *, epoch: int = 1, now: float = 0.0, busy: bool = False
    ) -> list[Effect]:
        return self.say(sessions, heartbeat(epoch, busy=busy), now)


def heartbeat(epoch: int, *, busy: bool = False) -> TerminalHeartbeat:
    fields = {"epoch": epoch, "broker_connected": True, "trade_allowed": True, "server_ms": 1, "busy": busy}
    return msgspec.convert({**fields, "balance": 1, "equity": 1, "margin": 0}, TerminalHeartbeat)


def challenged(effects: list[Effect]) -> Challenge:
    (send,) = effects
    assert isinstance(send, Send) and isinstance(send.message, Challenge)
    return send.message
