"""Pieces of SQL text. A table's module builds its statements from one column list and the members of enums.

Values never go into the text: they are named parameters. A text is made once, and asked for at each execution.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import cache

Parameters = dict[str, object]
"""Values of a statement's named parameters."""


@cache
def column_list(columns: tuple[str, ...], table: str = "") -> str:
    """Return `a, b, c`, or with a table's alias `t.a, t.b, t.c`."""
    return ", ".join(f"{table}.{column}" if table else column for column in columns)


@cache
def insert(table: str, columns: tuple[str, ...]) -> str:
    """Return the INSERT of one row, with one named parameter per column."""
    marks = ", ".join(f":{column}" for column in columns)
    return f"INSERT INTO {table} ({column_list(columns)}) VALUES ({marks})"


@cache
def replace(table: str, columns: tuple[str, ...]) -> str:
    """Return the same INSERT, which replaces a row with the same key."""
    return insert(table, columns).replace("INSERT", "INSERT OR REPLACE", 1)


@cache
def assignments(columns: tuple[str, ...]) -> str:
    """Return `a = :a, b = :b` for an UPDATE."""
    return ", ".join(f"{column} = :{column}" for column in columns)


def words(members: Iterable[StrEnum]) -> str:
    """Return the members as quoted words, for `IN (...)` and for comparisons.

    They stand in the text and are no parameters, because SQLite uses a partial index only for a word that it sees.
    """
    return _words(tuple(members))


@cache
def _words(members: tuple[StrEnum, ...]) -> str:
    return ", ".join(f"'{member.value}'" for member in members)
