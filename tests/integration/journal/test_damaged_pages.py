"""A damaged page: the journal is refused, or its content is intact."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bridge.journal.database import file
from bridge.journal.database.errors import JournalDamagedError

from .bench import JournalBench, directive
from .reports import deal, result, submitted

PAGE = 4096
PLACES = (0, 3, 7, 9, 1000, 2500, PAGE - 1)
"""Places in a page where a bit is flipped: its header, its pointers and its cells."""


@pytest.fixture
def lived(joined: JournalBench) -> Path:
    """The path of a small journal that has something in every table and was closed."""
    [command] = joined.sent(directive(), directive("dir-2", quantity=-1), "42")
    joined.report(submitted(command.order), result(command.order), deal(command.order))
    joined.close()
    return joined.path


def audit_rows(path: Path) -> list[tuple[Any, ...]]:
    with file.open_reader(path) as connection:
        return [tuple(row) for row in connection.execute("SELECT * FROM audit ORDER BY seq")]


def test_flipped_bit_on_any_page_is_refused_or_leaves_the_audit_intact(lived: Path, tmp_path: Path) -> None:
    data = lived.read_bytes()
    rows = audit_rows(lived)
    assert len(data) % PAGE == 0
    refused = 0
    for page in range(len(data) // PAGE):
        path = tmp_path / f"page-{page}.db"
        for place in PLACES:
            damaged = bytearray(data)
            damaged[page * PAGE + place] ^= 0x10
            path.write_bytes(damaged)
            try:
                file.check(path)
            except JournalDamagedError:
                refused += 1
                assert path.read_bytes() == damaged
            else:
                assert audit_rows(path) == rows, f"page {page}, byte {place}"
    # At least one place on every page matters to SQLite itself.
    assert refused >= len(data) // PAGE


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE commands SET rest = replace(rest, '0.3', '9.3')",
        "UPDATE events SET occurred_us = occurred_us + 1",
        "UPDATE directives SET raw = replace(raw, '0.3', '9.3')",
    ],
    ids=lambda change: change.split()[1],
)
def test_row_that_differs_from_the_audit_is_refused(lived: Path, change: str) -> None:
    connection = sqlite3.connect(lived)
    connection.execute(change)
    connection.commit()
    connection.close()
    with pytest.raises(JournalDamagedError):
        file.check(lived)


def test_schema_that_differs_from_the_migrations_is_refused(lived: Path) -> None:
    connection = sqlite3.connect(lived)
    connection.execute("DROP TRIGGER audit_is_never_changed")
    connection.commit()
    connection.close()
    with pytest.raises(JournalDamagedError):
        file.check(lived)
