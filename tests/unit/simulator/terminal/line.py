"""A link session and the sidecar's peer, with the time set by the test."""

from dataclasses import dataclass, field
from decimal import Decimal

from bridge.core.link.messages import (
    AccountIdentity,
    FromTerminal,
    Hello,
    LedgerIdentity,
    Message,
    Prove,
    ReportMessage,
    decode_from_terminal,
    encode,
)
from bridge.core.link.reports import TroubleReport
from bridge.core.units.mt5_terms import MarginMode, TradeMode
from bridge.simulator.terminal.session import LinkSession, Work
from bridge.simulator.terminal.standing import Standing
from tests.sidecar_peer import KEY, OFFICER, SidecarPeer

ACCOUNT = AccountIdentity(
    login=5,
    server="Simulated-Demo",
    margin_mode=MarginMode.RETAIL_HEDGING,
    trade_mode=TradeMode.DEMO,
    currency="USD",
)
LEDGER = LedgerIdentity(id="a" * 32, mark=3)
STANDING = Standing(
    transaction=0,
    changes=0,
    account=ACCOUNT,
    connected=True,
    forbidden_by="",
    server_ms=1_750_000_000_000,
    balance=Decimal(10000),
    equity=Decimal(10000),
    margin=Decimal(0),
)


@dataclass
class Line:
    """A session and the sidecar's peer, with the time set by the test."""

    peer: SidecarPeer = field(default_factory=SidecarPeer)
    now: int = 50_000
    standing: Standing = STANDING

    def __post_init__(self) -> None:
        self.session = LinkSession(
            officer=OFFICER,
            key=KEY,
            instance_id="b" * 32,
            program="test",
            entropy=lambda count: b"\x07" * count,
            uniform=lambda: 0.5,
        )

    def timer(self) -> list[FromTerminal]:
        self.session.on_timer(self.now, self.standing)
        return self.sent()

    def sent(self) -> list[FromTerminal]:
        return [decode_from_terminal(frame) for frame in self.session.take_frames()]

    def receive(self, message: Message | bytes) -> Work | None:
        frame = message if isinstance(message, bytes) else encode(message)
        return self.session.on_frame(frame, self.now, self.standing, LEDGER)

    def hello(self) -> Hello:
        (hello,) = self.timer()
        assert isinstance(hello, Hello)
        return hello

    def prove(self) -> Prove:
        self.receive(self.peer.challenge(self.hello()))
        (prove,) = self.sent()
        assert isinstance(prove, Prove)
        return prove

    def join(self) -> Work | None:
        return self.receive(self.peer.welcome(self.prove()))

    def report_numbers(self, messages: list[FromTerminal]) -> list[int]:
        return [message.seq for message in messages if isinstance(message, ReportMessage)]


def trouble(counter: int) -> TroubleReport:
    return TroubleReport(instance_id="b" * 32, counter=counter, code="TEST", message="test")
