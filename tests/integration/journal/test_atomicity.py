"""A step is stored whole or not at all: when it fails half-way, on a full disk, while another program locks."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.journal.database import audit, file
from bridge.journal.database.errors import JournalUnavailableError
from bridge.journal.database.lock_wait import LockWait
from bridge.journal.database.words import AuditKind
from bridge.journal.tables.events import Delivery

from .bench import OFFICER, JournalBench, directive
from .conftest import InstallHook
from .reports import deal, result, submitted

TIMEOUT_S = 20.0

Work = Callable[[JournalBench], object]


class Struck(Exception):
    """Error that is raised half-way through a step."""


def dispatched(bench: JournalBench) -> None:
    """Bring one command to the terminal, and leave one event undelivered."""
    bench.join()
    bench.sent(directive())


def planned(bench: JournalBench) -> None:
    """Plan one command that may be sent."""
    bench.join()
    bench.planned(directive())


def known(bench: JournalBench) -> None:
    """Store one directive that may be planned: its symbol is known."""
    bench.join()
    bench.planned(directive())
    bench.take(directive("dir-2"))


def new(bench: JournalBench) -> None:
    """Leave the journal as it is."""


def filled(bench: JournalBench) -> object:
    """Let the terminal report every stage of the command."""
    order = bench.order()
    return bench.report(submitted(order), result(order), deal(order))


NAMES: dict[str, str] = {"planning": "dispatch"}
"""Name of a step at its fault points, where it differs from its name here."""
STEPS: dict[str, tuple[Callable[[JournalBench], None], Work]] = {
    "intake": (new, lambda bench: bench.take(directive(), directive("dir-2", quantity=-1), "42")),
    "session": (new, lambda bench: bench.join()),
    "session end": (dispatched, lambda bench: bench.journal.end_epoch(OFFICER, 1, "over", bench.now)),
    "link": (dispatched, lambda bench: bench.journal.link_lost(OFFICER, "silent", bench.now)),
    "clock": (dispatched, lambda bench: bench.journal.note_offset(OFFICER, 900, bench.now)),
    "reports": (dispatched, filled),
    "dispatch": (planned, lambda bench: bench.advance()),
    "planning": (known, lambda bench: bench.advance(opens_paused=True)),
    "status_request": (dispatched, lambda bench: bench.request_status(first=True)),
    "delivered": (
        dispatched,
        lambda bench: bench.journal.set_delivered([Delivery(bench.due()[0], "evt-1")], bench.now),
    ),
    "refused": (dispatched, lambda bench: bench.journal.set_refused(bench.due()[0], "no", bench.now)),
    "trouble": (
        dispatched,
        lambda bench: bench.journal.emit_trouble(OFFICER, "JOURNAL", "full", "disk", bench.now),
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_step_that_fails_before_its_commit_leaves_nothing(
    bench: JournalBench, install_hook: InstallHook, name: str
) -> None:
    prepare, work = STEPS[name]
    prepare(bench)
    before: list[list[str]] = []

    def strike(place: str) -> None:
        if place == f"journal.{NAMES.get(name, name)}.before_commit":
            # Its writes are in the open transaction.
            assert bench.content() != before[0]
            raise Struck

    before.append(bench.content())
    install_hook(strike)
    with pytest.raises(Struck):
        work(bench)
    assert bench.content() == before[0]
    install_hook(lambda place: None)
    work(bench)
    assert bench.content() != before[0]
    assert bench.chain_break() == ""


@pytest.mark.parametrize("name", STEPS)
def test_step_that_fails_after_its_commit_is_stored(
    bench: JournalBench, install_hook: InstallHook, name: str
) -> None:
    prepare, work = STEPS[name]
    prepare(bench)
    before = bench.content()

    def strike(place: str) -> None:
        if place == f"journal.{NAMES.get(name, name)}.committed":
            raise Struck

    install_hook(strike)
    with pytest.raises(Struck):
        work(bench)
    with file.open_reader(bench.path) as beside:
        after = list(beside.iterdump())
    assert after == bench.content() != before


def fill_up(bench: JournalBench) -> None:
    """Fill the disk: not even the smallest row of the audit fits."""
    [(pages,)] = bench.rows("PRAGMA page_count")
    bench.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        while True:
            audit.append(bench.connection, at=bench.now, kind=AuditKind.CLOCK, officer=None, subject="")


def make_room(bench: JournalBench) -> None:
    """Make room on the disk."""
    bench.rows("PRAGMA max_page_count = 1000000")


@pytest.mark.parametrize("name", [name for name in STEPS if name not in ("session end", "status_request")])
def test_step_on_a_full_disk_fails_as_a_whole_and_works_once_there_is_room(
    bench: JournalBench, name: str
) -> None:
    prepare, work = STEPS[name]
    prepare(bench)
    fill_up(bench)
    before = bench.content()
    for _ in range(2):
        with pytest.raises(
            JournalUnavailableError, match=f"'{NAMES.get(name, name)}': database or disk is full"
        ):
            work(bench)
        assert bench.content() == before
        assert not bench.connection.in_transaction
    make_room(bench)
    work(bench)
    assert bench.content() != before
    assert bench.chain_break() == ""


def test_lock_of_another_program_is_waited_for(bench: JournalBench) -> None:
    waiting_for_lock = threading.Event()
    bench.connection.set_trace_callback(
        lambda text: waiting_for_lock.set() if text.startswith("BEGIN") else None
    )
    other = sqlite3.connect(bench.path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(max_workers=1) as thread:
            taking = thread.submit(bench.take, directive())
            assert waiting_for_lock.wait(TIMEOUT_S)
            assert not taking.done()
            other.execute("COMMIT")
            assert taking.result(TIMEOUT_S).new == 1
    finally:
        other.close()


def test_lock_that_is_not_released_fails_the_step_and_the_next_step_works(bench: JournalBench) -> None:
    bench.journal.wait = LockWait(0.0)
    other = sqlite3.connect(bench.path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalUnavailableError, match=r"'intake': database is locked"):
            bench.take(directive())
        assert bench.rows("SELECT count(*) FROM directives") == [(0,)]
        other.execute("COMMIT")
        assert bench.take(directive()).new == 1
    finally:
        other.close()
