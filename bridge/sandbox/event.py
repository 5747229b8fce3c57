"""Check of a posted event against the contract (POST /v1/execution-events)."""

from datetime import datetime
from typing import Annotated

import msgspec

from bridge.core.director.contract import EventType

_Word = Annotated[str, msgspec.Meta(min_length=1)]
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class PostedEvent(msgspec.Struct, frozen=True):
    """Fields of the contract with their types. Other fields are allowed and ignored."""

    directive_id: str | None
    event_type: EventType
    event_class: _Word
    """Any text: the contract shows SUCCESS and lists no others."""
    occurred_at: _Moment
    """RFC 3339 with a zone."""
    reported_by: _Word
    broker_order_id: str | None = None
    fill_price: float | None = None
    fill_quantity: float | None = None
    commission: float | None = None


class EventError(ValueError):
    """The event breaks the contract. The message says where; `status` is the HTTP status of the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


_events = msgspec.json.Decoder(PostedEvent)


def check_event(body: bytes, media: str) -> PostedEvent:
    """Return the event in a POST; `media` is its Content-Type without parameters. Raises EventError."""
    if media != "application/json":
        raise EventError(422, f"Content-Type {media!r} is not supported; use application/json")
    try:
        return _events.decode(body)
    except msgspec.ValidationError as error:
        raise EventError(422, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EventError(400, f"the body is not JSON: {error}; post one JSON object") from None
