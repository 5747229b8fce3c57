"""Messages of the link between the sidecar and a terminal, as types.

One ZeroMQ message is one frame is one UTF-8 JSON object with a `type`. Unknown fields are ignored, so that a newer
peer can be understood; an unknown type is counted and answered with `error`, and an unknown value of an enum is
refused by name. Observations of a terminal travel as a `report` (`reports`). The reference in words, with an
example of each message, is docs/link-protocol.md.

Units: prices and volumes are JSON numbers with their decimals; times that end in `_ms` are whole
milliseconds, `server_ms` on the broker's clock (not UTC), `clock_ms` on the sidecar's link clock
(milliseconds since the welcome, never set back).
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, TypeVar, assert_never, get_args

import msgspec

from bridge.core.director.contract import OrderType, TimeInForce
from bridge.core.units.decimals import ZERO, AmountError, check_amount
from bridge.core.units.mt5_terms import MarginMode, Side, TradeMode

PROTOCOL_MIN: Final = 2
PROTOCOL_MAX: Final = 2
"""Protocol versions that this code supports, both inclusive."""

MAX_MESSAGE_BYTES: Final = 65_536
"""Bytes. The socket itself refuses a longer message, which bounds what a broken peer can make us read."""

ClientOrderId = Annotated[int, msgspec.Meta(ge=1, lt=2**52)]
"""Number of one command. It is the order's magic, and fits a double."""
Ticket = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""Order, deal or position number of the broker. A 64-bit integer, never a double. 0: none."""
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
Text = Annotated[str, msgspec.Meta(max_length=1024)]
Nonce = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""32 random bytes in lower-case hex, fresh for each handshake."""
Proof = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""An HMAC-SHA256 in lower-case hex (`handshake`)."""
InstanceId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
"""16 random bytes in lower-case hex, drawn each time the terminal's program is loaded."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """Base of every message. `type` names which."""


class AccountIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Account that an officer is bound to at its first hello."""

    login: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    server: Name
    margin_mode: MarginMode
    trade_mode: TradeMode
    currency: Name


MAX_INSTANCES: Final = 64
"""Most instances that a terminal names of its ledger."""


class LedgerIdentity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ledger that the terminal writes, its mark, and the instances that wrote it."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
    """Drawn when the file was made."""
    mark: Count
    """Number of intents ever written to it."""
    unbroken: bool = True
    """False where the file could not be read to its end: a missing entry then proves nothing."""
    instances: Annotated[list[InstanceId], msgspec.Meta(max_length=MAX_INSTANCES)] = []
    """The last instances that came to a sidecar with this ledger, oldest first; the present one is the last. Where
    the instance of the last session is not among them, the file is a copy from before it."""
    login: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None
    """Account that the file was made for. None where its first line names none (version 2)."""


# Terminal -> sidecar


class Hello(Message, frozen=True, kw_only=True, tag="hello"):
    """First message of a session. No other message is read before the handshake has ended."""

    min_version: Annotated[int, msgspec.Meta(ge=1, lt=1000)]
    max_version: Annotated[int, msgspec.Meta(ge=1, lt=1000)]
    officer: Name
    instance_id: InstanceId
    nonce: Nonce


class Prove(Message, frozen=True, kw_only=True, tag="prove"):
    """The terminal's proof, its account and its ledger. Sent once the sidecar's proof was checked."""

    proof: Proof
    account: AccountIdentity
    ledger: LedgerIdentity
    program: Text
    """Name and version of the terminal's program, for the log."""
    server_ms: Count
    """The broker's time now. The sidecar measures its offset from UTC."""
    poll_interval_s: Annotated[int, msgspec.Meta(ge=1, le=300)] | None = None
    """Interval of the Director's polls, where the terminal's inputs set one."""


class ReportMessage(Message, frozen=True, kw_only=True, tag="report"):
    """Observation of the terminal. Kept and sent again, under a new number, until it is acknowledged."""

    epoch: Count
    seq: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    """1, 2, 3, ... in this epoch, without a gap."""
    report: msgspec.Raw
    """The report. Decoded separately, so that one that cannot be decoded is kept and acknowledged as well."""


