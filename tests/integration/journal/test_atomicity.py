"""A step happens whole or not at all: when it fails half-way, when the disk is full, while another tool locks."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.journal.database import audit, file
from bridge.journal.database.errors import JournalUnavailableError
from bridge.journal.database.words import AuditKind

from .conftest import InstallHook
from .desk import OFFICER, Desk, directive
from .reports import deal, result, submitted

PATIENCE_S = 20.0

Work = Callable[[Desk], object]


class Struck(Exception):
    """What the step is struck by half-way."""


def dispatched(desk: Desk) -> None:
    """One command is with the terminal, one event was not delivered."""
    desk.join()
    desk.sent(directive())


def planned(desk: Desk) -> None:
    """One command could go out."""
    desk.join()
    desk.planned(directive())


def known(desk: Desk) -> None:
    """One directive could be planned: its symbol is known."""
    desk.join()
    desk.planned(directive())
    desk.take(directive("dir-2"))


def new(desk: Desk) -> None:
    """Nothing has happened yet."""


def filled(desk: Desk) -> object:
    """The terminal reports all of the command's life."""
    order = desk.order()
    return desk.report(submitted(order), result(order), deal(order))


NAMES: dict[str, str] = {"planning": "dispatch"}
"""What a step is called at its fault points, where it is called otherwise here."""
STEPS: dict[str, tuple[Callable[[Desk], None], Work]] = {
    "intake": (new, lambda desk: desk.take(directive(), directive("dir-2", quantity=-1), "42")),
    "session": (new, lambda desk: desk.join()),
    "session end": (dispatched, lambda desk: desk.journal.end_epoch(OFFICER, 1, "over", desk.now)),
    "link": (dispatched, lambda desk: desk.journal.link_lost(OFFICER, "silent", desk.now)),
    "clock": (dispatched, lambda desk: desk.journal.note_offset(OFFICER, 900, desk.now)),
    "reports": (dispatched, filled),
    "dispatch": (planned, lambda desk: desk.advance()),
    "planning": (known, lambda desk: desk.advance(opens_paused=True)),
    "status_request": (dispatched, lambda desk: desk.request_status(first=True)),
    "delivered": (dispatched, lambda desk: desk.journal.set_delivered(desk.due()[0], "evt-1", desk.now)),
    "refused": (dispatched, lambda desk: desk.journal.set_refused(desk.due()[0], "no", desk.now)),
    "trouble": (
        dispatched,
        lambda desk: desk.journal.emit_trouble(OFFICER, "JOURNAL", "full", "disk", desk.now),
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_is_struck_before_its_commit_leaves_nothing(
    desk: Desk, install_hook: InstallHook, name: str
) -> None:
    prepare, work = STEPS[name]
    prepare(desk)
    before: list[list[str]] = []

    def strike(place: str) -> None:
        if place == f"journal.{NAMES.get(name, name)}.before_commit":
            # Its writes stand in the open transaction.
            assert desk.content() != before[0]
            raise Struck

    before.append(desk.content())
    install_hook(strike)
    with pytest.raises(Struck):
        work(desk)
    assert desk.content() == before[0]
    install_hook(lambda place: None)
    work(desk)
    assert desk.content() != before[0]
    assert desk.chain_break() == ""


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_is_struck_after_its_commit_stands(
    desk: Desk, install_hook: InstallHook, name: str
) -> None:
    prepare, work = STEPS[name]
    prepare(desk)
    before = desk.content()

    def strike(place: str) -> None:
        if place == f"journal.{NAMES.get(name, name)}.committed":
            raise Struck

    install_hook(strike)
    with pytest.raises(Struck):
        work(desk)
    with file.open_reader(desk.path) as beside:
        after = list(beside.iterdump())
    assert after == desk.content() != before


def fill_up(desk: Desk) -> None:
    """The disk is full: the audit takes not even its smallest row."""
    [(pages,)] = desk.rows("PRAGMA page_count")
    desk.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        while True:
            audit.append(desk.connection, at=desk.now, kind=AuditKind.CLOCK, officer=None, subject="")


def make_room(desk: Desk) -> None:
    """There is room again."""
    desk.rows("PRAGMA max_page_count = 1000000")


@pytest.mark.parametrize("name", [name for name in STEPS if name not in ("session end", "status_request")])
def test_on_a_full_disk_a_step_fails_whole_and_works_once_there_is_room(desk: Desk, name: str) -> None:
    prepare, work = STEPS[name]
    prepare(desk)
    fill_up(desk)
    before = desk.content()
    for _ in range(2):
        with pytest.raises(
            JournalUnavailableError, match=f"'{NAMES.get(name, name)}': database or disk is full"
        ):
            work(desk)
        assert desk.content() == before
        assert not desk.connection.in_transaction
    make_room(desk)
    work(desk)
    assert desk.content() != before
    assert desk.chain_break() == ""


def test_a_lock_held_by_another_tool_is_waited_out(desk: Desk) -> None:
    knocking = threading.Event()
    desk.connection.set_trace_callback(lambda text: knocking.set() if text.startswith("BEGIN") else None)
    other = sqlite3.connect(desk.path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(max_workers=1) as thread:
            taking = thread.submit(desk.take, directive())
            assert knocking.wait(PATIENCE_S)
            assert not taking.done()
            other.execute("COMMIT")
            assert taking.result(PATIENCE_S).new == 1
    finally:
        other.close()


def test_a_lock_that_is_not_given_up_fails_the_step_whole_and_the_next_works(desk: Desk) -> None:
    desk.connection.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(desk.path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalUnavailableError, match=r"'intake': database is locked"):
            desk.take(directive())
        assert desk.rows("SELECT count(*) FROM directives") == [(0,)]
        other.execute("COMMIT")
        assert desk.take(directive()).new == 1
    finally:
        other.close()


def test_a_lock_is_waited_out_for_half_a_minute_at_least(desk: Desk) -> None:
    assert desk.rows("PRAGMA busy_timeout")[0][0] >= 30_000
