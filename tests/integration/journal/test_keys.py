"""Keys of events where an old copy of the journal is put back: what happens afterwards is news by its key too."""

import shutil
from collections.abc import Callable

import pytest

from bridge.core.link.messages import LedgerIdentity

from .desk import LEDGER, OFFICER, OTHER_LEDGER, Desk, directive
from .reports import deal, scan, submitted


def keys(desk: Desk, about: str) -> list[str]:
    """The keys of the events about that."""
    found = desk.rows("SELECT key FROM events WHERE subject LIKE ? || ':%' ORDER BY id", about)
    return [key for (key,) in found]


def again_from_a_copy(desk: Desk, happens: Callable[[Desk], None], about: str) -> tuple[list[str], list[str]]:
    """The keys of what happens, and those of the same after the copy from before was put back."""
    copy = desk.path.with_suffix(".copy")
    desk.close()
    shutil.copy(desk.path, copy)
    found = []
    for _ in range(2):
        shutil.copy(copy, desk.path)
        desk.open()
        desk.later(3600)
        happens(desk)
        found.append(keys(desk, about))
        desk.close()
    desk.open()
    return found[0], found[1]


def lose_the_link_twice(desk: Desk) -> None:
    for _ in range(2):
        desk.journal.link_lost(OFFICER, "silent", desk.now)
        desk.later(1)
        desk.join()


def meet_another_ledger_twice(desk: Desk) -> None:
    for ledger in (OTHER_LEDGER, LEDGER):
        desk.join(ledger=LedgerIdentity(id=ledger, mark=0))
        desk.journal.rebind(OFFICER, desk.now, account=False, why="looked")
        desk.join(ledger=LedgerIdentity(id=ledger, mark=0))


@pytest.mark.parametrize(
    ("happens", "about", "count"),
    [(lose_the_link_twice, "link", 4), (meet_another_ledger_twice, "quarantine", 2)],
)
def test_what_happens_after_a_copy_was_put_back_has_keys_of_its_own(
    joined: Desk, happens: Callable[[Desk], None], about: str, count: int
) -> None:
    before, after = again_from_a_copy(joined, happens, about)
    assert len(set(before)) == len(set(after)) == count
    assert not set(before) & set(after)


def test_a_book_that_differs_is_emitted_by_the_scan_that_showed_it(joined: Desk) -> None:
    """The terminal goes on counting its scans, whatever copy the journal is."""
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), deal(command.order))
    counter = iter(range(1, 100))

    def differ(desk: Desk) -> None:
        desk.join()
        for _ in range(3):
            desk.report(scan(next(counter), desk.now))
            desk.later(60)

    before, after = again_from_a_copy(joined, differ, "book")
    assert len(before) == len(after) == 1
    assert before != after
