"""Halts and quarantines that another program lifted, set or altered are found."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bridge.core.link.messages import LedgerIdentity
from bridge.journal.database.errors import JournalAlteredError
from bridge.journal.journal import opened
from bridge.journal.views import lists

from .bench import NOW, OFFICER, OTHER, OTHER_LEDGER, JournalBench, settings


@pytest.fixture
def halted(bench: JournalBench) -> Path:
    """The path of a closed journal: halts set and lifted, one officer quarantined and one rebound."""
    journal = bench.journal
    journal.halt(OFFICER, NOW, symbol="", why="it's news")
    journal.halt(OFFICER, NOW, symbol="EURUSD", why="spread")
    journal.halt(OTHER, NOW, symbol="GBPUSD", why="")
    journal.halt(OTHER, NOW, symbol="", why="off")
    journal.resume(OFFICER, NOW, symbol="EURUSD", why="")
    journal.resume(OTHER, NOW, symbol=None, why="")
    journal.flatten(OTHER, NOW, nonce="0f" * 8, why="")
    bench.join()
    bench.close()
    return bench.path


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def remedy(path: Path) -> str:
    """Return the SQL statement with which the refusal says that the change is undone."""
    with pytest.raises(JournalAlteredError, match="was changed by another program") as refused:
        with opened(path, settings()):
            pytest.fail("it was opened")
    return str(refused.value).partition("SQL statement: ")[2].partition(";")[0]


def test_marks_set_and_lifted_in_order_are_accepted(halted: Path) -> None:
    with opened(halted, settings()):
        pass
    with lists.reading(halted) as db:
        assert lists.verify(db).differs == ""


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DELETE FROM halts WHERE officer = 'eo-001'", "was lifted"),
        ("UPDATE halts SET symbol = 'XAUUSD' WHERE officer = 'eo-001'", "was lifted"),
        ("UPDATE halts SET why = 'nothing'", "was altered"),
        (
            "INSERT INTO halts VALUES ('eo-001', 'XAUUSD', '2026-01-01T00:00:00.000Z', '', 'operator')",
            "the audit has no halt of XAUUSD",
        ),
        ("UPDATE officers SET quarantine = 'stop' WHERE officer = 'eo-001'", "the audit has no quarantine"),
    ],
)
def test_mark_changed_by_another_program_is_refused_with_the_statement_that_undoes_it(
    halted: Path, statement: str, says: str
) -> None:
    change(halted, statement)
    with lists.reading(halted) as db:
        assert says in lists.verify(db).differs
    for _ in range(3):
        change(halted, remedy(halted))
        with lists.reading(halted) as db:
            if not lists.verify(db).differs:
                break
    with opened(halted, settings()):
        pass


def test_change_that_is_in_the_log_alone_is_not_taken_for_a_foreign_log(halted: Path) -> None:
    """The other program is still there, so that its change is not in the file yet."""
    with closing(sqlite3.connect(halted, isolation_level=None)) as other:
        other.execute("DELETE FROM halts")
        with pytest.raises(JournalAlteredError, match="was lifted") as refused, opened(halted, settings()):
            pytest.fail("it was opened")
    assert "move" not in str(refused.value)


def test_quarantine_lifted_by_another_program_is_refused(joined: JournalBench) -> None:
    joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    [(quarantine,)] = joined.rows("SELECT quarantine FROM officers WHERE officer = ?", OFFICER)
    assert "ledger" in quarantine
    joined.close()
    with opened(joined.path, settings()):
        pass
    change(joined.path, "UPDATE officers SET quarantine = ''")
    change(joined.path, remedy(joined.path))
    with opened(joined.path, settings()) as journal:
        journal.rebind(OFFICER, NOW, account=False, why="compared")
    with opened(joined.path, settings()):
        pass


@pytest.mark.parametrize("word", ["INSERT OR REPLACE INTO", "REPLACE INTO", "INSERT OR IGNORE INTO"])
@pytest.mark.parametrize("seq", ["1", "max(seq)", "max(seq) + 2", "0", "NULL"])
def test_audit_takes_no_row_but_the_next(bench: JournalBench, word: str, seq: str) -> None:
    bench.journal.halt(OFFICER, NOW, symbol="", why="")
    before = bench.rows("SELECT * FROM audit")
    columns = "at_ms, code, officer, directive, content, subject, 'x', hash"
    statement = f"{word} audit_rows SELECT {seq}, {columns} FROM audit_rows"  # noqa: S608 - the test's own words
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        bench.connection.execute(f"{statement} ORDER BY seq LIMIT 1")
    assert bench.rows("SELECT * FROM audit") == before
