"""Backup: one whole state in one file, checked, beside a journal in use; nothing is overwritten."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from bridge.journal.database import file
from bridge.journal.database.backup import BackupError, back_up
from bridge.journal.database.errors import JournalDamagedError, JournalMissingError
from bridge.journal.journal import opened

from .bench import JournalBench, directive, settings
from .reports import deal, result, submitted


def content(path: Path) -> list[str]:
    with file.open_reader(path) as connection:
        return list(connection.iterdump())


def test_backup_of_a_journal_in_use_has_what_its_log_alone_has(joined: JournalBench, tmp_path: Path) -> None:
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), result(command.order), deal(command.order))
    assert joined.path.with_name(joined.path.name + "-wal").stat().st_size
    made = back_up(joined.path, tmp_path / "copy.db")
    assert content(tmp_path / "copy.db") == content(joined.path)
    assert made.bytes == (tmp_path / "copy.db").stat().st_size
    joined.close()
    with opened(tmp_path / "copy.db", settings()):
        pass


def test_backup_ends_although_another_connection_commits_during_it(
    joined: JournalBench, tmp_path: Path
) -> None:
    """A commit comes between the copy's pages: each page that SQLite writes is followed by one."""
    joined.sent(directive())
    with file.open_reader(joined.path) as source, closing(file.connect(joined.path)) as writer:
        commits: list[int] = []

        def commit() -> int:
            if len(commits) < 50:
                writer.execute("UPDATE officers SET margin_mode = margin_mode")
                commits.append(1)
            return 0

        source.set_progress_handler(commit, 50)
        source.execute("VACUUM INTO ?", [str(tmp_path / "copy.db")])
    assert commits
    file.check(tmp_path / "copy.db")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
def test_backup_is_readable_by_its_owner_alone(joined: JournalBench, tmp_path: Path) -> None:
    back_up(joined.path, tmp_path / "copy.db")
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600


def test_existing_file_is_not_overwritten(joined: JournalBench, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("yesterday's")
    with pytest.raises(BackupError, match=r"copy\.db was not made: the file exists.*Name a new file"):
        back_up(joined.path, target)
    assert target.read_text() == "yesterday's"


def test_missing_folder_and_missing_journal_are_named(joined: JournalBench, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nowhere: No such file or directory"):
        back_up(joined.path, tmp_path / "nowhere" / "copy.db")
    with pytest.raises(JournalMissingError):
        back_up(tmp_path / "none.db", tmp_path / "copy.db")


def test_damaged_journal_gives_no_backup(joined: JournalBench, tmp_path: Path) -> None:
    joined.close()
    with closing(sqlite3.connect(joined.path)) as connection, connection:
        connection.execute("DROP TRIGGER audit_is_never_changed")
        connection.execute("UPDATE audit_rows SET body = body || ' ' WHERE seq = 1")
    with pytest.raises(JournalDamagedError, match=joined.path.name):
        back_up(joined.path, tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy.db*"))
