"""What the sandbox Director knows: the directives that it issued and the events that it was told.

In memory only. Nothing here is a socket; times come from the clock that is handed in.
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


class Listing(StrEnum):
    """How long a directive stays in the answer to a poll. The contract does not say; each way is possible."""

    UNTIL_RECEIVED = "until_received"
    """Until its officer reported DIRECTIVE_RECEIVED."""
    FOREVER = "forever"
    ONCE = "once"
    """In the answer to one poll, whether or not it arrives."""


class Issued(msgspec.Struct):
    """One directive as it is listed."""

    officer: str
    directive_id: str | None
    """None where the raw text has none that can be read."""
    raw: bytes
    """The JSON as it goes out, every digit kept."""
    listed: bool = True


class Received(msgspec.Struct):
    """One event as it came, at its first delivery."""

    event_id: str
    received_at: datetime
    idempotency_key: str | None
    event: PostedEvent
    body: bytes
    deliveries: int = 1
    """How often it came under its key. More than one is normal after a lost answer."""


def random_id() -> str:
    """Unique beyond this process: a journal outlives the sandbox, and knows the ids of its last run."""
    return secrets.token_hex(6)


class SandboxState:
    """The whole state of one sandbox Director."""

    def __init__(
        self,
        api_key: str,
        clock: Clock,
        *,
        listing: Listing = Listing.UNTIL_RECEIVED,
        new_id: Callable[[], str] = random_id,
    ) -> None:
        """Raises ValueError where the key is empty: an empty key would let everybody in."""
        if not api_key:
            raise ValueError("the sandbox needs an API key")
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

    def issue_raw(self, officer: str, raw: bytes) -> Issued:
        """List a text as it is, be it a directive or not. What is no JSON at all spoils the whole answer."""
        issued = Issued(officer, _directive_id(raw), raw)
        self._issued.append(issued)
        return issued

    def pending(self, officer: str) -> bytes:
        """The answer to one poll, in the order of issue."""
        listed = [issued for issued in self._issued if issued.officer == officer and issued.listed]
        if self.listing is Listing.ONCE:
            for issued in listed:
                issued.listed = False
        return b'{"directives": [' + b", ".join(issued.raw for issued in listed) + b"]}"

    def receive(self, event: PostedEvent, body: bytes, idempotency_key: str | None) -> Received:
        """Take an event. Under a key that was seen before, the first one is the answer."""
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
        """The events behind the first `after`, in the order in which they came."""
        found = self._events[after:]
        if directive_id is None:
            return found
        return [received for received in found if received.event.directive_id == directive_id]

    @property
    def event_count(self) -> int:
        """How many events came; the `after` of who has seen them all."""
        return len(self._events)

    async def wait_for_events(self, after: int, directive_id: str | None, seconds: float) -> list[Received]:
        """As `events`, but wait up to `seconds` of real time for the first. Empty when none came."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := self.events(after, directive_id)) and not self._closed:
                    await self._changed.wait()
                return found
        except TimeoutError:
            return []

    def close(self) -> None:
        """Send everybody home who waits."""
        self._closed = True
        self._wake()

    def _unlist(self, event: PostedEvent) -> None:
        for issued in self._issued:
            if (issued.officer, issued.directive_id) == (event.reported_by, event.directive_id):
                issued.listed = False

    def _wake(self) -> None:
        """Wake all who wait now; who comes later waits for the next."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _directive_id(raw: bytes) -> str | None:
    """The id in a directive's text. Python's own reader, since it bears NaN and duplicate keys."""
    try:
        directive: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    found = directive.get("directive_id") if isinstance(directive, dict) else None
    return found if isinstance(found, str) else None