class TerminalHeartbeat(Message, frozen=True, kw_only=True, tag="heartbeat"):
    """Sign of life, every second, with the state of the terminal."""

    epoch: Count
    broker_connected: bool
    trade_allowed: bool
    """True with all four permissions: terminal, program, account, server."""
    trade_forbidden_by: Text = ""
    """Permission that is missing, and the setting to change; empty while trading is allowed."""
    server_ms: Count
    balance: Decimal
    equity: Decimal
    margin: Decimal
    ping_us: Count = 0
    timer_max_us: Count = 0
    """Longest timer call since the last heartbeat."""
    busy: bool = False
    """True where a trade request is sent next, synchronously: no message comes until it returns. It lasts until a
    heartbeat without it, for 60 s at most."""


class Bye(Message, frozen=True, kw_only=True, tag="bye"):
    """End of the session, by either side."""

    epoch: Count
    reason: Text


# Sidecar -> terminal


class Challenge(Message, frozen=True, kw_only=True, tag="challenge"):
    """The sidecar's proof, and the version chosen: the highest that both support."""

    version: Annotated[int, msgspec.Meta(ge=1, lt=1000)]
    nonce: Nonce
    proof: Proof


class RefusalCode(StrEnum):
    """Reason for which a hello got no welcome."""

    VERSION = "VERSION"
    KEY = "KEY"
    OFFICER = "OFFICER"
    ACCOUNT = "ACCOUNT"
    REAL_ACCOUNT = "REAL_ACCOUNT"
    SECOND_INSTANCE = "SECOND_INSTANCE"
    SHARED_ACCOUNT = "SHARED_ACCOUNT"
    """Another officer is bound to the same account, and the configuration does not say that it is meant."""
    TAKEOVER = "TAKEOVER"
    """Another instance may still execute a command. The terminal is admitted once its deadline and a margin are
    over."""
    SUPERSEDED = "SUPERSEDED"
    """Another instance has taken this one's place. Two terminals run for one officer, which is quarantined."""
    LEDGER = "LEDGER"
    """The terminal's ledger was made for another account than the one that it is logged in to."""
    MALFORMED = "MALFORMED"
    BUSY = "BUSY"


class Refused(Message, frozen=True, kw_only=True, tag="refused"):
    """Refusal of a session. `message` says what is wrong and `remedy` which setting to change."""

    code: Name
    """A RefusalCode. A newer sidecar may have further ones; its remedy must be readable all the same."""
    message: Text
    remedy: Text


