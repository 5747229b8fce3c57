"""Reports: observations of a terminal, never its conclusions.

`report_identity` says which of them are the same, and which are revisions.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, assert_never, get_args

import msgspec

from bridge.core.director.contract import OrderType
from bridge.core.link.messages import (
    ClientOrderId,
    Count,
    InstanceId,
    Name,
    Order,
    ProtocolError,
    Text,
    Ticket,
)
from bridge.core.units.decimals import ZERO, AmountError, check_amount
from bridge.core.units.mt5_terms import DealEntry, DealTreatment, DealType, OrderState, Side

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Z0-9_]+\Z")]
"""Name of one of MetaTrader's enum members. Builds add some, so an unknown one is an ordinary value."""


class Report(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """Base of every report. `kind` names which."""


class CommandStage(StrEnum):
    """Stage that a command reached in the terminal."""

    RECEIVED = "received"
    """The terminal has the command."""
    NOT_SENT = "not_sent"
    """It was not sent to the broker, and this attempt never will be."""
    SUBMITTED = "submitted"
    """The intent is in the ledger; the request is sent next, or was sent."""
    RESULT = "result"
    """OrderSend returned, with `retcode`."""
    FOUND = "found"
    """It was not sent, because the broker has records with its client order id: it was sent before. They are
    reported first; the attempt is never sent."""
    STATUS_REPLY = "status_reply"
    """Reply to a status request where neither ledger nor broker has an outcome: `found` says what was found."""


class NotSentReason(StrEnum):
    """Reason for which a command was not sent."""

    LATE = "LATE"
    """Its deadline had passed."""
    OFFLINE = "OFFLINE"
    """The terminal has no connection to the broker."""
    NO_INTENT = "NO_INTENT"
    """Status request: the ledger is whole and holds no intent, and the broker knows no order either."""
    UNSEARCHED = "UNSEARCHED"
    """The broker's records could not be searched for its client order id."""
    BUSY = "BUSY"
    """The terminal has as many commands waiting as it takes."""
    TRADING_OFF = "TRADING_OFF"
    """A permission is missing; the message names the setting."""
    INPUTS = "INPUTS"
    """The terminal's own inputs forbid it."""
    CHECK = "CHECK"
    """OrderCheck refused it, with `retcode`."""
    SYMBOL = "SYMBOL"
    """The broker has no such symbol, or no quote for it."""
    NO_POSITION = "NO_POSITION"
    """The position to close is not there."""
    NO_ORDER = "NO_ORDER"
    """The pending order to change is not on the book."""
    NO_CHANGE = "NO_CHANGE"
    """A MODIFY or CANCEL: the target already is as it would make it."""
    ACCOUNT = "ACCOUNT"
    """The terminal is logged in to another account than the session's."""
    LEDGER = "LEDGER"
    """The intent could not be written."""

    @property
    def passing(self) -> bool:
        """True where the same command may be dispatched again; False where the answer would stay the same."""
        match self:
            case (
                NotSentReason.LATE
                | NotSentReason.OFFLINE
                | NotSentReason.NO_INTENT
                | NotSentReason.UNSEARCHED
                | NotSentReason.BUSY
            ):
                return True
            case (
                NotSentReason.TRADING_OFF
                | NotSentReason.INPUTS
                | NotSentReason.CHECK
                | NotSentReason.SYMBOL
                | NotSentReason.NO_POSITION
                | NotSentReason.NO_ORDER
                | NotSentReason.NO_CHANGE
                | NotSentReason.ACCOUNT
                | NotSentReason.LEDGER
            ):
                return False
            case _:
                assert_never(self)


class Found(StrEnum):
    """Result of a search at the broker where the ledger has no outcome."""

    NOTHING = "nothing"
    """The broker was searched and has no order and no deal with the client order id."""
    UNSEARCHED = "unsearched"
    """The broker could not be searched (away, or history not loaded)."""


class CommandReport(Report, frozen=True, kw_only=True, tag="command"):
    """Stage of a command."""

    client_order_id: ClientOrderId
    attempt: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    stage: CommandStage
    mark: Count = 0
    """Mark of the ledger when this was written there."""
    request: Order | None = None
    """SUBMITTED, for an entry of the ledger beyond the sidecar's mark: the order that the intent holds. A journal
    that lost the command can be given it back. Not part of the content that is compared."""
    reason: NotSentReason | None = None
    message: Text = ""
    retcode: Annotated[int, msgspec.Meta(ge=0, lt=100_000)] = 0
    order: Ticket = 0
    deal: Ticket = 0
    price: Decimal | None = None
    volume: Decimal | None = None
    request_no: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0
    found: Found | None = None
    connected_ms: Count = 0
    """STATUS_REPLY: time for which the terminal had been connected to the broker without a break."""


class DealReport(Report, frozen=True, kw_only=True, tag="deal"):
    """Deal of the account (MQL5 reference, Deal Properties). Money is in account currency."""

    ticket: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    order: Ticket
    position_id: Ticket
    symbol: str
    type: Word
    """BUY, SELL, BALANCE, BUY_CANCELED, ..."""
    entry: DealEntry
    reason: Word
    magic: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    volume: Decimal
    price: Decimal
    commission: Decimal
    """As the broker books it: negative when paid."""
    swap: Decimal
    profit: Decimal
    fee: Decimal
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    time_server_ms: Count
    comment: Text = ""

    @property
    def side(self) -> Side | None:
        """BUY or SELL; None for a deal that is no trade, or is none any more."""
        return Side(self.type) if self.type in Side.__members__ else None

    @property
    def annulled(self) -> bool:
        """True where the broker has annulled it. Money that it still books counts; the volume does not."""
        return self.type in _ANNULLED

    @property
    def books_money(self) -> bool:
        """True for a deal that is money alone: a commission, a correction, a dividend, a deposit."""
        no_money = (None, DealTreatment.TRADE, DealTreatment.ANNULLED)
        return not self.volume and self._treatment not in no_money

    @property
    def as_booked(self) -> "DealReport":
        """A deal of money with its amount in the field that it counts for: MetaTrader has it in the profit."""
        match self._treatment:
            case DealTreatment.COMMISSION:
                return msgspec.structs.replace(self, commission=self.commission + self.profit, profit=ZERO)
            case DealTreatment.FEE:
                return msgspec.structs.replace(self, fee=self.fee + self.profit, profit=ZERO)
            case DealTreatment.SWAP:
                return msgspec.structs.replace(self, swap=self.swap + self.profit, profit=ZERO)
            case (
                DealTreatment.PROFIT
                | DealTreatment.TRADE
                | DealTreatment.ANNULLED
                | DealTreatment.ACCOUNT
                | None
            ):
                return self
            case _ as unknown:
                assert_never(unknown)

    @property
    def names_position(self) -> bool:
        """True for a deal of money that counts for a position."""
        return bool(self.position_id) and self._treatment is not DealTreatment.ACCOUNT

    @property
    def _treatment(self) -> DealTreatment | None:
        """None for a type that this version does not know."""
        return DealType(self.type).treatment if self.type in DealType.__members__ else None

    @property
    def as_made(self) -> "DealReport":
        """An annulled deal as it was before. Its profit at that time is not known any more."""
        return msgspec.structs.replace(self, type=_ANNULLED.get(self.type, self.type))


_ANNULLED = {"BUY_CANCELED": "BUY", "SELL_CANCELED": "SELL"}


class OrderReport(Report, frozen=True, kw_only=True, tag="order"):
    """Order, live or from the history (MQL5 reference, Order Properties)."""

    ticket: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    state: OrderState
    type: Word
    """BUY, SELL, BUY_LIMIT, SELL_STOP_LIMIT, CLOSE_BY, ..."""
    reason: Word
    magic: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    symbol: str
    volume_initial: Decimal
    volume_current: Decimal
    """Lots not filled yet."""
    price: Decimal
    limit_price: Decimal | None = None
    """Price of the limit order that a stop-limit order becomes."""
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    position_id: Ticket = 0
    time_setup_server_ms: Count = 0
    time_done_server_ms: Count = 0
    expires_server_ms: Count = 0
    comment: Text = ""

    @property
    def off_the_book(self) -> bool:
        """True where it has ended, filled or not."""
        match self.state:
            case OrderState.CANCELED | OrderState.FILLED | OrderState.REJECTED | OrderState.EXPIRED:
                return True
            case (
                OrderState.STARTED
                | OrderState.PLACED
                | OrderState.PARTIAL
                | OrderState.REQUEST_ADD
                | OrderState.REQUEST_MODIFY
                | OrderState.REQUEST_CANCEL
            ):
                return bool(self.time_done_server_ms)
            case _:
                assert_never(self.state)


class PositionReport(Report, frozen=True, kw_only=True, tag="position"):
    """Open position as it is at the broker now (MQL5 reference, Position Properties)."""

    identifier: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    ticket: Ticket
    symbol: str
    side: Side
    volume: Decimal
    price_open: Decimal
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    magic: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    time_server_ms: Count = 0
    """Time at which it was opened."""
    comment: Text = ""
    updated_server_ms: Count = 0
    """POSITION_TIME_UPDATE_MSC: broker time of its last deal. 0: the terminal does not report it."""


class TradeSession(msgspec.Struct, frozen=True, kw_only=True):
    """Trading hours on a day of the week (MQL5 reference, SymbolInfoSessionTrade), in the broker's time."""

    day: Annotated[int, msgspec.Meta(ge=0, le=6)]
    """0: Sunday."""
    from_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)]
    """Begin, in seconds since the day's midnight."""
    to_s: Annotated[int, msgspec.Meta(ge=0, le=172_800)]
    """End, not included; above 86,400 where it is on the next day."""


