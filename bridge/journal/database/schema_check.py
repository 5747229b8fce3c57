"""Comparison of a journal's schema with the one that the migrations make, by meaning.

Other tools keep tables of their own in the file (a replication tool does), and people add views and indexes. Such
foreign objects are named and left alone: nothing of the bridge changes by them. Those that change or limit what the
bridge writes are refused (`foreign_limits`).
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import closing
from typing import Any, Final, NamedTuple

from bridge.journal.database.alteration import Altered

_PART: Final = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|\w+|[^\w\s]", re.DOTALL
)
_UNSEEN: Final = frozenset({"autoincrement", "check", "collate", "conflict", "deferrable", "generated"})
"""Words of a table's text with a meaning that no PRAGMA shows."""
_TOOL_TABLE: Final = "_sqlite_migrations"
"""Table in which sqlite-utils records the migrations. Its text changes with the release of sqlite-utils."""

_Rows = list[tuple[Any, ...]]


class Object(NamedTuple):
    """One row of sqlite_master."""

    kind: str
    name: str
    table: str
    sql: str


class Findings(NamedTuple):
    """Differences of a schema from the expected one."""

    changed: list[str]
    """Tables of the bridge that are missing or differ in a way that no statement undoes."""
    altered: list[Altered]
    """Other differences of the bridge's own objects."""
    foreign: list[Object]
    """Objects that are not the bridge's."""


def compare(
    connection: sqlite3.Connection, ours: Collection[Object], expected: Callable[[], sqlite3.Connection]
) -> Findings:
    """Compare the schema of a journal with the expected objects.

    `expected` makes a database that has them. It is called where a text differs: an equal text means the same.
    """
    there = objects(connection)
    names = {each.name for each in ours}
    foreign = [each for each in there if each.name not in names]
    if set(ours) <= set(there):
        return Findings([], [], foreign)
    found = {each.name: each for each in there}
    changed: list[str] = []
    altered: list[Altered] = []
    with closing(expected()) as made:
        for each in sorted(ours, key=lambda each: each.name):
            now = found.get(each.name)
            if now is not None and meaning(connection, now) == meaning(made, each):
                continue
            if (mended := _mended(connection, made, each, now)) is None:
                changed.append(each.name)
            else:
                altered.append(mended)
    return Findings(changed, altered, foreign)


def _mended(
    connection: sqlite3.Connection, expected: sqlite3.Connection, each: Object, found: Object | None
) -> Altered | None:
    """Return the finding about an object of the bridge that a statement puts back; None where none does."""
    if each.kind == "table":
        return None if found is None else _columns_added(connection, expected, each, found)
    if found is not None and found.kind != each.kind:
        return None
    drop = "" if found is None else f"DROP {each.kind.upper()} {each.name}; "
    return Altered(
        f"the bridge's {each.kind} {each.name} is {'missing' if found is None else 'another one'}",
        f"put it back with the SQL statement: {drop}{_one_line(each.sql)}",
    )


def _columns_added(
    connection: sqlite3.Connection, expected: sqlite3.Connection, each: Object, found: Object
) -> Altered | None:
    before = pragma(expected, "table_xinfo", each.name)
    now = pragma(connection, "table_xinfo", found.name)
    # A column's own CHECK and formula go with it.
    rest, rest_before = _keys_and_options(connection, found), _keys_and_options(expected, each)
    added = [str(row[1]) for row in now[len(before) :]]
    if not added or found.kind != "table" or now[: len(before)] != before or rest != rest_before:
        return None
    drops = "; ".join(f"ALTER TABLE {each.name} DROP COLUMN {quoted(name)}" for name in added)
    return Altered(
        f"the bridge's table {each.name} has the column {', '.join(added)}, which is not the bridge's",
        f"keep what is in it elsewhere, and remove it with the SQL statement: {drops}",
    )


def foreign_objects(connection: sqlite3.Connection, ours: Collection[Object]) -> list[str]:
    """Return the objects that are not the bridge's, such as 'view mine'. Cheap: nothing is compared."""
    names = {each.name for each in ours}
    return sorted(f"{each.kind} {each.name}" for each in objects(connection) if each.name not in names)


def objects(connection: sqlite3.Connection) -> list[Object]:
    """Return the objects of the schema without SQLite's own (ANALYZE may have been run) and sqlite-utils'."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    found = [Object(*row) for row in rows]
    return [each for each in found if not each.name.startswith("sqlite_") and each.table != _TOOL_TABLE]


def meaning(connection: sqlite3.Connection, each: Object) -> object:
    """Return what the object is, without comments, spaces, quotes and the case of its text."""
    parts = parts_of(each.sql)
    if each.kind == "table":
        columns = pragma(connection, "table_xinfo", each.name)
        unseen = Counter(part for part in parts if part in _UNSEEN)
        return each.kind, columns, _keys_and_options(connection, each), unseen
    if each.kind == "index":
        [row] = [row for row in indexes(connection, each.table) if row[0] == each.name]
        where = parts[parts.index("where") :] if "where" in parts else []
        return each.kind, each.table, row[1:], where
    return each.kind, each.table, parts


def _keys_and_options(connection: sqlite3.Connection, table: Object) -> object:
    """Return a table's foreign keys, the indexes that its text makes, and its options."""
    parts = parts_of(table.sql)
    return (
        sorted(foreign_keys(connection, table.name)),
        sorted(row[1:] for row in indexes(connection, table.name) if row[2] != "c"),
        # STRICT and WITHOUT ROWID stand behind the last parenthesis.
        parts[len(parts) - parts[::-1].index(")") :],
    )


def foreign_keys(connection: sqlite3.Connection, table: str) -> _Rows:
    """Return the foreign keys of a table, as PRAGMA foreign_key_list does, with each referenced column named."""
    found = []
    for row in pragma(connection, "foreign_key_list", table):
        number, place, parent, child, to, *rest = row
        if to is None:
            # REFERENCES without a column means the primary key.
            keys = {each[5]: each[1] for each in pragma(connection, "table_info", parent)}
            to = keys.get(place + 1)
        found.append((number, place, parent, child, to, *rest))
    return found


def indexes(connection: sqlite3.Connection, table: str) -> _Rows:
    """Return the indexes of a table: name, unique, origin, partial, and columns with order and collation."""
    return [
        (name, unique, origin, partial, tuple(row[1:] for row in pragma(connection, "index_xinfo", name)))
        for _, name, unique, origin, partial in pragma(connection, "index_list", table)
    ]


def pragma(connection: sqlite3.Connection, name: str, table: str) -> _Rows:
    """Return the rows of a PRAGMA about a table or an index."""
    return [tuple(row) for row in connection.execute(f"PRAGMA {name}({quoted(table)})")]


def quoted(name: str) -> str:
    """Return the name as an SQL identifier."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def parts_of(sql: str) -> list[str]:
    """Return the words and signs of an SQL text; names without quotes, words in lower case."""
    found = []
    for part in _PART.findall(sql):
        if part.startswith(("--", "/*")):
            continue
        if part[0] in '"`[':
            part = part[1:-1]
        found.append(part if part.startswith("'") else part.lower())
    return found


def _one_line(sql: str) -> str:
    """Return an SQL text without comments on one line."""
    without = _PART.sub(lambda part: " " if part[0].startswith(("--", "/*")) else part[0], sql)
    return " ".join(without.split())
