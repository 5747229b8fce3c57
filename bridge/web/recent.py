"""Recent activity for the page: last events, fills, directives, times of the steps."""

import sqlite3
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlite_utils import Database

from bridge.journal.database.errors import JournalError
from bridge.journal.views import activity, hops, lists
from bridge.journal.views.executions import Executions
from bridge.journal.views.hops import Hop, Took
from bridge.sidecar.figures import Figures
from bridge.status import activity as words
from bridge.status.holders import Held, held
from bridge.status.overview import Table
from bridge.status.reading import connection_at, journal_at

ROWS: Final = 15
"""Rows of each list on the first page."""
FOUND: Final = 100
"""Most directives that a search shows."""
MEASURED: Final = 500
"""Times of each step that are kept."""
FIRST_ROWS: Final = 3_000
"""Rows of the audit that are read for them when somebody looks for the first time."""


class Recent:
    """Reads recent activity; keeps the times of the steps between two looks."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._seq: int | None = None
        self._hops_s: dict[Hop, deque[float]] = {}

    def tables(self, figures: Figures) -> list[Table]:
        """Return the tables of the first page; none where the journal cannot be read."""
        try:
            with connection_at(self._journal) as connection:
                self._measure(connection)
            with journal_at(self._journal) as db:
                return list(self._of(db, figures))
        except JournalError:
            return []

    def search(self, text: str) -> Table:
        """Return the directives that a text is about. Raises JournalError."""
        with journal_at(self._journal) as db:
            found = activity.search(db, text, limit=FOUND)
        return words.directives_table(
            f"{len(found)} directives found" if found else "No directive found", found
        )

    def steps(self, officer: str, directive_id: str) -> tuple[Table | None, list[Held], Table]:
        """Return the directive, None where the journal lacks it; its holders; its steps. Raises JournalError."""
        with journal_at(self._journal) as db:
            found = lists.one_directive(db, officer, directive_id)
            rows = lists.timeline(db, directive_id, officer)
            executions = Executions(db.conn)
            way = [
                part for row in found for part in held(row.received_at, executions.of(officer, directive_id))
            ]
        overview = words.directives_table("What became of it", found) if found else None
        return overview, way, words.steps_table(directive_id, rows)

    def _of(self, db: Database, figures: Figures) -> Iterator[Table]:
        yield words.directives_table("Last directives", lists.directives(db, limit=ROWS)[::-1])
        yield words.events_table(activity.events(db, limit=ROWS))
        yield words.fills_table(activity.fills(db, limit=ROWS))
        polls = {Hop.POLL: figures.last_poll_s, Hop.INTAKE: figures.last_intake_s}
        yield words.hops_table(polls | self._hops_s)

    def _measure(self, connection: sqlite3.Connection) -> None:
        if self._seq is None:
            self._seq = max(hops.last_seq(connection) - FIRST_ROWS, 0)
        self._seq, found = hops.after(connection, self._seq, limit=FIRST_ROWS)
        for each in found:
            if isinstance(each, Took):
                self._hops_s.setdefault(each.hop, deque(maxlen=MEASURED)).append(each.seconds)