class CommandKind(StrEnum):
    """Effect of a command at the broker."""

    OPEN = "OPEN"
    """Send a market order, or place a pending one, that opens a position."""
    CLOSE = "CLOSE"
    """Send a market order that closes a position, whole or in part."""
    MODIFY = "MODIFY"
    """Set other levels of a position, or other levels and prices of a pending order."""
    CANCEL = "CANCEL"
    """Take a pending order off the book."""

    @property
    def changes(self) -> bool:
        """True where it makes no order of its own: sent twice it does no more than once."""
        match self:
            case CommandKind.OPEN | CommandKind.CLOSE:
                return False
            case CommandKind.MODIFY | CommandKind.CANCEL:
                return True
            case _:
                assert_never(self)


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Request of a command to the broker. Never changes after it was journaled.

    A MODIFY or CANCEL names its target by `position` or by `order`; the target's magic, symbol and volume stay as
    they are.
    """

    client_order_id: ClientOrderId
    kind: CommandKind
    symbol: Name
    """Name of the symbol at the broker."""
    side: Side
    """Side of the order: a CLOSE of a long position is a SELL. MODIFY, CANCEL: the target's side."""
    volume: Decimal = ZERO
    """Lots. 0 for MODIFY and CANCEL."""
    order_type: OrderType = OrderType.MARKET
    """Type of the order. MODIFY and CANCEL of a pending order: the target's type."""
    position: Ticket = 0
    """CLOSE, MODIFY: identifier of the position. The terminal finds its present ticket by it."""
    order: Ticket = 0
    """MODIFY, CANCEL: the pending order's ticket."""
    opener: Annotated[int, msgspec.Meta(ge=0, lt=2**52)] = 0
    """CLOSE, MODIFY, CANCEL: client order id of the command that opened the target. Where several commands share
    one position (netting) it names the lot."""
    stop_loss: Decimal | None = None
    """MODIFY: None leaves the level as it is, 0 takes it away. OPEN at the market: None leaves the level of a
    netted position that it adds to as it is."""
    take_profit: Decimal | None = None
    price: Decimal | None = None
    """Market order: reference of the slippage limit. Pending order: its price. MODIFY: the pending order's new
    price, None leaves it."""
    limit_price: Decimal | None = None
    """STOP_LIMIT: price of the limit order."""
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_ms: Count = 0
    """GTD: time at which a pending order leaves the book, in milliseconds of UTC since 1970."""
    deviation_points: Annotated[int, msgspec.Meta(ge=0, lt=1_000_000)] | None = None
    max_spread_points: Annotated[int, msgspec.Meta(ge=0, lt=1_000_000)] | None = None
    """OPEN: not sent while the spread is wider."""
    comment: Annotated[str, msgspec.Meta(max_length=31)] = ""
    """For the operator. Brokers rewrite it; nothing relies on it."""
    directive_id: Annotated[str, msgspec.Meta(max_length=128)] = ""
    """Directive that the command belongs to. The terminal's ledger keeps it, for the loss of a journal."""


class Command(Message, frozen=True, kw_only=True, tag="command"):
    """Order to execute once, if the ledger has no entry of its id, and not later than `deadline_ms`."""

    epoch: Count
    attempt: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    """1 for the first dispatch. A further one follows only a `not_sent`."""
    deadline_ms: Count
    """Time on the link clock after which the answer is `not_sent`."""
    order: Order
    expires_server_ms: Count = 0
    """The order's `expires_ms` on the broker's clock, by the offset from UTC that is known now. 0: none."""
    search_from_server_ms: Count = 0
    """OPEN, CLOSE: start of the search in the broker's history for the client order id, on the broker's clock. Live
    orders and positions are searched always. 0: no search in the history."""


class StatusRequestItem(msgspec.Struct, frozen=True, kw_only=True):
    """Command whose outcome the sidecar does not know."""

    order: Order
    attempt: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    request_no: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    """Number of requests about this command; the reply carries it."""
    ledger: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
    """Ledger that the command was dispatched to. A missing entry in any other proves nothing."""
    since_server_ms: Count
    """Start of the search in the history: an hour before the dispatch, on the broker's clock."""


class StatusRequest(Message, frozen=True, kw_only=True, tag="status_request"):
    """Request for the outcome of a command: from the ledger, then from the broker by its id. It is never sent."""

    epoch: Count
    item: StatusRequestItem


class Inquire(Message, frozen=True, kw_only=True, tag="inquire"):
    """Request for the broker's name of a symbol and its terms. Answered by a `symbol` report."""

    epoch: Count
    symbol: Name
    """Spelling of the Director or the configuration."""
    exact: bool = False
    """True where only this exact name counts. Otherwise one with a prefix or suffix around it may."""


class ScanRequest(Message, frozen=True, kw_only=True, tag="scan_request"):
    """Request for a scan soon. The sidecar sends it once a further scan can decide what is open: a difference that
    has lasted for the grace time, a position that is gone."""

    epoch: Count