class SymbolReport(Report, frozen=True, kw_only=True, tag="symbol"):
    """The broker's name of a symbol, and its terms (MQL5 reference, Symbol Properties): answer to an inquiry."""

    asked: Name
    """Spelling of the inquiry."""
    name: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """Symbol of exactly that name; empty where there is none."""
    candidates: Annotated[list[Text], msgspec.Meta(max_length=16)] = []
    """Symbols with a prefix or suffix around that name, where none has exactly that name."""
    alike: Annotated[list[Count], msgspec.Meta(max_length=16)] = []
    """For each candidate the number of the broker's symbols with its prefix and suffix, itself included."""
    symbols_total: Count = 0
    """Number of all symbols of the broker."""
    digits: Annotated[int, msgspec.Meta(ge=0, le=16)] = 0
    point: Decimal = ZERO
    tick_size: Decimal = ZERO
    """Prices are multiples of it. 0: unknown, and the point counts."""
    volume_min: Decimal = ZERO
    volume_max: Decimal = ZERO
    volume_step: Decimal = ZERO
    volume_limit: Decimal = ZERO
    """Maximum in one direction, positions and pending orders together. 0: none."""
    trade_mode: Word = "FULL"
    """ENUM_SYMBOL_TRADE_MODE: FULL, LONGONLY, SHORTONLY, CLOSEONLY, DISABLED."""
    order_types: list[OrderType] = []
    """Order types that SYMBOL_ORDER_MODE allows."""
    execution_mode: Word | None = None
    """ENUM_SYMBOL_TRADE_EXECUTION: REQUEST, INSTANT, MARKET, EXCHANGE. None here and below: an older program."""
    filling_modes: Annotated[list[Word], msgspec.Meta(max_length=8)] | None = None
    """Flags of SYMBOL_FILLING_MODE: FOK, IOC, BOC; and RETURN, which market execution alone forbids."""
    stops_level: Count | None = None
    """Least distance of stops and pending prices from the market, in points."""
    freeze_level: Count | None = None
    """Distance from the market within which nothing can be changed, in points."""
    sessions: Annotated[list[TradeSession], msgspec.Meta(max_length=70)] = []
    """Trading hours of the week; none where the broker publishes none."""


