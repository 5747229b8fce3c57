"""Foreign objects that change or limit what the bridge writes: refused, each with its remedy.

A trigger writes more than the bridge does. A unique index refuses rows; so does an index over an expression that
fails for some value, or that only its maker can compute. A foreign key to a table of the bridge refuses to remove
or replace its rows, or every change where SQLite cannot use it. The bridge would notice at a write, while it
trades.
Source: https://www.sqlite.org/foreignkeys.html, https://www.sqlite.org/expridx.html
"""

import sqlite3
from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import Final

from bridge.journal.database import schema_check
from bridge.journal.database.alteration import Altered
from bridge.journal.database.schema_check import Object, quoted

_COLLATIONS: Final = frozenset({"BINARY", "NOCASE", "RTRIM"})
"""SQLite's own; each program can bring others."""
_WORDS: Final = frozenset(
    {"and", "between", "case", "cast", "else", "in", "is", "like", "not", "or", "then", "when", "where"}
)
"""Words that stand before a parenthesis and are no functions, or one that never fails (CAST)."""
_HARMLESS: Final = _WORDS | {
    "coalesce",
    "date",
    "datetime",
    "ifnull",
    "iif",
    "instr",
    "julianday",
    "length",
    "lower",
    "ltrim",
    "nullif",
    "replace",
    "round",
    "rtrim",
    "strftime",
    "substr",
    "time",
    "trim",
    "typeof",
    "unixepoch",
    "upper",
}
"""Functions of SQLite itself that fail for no text."""


def harmful(
    connection: sqlite3.Connection, foreign: Collection[Object], ours: Collection[str]
) -> Iterator[Altered]:
    """Yield the foreign objects that change or limit what the bridge writes. `ours` are the bridge's objects."""
    for each in foreign:
        if each.kind == "table":
            yield from _referring(connection, each, ours)
        elif each.table in ours and (why := _effect(connection, each)):
            yield Altered(
                f"{each.kind} {each.name} on {each.table} is not the bridge's, and {why}",
                f"remove it with the SQL statement: DROP {each.kind.upper()} {quoted(each.name)}",
            )


def _effect(connection: sqlite3.Connection, each: Object) -> str:
    """Return how an object on a table of the bridge changes or limits what is written; empty where it does not."""
    if each.kind == "trigger":
        return "changes what it writes"
    if each.kind == "index":
        [(_, unique, _, _, columns)] = [
            row for row in schema_check.indexes(connection, each.table) if row[0] == each.name
        ]
        if unique:
            return "limits what it can write"
        collations = {str(column[3]).upper() for column in columns}
        if not collations <= _COLLATIONS or _may_fail(each.sql):
            return "may fail for a value that the bridge writes"
    return ""


def _may_fail(sql: str) -> bool:
    """Return True for an index with an expression that can fail, or that not every program can compute."""
    parts = schema_check.parts_of(sql)
    # What stands behind the table's name: columns and condition.
    pairs = list(pairwise(parts[parts.index("on") + 2 :]))
    called = {name for name, sign in pairs if sign == "(" and name.isidentifier()}
    return not called <= _HARMLESS or ("-", ">") in pairs


def _referring(connection: sqlite3.Connection, each: Object, ours: Collection[str]) -> Iterator[Altered]:
    lower = {name.lower() for name in ours}
    parents = {str(row[2]) for row in schema_check.foreign_keys(connection, each.name)}
    if referred := sorted(name for name in parents if name.lower() in lower):
        copy = quoted(f"{each.name}_copy")
        yield Altered(
            f"table {each.name} is not the bridge's, and its foreign key to {', '.join(referred)} limits what the "
            "bridge can write",
            "keep its rows without the key, by the SQL statement: "
            f"CREATE TABLE {copy} AS SELECT * FROM {quoted(each.name)}; DROP TABLE {quoted(each.name)}",
        )