class Welcome(Message, frozen=True, kw_only=True, tag="welcome", omit_defaults=True):
    """Start of the session. The terminal first reports the ledger beyond `ledger_mark`, then scans, then works."""

    epoch: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    heartbeat_ms: Count
    ledger_mark: Count
    """Highest ledger mark that the journal has."""
    watermark_server_ms: Count
    """End of the last scan that the journal has; 0: none yet. The next scan starts `overlap_ms` before it."""
    overlap_ms: Count
    max_message_bytes: Count
    stored_epoch: Count = 0
    """Last epoch of this instance of which the sidecar knows reports in the journal; 0: none."""
    stored_seq: Count = 0
    """Highest number of them. The terminal sends none of these again: an order may have changed since."""


class Ack(Message, frozen=True, kw_only=True, tag="ack"):
    """Acknowledgement: all reports of this epoch up to `seq` are in the journal."""

    epoch: Count
    seq: Count


class SidecarHeartbeat(Message, frozen=True, kw_only=True, tag="heartbeat"):
    """Sign of life, every second, with the link clock."""

    epoch: Count
    clock_ms: Count


class ErrorMessage(Message, frozen=True, kw_only=True, tag="error"):
    """Complaint of either side about a message that it does not understand. The session goes on."""

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
    | ScanRequest
    | Ack
    | SidecarHeartbeat
    | Bye
    | ErrorMessage
)


class ProtocolError(ValueError):
    """The peer's message is none of the protocol. The error's text says what is wrong with it."""


class UnknownTypeError(ProtocolError):
    """The message is well formed and its type is unknown. A newer peer may send such."""


_encoder = msgspec.json.Encoder(decimal_format="number")
_from_terminal: msgspec.json.Decoder[FromTerminal] = msgspec.json.Decoder(FromTerminal)
_from_sidecar: msgspec.json.Decoder[FromSidecar] = msgspec.json.Decoder(FromSidecar)
_from_terminal_types = tuple(str(kind.__struct_config__.tag) for kind in get_args(FromTerminal))
_from_sidecar_types = tuple(str(kind.__struct_config__.tag) for kind in get_args(FromSidecar))


class _Head(msgspec.Struct):
    type: str


_head = msgspec.json.Decoder(_Head)


def encode(message: Message) -> bytes:
    """Return the message as the one frame that carries it."""
    return _encoder.encode(message)


def decode_from_terminal(frame: bytes) -> FromTerminal:
    """Return a terminal's message. Raises ProtocolError, and UnknownTypeError for an unknown type."""
    _check_frame(frame, _from_terminal_types)
    try:
        return _checked(_from_terminal.decode(frame))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(str(error)) from error


def decode_from_sidecar(frame: bytes) -> FromSidecar:
    """Return a message of the sidecar. Raises ProtocolError, and UnknownTypeError for an unknown type."""
    _check_frame(frame, _from_sidecar_types)
    try:
        return _checked(_from_sidecar.decode(frame))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(str(error)) from error


_AnyMessage = TypeVar("_AnyMessage", FromTerminal, FromSidecar)


def _checked(message: _AnyMessage) -> _AnyMessage:
    """Return the message if a broker could mean its numbers. Raises ProtocolError."""
    structs: list[msgspec.Struct] = [message]
    if isinstance(message, Command):
        structs.append(message.order)
    elif isinstance(message, StatusRequest):
        structs.append(message.item.order)
    for struct in structs:
        for name in struct.__struct_fields__:
            value = getattr(struct, name)
            if isinstance(value, Decimal):
                try:
                    check_amount(value)
                except AmountError as error:
                    raise ProtocolError(f"{name} {error}") from error
    return message


def _check_frame(frame: bytes, known: tuple[str, ...]) -> None:
    if not frame:
        raise ProtocolError("the message is empty")
    if len(frame) > MAX_MESSAGE_BYTES:
        raise ProtocolError(f"the message has {len(frame)} bytes; the most is {MAX_MESSAGE_BYTES}")
    try:
        head = _head.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(f"the message is not a JSON object with a type: {error}") from error
    if head.type not in known:
        raise UnknownTypeError(f'unknown message type "{head.type[:64]}"; supported: {", ".join(known)}')
