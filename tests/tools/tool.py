"""A tool: how it is installed, reads, writes and copies."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

JOURNAL = "{JOURNAL}"
"""Placeholder for the journal's path in a command."""
SQL = "{SQL}"
"""Placeholder for a query in a command."""
COPY = "{COPY}"
"""Placeholder for the path of a copy in a command."""
LOCKED = "database is locked"
"""SQLite's words for a lock of another connection."""

Rows = list[tuple[str, ...]]


def csv_rows(text: str) -> Rows:
    """Return the rows of a CSV text without a header."""
    return [tuple(row) for row in csv.reader(io.StringIO(text)) if row]


def csv_rows_below_header(text: str) -> Rows:
    """Return the rows of a CSV text below its header."""
    return csv_rows(text)[1:]


def json_rows(text: str) -> Rows:
    """Return the rows of a JSON array of objects or arrays, which is the last line."""
    return [
        tuple(str(value) for value in (row.values() if isinstance(row, dict) else row))
        for row in json.loads(text.strip().splitlines()[-1])
    ]


@dataclass(frozen=True)
class Write:
    """Command that changes the file, as people give it while the sidecar runs."""

    command: Sequence[str]
    refused: str = ""
    """Words with which it fails beside a running sidecar; empty where it succeeds."""


@dataclass(frozen=True)
class Copy:
    """Command that makes a copy of the journal at COPY."""

    name: str
    command: Sequence[str]
    unmarked: bool = False
    """The copy lacks the application_id: it is refused first, with the statement that mends it."""


@dataclass(frozen=True)
class Installed:
    """Commands of a tool. The placeholders are replaced in each word."""

    read: Sequence[str] = ()
    """Command that prints the answer to SQL; empty for a tool that does not read."""
    parse: Callable[[str], Rows] = csv_rows
    encode: Callable[[str], str] = str
    """Spelling of a query in the command."""
    stale: Sequence[str] = ()
    """Command that shows an old state beside a writer, without a warning."""
    wrong: Sequence[str] = ()
    """Command that gives another client order id than the journal has, without a warning."""
    writes: Sequence[Write] = ()
    copies: Sequence[Copy] = ()
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tool:
    """One tool. `install` fills an empty folder. It raises UnavailableError."""

    name: str
    source: str
    install: Callable[[Path], Installed]
