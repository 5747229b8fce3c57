"""Table `events`: the outbox to the Director."""

import sqlite3
from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec

from bridge.core.director.contract import EventType, ExecutionEvent, utc_text
from bridge.core.trade.precedence import ABOUT_NO_TRADE
from bridge.core.units.clock import EPOCH, ms_of, us_of
from bridge.journal.database.sql import Parameters, column_list, insert, words
from bridge.journal.database.words import EventState

NEWEST: Final = 10_000
"""Events that are looked at for a row of them."""

Queue = tuple[str, str | None]
"""Events of one officer and one directive: they are posted one after the other."""

TABLE: Final = "events"
NEW: Final = (
    "officer",
    "directive_id",
    "event_type",
    "event_class",
    "subject",
    "key_hash",
    "occurred_us",
    "rest",
    "created_ms",
    "state",
)
COLUMNS: Final = (
    "id",
    *NEW,
    "refusals",
    "last_error",
    "completed_ms",
    "event_id",
    "dismissed_at",
)

_ABOUT_NO_TRADE: Final = words(ABOUT_NO_TRADE)
_QUEUED: Final = words([EventState.QUEUED])
_SAME_QUEUE: Final = f"b.state = {_QUEUED} AND b.officer = e.officer AND b.directive_id IS e.directive_id"
"""Condition for the queued events `b` of the queue of `e`. The index of the queues finds them."""
_OUTGOING: Final = (
    "f.id, f.officer, f.directive_id, f.event_type, f.key, f.body, f.refusals,"
    " EXISTS (SELECT 1 FROM events g INDEXED BY events_queued"
    f" WHERE g.state = {_QUEUED} AND g.officer = f.officer AND g.directive_id IS f.directive_id AND g.id > f.id)"
    " AS followed"
)
_DUE_ABOUT_TRADES: Final = (
    # Along the index of the events about trades, the first of each queue: thousands of others may wait.
    f"SELECT {_OUTGOING} FROM (SELECT (SELECT min(b.id) FROM events b INDEXED BY events_queued"
    f" WHERE {_SAME_QUEUE}) AS first FROM events e INDEXED BY events_about_trades"
    f" WHERE e.state = {_QUEUED} AND e.event_type NOT IN ({_ABOUT_NO_TRADE})"
    f" AND NOT EXISTS (SELECT 1 FROM events b INDEXED BY events_queued WHERE {_SAME_QUEUE} AND b.id < e.id"
    f" AND b.event_type NOT IN ({_ABOUT_NO_TRADE})) ORDER BY e.id LIMIT :limit) q"
    " JOIN events f ON f.id = q.first ORDER BY f.id"
)
_DUE_ABOUT_NO_TRADE: Final = (
    f"SELECT {_OUTGOING} FROM events f JOIN (SELECT e.id AS first FROM events e INDEXED BY events_about_no_trade"
    f" WHERE e.state = {_QUEUED} AND e.event_type IN ({_ABOUT_NO_TRADE})"
    f" AND NOT EXISTS (SELECT 1 FROM events b INDEXED BY events_queued WHERE {_SAME_QUEUE}"
    f" AND (b.id < e.id OR b.event_type NOT IN ({_ABOUT_NO_TRADE}))) ORDER BY e.id LIMIT :limit) q"
    " ON f.id = q.first ORDER BY f.id"
)
_DELIVERED: Final = words([EventState.DELIVERED])
_REFUSED: Final = words([EventState.REFUSED])


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """An event that may be posted now."""

    id: int
    officer: str
    directive_id: str | None
    event_type: str
    key: str
    body: bytes
    refusals: int
    followed: bool
    """True where other events of its queue wait behind it."""

    @property
    def queue(self) -> Queue:
        """The queue that the event belongs to."""
        return (self.officer, self.directive_id)


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event with what became of it. Times are texts, as they are stored."""

    id: int
    officer: str
    directive_id: str | None
    event_type: str
    event_class: str
    subject: str
    key: str
    body: str
    created_at: str
    state: str
    refusals: int
    last_error: str
    completed_at: str | None
    event_id: str | None
    """The Director's id of it; None until it is delivered."""
    dismissed_at: str | None


_READ: Final = StoredEvent.__struct_fields__


class Delivery(msgspec.Struct, frozen=True):
    """Acceptance of an event by the Director."""

    event: Outgoing
    event_id: str | None
    """The Director's id of the event."""


class RefusedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the Director refused for good."""

    id: int
    officer: str
    directive_id: str | None
    event_type: str


def add(
    connection: sqlite3.Connection,
    officer: str,
    event: ExecutionEvent,
    *,
    subject: str,
    key: str,
    body: str,
    at: datetime,
) -> int | None:
    """Insert an event. Return its number; None where its key is known: then nothing is written."""
    inserted = connection.execute(
        f"{insert(TABLE, NEW)} ON CONFLICT (substr(key_hash, 1, 16)) DO NOTHING",
        {
            "officer": officer,
            "directive_id": event.directive_id,
            "event_type": event.event_type,
            "event_class": event.event_class,
            "subject": subject,
            "key_hash": bytes.fromhex(key),
            "occurred_us": us_of(event.occurred_at),
            "rest": _rest(officer, event, body),
            "created_ms": ms_of(at),
            "state": EventState.QUEUED,
        },
    )
    return inserted.lastrowid if inserted.rowcount > 0 else None


def _rest(officer: str, event: ExecutionEvent, body: str) -> str:
    """Return the part of the body that the other columns do not have; all of it where it begins otherwise than they
    say (`schema`)."""
    directive_id = "null" if event.directive_id is None else f'"{event.directive_id}"'
    begins = (
        f'{{"directive_id":{directive_id},"event_type":"{event.event_type}","event_class":"{event.event_class}",'
        f'"occurred_at":"{utc_text(event.occurred_at, "microseconds")}","reported_by":"{officer}"'
    )
    rest = body.removeprefix(begins)
    return body if event.occurred_at < EPOCH or rest == body else rest


def created_at(
    connection: sqlite3.Connection, officer: str, directive_id: str | None, event_type: str, completed_at: str
) -> str | None:
    """Return the time at which an event was created that was delivered at that time; None where there is none."""
    row = connection.execute(
        "SELECT created_at FROM events INDEXED BY events_by_directive WHERE officer = :officer"
        " AND directive_id IS :directive_id AND event_type = :event_type AND completed_at = :completed_at"
        " ORDER BY id DESC LIMIT 1",
        {
            "officer": officer,
            "directive_id": directive_id,
            "event_type": event_type,
            "completed_at": completed_at,
        },
    ).fetchone()
    return None if row is None else row[0]


def count_last_of(
    connection: sqlite3.Connection,
    officer: str,
    event_types: Collection[EventType],
    enders: Collection[EventType],
    since: datetime,
    most: int,
) -> int:
    """Return the number of events of these types since the last one of `enders`, at most `most`.

    Older ones than `since` do not count, nor does one behind the last NEWEST events of all officers: the cost does
    not grow with the journal.
    """
    found = connection.execute(
        f"SELECT event_type FROM events WHERE id > (SELECT max(id) FROM events) - {NEWEST} AND officer = :officer"
        f" AND created_ms >= :since AND event_type IN ({words([*event_types, *enders])})"
        " ORDER BY id DESC LIMIT :most",
        {"officer": officer, "since": ms_of(since), "most": most},
    )
    count = 0
    for row in found:
        if EventType(row["event_type"]) in enders:
            break
        count += 1
    return count


def count_by_type(connection: sqlite3.Connection, officer: str, since: datetime) -> dict[EventType, int]:
    """Return the number of events of each type since a time."""
    found = connection.execute(
        "SELECT event_type, count(*) AS number FROM events WHERE officer = :officer AND created_ms >= :since"
        " GROUP BY event_type",
        {"officer": officer, "since": ms_of(since)},
    )
    return {EventType(row["event_type"]): row["number"] for row in found}


def due(connection: sqlite3.Connection, *, limit: int, busy: Collection[Queue]) -> list[Outgoing]:
    """Return the oldest queued event of each queue that is not busy, at most `limit`.

    Queues with an event about a live order or position come first: those whose event about it is the oldest. Then
    come those with the oldest event. The cost does not grow with the number of events that wait.
    """
    wanted = {"limit": limit + len(busy)}
    rows = connection.execute(_DUE_ABOUT_TRADES, wanted).fetchall()
    if len(rows) < wanted["limit"]:
        rows += connection.execute(_DUE_ABOUT_NO_TRADE, {"limit": wanted["limit"] - len(rows)}).fetchall()
    found = [
        Outgoing(
            id=row["id"],
            officer=row["officer"],
            directive_id=row["directive_id"],
            event_type=row["event_type"],
            key=row["key"],
            body=row["body"].encode(),
            refusals=row["refusals"],
            followed=bool(row["followed"]),
        )
        for row in rows
    ]
    return [event for event in found if event.queue not in busy][:limit]


def last_id(connection: sqlite3.Connection) -> int:
    """Return the number of the newest event; 0 where there is none."""
    row = connection.execute("SELECT coalesce(max(id), 0) AS last FROM events").fetchone()
    return int(row["last"])


def outcome_delivered_at(connection: sqlite3.Connection, officer: str, directive_id: str) -> str | None:
    """Return the time at which the Director accepted the first event about the directive's outcome; None where it
    has accepted none."""
    row = connection.execute(
        "SELECT min(completed_at) AS at FROM events WHERE officer = :officer AND directive_id = :directive_id"
        f" AND state = {_DELIVERED} AND event_type <> :received",
        {"officer": officer, "directive_id": directive_id, "received": EventType.DIRECTIVE_RECEIVED},
    ).fetchone()
    return row[0] if row else None


def page(
    connection: sqlite3.Connection, wanted: Parameters, *, after: int, last: int, limit: int
) -> list[StoredEvent]:
    """Return the events from behind a number up to another one, at most `limit`, oldest first.

    `wanted`: officer, directive_id, symbol, since and until; None stands for any. A symbol is the Director's name
    or the broker's; `until` itself is outside of the period.
    """
    rows = connection.execute(
        f"SELECT {column_list(_READ, 'e')} FROM events e WHERE e.id > :after AND e.id <= :last"
        " AND (:officer IS NULL OR e.officer = :officer)"
        " AND (:directive_id IS NULL OR e.directive_id = :directive_id)"
        " AND (:since IS NULL OR e.created_at >= :since) AND (:until IS NULL OR e.created_at < :until)"
        " AND (:symbol IS NULL OR json_extract(e.body, '$.symbol') = :symbol"
        " OR EXISTS (SELECT 1 FROM directives d WHERE d.officer = e.officer AND d.directive_id = e.directive_id"
        " AND d.symbol = :symbol)) ORDER BY e.id LIMIT :limit",
        {**wanted, "after": after, "last": last, "limit": limit},
    )
    return [msgspec.convert(dict(row), StoredEvent) for row in rows]


def set_delivered(connection: sqlite3.Connection, id: int, event_id: str | None, at: datetime) -> None:
    """Store the delivery. `event_id` is the Director's id of the event."""
    connection.execute(
        f"UPDATE events SET state = {_DELIVERED}, completed_ms = :at, event_id = :event_id WHERE id = :id",
        {"id": id, "at": ms_of(at), "event_id": event_id},
    )


