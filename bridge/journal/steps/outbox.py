"""The outbox of events: which is next for each directive, and what became of it."""

import sqlite3
from collections.abc import Collection
from itertools import groupby
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.journal.steps.step import Step, json_text

MAX_ERROR: Final = 500


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """An event that may be posted now."""

    id: int
    officer: str
    directive_id: str | None
    event_type: str
    key: str
    body: bytes
    refusals: int

    @property
    def queue(self) -> tuple[str, str | None]:
        """Events of one lane go out one after the other."""
        return (self.officer, self.directive_id)


def due(
    connection: sqlite3.Connection, *, limit: int, busy: Collection[tuple[str, str | None]]
) -> list[Outgoing]:
    """The oldest queued event of each lane that is not busy, oldest first, at most `limit`."""
    rows = connection.execute(
        "SELECT id, officer, directive_id, event_type, key, body, refusals FROM events"
        " WHERE state = 'queued' AND id IN"
        " (SELECT min(id) FROM events WHERE state = 'queued' GROUP BY officer, directive_id)"
        " ORDER BY id LIMIT ?",
        (limit + len(busy),),
    )
    found = [
        Outgoing(
            id=row["id"],
            officer=row["officer"],
            directive_id=row["directive_id"],
            event_type=row["event_type"],
            key=row["key"],
            body=row["body"].encode(),
            refusals=row["refusals"],
        )
        for row in rows
    ]
    return [event for event in found if event.queue not in busy][:limit]


def delivered(step: Step, event: Outgoing, event_id: str | None) -> None:
    """The Director took it."""
    step.connection.execute(
        "UPDATE events SET state = 'delivered', completed_at = ?, event_id = ? WHERE id = ?",
        (utc_text(step.now), event_id, event.id),
    )
    step.audit("delivered", event.event_type, event_id or "", event.directive_id)


def refused_once(step: Step, event: Outgoing, why: str) -> None:
    """The Director refused it; it is tried again later."""
    step.connection.execute(
        "UPDATE events SET refusals = refusals + 1, last_error = ? WHERE id = ?",
        (why[:MAX_ERROR], event.id),
    )


def set_aside(step: Step, event: Outgoing, why: str) -> None:
    """The Director refused it for good: kept and shown, and the next event of its directive may go."""
    step.connection.execute(
        "UPDATE events SET state = 'refused', refusals = refusals + 1, last_error = ?, completed_at = ?"
        " WHERE id = ?",
        (why[:MAX_ERROR], utc_text(step.now), event.id),
    )
    step.audit("refused", event.event_type, why[:MAX_ERROR], event.directive_id)


class RefusedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the Director refused for good."""

    id: int
    officer: str
    directive_id: str | None
    event_type: str


def refused(
    connection: sqlite3.Connection, officer: str, *, directive_id: str | None, dismissed: bool
) -> list[RefusedEvent]:
    """The officer's refused events, or one directive's, oldest first. Reads only.

    With `dismissed` also those that a person has seen already.
    """
    rows = connection.execute(
        "SELECT id, officer, directive_id, event_type FROM events"
        " WHERE state = 'refused' AND officer = ?1 AND (?2 IS NULL OR directive_id = ?2)"
        " AND (?3 OR dismissed_at IS NULL) ORDER BY id",
        (officer, directive_id, dismissed),
    )
    return [msgspec.convert(dict(row), RefusedEvent) for row in rows]


def retry(step: Step, events: Collection[RefusedEvent]) -> None:
    """Refused events of the step's officer go out again: each in its place, before what is queued behind it."""
    step.connection.executemany(
        "UPDATE events SET state = 'queued', refusals = 0, completed_at = NULL, dismissed_at = NULL"
        " WHERE id = ? AND state = 'refused'",
        [(event.id,) for event in events],
    )
    _note(step, "retry", events, "")


def dismiss(step: Step, events: Collection[RefusedEvent], note: str) -> None:
    """A person has seen that the step's officer's events were refused: they stay so, and concern nobody more."""
    step.connection.executemany(
        "UPDATE events SET dismissed_at = ? WHERE id = ? AND state = 'refused'",
        [(utc_text(step.now), event.id) for event in events],
    )
    _note(step, "dismiss", events, note)


def _note(step: Step, what: str, events: Collection[RefusedEvent], note: str) -> None:
    """One audit row for each directive, so that its timeline has it."""
    by_directive = sorted(events, key=lambda event: (event.directive_id or "", event.id))
    for directive_id, group in groupby(by_directive, key=lambda event: event.directive_id):
        said = {"events": [event.event_type for event in group], "note": note}
        step.audit("operator", what, json_text(said), directive_id)
