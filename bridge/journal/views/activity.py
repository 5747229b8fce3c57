"""Recent activity: last events, fills against the price that was asked for, directives that match a search."""

from typing import Final

import msgspec
from sqlite_utils import Database

from bridge.journal.tables import views
from bridge.journal.views.lists import DirectiveRow

AMONG: Final = 5_000
"""Number of the newest events among which fills are looked for."""


class EventLine(msgspec.Struct, frozen=True):
    """One event, as far as a person reads it in a list."""

    id: int
    created_at: str
    officer: str
    directive_id: str | None
    event_type: str
    event_class: str
    state: str
    completed_at: str | None
    symbol: str | None
    price: float | None
    quantity: float | None
    error: str | None


class FillLine(msgspec.Struct, frozen=True):
    """Fill of an open whose directive has a price."""

    created_at: str
    officer: str
    directive_id: str
    action: str
    symbol: str
    asked: float
    """Price of the directive."""
    filled: float
    quantity: float | None


def events(db: Database, *, limit: int) -> list[EventLine]:
    """Return the newest events, newest first."""
    return views.last_events(db, EventLine, limit=limit)


def fills(db: Database, *, limit: int) -> list[FillLine]:
    """Return the newest fills of opens with a price, newest first."""
    return views.last_fills(db, FillLine, among=AMONG, limit=limit)


def search(db: Database, text: str, *, limit: int) -> list[DirectiveRow]:
    """Return the newest directives that a text is about: part of an id, a symbol, or a number of the broker."""
    return views.found_directives(db, DirectiveRow, text, limit=limit)