def count_refusal(connection: sqlite3.Connection, id: int, error: str) -> None:
    """Store one more refusal of an event that stays queued."""
    connection.execute(
        "UPDATE events SET refusals = refusals + 1, last_error = :error WHERE id = :id",
        {"id": id, "error": error},
    )


def set_refused(connection: sqlite3.Connection, id: int, error: str, at: datetime) -> None:
    """Store that the Director refused the event for good."""
    connection.execute(
        f"UPDATE events SET state = {_REFUSED}, refusals = refusals + 1, last_error = :error,"
        " completed_ms = :at WHERE id = :id",
        {"id": id, "error": error, "at": ms_of(at)},
    )


def refused(
    connection: sqlite3.Connection, officer: str, *, directive_id: str | None, dismissed: bool
) -> list[RefusedEvent]:
    """Return the officer's refused events, or one directive's, oldest first; with `dismissed` also those that an
    operator has dismissed."""
    rows = connection.execute(
        "SELECT id, officer, directive_id, event_type FROM events"
        f" WHERE state = {_REFUSED} AND officer = :officer"
        " AND (:directive_id IS NULL OR directive_id = :directive_id)"
        " AND (:dismissed OR dismissed_at IS NULL) ORDER BY id",
        {"officer": officer, "directive_id": directive_id, "dismissed": dismissed},
    )
    return [msgspec.convert(dict(row), RefusedEvent) for row in rows]


def requeue(connection: sqlite3.Connection, events: Collection[RefusedEvent]) -> None:
    """Queue refused events again."""
    connection.executemany(
        f"UPDATE events SET state = {_QUEUED}, refusals = 0, completed_ms = NULL, dismissed_at = NULL"
        f" WHERE id = :id AND state = {_REFUSED}",
        [{"id": event.id} for event in events],
    )


def dismiss(connection: sqlite3.Connection, events: Collection[RefusedEvent], at: datetime) -> None:
    """Store that an operator has dismissed refused events."""
    connection.executemany(
        f"UPDATE events SET dismissed_at = :at WHERE id = :id AND state = {_REFUSED}",
        [{"id": event.id, "at": utc_text(at)} for event in events],
    )
