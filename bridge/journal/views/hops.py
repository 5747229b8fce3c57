"""Times that the steps on the way of a directive took, and counts of what happened, by the audit.

Nothing is kept for this: each row of the audit that ends a step names the one that began it.
"""

import sqlite3
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Self

import msgspec

from bridge.core.director.contract import EventClass
from bridge.core.units.elapsed import seconds_between
from bridge.journal.database import audit
from bridge.journal.database.audit import AuditRow
from bridge.journal.database.words import AuditKind
from bridge.journal.tables import commands, directives, dispatches, events

KINDS: Final = (
    AuditKind.DISPATCH,
    AuditKind.REPORT,
    AuditKind.COMMAND,
    AuditKind.EVENT,
    AuditKind.DELIVERED,
    AuditKind.SESSION,
)
_FILLED: Final = "FILLED"


class Hop(StrEnum):
    """Step on the way of a directive, from the Director to the broker and back; `meaning` is for people."""

    meaning: str

    def __new__(cls, word: str, meaning: str) -> Self:
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning = member.__doc__ = meaning
        return member

    POLL = "poll", "A request for directives, until its answer is read."
    INTAKE = "intake", "That answer, until its directives are in the journal."
    DISPATCH = (
        "dispatch",
        "A directive in the journal, until its command is sent, with all that it waits for.",
    )
    TERMINAL = "terminal", "A command that was sent, until the result of its order is in the journal."
    FILL = "fill", "The result of an order at the market, until the deals that fill it are in the journal."
    REPORT = "report", "An event in the journal, until the Director has accepted it."


class Took(msgspec.Struct, frozen=True):
    """Duration of one step."""

    hop: Hop
    officer: str
    seconds: float


class Emitted(msgspec.Struct, frozen=True):
    """Event that was created."""

    officer: str
    event_type: str
    error_code: str
    """Empty for an event that reports no error."""


class Connected(msgspec.Struct, frozen=True):
    """Session of a terminal that began."""

    officer: str


Happened = Took | Emitted | Connected


class _EventBody(msgspec.Struct):
    event_class: str = ""
    error_code: str | None = None


def last_seq(connection: sqlite3.Connection) -> int:
    """Return the number of the audit's last row."""
    return audit.last_seq(connection)


def after(connection: sqlite3.Connection, seq: int, *, limit: int) -> tuple[int, list[Happened]]:
    """Return what the next rows of the audit show, at most `limit` of them, and the number of the last one."""
    last, rows = audit.after(connection, seq, KINDS, limit=limit)
    return last, [each for row in rows for each in _happened(connection, row)]


def _happened(connection: sqlite3.Connection, row: AuditRow) -> Iterator[Happened]:
    if row.officer is None:
        return
    match row.kind:
        case AuditKind.EVENT:
            body = _event_body(row.body)
            error = (body.error_code or "") if body.event_class == EventClass.ERROR else ""
            yield Emitted(row.officer, row.subject, error)
        case AuditKind.SESSION:
            yield Connected(row.officer)
        case _:
            if (found := _ended(connection, row, row.officer)) is not None:
                hop, began = found
                # Not below 0: the clock may have been set back between them.
                yield Took(hop, row.officer, max(seconds_between(began, row.at), 0.0))


def _ended(connection: sqlite3.Connection, row: AuditRow, officer: str) -> tuple[Hop, str] | None:
    """Return the step that a row ends, and the time at which it began."""
    began: str | None = None
    hop = Hop.REPORT
    if row.kind == AuditKind.DELIVERED:
        began = events.created_at(connection, officer, row.directive_id, row.subject, row.at)
    elif row.directive_id is not None:
        match row.kind, row.subject.replace(":", " ").split():
            case AuditKind.DISPATCH, [_, "attempt", "1"]:
                hop, began = Hop.DISPATCH, directives.received_at(connection, officer, row.directive_id)
            case AuditKind.REPORT, ["command", command, attempt, "result"]:
                hop, began = Hop.TERMINAL, dispatches.dispatched_at(connection, int(command), int(attempt))
            case AuditKind.COMMAND, [command, state] if state == _FILLED:
                if commands.is_market(connection, int(command)):
                    hop = Hop.FILL
                    began = audit.result_at(connection, officer, row.directive_id, int(command), row.seq)
    return None if began is None else (hop, began)


def _event_body(body: str) -> _EventBody:
    try:
        return msgspec.json.decode(body, type=_EventBody)
    except msgspec.DecodeError:
        return _EventBody()
