"""The Director's contract: what its two endpoints carry, as types.

    GET  /v1/directives/pending?officer=ID   -> {"directives": [Directive, ...]}
    POST /v1/execution-events                <- ExecutionEvent, -> EventReceipt

The field names are the contract's own. Fields behind its example are additions of this bridge, each marked
as one; `extra_fields = false` in the configuration keeps them from the Director.
"""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, assert_never

import msgspec

PENDING_PATH: Final = "/v1/directives/pending"
EVENTS_PATH: Final = "/v1/execution-events"
API_KEY_HEADER: Final = "X-API-Key"
IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
OPERATOR_PREFIX: Final = "operator:"
"""Directive ids of what a person ordered at the bridge itself begin so. The Director knows nothing of them."""


class Action(StrEnum):
    """What a directive asks for. The contract's example shows OPEN_LONG alone."""

    OPEN_LONG = "OPEN_LONG"
    OPEN_SHORT = "OPEN_SHORT"
    CLOSE = "CLOSE"
    CLOSE_POSITION = "CLOSE_POSITION"
    """Another word for CLOSE."""
    CLOSE_LONG = "CLOSE_LONG"
    CLOSE_SHORT = "CLOSE_SHORT"
    MODIFY = "MODIFY"
    """New levels for a position, or new levels and a new price for a pending order."""
    MODIFY_SL = "MODIFY_SL"
    MODIFY_TP = "MODIFY_TP"
    CANCEL = "CANCEL"
    """Take a pending order, or what is left of it, off the book."""


class OrderType(StrEnum):
    """How an order is to be filled. The contract's example shows MARKET alone."""

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
    """How long a pending order stays on the broker's book."""

    GTC = "GTC"
    """Until it is cancelled."""
    DAY = "DAY"
    """Until the end of the broker's trading day."""
    GTD = "GTD"
    """Until a moment."""


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
    """How an event is to be taken. The contract's example shows SUCCESS."""

    INFO = "INFO"
    SUCCESS = "SUCCESS"
    ERROR = "ERROR"


class Directive(msgspec.Struct, frozen=True, kw_only=True):
    """One trade directive (contract, GET /v1/directives/pending).

    Quantities are lots, prices are in the symbol's quote currency, times are aware UTC.
    """

    directive_id: str
    symbol: str
    action: Action
    order_type: OrderType
    issued_at: datetime
    signal_id: str | None = None
    quantity: Decimal | None = None
    """Lots. Only a CLOSE may leave it out: it then closes all."""
    price: Decimal | None = None
    """On a MARKET directive the reference price of the slippage guard; of a pending order its price; on a MODIFY
    the pending order's new price."""
    stop_loss: Decimal | None = None
    """On a MODIFY None leaves it as it is, and 0 takes it away."""
    take_profit: Decimal | None = None
    """As `stop_loss`."""
    expires_at: datetime | None = None
    """Nothing is sent for the directive from here on; a pending order leaves the book here at the latest, unless
    the additions below say otherwise."""

    # Additions of this bridge.
    target_directive_id: str | None = None
    """What a CLOSE closes, a MODIFY changes, a CANCEL cancels: that which this directive opened or ordered."""
    limit_price: Decimal | None = None
    """STOP_LIMIT: the price of the limit order."""
    time_in_force: TimeInForce | None = None
    """Of a pending order. None: GTD where it has a time to expire, else GTC."""
    order_expires_at: datetime | None = None
    """When a GTD order leaves the book. None: at `expires_at`."""
    deviation_points: int | None = None
    """The slippage allowed on a market order, in points. None: as the officer's configuration says."""


class ExecutionEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One execution event (contract, POST /v1/execution-events). Fields without a value are left out.

    `occurred_at` is aware UTC; prices, quantities and money are numbers in JSON with their decimals kept.
    """

    directive_id: str | None
    """None (null) where the event belongs to no directive."""
    event_type: EventType
    event_class: EventClass
    occurred_at: datetime
    reported_by: str
    broker_order_id: str | None = None
    fill_price: Decimal | None = None
    fill_quantity: Decimal | None = None
    commission: Decimal | None = None
    """What was paid, positive as in the contract's example. Account currency."""

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
    """OUT where a partial fill took volume off a position without a directive."""
    remaining_quantity: Decimal | None = None
    """Volume of the order that is still open, in lots."""
    opening_directive_id: str | None = None
    """Directive that opened the position, where another directive closed it."""
    close_reason: str | None = None
    """SL, TP, SO (stop-out), CLIENT (by hand), EXPERT: MetaTrader's DEAL_REASON."""
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
    """MODIFY, MODIFY_SL, MODIFY_TP: an ORDER_PLACED that tells new levels. CHANGED: by hand. REVISION: money that
    the broker booked later."""
    order_type: str | None = None
    """On an ORDER_PLACED of a pending order: LIMIT, STOP, STOP_LIMIT."""
    price: Decimal | None = None
    """On an ORDER_PLACED of a pending order: the price that it waits for."""
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
"""The fields of the contract's example, in its order. All others are additions."""

DIRECTIVE_ADDITIONS: Final = (
    "target_directive_id",
    "limit_price",
    "time_in_force",
    "order_expires_at",
    "deviation_points",
)
"""What a directive may carry beside the contract's fields."""

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
"""The fields of the contract's example, in its order."""


class EventReceipt(msgspec.Struct, frozen=True):
    """The Director's answer to a posted event."""

    success: bool
    event_id: str | None = None


_event_encoder = msgspec.json.Encoder(decimal_format="number")


def encode_event(event: ExecutionEvent, *, extra_fields: bool = True) -> bytes:
    """The event as the body of its POST. Without `extra_fields` only the contract's own fields go out."""
    if extra_fields:
        body = event
    else:
        own = {name: getattr(event, name) for name in CONTRACT_EVENT_FIELDS}
        body = ExecutionEvent(**own)
    return _event_encoder.encode(body)


def utc_text(moment: datetime) -> str:
    """An aware time as ISO 8601 in UTC with milliseconds: 2026-01-04T10:00:05.000Z."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone has no place in the bridge")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
