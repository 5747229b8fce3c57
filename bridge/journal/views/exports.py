"""Rows for other programs: one for each directive, event, or part of a deal. Read page by page."""

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlite_utils import Database

from bridge.core.director.contract import ExecutionEvent
from bridge.journal.tables import allocations, directives, events
from bridge.journal.tables.allocations import Booking
from bridge.journal.tables.events import StoredEvent
from bridge.journal.views.executions import TO_ANSWER, TO_DISPATCH, Executions
from bridge.journal.views.lists import DirectiveRow, Selection, directive_pages

PAGE: Final = 500
"""Rows that are in memory at once."""

Value = str | int | float | Decimal | bool | None
Row = dict[str, Value]


class Kind(StrEnum):
    """Rows of an export."""

    DIRECTIVES = "directives"
    EVENTS = "events"
    DEALS = "deals"


_FROM_LIST: Final = tuple(
    name for name in DirectiveRow.__struct_fields__ if name not in ("quantity", "price")
)
_FROM_DIRECTIVE: Final = (
    "signal_id",
    "order_type",
    "quantity",
    "price",
    "stop_loss",
    "take_profit",
    "issued_at",
    "expires_at",
    "target_directive_id",
    "limit_price",
    "time_in_force",
    "order_expires_at",
    "deviation_points",
)
_FROM_EXECUTION: Final = (
    "dispatched_at",
    "answered_at",
    "reported_at",
    "fill_quantity",
    "fill_price",
    "slippage",
    "slippage_points",
    "profit",
    "commission",
    "swap",
    "fee",
)
_FROM_EVENT: Final = tuple(name for name in StoredEvent.__struct_fields__ if name != "body")
_FROM_BODY: Final = tuple(name for name in ExecutionEvent.__struct_fields__ if name not in _FROM_EVENT)

COLUMNS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.DIRECTIVES: (
        *_FROM_LIST,
        *_FROM_DIRECTIVE,
        *_FROM_EXECUTION,
        "seconds_to_dispatch",
        "seconds_to_answer",
    ),
    Kind.EVENTS: (*_FROM_EVENT, *_FROM_BODY),
    Kind.DEALS: Booking.__struct_fields__,
}
"""Columns of each kind, in order."""

# Numbers of an event keep the digits that they were posted with.
_body: Final = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one kind, with the last number that they can have: what comes later is left out."""

    kind: Kind
    last: int
    """Place of the last directive, or number of the last event, at the beginning. 0 for deals: not known."""
    rows: Iterator[tuple[int, Row]]
    """Each row with its place or number."""


def export(db: Database, kind: Kind, wanted: Selection, *, page: int = PAGE) -> Export:
    """Return the rows that are wanted. `page`: rows that are in memory at once."""
    match kind:
        case Kind.DIRECTIVES:
            last = directives.last_id(db.conn)
            return Export(kind=kind, last=last, rows=_directives(db, wanted, last, page))
        case Kind.EVENTS:
            last = events.last_id(db.conn)
            return Export(kind=kind, last=last, rows=_events(db.conn, wanted, last, page))
        case Kind.DEALS:
            return Export(kind=kind, last=0, rows=_deals(db.conn, wanted, page))


def _directives(db: Database, wanted: Selection, last: int, page: int) -> Iterator[tuple[int, Row]]:
    executions = Executions(db.conn)
    for rows in directive_pages(db, wanted, last=last, limit=page):
        for row in rows:
            done = executions.of(row.officer, row.directive_id)
            made: Row = {name: getattr(row, name) for name in _FROM_LIST}
            made |= {name: _plain(getattr(done.directive, name, None)) for name in _FROM_DIRECTIVE}
            made |= {name: getattr(done, name) for name in _FROM_EXECUTION}
            took_s = done.hops_s(row.received_at)
            made["seconds_to_dispatch"] = took_s.get(TO_DISPATCH)
            made["seconds_to_answer"] = took_s.get(TO_ANSWER)
            yield row.place, made


def _events(
    connection: sqlite3.Connection, wanted: Selection, last: int, page: int
) -> Iterator[tuple[int, Row]]:
    after = 0
    while rows := events.page(connection, wanted.parameters(), after=after, last=last, limit=page):
        for row in rows:
            made: Row = {name: getattr(row, name) for name in _FROM_EVENT}
            body = _body.decode(row.body)
            made |= {name: body.get(name) for name in _FROM_BODY}
            yield row.id, made
        after = rows[-1].id


def _deals(connection: sqlite3.Connection, wanted: Selection, page: int) -> Iterator[tuple[int, Row]]:
    after: Booking | None = None
    while rows := allocations.page(connection, wanted.parameters(), after=after, limit=page):
        yield from ((row.deal_ticket, msgspec.structs.asdict(row)) for row in rows)
        after = rows[-1]


def _plain(value: object) -> Value:
    """Return a field of a directive as text or number; a time as in its JSON."""
    if value is None or isinstance(value, Decimal | int):
        return value
    text: str = msgspec.to_builtins(value)
    return text
