"""Comparison of a journal's schema with the one that the migrations make, by meaning.

Other tools keep tables of their own in the file (a replication tool does), and people add views and indexes. Such
foreign objects are named and left alone: nothing of the bridge changes by them. Two kinds do change what the bridge
writes, and are refused: a trigger on one of its tables, and a unique index on one.
"""

import re
import sqlite3
from collections import Counter
from typing import Any, Final, NamedTuple

_PART: Final = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|\w+|[^\w\s]", re.DOTALL
)
_UNSEEN: Final = frozenset({"autoincrement", "check", "collate", "conflict", "deferrable", "generated"})
"""Words of a table's text with a meaning that no PRAGMA shows."""
_TOOL_TABLE: Final = "_sqlite_migrations"
"""Table in which sqlite-utils records the migrations. Its text changes with the release of sqlite-utils."""


class Object(NamedTuple):
    """One row of sqlite_master."""

    kind: str
    name: str
    table: str
    sql: str


class Findings(NamedTuple):
    """Differences of a schema from the expected one."""

    changed: list[str]
    """Objects of the bridge that are missing or differ."""
    harmful: list[Object]
    """Foreign objects that change what the bridge writes."""


def compare(connection: sqlite3.Connection, expected: sqlite3.Connection) -> Findings:
    """Compare the schema of a journal with the expected one."""
    ours = {each.name: each for each in _objects(expected)}
    found = {each.name: each for each in _objects(connection)}
    changed = [
        name
        for name, each in ours.items()
        if name not in found or _meaning(connection, found[name]) != _meaning(expected, each)
    ]
    foreign = [each for name, each in found.items() if name not in ours]
    harmful = [each for each in foreign if each.table in ours and _changes_writes(connection, each)]
    return Findings(sorted(changed), harmful)


def foreign_objects(connection: sqlite3.Connection, expected: sqlite3.Connection) -> list[str]:
    """Return the objects that are not the bridge's, such as 'view mine'. Cheap: nothing is compared."""
    ours = {each.name for each in _objects(expected)}
    return sorted(f"{each.kind} {each.name}" for each in _objects(connection) if each.name not in ours)


def _objects(connection: sqlite3.Connection) -> list[Object]:
    """Return the objects of the schema without SQLite's own (ANALYZE may have been run) and sqlite-utils'."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    found = [Object(*row) for row in rows]
    return [each for each in found if not each.name.startswith("sqlite_") and each.table != _TOOL_TABLE]


def _changes_writes(connection: sqlite3.Connection, foreign: Object) -> bool:
    if foreign.kind == "index":
        return any(
            name == foreign.name and unique for name, unique, *_ in _indexes(connection, foreign.table)
        )
    return foreign.kind == "trigger"


def _meaning(connection: sqlite3.Connection, each: Object) -> object:
    """Return what the object is, without comments, spaces, quotes and the case of its text."""
    parts = _parts(each.sql)
    if each.kind == "table":
        unseen = Counter(part for part in parts if part in _UNSEEN)
        return (
            each.kind,
            _pragma(connection, "table_xinfo", each.name),
            sorted(_pragma(connection, "foreign_key_list", each.name)),
            sorted(row[1:] for row in _indexes(connection, each.name) if row[2] != "c"),
            # STRICT and WITHOUT ROWID stand behind the last parenthesis.
            parts[len(parts) - parts[::-1].index(")") :],
            unseen,
        )
    if each.kind == "index":
        [row] = [row for row in _indexes(connection, each.table) if row[0] == each.name]
        where = parts[parts.index("where") :] if "where" in parts else []
        return each.kind, each.table, row[1:], where
    return each.kind, each.table, parts


def _indexes(
    connection: sqlite3.Connection, table: str
) -> list[tuple[str, int, str, int, tuple[object, ...]]]:
    """Return the indexes of a table: name, unique, origin, partial, and columns with order and collation."""
    return [
        (name, unique, origin, partial, tuple(row[1:] for row in _pragma(connection, "index_xinfo", name)))
        for _, name, unique, origin, partial in _pragma(connection, "index_list", table)
    ]


def _pragma(connection: sqlite3.Connection, pragma: str, name: str) -> list[tuple[Any, ...]]:
    quoted = name.replace('"', '""')
    return [tuple(row) for row in connection.execute(f'PRAGMA {pragma}("{quoted}")')]


def _parts(sql: str) -> list[str]:
    """Return the words and signs of an SQL text; names without quotes, words in lower case."""
    found = []
    for part in _PART.findall(sql):
        if part.startswith(("--", "/*")):
            continue
        if part[0] in '"`[':
            part = part[1:-1]
        found.append(part if part.startswith("'") else part.lower())
    return found
