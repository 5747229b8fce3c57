"""Lists of directives and undelivered events, the timeline of a directive, and the audit's verdict.

Every function takes a database from `reading` and returns typed rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from sqlite_utils import Database

from bridge.journal.database import audit, consistency, operator_marks
from bridge.journal.database.content import foreign_objects
from bridge.journal.database.file import check, open_reader
from bridge.journal.database.header import is_there
from bridge.journal.database.schema import without_plugins
from bridge.journal.database.sql import Parameters
from bridge.journal.tables import views
from bridge.journal.tables.values import text

PAGE: Final = 100
"""Most directives that a list shows at once."""


class DirectiveRow(msgspec.Struct, frozen=True):
    """One row of the view directive_overview."""

    place: int
    """Place in the inbox: the order of arrival."""
    officer: str
    directive_id: str
    received_at: str
    action: str | None
    symbol: str | None
    quantity: float | None
    """In lots, as the directive has it."""
    price: float | None
    state: str
    state_at: str
    commands: int
    events: int
    undelivered: int
    error_code: str
    error_message: str


class TimelineRow(msgspec.Struct, frozen=True):
    """One row of the view timeline: one audit row of a directive."""

    seq: int
    at: str
    kind: str
    subject: str
    body: str


class EventRow(msgspec.Struct, frozen=True):
    """One row of the view undelivered_events: an event that the Director has not accepted."""

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
    """Time at which an operator dismissed the refused event."""


class ChainVerdict(msgspec.Struct, frozen=True):
    """Result of following the audit's chain, and of comparing the tables with the audit."""

    rows: int
    broken: str
    """Description of the chain's first break; empty where it holds."""
    differs: str = ""
    """Description of the first row, halt or quarantine that differs from the audit; empty where none does, and
    where the chain is broken, so that nothing can be compared."""
    foreign: list[str] = []
    """Tables, views and indexes in the file that are not the bridge's. They are left alone."""


@contextmanager
def reading(path: Path) -> Iterator[Database]:
    """Open the journal read-only. Raises JournalMissingError, and sqlite3.DatabaseError for another file."""
    if not is_there(path):
        # Raises the error of a missing journal.
        check(path)
    with open_reader(path) as connection:
        yield without_plugins(connection)


def directives(
    db: Database,
    *,
    officer: str | None = None,
    state: str | None = None,
    symbol: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> list[DirectiveRow]:
    """Return the newest directives received since a time, before a place in the inbox, or of all, at most `limit`;
    oldest first."""
    conditions = {"officer": officer, "state": state, "symbol": symbol}
    return views.last_directives(db, DirectiveRow, conditions, since=text(since), before=before, limit=limit)


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that are wanted; None stands for any."""

    officer: str | None = None
    directive_id: str | None = None
    symbol: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Outside of the period."""

    def conditions(self) -> dict[str, str | None]:
        """Return the values that columns must have, but for the period."""
        return {"officer": self.officer, "directive_id": self.directive_id, "symbol": self.symbol}

    def parameters(self) -> Parameters:
        """Return the values of the named parameters of a query. Times are texts, as they are stored."""
        return {**self.conditions(), "since": text(self.since), "until": text(self.until)}


def directive_pages(
    db: Database, wanted: Selection, *, last: int = views.NO_PLACE, limit: int = PAGE
) -> Iterator[list[DirectiveRow]]:
    """Yield the directives that were received in a period, up to a place in the inbox, oldest first.

    Each page is read by itself, so that no long transaction keeps the write-ahead log.
    """
    after = 0
    while page := views.next_directives(
        db,
        DirectiveRow,
        wanted.conditions(),
        since=text(wanted.since),
        until=text(wanted.until),
        after=after,
        last=last,
        limit=limit,
    ):
        yield page
        after = page[-1].place


def one_directive(db: Database, officer: str | None, directive_id: str) -> list[DirectiveRow]:
    """Return the officer's directive with that id, or nothing. None: of every officer that has such a one."""
    return views.rows(
        db, "directive_overview", DirectiveRow, {"officer": officer, "directive_id": directive_id}
    )


def timeline(db: Database, directive_id: str, officer: str | None = None) -> list[TimelineRow]:
    """Return every audit row of one directive, in order; empty for an unknown directive."""
    return views.rows(db, "timeline", TimelineRow, {"directive_id": directive_id, "officer": officer})


def undelivered(db: Database) -> list[EventRow]:
    """Return the events that the Director has not accepted yet, or has refused; oldest first."""
    return views.rows(db, "undelivered_events", EventRow)


def verify(db: Database) -> ChainVerdict:
    """Follow the audit's chain from end to end, and compare the tables with it."""
    broken = audit.first_break(db.conn)
    return ChainVerdict(
        rows=audit.count(db.conn),
        broken=broken,
        differs="" if broken else _first_difference(db),
        foreign=foreign_objects(db.conn),
    )


def _first_difference(db: Database) -> str:
    altered = operator_marks.first_difference(db.conn)
    return f"{altered.what}; {altered.remedy}" if altered else consistency.first_difference(db.conn)
