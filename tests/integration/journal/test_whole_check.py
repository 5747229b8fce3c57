"""A long journal opens at once, and is checked as a whole behind that, in a process of its own."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bridge.journal.database import content, file
from bridge.journal.database.errors import JournalAlteredError, JournalDamagedError
from bridge.journal.journal import opened
from bridge.journal.whole_check import Finding, Result, WholeCheck

from .bench import NOW, OFFICER, JournalBench, directive, settings
from .reports import deal, result, submitted


@pytest.fixture
def lived(joined: JournalBench) -> Path:
    """The path of a closed journal with a filled directive and a halt."""
    [command] = joined.sent(directive(), directive("dir-2", quantity=-1))
    joined.report(submitted(command.order), result(command.order), deal(command.order))
    joined.journal.halt(OFFICER, NOW, symbol="GBPUSD", why="news")
    joined.close()
    return joined.path


def alter(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def lengthen(path: Path) -> None:
    """Make the file longer than the limit, by the table of another tool."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE pad (bytes BLOB)")
        connection.execute("INSERT INTO pad VALUES (zeroblob(:bytes))", {"bytes": file.LONG_BYTES})


def checked(path: Path, parts: list[str]) -> Finding:
    process = WholeCheck(path)
    try:
        return process.follow(parts.append)
    finally:
        process.end()


def test_long_journal_is_opened_without_the_whole_check(lived: Path) -> None:
    with opened(lived, settings()) as journal:
        assert journal.unchecked is None
    alter(lived, "UPDATE commands SET rest = replace(rest, '0.3', '9.3')")
    with pytest.raises(JournalDamagedError), opened(lived, settings()):
        pytest.fail("it was opened")
    lengthen(lived)
    with opened(lived, settings()) as journal:
        assert journal.unchecked == lived


def test_long_journal_without_its_halt_is_refused_at_once(lived: Path) -> None:
    lengthen(lived)
    alter(lived, "DELETE FROM halts")
    with pytest.raises(JournalAlteredError, match="was lifted"), opened(lived, settings()):
        pytest.fail("it was opened")


def test_long_journal_with_another_schema_is_refused_at_once(lived: Path) -> None:
    lengthen(lived)
    alter(lived, "DROP TRIGGER audit_is_never_changed")
    with (
        pytest.raises(JournalDamagedError, match="audit_is_never_changed is missing"),
        opened(lived, settings()),
    ):
        pytest.fail("it was opened")


def test_check_behind_the_start_finds_each_kind_of_damage(lived: Path, tmp_path: Path) -> None:
    expected = {
        "UPDATE commands SET rest = replace(rest, '0.3', '9.3')": "differs from its table",
        "UPDATE commands SET state = 'SOMEWHERE'": "SOMEWHERE",
        "UPDATE directives SET raw = replace(raw, '0.3', '9.3')": "differs from its table",
    }
    for number, (change, words) in enumerate(expected.items()):
        path = tmp_path / f"copy-{number}.db"
        path.write_bytes(lived.read_bytes())
        alter(path, change)
        found = checked(path, [])
        assert found.result is Result.DAMAGED
        assert words in found.message


def test_check_beside_a_writing_owner_finds_the_journal_whole(bench: JournalBench) -> None:
    bench.join()
    parts: list[str] = []
    process = WholeCheck(bench.path)

    def write(part: str) -> None:
        parts.append(part)
        bench.take(*(directive(f"{part}-{number}") for number in range(20)))
        bench.advance()

    try:
        assert process.follow(write) == Finding(Result.WHOLE)
    finally:
        process.end()
    assert parts == ["pages", "audit", "words", "tables"]


def test_check_of_a_file_that_is_gone_has_no_verdict(lived: Path) -> None:
    lived.unlink()
    assert checked(lived, []).result is Result.UNKNOWN


def test_cost_of_opening_does_not_grow_with_the_journal(bench: JournalBench) -> None:
    def cost(read: Callable[[sqlite3.Connection], object]) -> int:
        count = 0

        def tick() -> None:
            nonlocal count
            count += 1

        with file.open_reader(bench.path) as connection:
            connection.set_progress_handler(tick, 1)
            read(connection)
        return count

    def head(connection: sqlite3.Connection) -> None:
        content.check(bench.path, connection, whole=False)

    bench.join()
    bench.sent(*(directive(f"few-{number}") for number in range(4)))
    before = cost(head)
    for number in range(50):
        bench.take(directive(f"many-{number}"))
        bench.advance()
    assert cost(head) <= before + 5
