"""The link between the sidecar and a terminal: its messages, as types.

One ZeroMQ message is one frame is one UTF-8 JSON object with a `type`. Unknown fields are ignored, so that a
newer peer can be heard; an unknown type is counted and answered with `error`. Whatever a terminal saw travels
as a `report` (core.reports). The reference in words, with an example of each message, is docs/link-protocol.md.

Units: prices and volumes are JSON numbers with their decimals; times that end in `_ms` are whole
milliseconds, `server_ms` on the broker's clock (not UTC), `clock_ms` on the sidecar's link clock
(milliseconds since the welcome, never set back).
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, TypeVar

import msgspec

from bridge.core.director.contract import OrderType, TimeInForce
from bridge.core.units.decimals import ZERO, AmountError, check_amount
from bridge.core.units.mt5_terms import MarginMode, Side, TradeMode

PROTOCOL_MIN: Final = 2
PROTOCOL_MAX: Final = 2
"""The protocol versions that this code speaks, both inclusive."""

MAX_MESSAGE_BYTES: Final = 65_536
"""A longer message is refused by the socket itself: it bounds what a broken peer can make us read."""

ClientOrderId = Annotated[int, msgspec.Meta(ge=1, lt=2**52)]
"""A command's own number. It is the order's magic, and fits a double."""
Ticket = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""An order, deal or position number of the broker. A 64-bit integer, never a double. 0: none."""
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
Text = Annotated[str, msgspec.Meta(max_length=1024)]
Nonce = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""32 random bytes in lower-case hex, fresh for each handshake."""
Proof = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""An HMAC-SHA256 in lower-case hex (core.handshake)."""
InstanceId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
"""16 random bytes in lower-case hex, drawn each time the terminal's program is loaded."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """Any message. `type` says which."""


class AccountIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What an officer is pinned to at its first hello."""

    login: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    server: Name
    margin_mode: MarginMode
    trade_mode: TradeMode
    currency: Name


class LedgerIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Which ledger the terminal writes, and how far it has come."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
    """Drawn when the file was made."""
    mark: Count
    """How many intents were ever written to it."""
    unbroken: bool = True
    """False where the file could not be read to its end: its silence about a token then proves nothing."""


# Terminal -> sidecar


class Hello(Message, frozen=True, kw_only=True, tag="hello"):
    """The first message of a session. Nothing else is read before the handshake is through."""

    min_version: Annotated[int, msgspec.Meta(ge=1, lt=1000)]
    max_version: Annotated[int, msgspec.Meta(ge=1, lt=1000)]
    officer: Name
    instance_id: InstanceId
    nonce: Nonce


class Prove(Message, frozen=True, kw_only=True, tag="prove"):
    """The terminal's half of the proof, and who it speaks for. Sent once the sidecar's proof was checked."""

    proof: Proof
    account: AccountIdentity
    ledger: LedgerIdentity
    program: Text
    """Name and version of the terminal's program, for the log."""
    server_ms: Count
    """The broker's time now. The sidecar measures its distance from UTC."""
    poll_interval_s: Annotated[int, msgspec.Meta(ge=1, le=300)] | None = None
    """How often the Director is to be polled, where the terminal's inputs say so."""


class ReportMessage(Message, frozen=True, kw_only=True, tag="report"):
    """Something the terminal saw. Kept and sent again, under a new number, until it is acknowledged."""

    epoch: Count
    seq: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    """1, 2, 3, ... in this epoch, without a gap."""
    report: msgspec.Raw
    """The report itself. Decoded apart, so that one that cannot be decoded is kept and acknowledged as well."""


class TerminalHeartbeat(Message, frozen=True, kw_only=True, tag="heartbeat"):
    """Every second: I live, and this is how the terminal stands."""

    epoch: Count
    broker_connected: bool
    trade_allowed: bool
    """All four permissions together: terminal, program, account, server."""
    trade_forbidden_by: Text = ""
    """Which of them is missing and which setting to change; empty while trading is allowed."""
    server_ms: Count
    balance: Decimal
    equity: Decimal
    margin: Decimal
    ping_us: Count = 0
    timer_max_us: Count = 0
    """The longest timer call since the last heartbeat."""
    busy: bool = False
    """A trade request goes out next, synchronously: silence until it answers is not death."""


class Bye(Message, frozen=True, kw_only=True, tag="bye"):
    """Either side ends the session in order."""

    epoch: Count
    reason: Text


# Sidecar -> terminal


class Challenge(Message, frozen=True, kw_only=True, tag="challenge"):
    """The sidecar's half of the proof, and the version chosen: the highest that both speak."""

    version: Annotated[int, msgspec.Meta(ge=1, lt=1000)]
    nonce: Nonce
    proof: Proof


