"""A terminal on a real DEALER: the handshake, and the messages that a test sends."""

import asyncio
from decimal import Decimal
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec
import zmq
import zmq.asyncio

from bridge.core.link.handshake import LinkKey
from bridge.core.link.messages import (
    PROTOCOL_MAX,
    PROTOCOL_MIN,
    AccountIdentity,
    Challenge,
    Hello,
    Inquire,
    LedgerIdentity,
    Message,
    Prove,
    Refused,
    ReportMessage,
    TerminalHeartbeat,
    Welcome,
    decode_from_sidecar,
    encode,
)
from bridge.core.link.reports import AnyReport, ScanReport, SymbolReport, encode_report
from bridge.core.units.mt5_terms import MarginMode, TradeMode

from .clock import TIMEOUT_S, ManualClock
from .harness import OFFICER

M = TypeVar("M", bound=Message)

KEY: Final = LinkKey(bytes(range(32)))
INSTANCE_ID: Final = "b0" * 16
OTHER_INSTANCE_ID: Final = "b1" * 16
LEDGER: Final = LedgerIdentity(id="1e" * 16, mark=0)
ACCOUNT: Final = AccountIdentity(
    login=501,
    server="Broker-Demo",
    margin_mode=MarginMode.RETAIL_HEDGING,
    trade_mode=TradeMode.DEMO,
    currency="USD",
)
BROKER_OFFSET_MS: Final = 7_200_000


def terms(symbol: str) -> SymbolReport:
    """Return the terms of a symbol of that name that allows every order."""
    return SymbolReport(asked=symbol, name=symbol)


class Terminal:
    """One load of the EA in one terminal."""

    def __init__(
        self, endpoint: str, clock: ManualClock, *, instance_id: str = INSTANCE_ID, key: LinkKey = KEY
    ) -> None:
        self._clock = clock
        self._key = key
        self._context = zmq.asyncio.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(endpoint)
        self.instance_id = instance_id
        self.offset_ms = BROKER_OFFSET_MS
        """Broker's clock minus the test's, in milliseconds."""
        self.epoch = 0
        self.seq = 0
        self._scans = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the terminal's socket."""
        self._socket.close()
        self._context.term()

    async def send(self, message: Message) -> None:
        await self.say_raw(encode(message))

    async def say_raw(self, frame: bytes) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await self._socket.send(frame)

    async def receive(self, kind: type[M]) -> M:
        """Return the next message of one type; skip others. A symbol request is answered."""
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                message = decode_from_sidecar(await self._socket.recv())
                if isinstance(message, Inquire):
                    await self.report(terms(message.symbol))
                if isinstance(message, kind):
                    return message
                if isinstance(message, Refused):
                    raise AssertionError(message)

    async def start_handshake(
        self,
        *,
        account: AccountIdentity = ACCOUNT,
        ledger: LedgerIdentity = LEDGER,
        poll_interval_s: int | None = None,
    ) -> None:
        """Send the hello and the proof."""
        hello = Hello(
            min_version=PROTOCOL_MIN,
            max_version=PROTOCOL_MAX,
            officer=OFFICER,
            instance_id=self.instance_id,
            nonce="0f" * 32,
        )
        await self.send(hello)
        challenge = await self.receive(Challenge)
        assert challenge.proof == KEY.sidecar_proof(hello, challenge.version, challenge.nonce)
        proof = self._key.terminal_proof(hello, challenge.version, challenge.nonce, account)
        await self.send(
            Prove(
                proof=proof,
                account=account,
                ledger=ledger,
                program="test terminal 1",
                server_ms=self._server_ms(),
                poll_interval_s=poll_interval_s,
            )
        )

    async def join(
        self,
        *,
        account: AccountIdentity = ACCOUNT,
        ledger: LedgerIdentity = LEDGER,
        poll_interval_s: int | None = None,
    ) -> Welcome:
        """Perform the whole handshake and return the welcome."""
        await self.start_handshake(account=account, ledger=ledger, poll_interval_s=poll_interval_s)
        welcome = await self.receive(Welcome)
        self.epoch, self.seq = welcome.epoch, 0
        return welcome

    async def report(self, *reports: AnyReport) -> None:
        """Send the reports, each with the next sequence number."""
        for report in reports:
            self.seq += 1
            await self.send(
                ReportMessage(epoch=self.epoch, seq=self.seq, report=msgspec.Raw(encode_report(report)))
            )

    async def heartbeat(
        self,
        *,
        broker_connected: bool = True,
        trade_allowed: bool = True,
        ping_us: int = 0,
        timer_max_us: int = 0,
    ) -> None:
        """Send a heartbeat."""
        await self.send(
            TerminalHeartbeat(
                epoch=self.epoch,
                broker_connected=broker_connected,
                trade_allowed=trade_allowed,
                server_ms=self._server_ms(),
                balance=Decimal(1000),
                equity=Decimal(1000),
                margin=Decimal(0),
                ping_us=ping_us,
                timer_max_us=timer_max_us,
            )
        )

    async def scan(self) -> None:
        """Send a scan without orders and positions."""
        self._scans += 1
        now = self._server_ms()
        await self.report(
            ScanReport(
                instance_id=self.instance_id,
                counter=self._scans,
                from_server_ms=0,
                to_server_ms=now,
                deals=0,
                orders=0,
                positions=[],
            )
        )

    def _server_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000) + self.offset_ms
