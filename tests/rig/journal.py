"""The journal as tests read it while the sidecar writes it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from bridge.journal.database.file import open_reader
from bridge.journal.views.lists import ChainVerdict, reading, verify


class JournalView:
    """Reads rows. Each call reads the journal of its own moment."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Return the rows of a query, as dictionaries."""
        with open_reader(self.path) as connection:
            return [dict(row) for row in connection.execute(query, values)]

    def chain(self) -> ChainVerdict:
        """Return the verdict on the audit's hash chain."""
        with reading(self.path) as db:
            return verify(db)

    def state(self, directive_id: str) -> str:
        """Return the state of a directive."""
        (row,) = self.rows("SELECT state FROM directives WHERE directive_id = ?", directive_id)
        return str(row["state"])

    def commands(self, directive_id: str) -> list[dict[str, Any]]:
        """Return the commands of a directive, by number."""
        return self.rows("SELECT * FROM commands WHERE directive_id = ? ORDER BY number", directive_id)

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy, as a backup tool does."""
        with open_reader(self.path) as source, closing(sqlite3.connect(path)) as target:
            source.backup(target)