class RefusalCode(StrEnum):
    """Why a hello got no welcome."""

    VERSION = "VERSION"
    KEY = "KEY"
    OFFICER = "OFFICER"
    ACCOUNT = "ACCOUNT"
    REAL_ACCOUNT = "REAL_ACCOUNT"
    SECOND_INSTANCE = "SECOND_INSTANCE"
    MALFORMED = "MALFORMED"
    BUSY = "BUSY"


class Refused(Message, frozen=True, kw_only=True, tag="refused"):
    """No session. `message` says what is wrong and `remedy` which setting to change."""

    code: Name
    """A RefusalCode. A newer sidecar may have further ones; its remedy must be read all the same."""
    message: Text
    remedy: Text


class CommandKind(StrEnum):
    """What a command does at the broker."""

    OPEN = "OPEN"
    """A market order, or a pending one that will open a position."""
    CLOSE = "CLOSE"
    MODIFY = "MODIFY"
    """Other levels for a position, or other levels, price or expiry for a pending order."""
    CANCEL = "CANCEL"
    """Take a pending order off the book."""

    @property
    def changes(self) -> bool:
        """True where it makes no order of its own: sent twice it does no more than once."""
        return self in (CommandKind.MODIFY, CommandKind.CANCEL)


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a command asks of the broker. Never changes after it was journaled.

    A MODIFY or CANCEL names its target by `position` or by `order`; the target's magic, symbol and volume stay as
    they are.
    """

    client_order_id: ClientOrderId
    kind: CommandKind
    symbol: Name
    """The broker's own name for it."""
    side: Side
    """The side of the order: a CLOSE of a long position is a SELL. MODIFY, CANCEL: the target's side."""
    volume: Decimal = ZERO
    """Lots. 0 for MODIFY and CANCEL."""
    order_type: OrderType = OrderType.MARKET
    """OPEN: how it is filled. MODIFY and CANCEL of a pending order: its type."""
    position: Ticket = 0
    """CLOSE, MODIFY: the position's identifier. The terminal finds its present ticket by it."""
    order: Ticket = 0
    """MODIFY, CANCEL: the pending order's ticket."""
    opener: Annotated[int, msgspec.Meta(ge=0, lt=2**52)] = 0
    """CLOSE, MODIFY, CANCEL: token of the command that opened the target. Where several commands share one
    position (netting) it says whose part is meant."""
    stop_loss: Decimal | None = None
    """MODIFY: None leaves the level as it is, 0 takes it away."""
    take_profit: Decimal | None = None
    price: Decimal | None = None
    """Of a market order the reference of the slippage guard; of a pending order its price; MODIFY: the pending
    order's new price, None leaves it."""
    limit_price: Decimal | None = None
    """STOP_LIMIT: the price of the limit order."""
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_ms: Count = 0
    """GTD: when a pending order leaves the book, in milliseconds of UTC since 1970."""
    deviation_points: Annotated[int, msgspec.Meta(ge=0, lt=1_000_000)] | None = None
    max_spread_points: Annotated[int, msgspec.Meta(ge=0, lt=1_000_000)] | None = None
    """OPEN: not sent while the spread is wider."""
    comment: Annotated[str, msgspec.Meta(max_length=31)] = ""
    """For people. Brokers rewrite it; nothing relies on it."""


class Command(Message, frozen=True, kw_only=True, tag="command"):
    """Execute this, once, if your ledger has never seen its token, and not later than `deadline_ms`."""

    epoch: Count
    attempt: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    """1 for the first dispatch. A further one follows only a `not_sent`."""
    deadline_ms: Count
    """On the link clock. Later than that the answer is `not_sent`."""
    order: Order
    expires_server_ms: Count = 0
    """The order's `expires_ms` on the broker's clock, as far as its distance from UTC is known now. 0: none."""


class StatusRequestItem(msgspec.Struct, frozen=True, kw_only=True):
    """One command whose fate the sidecar does not know."""

    order: Order
    attempt: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    request_no: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    """Counts the askings of this command; the answer carries it."""
    ledger: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
    """The ledger that the command was dispatched to. The silence of any other one proves nothing."""
    since_server_ms: Count
    """Search the history from here on (an hour before the dispatch, on the broker's clock)."""


class StatusRequest(Message, frozen=True, kw_only=True, tag="status_request"):
    """Say what became of this. Look in the ledger, then at the broker by token. Never send it."""

    epoch: Count
    item: StatusRequestItem


