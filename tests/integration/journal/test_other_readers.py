"""Other programs on the journal while it is in use: they read, stay in a transaction, checkpoint, vacuum, copy."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bridge.journal.database import file
from bridge.journal.journal import opened
from bridge.journal.views import lists

from .bench import NOW, OFFICER, JournalBench, directive, settings


@pytest.fixture
def other(joined: JournalBench) -> Iterator[sqlite3.Connection]:
    """A connection of another program to the journal in use."""
    with closing(sqlite3.connect(joined.path, isolation_level=None)) as connection:
        yield connection


def dispatch(bench: JournalBench, directive_id: str) -> None:
    """Receive a directive, and dispatch its command."""
    [command] = bench.sent(directive(directive_id))
    assert bench.command_state(command.order.client_order_id) == "DISPATCHED"


def count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM directives").fetchone()[0])


def test_reader_with_an_open_transaction_stops_no_step_and_sees_its_own_moment(
    joined: JournalBench, other: sqlite3.Connection
) -> None:
    dispatch(joined, "dir-1")
    other.execute("BEGIN")
    assert count(other) == 1
    dispatch(joined, "dir-2")
    assert count(other) == 1
    other.execute("COMMIT")
    assert count(other) == 2


def test_log_grows_while_a_reader_keeps_its_transaction_and_is_used_again_afterwards(
    joined: JournalBench, other: sqlite3.Connection
) -> None:
    """A checkpoint copies nothing that a reader may still need, and the log cannot begin anew."""
    log = joined.path.with_name(f"{joined.path.name}-wal")
    joined.connection.execute("PRAGMA wal_autocheckpoint = 1")
    dispatch(joined, "dir-1")
    other.execute("BEGIN")
    count(other)
    before = log.stat().st_size
    for number in range(20):
        joined.take(directive(f"dir-more-{number}"))
    assert log.stat().st_size > 2 * before
    other.execute("COMMIT")
    # This commit's checkpoint copies all of it.
    joined.take(directive("dir-next"))
    grown = log.stat().st_size
    for number in range(20):
        joined.take(directive(f"dir-last-{number}"))
    assert log.stat().st_size == grown


@pytest.mark.parametrize(
    "statement",
    ["PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "ANALYZE", "REINDEX", "CREATE TABLE mine (x)"],
)
def test_journal_in_use_goes_on_after_another_programs_statement_and_opens_again(
    joined: JournalBench, other: sqlite3.Connection, statement: str
) -> None:
    dispatch(joined, "dir-1")
    other.execute(statement)
    dispatch(joined, "dir-2")
    assert joined.chain_break() == ""
    joined.close()
    with opened(joined.path, settings()) as journal:
        assert journal.halt(OFFICER, NOW, symbol="", why="news").why == "news"
    with lists.reading(joined.path) as db:
        assert lists.verify(db).broken == ""


def test_other_program_cannot_take_the_log_away(joined: JournalBench, other: sqlite3.Connection) -> None:
    other.execute("PRAGMA busy_timeout = 0")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("PRAGMA journal_mode = DELETE")
    dispatch(joined, "dir-1")


def test_immutable_reader_and_a_copy_of_the_file_alone_miss_what_is_in_the_log(
    joined: JournalBench, other: sqlite3.Connection, tmp_path: Path
) -> None:
    """The documentation warns of both."""
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    dispatch(joined, "dir-1")
    copy = tmp_path / "copy.db"
    copy.write_bytes(joined.path.read_bytes())
    uri = f"{file.uri(joined.path)}?immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as immutable, closing(sqlite3.connect(copy)) as alone:
        assert (count(immutable), count(alone), count(other)) == (0, 0, 1)
