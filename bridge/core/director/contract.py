"""The Director's contract: bodies of its two endpoints, as types.

    GET  /v1/directives/pending?officer=ID   -> {"directives": [Directive, ...]}
    POST /v1/execution-events                <- ExecutionEvent, -> EventReceipt

The field names are the contract's own. Fields beyond its example are additions of this bridge, each marked
as one; `extra_fields = false` in the configuration keeps most of them from the Director (KEPT_EVENT_FIELDS).
"""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal, assert_never

import msgspec

PENDING_PATH: Final = "/v1/directives/pending"
EVENTS_PATH: Final = "/v1/execution-events"
API_KEY_HEADER: Final = "X-API-Key"
IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
OPERATOR_PREFIX: Final = "operator:"
"""Prefix of the directive ids of orders that an operator gave at the bridge. The Director does not know them."""
FLATTEN_PREFIX: Final = f"{OPERATOR_PREFIX}flatten:"
"""Prefix of the directive ids of a flatten and of its rounds."""
MISSING_STOP_PREFIX: Final = f"{OPERATOR_PREFIX}missing-stop:"
"""Beginning of the id of a close for a missing stop loss; the position's identifier follows."""


class Action(StrEnum):
    """Action of a directive; `actions` has the rules. The contract's example shows OPEN_LONG alone."""

    OPEN_LONG = "OPEN_LONG"
    OPEN_SHORT = "OPEN_SHORT"
    CLOSE = "CLOSE"
    CLOSE_POSITION = "CLOSE_POSITION"
    """Synonym of CLOSE."""
    CLOSE_LONG = "CLOSE_LONG"
    CLOSE_SHORT = "CLOSE_SHORT"
    MODIFY = "MODIFY"
    """Set new levels of a position, or new levels and a new price of a pending order."""
    MODIFY_SL = "MODIFY_SL"
    MODIFY_TP = "MODIFY_TP"
    CANCEL = "CANCEL"
    """Take a pending order, or the rest of it, off the book."""


class OrderType(StrEnum):
    """Type of an order. The contract's example shows MARKET alone."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    """A limit order at `limit_price`, placed once the market reaches `price`."""

    @property
    def pending(self) -> bool:
        """True where the order waits on the broker's book for its price."""
        match self:
            case OrderType.MARKET:
                return False
            case OrderType.LIMIT | OrderType.STOP | OrderType.STOP_LIMIT:
                return True
            case _:
                assert_never(self)


class TimeInForce(StrEnum):
    """Lifetime of a pending order on the broker's book."""

    GTC = "GTC"
    """Until it is cancelled."""
    DAY = "DAY"
    """Until the end of the broker's trading day."""
    GTD = "GTD"
    """Until a given time."""


class EventType(StrEnum):
    """The contract's fourteen event types."""

    DIRECTIVE_RECEIVED = "DIRECTIVE_RECEIVED"
    ORDER_PLACED = "ORDER_PLACED"
    ORDER_FILLED = "ORDER_FILLED"
    ORDER_PARTIAL_FILL = "ORDER_PARTIAL_FILL"
    ORDER_REJECTED = "ORDER_REJECTED"
    ORDER_CANCELLED = "ORDER_CANCELLED"
    POSITION_OPENED = "POSITION_OPENED"
    POSITION_CLOSED = "POSITION_CLOSED"
    SL_TRIGGERED = "SL_TRIGGERED"
    TP_TRIGGERED = "TP_TRIGGERED"
    CONNECTION_LOST = "CONNECTION_LOST"
    CONNECTION_RESTORED = "CONNECTION_RESTORED"
    BROKER_ERROR = "BROKER_ERROR"
    SYSTEM_ERROR = "SYSTEM_ERROR"


class EventClass(StrEnum):
    """Class of an event. The contract's example shows SUCCESS."""

    INFO = "INFO"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"


class Directive(msgspec.Struct, frozen=True, kw_only=True):
    """Trade directive (contract, GET /v1/directives/pending).

    Quantities are lots, prices are in the symbol's quote currency, times are aware UTC.
    """

    directive_id: str
    """Id that each event about it bears. Listed again, it is the same directive, and not carried out again."""
    symbol: str
    """Name of the symbol; the configuration or the terminal translate it into the broker's."""
    action: Action
    """Action; the table of fields says which others each one needs."""
    order_type: OrderType
    """Type of the order. Required for an OPEN; a CLOSE has MARKET."""
    issued_at: datetime
    """Time of issue, with a zone."""
    signal_id: str | None = None
    """Kept in the journal, and not used."""
    quantity: Decimal | None = None
    """Lots. A CLOSE may omit it: it then closes all."""
    price: Decimal | None = None
    """MARKET: reference price of the slippage limit. Pending order: its price. MODIFY: new price of the pending
    order."""
    stop_loss: Decimal | None = None
    """MODIFY: None leaves the level as it is, 0 removes it."""
    take_profit: Decimal | None = None
    """As `stop_loss`."""
    expires_at: datetime | None = None
    """Time from which nothing is sent for the directive. A pending order leaves the book at this time at the
    latest, unless the additions below say otherwise."""

    # Additions of this bridge.
    target_directive_id: str | None = None
    """CLOSE, MODIFY, CANCEL: directive that opened the position, or ordered the pending order, to act on."""
    limit_price: Decimal | None = None
    """STOP_LIMIT: price of the limit order."""
    time_in_force: TimeInForce | None = None
    """Pending order: its lifetime. None: GTD where it has a time to expire, else GTC."""
    order_expires_at: datetime | None = None
    """GTD: time at which the order leaves the book. None: at `expires_at`."""
    deviation_points: int | None = None
    """Slippage allowed on a market order, in points. None: the officer's deviation_points."""


class ExecutionEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Execution event (contract, POST /v1/execution-events). Fields without a value are omitted.

    `occurred_at` is aware UTC; prices, quantities and money are numbers in JSON with their decimals kept.
    """

    directive_id: str | None
    """None (null) where the event belongs to no directive."""
    event_type: EventType
    """One of the contract's types."""
    event_class: EventClass
    """INFO, SUCCESS or ERROR."""
    occurred_at: datetime
    """Time of the occurrence: a deal's by the broker's clock, else this machine's."""
    reported_by: str
    """Id of the officer."""
    broker_order_id: str | None = None
    """Order ticket of the broker, as text."""
    fill_price: Decimal | None = None
    """Price of the deal; of several deals the volume-weighted one."""
    fill_quantity: Decimal | None = None
    """Lots of the deal, or of the order or position in total."""
    commission: Decimal | None = None
    """Amount paid, positive as in the contract's example. Account currency."""

    # Additions of this bridge.
    error_code: str | None = None
    """Stable code of the error: a return code of the broker, or a code of the bridge."""
    error_message: str | None = None
    """Description of the error: field or thing, value, rule, remedy."""
    symbol: str | None = None
    """Symbol, as the broker names it."""
    position_id: str | None = None
    """Position identifier of the broker, as text."""
    deal_id: str | None = None
    """Deal ticket of the broker, as text."""
    entry: str | None = None
    """OUT where a partial fill closed volume of a position without a directive."""
    remaining_quantity: Decimal | None = None
    """Volume of the order that is still open, in lots."""
    opening_directive_id: str | None = None
    """Directive that opened the position, where another directive closed it."""
    close_reason: str | None = None
    """SL, TP, SO (stop-out), CLIENT (manual trade), EXPERT: MetaTrader's DEAL_REASON. WRITTEN_OFF: an operator
    ended a position that the broker no longer had."""
    profit: Decimal | None = None
    """Profit of the deal, or of the position in total, in account currency."""
    swap: Decimal | None = None
    """Swap that was booked, in account currency."""
    fee: Decimal | None = None
    """Fee that was booked, in account currency."""
    stop_loss: Decimal | None = None
    """Stop loss in force; absent where there is none."""
    take_profit: Decimal | None = None
    """Take profit in force; absent where there is none."""
    action: str | None = None
    """Action of the directive, where an ORDER_PLACED or ORDER_CANCELLED reports a change. CHANGED: a manual trade.
    REVISION: money that the broker booked later."""
    order_type: str | None = None
    """ORDER_PLACED of a pending order: LIMIT, STOP, STOP_LIMIT."""
    price: Decimal | None = None
    """ORDER_PLACED of a pending order: price that it waits for."""
    limit_price: Decimal | None = None
    """Price of the limit order of a STOP_LIMIT."""
    order_expires_at: datetime | None = None
    """Time at which a pending order leaves the book."""


CONTRACT_EVENT_FIELDS: Final = (
    "directive_id",
    "event_type",
    "event_class",
    "occurred_at",
    "reported_by",
    "broker_order_id",
    "fill_price",
    "fill_quantity",
    "commission",
)
"""Event fields of the contract's example, in its order. All others are additions."""

KEPT_EVENT_FIELDS: Final = (*CONTRACT_EVENT_FIELDS, "error_code", "error_message", "opening_directive_id")
"""Event fields that are posted with `extra_fields = false` too: the contract promises error details (section Error
Handling, 2 and 3), and without the opener's id a close cannot be matched."""

DIRECTIVE_ADDITIONS: Final = (
    "target_directive_id",
    "limit_price",
    "time_in_force",
    "order_expires_at",
    "deviation_points",
)
"""Directive fields beyond the contract's."""

CONTRACT_DIRECTIVE_FIELDS: Final = (
    "directive_id",
    "signal_id",
    "symbol",
    "action",
    "order_type",
    "quantity",
    "price",
    "stop_loss",
    "take_profit",
    "issued_at",
    "expires_at",
)
"""Directive fields of the contract's example, in its order."""


class EventReceipt(msgspec.Struct, frozen=True):
    """Answer of the Director to a posted event."""

    success: bool
    """False: the event is refused, as by status 422."""
    event_id: str | None = None
    """The Director's id of the event. Kept in the journal."""


_event_encoder = msgspec.json.Encoder(decimal_format="number")


def encode_event(event: ExecutionEvent, *, extra_fields: bool = True) -> bytes:
    """Return the event as the body of its POST. Without `extra_fields` it has KEPT_EVENT_FIELDS only.

    Every time has six digits of a second, also at a whole one: the times of two events sort as texts.
    """
    names = event.__struct_fields__ if extra_fields else KEPT_EVENT_FIELDS
    body: dict[str, object] = {"directive_id": event.directive_id}
    for name in names:
        value = getattr(event, name)
        if isinstance(value, datetime):
            value = utc_text(value, "microseconds")
        if value is not None:
            body[name] = value
    return _event_encoder.encode(body)


@lru_cache(maxsize=64)
def utc_text(moment: datetime, digits: Literal["milliseconds", "microseconds"] = "milliseconds") -> str:
    """Return an aware time as ISO 8601 in UTC, by default with milliseconds: 2026-01-04T10:00:05.000Z.

    A step writes its own time into each row: the last texts are kept. Raises ValueError for a time without a zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"time {moment.isoformat()} has no zone; use an aware time")
    return moment.astimezone(UTC).isoformat(timespec=digits).replace("+00:00", "Z")
