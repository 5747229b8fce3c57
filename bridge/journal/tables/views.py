"""SQL views of the journal, for reading only. Each function returns rows of one view, or of one small table."""

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec
from sqlite_utils import Database

NO_PLACE: Final = 2**63 - 1
"""Larger than every place in the inbox."""

_OF_NUMBER: Final = (
    "SELECT officer, directive_id FROM commands WHERE client_order_id = :number OR order_ticket = :number"
    " OR position_id = :number OR target_position = :number OR target_order = :number"
    " UNION SELECT c.officer, c.directive_id FROM deals d JOIN commands c USING (client_order_id)"
    " WHERE d.ticket = :number"
)
"""Directives with an order, position, deal or magic of that number."""
_LAST_EVENTS: Final = (
    "SELECT id, created_at, officer, directive_id, event_type, event_class, state, completed_at,"
    " json_extract(body, '$.symbol') AS symbol, json_extract(body, '$.fill_price') AS price,"
    " json_extract(body, '$.fill_quantity') AS quantity, json_extract(body, '$.error_message') AS error"
    " FROM events ORDER BY id DESC LIMIT :limit"
)
_LAST_FILLS: Final = (
    "SELECT e.created_at, e.officer, e.directive_id, d.action, d.symbol,"
    " json_extract(d.body, '$.price') AS asked, json_extract(e.body, '$.fill_price') AS filled,"
    " json_extract(e.body, '$.fill_quantity') AS quantity"
    " FROM events e JOIN directives d USING (officer, directive_id)"
    " WHERE e.id > (SELECT max(id) FROM events) - :among AND e.event_type = 'ORDER_FILLED'"
    " AND e.event_class = 'SUCCESS' AND asked IS NOT NULL AND filled IS NOT NULL"
    " AND d.action LIKE 'OPEN%' ORDER BY e.id DESC LIMIT :limit"
)

S = TypeVar("S", bound=msgspec.Struct)

_ORDER = {
    "commands_waiting_for_market": "officer, not_before, directive_id, number",
    "directive_overview": "place",
    "officer_status": "officer",
    "open_positions": "officer, opened_at, identifier",
    "pending_orders": "officer, ticket",
    "raised_mismatches": "officer, raised_at, thing, number, field",
    "timeline": "seq",
    "unclosable_positions": "officer, identifier, client_order_id",
    "undelivered_events": "id",
    "unresolved_commands": "officer, dispatched_at, number",
    "halts": "officer, symbol, since",
}
"""Order of the rows, by view; the table `halts` is its own view."""


def rows(
    db: Database, view: str, record: type[S], conditions: Mapping[str, str | None] | None = None
) -> list[S]:
    """Return the rows of a view whose columns have those values, as records. None stands for any value.

    A record names the columns that it needs.
    """
    given = {column: value for column, value in (conditions or {}).items() if value is not None}
    where = " AND ".join(f"{column} = :{column}" for column in given) or "1"
    select = ", ".join(record.__struct_fields__)
    found = db[view].rows_where(where, given, select=select, order_by=_ORDER[view])
    return [msgspec.convert(row, record) for row in found]


def last_directives(
    db: Database,
    record: type[S],
    conditions: Mapping[str, str | None],
    *,
    since: str | None,
    before: int | None,
    limit: int,
) -> list[S]:
    """Return the newest rows of directive_overview before a place in the inbox, at most `limit`, oldest first.

    None stands for the end of the inbox, and for any time of receipt. The cost of a page without conditions
    does not depend on how many there are.
    """
    given: dict[str, object] = {key: value for key, value in conditions.items() if value is not None}
    where = "".join(f"{column} = :{column} AND " for column in given) + "place < :before"
    if since is not None:
        where += " AND received_at >= :since"
    found = db["directive_overview"].rows_where(
        where,
        given | {"before": NO_PLACE if before is None else before, "since": since or ""},
        select=", ".join(record.__struct_fields__),
        order_by="place DESC",
        limit=limit,
    )
    return [msgspec.convert(row, record) for row in found][::-1]


def next_directives(
    db: Database,
    record: type[S],
    conditions: Mapping[str, str | None],
    *,
    since: str | None,
    until: str | None,
    after: int,
    last: int,
    limit: int,
) -> list[S]:
    """Return the rows of directive_overview from behind a place in the inbox up to another one, at most `limit`,
    oldest first.

    None stands for any time of receipt; `until` itself is outside of the period.
    """
    given: dict[str, object] = {key: value for key, value in conditions.items() if value is not None}
    where = "".join(f"{column} = :{column} AND " for column in given) + "place > :after AND place <= :last"
    if since is not None:
        where += " AND received_at >= :since"
    if until is not None:
        where += " AND received_at < :until"
    found = db["directive_overview"].rows_where(
        where,
        given | {"after": after, "last": last, "since": since, "until": until},
        select=", ".join(record.__struct_fields__),
        order_by="place",
        limit=limit,
    )
    return [msgspec.convert(row, record) for row in found]


def applied_migrations(db: Database, migration_set: str) -> set[str]:
    """Return the names of the migrations that made the journal's schema."""
    found = db["_sqlite_migrations"].rows_where(
        "migration_set = :name", {"name": migration_set}, select="name"
    )
    return {row["name"] for row in found}


def found_directives(db: Database, record: type[S], text: str, *, limit: int) -> list[S]:
    """Return the newest directives whose id has the text in it, whose symbol it is, or that have a thing of the
    broker with this number (order, deal, position, magic); newest first."""
    where = "(instr(lower(directive_id), lower(:text)) > 0 OR symbol = :text COLLATE NOCASE"
    if text.isascii() and text.isdigit() and int(text) <= NO_PLACE:
        where += f" OR (officer, directive_id) IN ({_OF_NUMBER})"
    found = db["directive_overview"].rows_where(
        f"{where})",
        {"text": text, "number": int(text) if text.isascii() and text.isdigit() else 0},
        select=", ".join(record.__struct_fields__),
        order_by="place DESC",
        limit=limit,
    )
    return [msgspec.convert(row, record) for row in found]


def last_events(db: Database, record: type[S], *, limit: int) -> list[S]:
    """Return the newest events, newest first."""
    found = db.query(_LAST_EVENTS, {"limit": limit})
    return [msgspec.convert(row, record) for row in found]


def last_fills(db: Database, record: type[S], *, among: int, limit: int) -> list[S]:
    """Return the fills of opens with a price among the newest events, newest first."""
    found = db.query(_LAST_FILLS, {"among": among, "limit": limit})
    return [msgspec.convert(row, record) for row in found]
