"""`execution-officer journal backup` and `restore`."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from bridge.core.link.messages import LedgerIdentity
from bridge.exits import ExitCode
from bridge.journal.database.header import begins_as_database
from bridge.journal.database.lock import locked
from tests.acceptance.command_line import CommandLine
from tests.acceptance.commands import environment
from tests.integration.journal.bench import LEDGER, OFFICER, directive
from tests.integration.journal.reports import deal, result, submitted

OPERATION: Final = Path(__file__).parents[2] / "docs" / "operation.md"


def test_backup_says_what_it_wrote_and_refuses_a_second_time(command_line: CommandLine) -> None:
    copy = command_line.folder / "copy.db"
    assert command_line.run("journal", "backup", str(copy)) == ExitCode.OK
    assert command_line.stdout.startswith(f"{copy}: {copy.stat().st_size:,} bytes, ")
    assert command_line.run("journal", "backup", str(copy)) == ExitCode.FAILED
    assert command_line.stderr == (
        f"Error: the backup {copy} was not made: the file exists, and a backup overwrites nothing. "
        "Name a new file.\n"
    )


def test_backup_with_json_prints_one_object(command_line: CommandLine) -> None:
    copy = command_line.folder / "copy.db"
    assert command_line.run("journal", "backup", str(copy), "--json") == ExitCode.OK
    assert json.loads(command_line.stdout) == {
        "file": str(copy),
        "bytes": copy.stat().st_size,
        "audit_rows": 0,
    }


def test_backups_in_a_folder_are_named_by_their_time_and_kept_by_number(command_line: CommandLine) -> None:
    folder = command_line.folder / "backups"
    folder.mkdir()
    mine, old, older = (
        folder / name for name in ("mine.txt", "journal-20260101T000000Z.db", "journal-20250101T000000Z.db")
    )
    for file in (mine, old, older):
        file.touch()
    assert command_line.run("journal", "backup", str(folder), "--keep", "2") == ExitCode.OK
    assert command_line.stderr == f"{older}: removed.\n"
    [made] = set(folder.iterdir()) - {mine, old}
    assert re.fullmatch(r"journal-20\d{6}T\d{6}Z\.db", made.name)
    assert command_line.stdout.startswith(f"{made}: ")


def test_backups_are_kept_where_the_new_one_cannot_be_made(command_line: CommandLine) -> None:
    folder = command_line.folder / "backups"
    folder.mkdir()
    (old := folder / "journal-20200101T000000Z.db").touch()
    command_line.journal.write_bytes(b"no journal")
    assert command_line.run("journal", "backup", str(folder), "--keep-days", "1") == ExitCode.JOURNAL_DAMAGED
    assert list(folder.iterdir()) == [old]


def test_rules_of_keeping_need_a_folder(command_line: CommandLine) -> None:
    copy = command_line.folder / "copy.db"
    assert command_line.run("journal", "backup", str(copy), "--keep", "2") == ExitCode.USAGE
    assert f"--keep and --keep-days are for a folder, and {copy} is none" in command_line.stderr


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal", ".backup", ".control", ".lock", ".LOCK"])
def test_backup_under_a_name_of_the_journals_own_files_is_refused(
    command_line: CommandLine, suffix: str
) -> None:
    # The note of the backup would replace one of the name .backup; SQLite removes a log that is none.
    target = command_line.folder / f"journal.db{suffix}"
    assert command_line.run("journal", "backup", str(target)) == ExitCode.FAILED
    assert f"{target} was not made: the name belongs to a file of the journal itself" in command_line.stderr
    assert not target.exists() or not begins_as_database(target)


@pytest.fixture
def backed_up(command_line: CommandLine) -> Path:
    """A backup of a journal with an account and one directive that waits; the journal has another one since."""
    copy = command_line.folder / "copy.db"
    with command_line.bench_of_existing() as bench:
        bench.join(ledger=LedgerIdentity(id=LEDGER, mark=0))
        bench.take(directive("dir-1"))
    assert command_line.run("journal", "backup", str(copy)) == ExitCode.OK
    with command_line.bench_of_existing() as bench:
        bench.take(directive("dir-2"))
    return copy


def test_restore_says_what_will_happen_and_what_is_kept(command_line: CommandLine, backed_up: Path) -> None:
    assert command_line.run("journal", "restore", str(backed_up), "--yes") == ExitCode.OK
    first, officer, waiting, *_, last = command_line.stderr.splitlines()
    assert first == "The backup is of 2026-01-05T10:00:00.000Z."
    assert officer.startswith(
        f"{OFFICER}: account 501 at Broker-Demo. Where the terminal's ledger goes beyond mark 0, orders were sent "
        "after this backup: at its handshake the officer is quarantined"
    )
    assert waiting.startswith(f"{OFFICER}: 1 event will be posted")
    assert "1 directive and 0 commands wait" in waiting
    assert last == "A directive that the Director still lists is compared with the broker before it is sent."
    restored, kept, *_ = command_line.stdout.splitlines()
    assert restored.startswith(f"{command_line.journal}: ")
    assert kept.endswith(": kept.") and Path(kept.removesuffix(": kept.")).is_file()
    assert command_line.run("journal", "list", "--json") == ExitCode.OK
    assert [row["directive_id"] for row in json.loads(command_line.stdout)] == ["dir-1"]


def test_restore_in_the_documentation_is_that_of_a_run(command_line: CommandLine) -> None:
    with command_line.bench_of_existing() as bench:
        bench.join(ledger=LedgerIdentity(id=LEDGER, mark=0))
        [command] = bench.sent(directive())
        bench.report(submitted(command.order), result(command.order), deal(command.order, 500_002))
        bench.take(directive("dir-2"))
    (folder := command_line.folder / "backup").mkdir()
    shown = answered(command_line, "backup", "--keep", "7", "--keep-days", "30", str(folder))
    shown += answered(command_line, "restore", *map(str, folder.iterdir()))
    # A terminal shows the answer, too.
    shown = (
        shown.replace("[y/N]: ", "[y/N]: y\n")
        .replace("\\", "/")
        .replace(f"{command_line.folder.as_posix()}/", "")
    )
    page = normal(OPERATION.read_text(encoding="utf-8"))
    missing = [line for line in shown.splitlines() if f"    {normal(line)}\n" not in page]
    assert missing == [], shown


def answered(command_line: CommandLine, *words: str) -> str:
    """Return the output of a command on the journal whose question is answered with yes."""
    return subprocess.run(
        [sys.executable, "-m", "bridge", "journal", *words],
        cwd=command_line.folder,
        env=environment(),
        input="y\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ).stdout


def normal(text: str) -> str:
    """Return a text with one digit in the place of every number and time."""
    return re.sub(r"[0-9][0-9,.:TZ-]*(?<![.,:-])", "0", text)


def test_restore_is_refused_while_a_process_owns_the_journal(
    command_line: CommandLine, backed_up: Path
) -> None:
    with locked(command_line.journal):
        assert command_line.run("journal", "restore", str(backed_up), "--yes") == ExitCode.JOURNAL_LOCKED
    assert command_line.run("journal", "list", "--json") == ExitCode.OK
    assert len(json.loads(command_line.stdout)) == 2


def test_file_that_is_no_journal_is_not_restored(command_line: CommandLine) -> None:
    (file := command_line.folder / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    assert command_line.run("journal", "restore", str(file), "--yes") == ExitCode.JOURNAL_DAMAGED
    assert command_line.stderr == (
        f"Error: the backup {file} was not restored, since it cannot be trusted: it is not an SQLite file. Nothing "
        "was changed; name another backup\n"
    )
