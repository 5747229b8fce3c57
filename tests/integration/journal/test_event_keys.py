"""Keys of events after an old copy of the journal is restored: later occurrences have new keys."""

import shutil
from collections.abc import Callable

import pytest

from bridge.core.link.messages import LedgerIdentity

from .bench import LEDGER, OFFICER, OTHER_LEDGER, JournalBench, directive
from .reports import deal, scan, submitted


def keys(bench: JournalBench, about: str) -> list[str]:
    """Return the keys of the events about that."""
    found = bench.rows("SELECT key FROM events WHERE subject LIKE ? || ':%' ORDER BY id", about)
    return [key for (key,) in found]


def again_from_a_copy(
    bench: JournalBench, happens: Callable[[JournalBench], None], about: str
) -> tuple[list[str], list[str]]:
    """Return the keys of the events, and those of the same events after the copy from before was restored."""
    copy = bench.path.with_suffix(".copy")
    bench.close()
    shutil.copy(bench.path, copy)
    found = []
    for _ in range(2):
        shutil.copy(copy, bench.path)
        bench.open()
        bench.later(3600)
        happens(bench)
        found.append(keys(bench, about))
        bench.close()
    bench.open()
    return found[0], found[1]


def lose_the_link_twice(bench: JournalBench) -> None:
    for _ in range(2):
        bench.journal.link_lost(OFFICER, "silent", bench.now)
        bench.later(1)
        bench.join()


def meet_another_ledger_twice(bench: JournalBench) -> None:
    for ledger in (OTHER_LEDGER, LEDGER):
        bench.join(ledger=LedgerIdentity(id=ledger, mark=0))
        bench.journal.rebind(OFFICER, bench.now, account=False, why="looked")
        bench.join(ledger=LedgerIdentity(id=ledger, mark=0))


@pytest.mark.parametrize(
    ("happens", "about", "count"),
    [(lose_the_link_twice, "link", 4), (meet_another_ledger_twice, "quarantine", 2)],
)
def test_events_after_a_restored_copy_have_new_keys(
    joined: JournalBench, happens: Callable[[JournalBench], None], about: str, count: int
) -> None:
    before, after = again_from_a_copy(joined, happens, about)
    assert len(set(before)) == len(set(after)) == count
    assert not set(before) & set(after)


def test_position_mismatch_has_the_key_of_the_scan_that_showed_it(joined: JournalBench) -> None:
    """The terminal continues its scan numbers, whichever copy the journal is."""
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), deal(command.order))
    counter = iter(range(1, 100))

    def differ(bench: JournalBench) -> None:
        bench.join()
        for _ in range(3):
            bench.report(scan(next(counter), bench.now))
            bench.later(60)

    before, after = again_from_a_copy(joined, differ, "book")
    assert len(before) == len(after) == 1
    assert before != after
