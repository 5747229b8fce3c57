"""Names of the journal's own files: no other file may get one."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.journal.database import backup_note, file
from bridge.journal.database.backup_note import BackupNote
from bridge.journal.database.lock import locked
from bridge.journal.database.own_names import is_own
from bridge.sidecar import control_file
from bridge.sidecar.control_file import ControlFile, control_path


def test_every_file_that_the_bridge_makes_beside_its_journal_has_an_own_name(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    file.create(journal)
    backup_note.write(journal, BackupNote(file="copy.db", bytes=1, at=datetime(2026, 1, 5, tzinfo=UTC)))
    control = ControlFile(port=1, secret="0" * 64, pid=1, started_at="")
    control_file.write(control_path(journal), control)
    connection = file.open_writer(journal)
    with locked(journal):
        made = {each.name: is_own(each, journal) for each in tmp_path.iterdir()}
    connection.close()
    ends = ("", "-shm", "-wal", ".backup", ".control", ".lock")
    assert made == {f"journal.db{end}": True for end in ends}


def test_other_names_are_free(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    for free in ("copy.db", "journal.db.old", "journal-20261201T000000Z.db", "other/journal.db"):
        assert not is_own(tmp_path / free, journal)
    assert is_own(tmp_path / "other" / ".." / "JOURNAL.DB-WAL", journal)


@pytest.mark.skipif(sys.platform == "win32", reason="a link needs a right there")
def test_link_to_the_journal_has_the_names_of_its_file(tmp_path: Path) -> None:
    journal, link = tmp_path / "journal.db", tmp_path / "link.db"
    link.symlink_to(journal)
    assert is_own(link, journal) and is_own(journal, link)
    assert is_own(tmp_path / "journal.db-wal", link)