class ScanReport(Report, frozen=True, kw_only=True, tag="scan"):
    """End of a scan of orders, history and positions; everything it found was reported before."""

    instance_id: InstanceId
    counter: Count
    from_server_ms: Count
    to_server_ms: Count
    """The watermark moves here once this report is in the journal."""
    deals: Count
    orders: Count
    positions: Annotated[list[Ticket], msgspec.Meta(max_length=2048)]
    """Identifiers of all open positions."""
    live_orders: Annotated[list[Ticket], msgspec.Meta(max_length=1000)] | None = None
    """Tickets of all orders on the broker's book; None where there are more than can be listed."""


class ConnectionReport(Report, frozen=True, kw_only=True, tag="connection"):
    """Loss or return of the terminal's connection to its broker."""

    instance_id: InstanceId
    counter: Count
    up: bool
    message: Text = ""


class TroubleReport(Report, frozen=True, kw_only=True, tag="trouble"):
    """Trouble that an operator must see: AutoTrading off, another account, a ledger that cannot be written."""

    instance_id: InstanceId
    counter: Count
    code: Name
    message: Text
    """The trouble, and the setting to change."""


AnyReport = (
    CommandReport
    | DealReport
    | OrderReport
    | PositionReport
    | SymbolReport
    | ScanReport
    | ConnectionReport
    | TroubleReport
)

_decoder: msgspec.json.Decoder[AnyReport] = msgspec.json.Decoder(AnyReport)
_encoder = msgspec.json.Encoder(decimal_format="number")


_KINDS = tuple(str(kind.__struct_config__.tag) for kind in get_args(AnyReport))


class _Head(msgspec.Struct):
    kind: str


_head = msgspec.json.Decoder(_Head)


def encode_report(report: AnyReport) -> bytes:
    """Return the report as JSON, as in a `report` message and in the journal."""
    return _encoder.encode(report)


def decode_report(raw: bytes) -> AnyReport:
    """Return the report in a `report` message. Raises ProtocolError, also for a number no broker could mean."""
    try:
        head = _head.decode(raw)
        if head.kind not in _KINDS:
            raise ProtocolError(f'unknown report kind "{head.kind[:64]}"; supported: {", ".join(_KINDS)}')
        report = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(str(error)) from error
    _check_values(report)
    if isinstance(report, CommandReport) and report.request is not None:
        _check_values(report.request)
    return report


def _check_values(struct: msgspec.Struct) -> None:
    """Raise ProtocolError for an amount that no broker could mean, and for a text with a NUL."""
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, Decimal):
            try:
                check_amount(value)
            except AmountError as error:
                raise ProtocolError(f"{name} {error}") from error
            if value < 0 and name.startswith("volume"):
                raise ProtocolError(f"{name} must not be negative")
        elif isinstance(value, str) and "\0" in value:
            raise ProtocolError(f"{name} holds a NUL")
