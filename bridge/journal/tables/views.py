"""SQL views of the journal, for reading only. Each function returns rows of one view, or of one small table."""

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec
from sqlite_utils import Database

NO_PLACE: Final = 2**63 - 1
"""Larger than every place in the inbox."""

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
