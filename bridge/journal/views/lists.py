"""The journal for people: lists, one directive's timeline, what is undelivered. Reads only, beside a sidecar.

sqlite-utils does the reading; every function takes a database from `reading` and returns typed rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from sqlite_utils import Database

from bridge.journal.database import audit
from bridge.journal.database.file import check, open_reader


class DirectiveRow(msgspec.Struct, frozen=True):
    """One line of the list of directives (view directive_overview)."""

    officer: str
    directive_id: str
    received_at: str
    action: str | None
    symbol: str | None
    state: str
    state_at: str
    commands: int
    events: int
    undelivered: int
    error_code: str
    error_message: str


class TimelineRow(msgspec.Struct, frozen=True):
    """One step of a directive (view timeline)."""

    seq: int
    at: str
    kind: str
    subject: str
    body: str


class EventRow(msgspec.Struct, frozen=True):
    """One event that the Director has not taken (view undelivered_events)."""

    id: int
    officer: str
    directive_id: str | None
    event_type: str
    created_at: str
    state: str
    refusals: int
    last_error: str
    body: str
    dismissed_at: str | None = None
    """When a person had seen that the Director refused it."""


class ChainVerdict(msgspec.Struct, frozen=True):
    """Whether the audit's chain holds."""

    rows: int
    broken: str
    """Where it breaks first; empty where it holds."""


@contextmanager
def reading(path: Path) -> Iterator[Database]:
    """The journal, read-only. Raises JournalMissingError, and sqlite3.DatabaseError for a file that is none."""
    if not path.is_file():
        # The check's own words for it.
        check(path)
    with open_reader(path) as connection:
        connection.row_factory = None
        yield Database(connection)


def directives(db: Database, *, officer: str | None = None, state: str | None = None) -> list[DirectiveRow]:
    """The directives, oldest first."""
    conditions = {"officer": officer, "state": state}
    given = {name: value for name, value in conditions.items() if value is not None}
    where = " AND ".join(f"{name} = :{name}" for name in given) or "1"
    found = db["directive_overview"].rows_where(where, given, order_by="received_at, directive_id")
    return [msgspec.convert(row, DirectiveRow) for row in found]


def timeline(db: Database, directive_id: str, officer: str | None = None) -> list[TimelineRow]:
    """Every step of one directive, in order; empty for one that the journal does not know."""
    where = "directive_id = :id" + (" AND officer = :officer" if officer else "")
    given = {"id": directive_id, "officer": officer}
    found = db["timeline"].rows_where(where, given, order_by="seq", select="seq, at, kind, subject, body")
    return [msgspec.convert(row, TimelineRow) for row in found]


def undelivered(db: Database) -> list[EventRow]:
    """The events that the Director has not taken yet, or has refused; oldest first."""
    return [msgspec.convert(row, EventRow) for row in db["undelivered_events"].rows_where(order_by="id")]


def verify(db: Database) -> ChainVerdict:
    """Follow the audit's chain from end to end."""
    return ChainVerdict(rows=db["audit"].count, broken=audit.first_break(db.conn))
