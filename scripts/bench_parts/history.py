"""Make the history of a stopped journal longer: `python -m bench_parts.history JOURNAL DIRECTIVES`.

The finished directives that the journal has are copied, with everything that belongs to them, under other ids,
until there are so many. The audit is chained as the build that runs this module does it.
"""

import hashlib
import itertools
import re
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench_parts.terminal import SPAN
from bridge.journal.database import audit

TEMPLATE: Final = "t-"
"""Directives with such an id are copied: t-000000, t-000001, ..."""
_IDS: Final = re.compile(r"\bt-[0-9]{6}\b|(?<![0-9.])[0-9]{12,16}(?![0-9.])")
_HASH: Final = 2**40 - 1
_STEP: Final = 0x9E3779B97
_OWN_IDS: Final = "SELECT client_order_id FROM commands WHERE directive_id LIKE :of"
_TICKETS: Final = (
    "SELECT min(ticket), max(ticket), (SELECT count(*) FROM directives) FROM deals"
    " JOIN commands USING (client_order_id) WHERE directive_id LIKE :of"
)
Row = tuple[Any, ...]


class _Copy:
    """Renames the ids of one copy."""

    def __init__(self, number: int, own_ids: set[int], tickets: range) -> None:
        self._number = number
        self._own_ids = own_ids
        self._tickets = tickets
        self.ids: dict[str, dict[int, int]] = {}
        """Numbers of the copied rows, by table and number of the row that was copied."""

    def value(self, value: object) -> object:
        """Return the column's value in the copy."""
        if isinstance(value, int):
            return self._integer(value)
        return _IDS.sub(self._text, value) if isinstance(value, str) else value

    def _text(self, found: re.Match[str]) -> str:
        text = found.group()
        return f"{text}-{self._number}" if text.startswith(TEMPLATE) else str(self._integer(int(text)))

    def _integer(self, number: int) -> int:
        if number in self._own_ids:
            return number & ~_HASH | (number + self._number * _STEP) & _HASH
        return number + self._number * SPAN if number in self._tickets else number


def lengthen(path: Path, directives: int) -> None:
    """Copy the finished directives of the journal until it has so many."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -200000")
    own_ids = {row[0] for row in connection.execute(_OWN_IDS, {"of": f"{TEMPLATE}%"})}
    low, high, present = connection.execute(_TICKETS, {"of": f"{TEMPLATE}%"}).fetchone()
    # An order has the number before that of its deal.
    tickets = range(low - 1, high + 1)
    template = {table: _rows(connection, table) for table in _tables(connection)}
    shown = connection.execute("SELECT * FROM audit ORDER BY seq").fetchall()
    copied = sum(str(row[2]).startswith(TEMPLATE) for row in template["directives"][1])
    connection.execute("BEGIN")
    for number in range(1, (directives - present) // copied + 1):
        copy = _Copy(number, own_ids, tickets)
        for table, (columns, rows) in template.items():
            if table == "audit":
                # A build whose audit repeats the texts of the other tables.
                _chain(connection, copy, rows)
            elif table != "audit_rows":
                _insert(connection, table, columns, _copied(connection, copy, table, columns, rows))
        if "audit_rows" in template:
            _refer(connection, copy, template["audit_rows"][1], shown)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite%'"
    )
    # The officers' rows hold no ids of directives, and marks that look like none.
    return [row[0] for row in rows if row[0] not in ("officers", "sessions", "symbols", "broker_positions")]


def _rows(connection: sqlite3.Connection, table: str) -> tuple[list[str], list[Row]]:
    # Without the columns that SQLite computes.
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    found = connection.execute(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 - names of the schema
    return columns, found.fetchall()


def _copied(
    connection: sqlite3.Connection, copy: _Copy, table: str, columns: list[str], rows: list[Row]
) -> Iterator[Row]:
    """Yield the rows of the copy. Ids go on where the table ends, and a key that must be unique is new."""
    drawn = columns[0] == "id"
    ids = copy.ids[table] = {}
    if drawn:
        (last,) = connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()  # noqa: S608 - as above
    unique = {"key", "key_hash"} & set(columns) if "subject" in columns else set()
    key = columns.index(unique.pop()) if unique else None
    for row in rows:
        changed = [copy.value(value) for value in row]
        if changed[drawn:] == list(row[drawn:]):
            continue
        if drawn:
            changed[0] = ids[row[0]] = last = last + 1
        if key is not None:
            given = changed[key]
            drawn_key = hashlib.sha256(f"{given!r}-{copy._number}".encode())
            changed[key] = drawn_key.digest() if isinstance(given, bytes) else drawn_key.hexdigest()
        yield tuple(changed)


def _insert(connection: sqlite3.Connection, table: str, columns: list[str], rows: Iterator[Row]) -> None:
    marks = ", ".join("?" * len(columns))
    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - a name of the schema


def _chain(connection: sqlite3.Connection, copy: _Copy, rows: list[Row]) -> None:
    """Append the copied rows of the audit."""
    width = len(audit.HASHED)
    seq, prev = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    numbers = itertools.count(seq + 1)
    new = []
    for row in rows:
        changed = tuple(copy.value(value) for value in row[1:width])
        if changed != row[1:width]:
            content = (next(numbers), *changed)
            hashed = audit.chain(prev, content)
            new.append((*content, prev, hashed))
            prev = hashed
    _insert(connection, "audit", list(audit.COLUMNS), iter(new))


def _refer(connection: sqlite3.Connection, copy: _Copy, rows: list[Row], shown: list[Row]) -> None:
    """Append the copied rows of an audit that shows the texts of other tables. `shown`: these rows in its view."""
    seq, prev = connection.execute("SELECT seq, hash FROM audit_rows ORDER BY seq DESC LIMIT 1").fetchone()
    prev = prev.hex()
    numbers = itertools.count(seq + 1)
    tables = {"report": "reports", "event": "events", "delivered": "events"}
    new = []
    for row, view in zip(rows, shown, strict=True):
        _, at_ms, code, officer, directive, content, subject, body, _ = row
        kind = view[2]
        if directive not in copy.ids["directives"]:
            continue
        content = copy.ids[tables[kind]][content] if kind in tables else copy.value(content)
        seen = [copy.value(value) for value in view[1 : len(audit.HASHED)]]
        seen[4] = content
        number = next(numbers)
        prev = audit.chain(prev, (number, *seen))
        place = copy.ids["directives"][directive]
        stored = (copy.value(subject), copy.value(body), bytes.fromhex(prev))
        new.append((number, at_ms, code, officer, place, content, *stored))
    _insert(connection, "audit_rows", list(audit.COLUMNS), iter(new))


if __name__ == "__main__":
    lengthen(Path(sys.argv[1]), int(sys.argv[2]))