class Inquire(Message, frozen=True, kw_only=True, tag="inquire"):
    """What does the broker call this symbol, and what are its terms? Answered by a `symbol` report."""

    epoch: Count
    symbol: Name
    """As the Director or the configuration spells it."""
    exact: bool = False
    """Only a symbol of exactly this name will do. Otherwise one with a prefix or suffix around it may."""


class Welcome(Message, frozen=True, kw_only=True, tag="welcome"):
    """The session stands. First report what the ledger holds beyond `ledger_mark`, then scan, then work."""

    epoch: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    heartbeat_ms: Count
    ledger_mark: Count
    """The highest ledger mark that the journal has."""
    watermark_server_ms: Count
    """The end of the last scan that the journal has; 0: none yet. Scan from here less `overlap_ms`."""
    overlap_ms: Count
    max_message_bytes: Count


class Ack(Message, frozen=True, kw_only=True, tag="ack"):
    """All reports of this epoch up to `seq` are in the journal."""

    epoch: Count
    seq: Count


class SidecarHeartbeat(Message, frozen=True, kw_only=True, tag="heartbeat"):
    """Every second: I live, and this is the link clock."""

    epoch: Count
    clock_ms: Count


class ErrorMessage(Message, frozen=True, kw_only=True, tag="error"):
    """Either side could make nothing of a message. The session goes on."""

    code: Annotated[str, msgspec.Meta(max_length=64)]
    message: Text


FromTerminal = Hello | Prove | ReportMessage | TerminalHeartbeat | Bye | ErrorMessage
FromSidecar = (
    Challenge
    | Refused
    | Welcome
    | Command
    | StatusRequest
    | Inquire
    | Ack
    | SidecarHeartbeat
    | Bye
    | ErrorMessage
)


class ProtocolError(ValueError):
    """The peer's message is not one of the protocol. The message says what is wrong with it."""


class UnknownTypeError(ProtocolError):
    """The message is well formed; its type is none that we know. A newer peer may send such."""


_encoder = msgspec.json.Encoder(decimal_format="number")
_from_terminal: msgspec.json.Decoder[FromTerminal] = msgspec.json.Decoder(FromTerminal)
_from_sidecar: msgspec.json.Decoder[FromSidecar] = msgspec.json.Decoder(FromSidecar)
_from_terminal_types = frozenset({"hello", "prove", "report", "heartbeat", "bye", "error"})
_from_sidecar_types = frozenset(
    {
        "challenge",
        "refused",
        "welcome",
        "command",
        "status_request",
        "inquire",
        "ack",
        "heartbeat",
        "bye",
        "error",
    }
)


class _Head(msgspec.Struct):
    type: str


_head = msgspec.json.Decoder(_Head)


def encode(message: Message) -> bytes:
    """The message as the one frame that carries it."""
    return _encoder.encode(message)


def decode_from_terminal(frame: bytes) -> FromTerminal:
    """What a terminal said. Raises ProtocolError (UnknownTypeError for a type that we do not know)."""
    _check_frame(frame, _from_terminal_types)
    try:
        return _checked(_from_terminal.decode(frame))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(str(error)) from error


def decode_from_sidecar(frame: bytes) -> FromSidecar:
    """What the sidecar said. Raises ProtocolError (UnknownTypeError for a type that we do not know)."""
    _check_frame(frame, _from_sidecar_types)
    try:
        return _checked(_from_sidecar.decode(frame))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(str(error)) from error


_AnyMessage = TypeVar("_AnyMessage", FromTerminal, FromSidecar)


def _checked(message: _AnyMessage) -> _AnyMessage:
    """The message, if its numbers are such as a broker could mean. Raises ProtocolError."""
    parts: list[msgspec.Struct] = [message]
    if isinstance(message, Command):
        parts.append(message.order)
    elif isinstance(message, StatusRequest):
        parts.append(message.item.order)
    for part in parts:
        for name in part.__struct_fields__:
            value = getattr(part, name)
            if isinstance(value, Decimal):
                try:
                    check_amount(value)
                except AmountError as error:
                    raise ProtocolError(f"{name} {error}") from error
    return message


def _check_frame(frame: bytes, known: frozenset[str]) -> None:
    if not frame:
        raise ProtocolError("the message is empty")
    if len(frame) > MAX_MESSAGE_BYTES:
        raise ProtocolError(f"the message has {len(frame)} bytes; the most is {MAX_MESSAGE_BYTES}")
    try:
        head = _head.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(f"the message is not a JSON object with a type: {error}") from error
    if head.type not in known:
        raise UnknownTypeError(f"unknown message type {head.type[:64]!r}")
