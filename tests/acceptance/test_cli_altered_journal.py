"""A journal that another program changed: every command says so, with the statement that undoes it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bridge.exits import ExitCode
from tests.acceptance.command_line import CommandLine
from tests.rig.rig import CLOSED, OPENED, Rig

MARK = "PRAGMA application_id = 1297364290"


def sql(path: Path, *statements: str) -> None:
    """Run the statements as another program does."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("; ".join(statements))


@pytest.mark.parametrize(
    ("statement", "undo"),
    [
        ("PRAGMA application_id = 0", MARK),
        ("CREATE TRIGGER mine AFTER INSERT ON deals BEGIN SELECT 1; END", 'DROP TRIGGER "mine"'),
        ("DROP VIEW timeline", "CREATE VIEW timeline AS SELECT"),
        ("ALTER TABLE deals ADD COLUMN mine TEXT", 'ALTER TABLE deals DROP COLUMN "mine"'),
    ],
)
def test_verify_status_and_the_next_start_agree(command_line: CommandLine, statement: str, undo: str) -> None:
    assert command_line.run("journal", "verify") == ExitCode.OK
    sql(command_line.journal, statement)
    for words in (
        ("journal", "verify"),
        ("halt",),
        ("journal", "backup", str(command_line.folder / "copy.db")),
    ):
        assert command_line.run(*words) == ExitCode.JOURNAL_DAMAGED
        assert "was changed by another program" in command_line.stderr
        assert undo in command_line.stderr
        assert "restore" not in command_line.stderr
    code, report = command_line.status()
    assert code == ExitCode.ATTENTION
    [action] = report["required_actions"]
    assert action["code"] == "JOURNAL_ALTERED"
    remedy = action["remedy"].partition("SQL statement: ")[2]
    assert undo in remedy
    sql(command_line.journal, remedy)
    assert command_line.run("journal", "verify") == ExitCode.OK
    assert command_line.run("halt") == ExitCode.OK


def test_sidecar_starts_on_a_copy_as_sql_text_once_it_has_the_mark_again(rig: Rig) -> None:
    rig.start()
    opening = rig.open()
    rig.sidecar.terminate()
    assert rig.sidecar.exited() == ExitCode.OK
    with closing(sqlite3.connect(rig.journal.path)) as source:
        text = "\n".join(source.iterdump())
    for left in rig.folder.glob(f"{rig.journal.path.name}*"):
        if left.name.removeprefix(rig.journal.path.name) in ("", "-wal", "-shm"):
            left.unlink()
    with closing(sqlite3.connect(rig.journal.path)) as target:
        target.executescript(text)
    refused = rig.bridge("run", "--config", str(rig.config_path))
    assert refused.exited() == ExitCode.JOURNAL_DAMAGED
    assert any(f"put it back with the SQL statement: {MARK}" in line for line in refused.log)
    sql(rig.journal.path, MARK)
    rig.start_sidecar()
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)


def test_running_sidecar_goes_on_once_what_it_cannot_read_is_removed(rig: Rig) -> None:
    """A view in a later SQLite's words: written into the schema as such a program would."""
    rig.start()
    rig.open()
    _edit_schema(
        rig.journal.path,
        "INSERT INTO sqlite_master VALUES ('view', 'mine', 'mine', 0, 'CREATE VIEW mine AS SELECT A LATER WORD')",
    )
    waiting = rig.issue("OPEN_LONG")
    rig.sidecar.line("cannot read mine")
    status = rig.bridge("status", "--config", str(rig.config_path))
    assert status.exited() == ExitCode.ATTENTION
    said = " ".join("\n".join(status.log).split())
    assert "remove mine with the program that made it" in said
    assert "stop the sidecar" not in said
    _edit_schema(rig.journal.path, "DELETE FROM sqlite_master WHERE name = 'mine'")
    rig.emitted(waiting, *OPENED)


def _edit_schema(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        (version,) = connection.execute("PRAGMA schema_version").fetchone()
        with connection:
            connection.execute(statement)
            connection.execute(f"PRAGMA schema_version = {version + 1}")
