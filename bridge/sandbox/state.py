"""State of the sandbox Director: issued directives and received events.

In memory only, without sockets; times come from the clock that is passed in.
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec

from bridge.core.director.contract import EventType, utc_text
from bridge.core.units.clock import Clock
from bridge.sandbox.behaviour import Behaviours
from bridge.sandbox.event import PostedEvent

DEFAULT_LIFE: Final = timedelta(minutes=5)
"""From issued_at to expires_at, as in the contract's example."""
FIRST_ORDER_LIFE: Final = timedelta(hours=1)
"""The same for the first order of a trial."""


class Listing(StrEnum):
    """Time for which a directive is listed in answers to polls; the contract does not define it."""

    UNTIL_RECEIVED = "until_received"
    """Until its officer posted DIRECTIVE_RECEIVED."""
    FOREVER = "forever"
    ONCE = "once"
    """In the answer to one poll, even if that is lost."""


class Issued(msgspec.Struct):
    """Listed directive."""

    officer: str
    directive_id: str | None
    """None if the raw text has no readable one."""
    raw: bytes
    """JSON as it is sent, with all digits."""
    listed: bool = True


class Received(msgspec.Struct):
    """Received event, as of its first delivery."""

    event_id: str
    received_at: datetime
    idempotency_key: str | None
    event: PostedEvent
    body: bytes
    deliveries: int = 1
    """Number of deliveries under its key. More than one is normal after a lost answer."""


def random_id() -> str:
    """Return an id that is unique across processes: a journal knows the ids of earlier sandbox runs."""
    return secrets.token_hex(6)


class SandboxState:
    """State of one sandbox Director."""

    def __init__(
        self,
        api_key: str,
        clock: Clock,
        *,
        listing: Listing = Listing.UNTIL_RECEIVED,
        new_id: Callable[[], str] = random_id,
    ) -> None:
        """Raises ValueError for an empty key, which would admit every request."""
        if not api_key:
            raise ValueError("the API key is empty; the sandbox needs one")
        self.api_key: Final = api_key
        self.clock: Final = clock
        self.behaviours: Final = Behaviours()
        self.listing = listing
        self._new_id = new_id
        self._issued: list[Issued] = []
        self._events: list[Received] = []
        self._by_key: dict[str, Received] = {}
        self._changed = asyncio.Event()
        self._closed = False

    def issue(self, officer: str, directive: dict[str, msgspec.Raw]) -> Issued:
        """List a directive. A missing directive_id, issued_at or expires_at is filled in."""
        now = self.clock.now()
        fillers = {
            "directive_id": f"dir_{self._new_id()}",
            "issued_at": utc_text(now),
            "expires_at": utc_text(now + DEFAULT_LIFE),
        }
        filled = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fillers.items()}
        return self.issue_raw(officer, msgspec.json.encode({**filled, **directive}))

    def issue_first_order(self, officer: str) -> Issued:
        """List the first directive of a trial, which waits until a person has started the rest of it."""
        order = {
            "symbol": "EURUSD",
            "action": "OPEN_LONG",
            "order_type": "MARKET",
            "quantity": "0.01",
            "expires_at": utc_text(self.clock.now() + FIRST_ORDER_LIFE),
        }
        return self.issue(officer, {name: msgspec.Raw(msgspec.json.encode(order[name])) for name in order})

    def issue_raw(self, officer: str, raw: bytes) -> Issued:
        """List a text unchanged, directive or not. A text that is not JSON makes the whole answer invalid."""
        issued = Issued(officer, _directive_id(raw), raw)
        self._issued.append(issued)
        return issued

    def pending(self, officer: str) -> bytes:
        """Return the answer to one poll, in the order of issue."""
        listed = [issued for issued in self._issued if issued.officer == officer and issued.listed]
        if self.listing is Listing.ONCE:
            for issued in listed:
                issued.listed = False
        return b'{"directives": [' + b", ".join(issued.raw for issued in listed) + b"]}"

    def receive(self, event: PostedEvent, body: bytes, idempotency_key: str | None) -> Received:
        """Store an event and return it. For a known key, return the first event with that key."""
        first = self._by_key.get(idempotency_key) if idempotency_key else None
        if first is not None:
            first.deliveries += 1
            return first
        received = Received(f"evt_{self._new_id()}", self.clock.now(), idempotency_key, event, body)
        self._events.append(received)
        if idempotency_key:
            self._by_key[idempotency_key] = received
        if event.event_type is EventType.DIRECTIVE_RECEIVED and self.listing is Listing.UNTIL_RECEIVED:
            self._unlist(event)
        self._wake()
        return received

    def events(self, after: int = 0, directive_id: str | None = None) -> list[Received]:
        """Return the events after the first `after`, in order of arrival."""
        found = self._events[after:]
        if directive_id is None:
            return found
        return [received for received in found if received.event.directive_id == directive_id]

    @property
    def event_count(self) -> int:
        """Number of events: the `after` of a caller who has seen all."""
        return len(self._events)

    async def wait_for_events(self, after: int, directive_id: str | None, seconds: float) -> list[Received]:
        """Return `events`, and wait up to `seconds` of real time for the first. Empty if none came."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := self.events(after, directive_id)) and not self._closed:
                    await self._changed.wait()
                return found
        except TimeoutError:
            return []

    def close(self) -> None:
        """End all waits."""
        self._closed = True
        self._wake()

    def _unlist(self, event: PostedEvent) -> None:
        for issued in self._issued:
            if (issued.officer, issued.directive_id) == (event.reported_by, event.directive_id):
                issued.listed = False

    def _wake(self) -> None:
        """End the present waits; a later wait is for the next event."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _directive_id(raw: bytes) -> str | None:
    """Return the id in a directive's text. Parsed by json, which accepts NaN and duplicate keys."""
    try:
        directive: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    found = directive.get("directive_id") if isinstance(directive, dict) else None
    return found if isinstance(found, str) else None
