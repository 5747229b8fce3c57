"""Pages of the list of directives."""

from collections.abc import Iterator

import pytest
from sqlite_utils import Database

from bridge.journal.views import lists
from bridge.journal.views.lists import DirectiveRow

from .bench import OFFICER, OTHER, JournalBench, directive


@pytest.fixture
def db(bench: JournalBench) -> Iterator[Database]:
    """The journal with eight directives of one officer, and one of another in between."""
    bench.take(*(directive(f"dir-{number}") for number in range(4)))
    bench.take(directive("dir-other"), officer=OTHER)
    bench.take(*(directive(f"dir-{number}") for number in range(4, 7)), directive("dir-7", quantity=-1))
    with lists.reading(bench.path) as opened:
        yield opened


def ids(rows: list[DirectiveRow]) -> list[str]:
    return [row.directive_id for row in rows]


def test_page_has_the_newest_directives_oldest_first(db: Database) -> None:
    assert ids(lists.directives(db, limit=3)) == ["dir-5", "dir-6", "dir-7"]


def test_pages_follow_each_other_without_gap_or_repetition(db: Database) -> None:
    found: list[DirectiveRow] = []
    while page := lists.directives(db, limit=4, before=found[0].place if found else None):
        found = [*page, *found]
    assert ids(found) == [*(f"dir-{n}" for n in range(4)), "dir-other", *(f"dir-{n}" for n in range(4, 8))]


def test_pages_of_one_officer_and_state(db: Database) -> None:
    page = lists.directives(db, officer=OFFICER, state="RECEIVED", limit=2, before=5)
    assert ids(page) == ["dir-2", "dir-3"]
    assert ids(lists.directives(db, state="REJECTED")) == ["dir-7"]
    assert ids(lists.directives(db, officer=OTHER)) == ["dir-other"]


def test_work_for_a_page_does_not_grow_with_the_journal(bench: JournalBench, db: Database) -> None:
    def work() -> int:
        count = 0

        def tick() -> None:
            nonlocal count
            count += 1

        db.conn.set_progress_handler(tick, 1)
        lists.directives(db, limit=5)
        db.conn.set_progress_handler(None, 0)
        return count

    before = work()
    bench.take(*(directive(f"more-{number}") for number in range(500)))
    assert work() <= before + 5
