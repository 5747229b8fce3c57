"""Opening: what cannot be trusted is refused and left as it is; one process owns a journal."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from bridge.journal.database import file
from bridge.journal.database.errors import (
    JournalDamagedError,
    JournalError,
    JournalLockedError,
    JournalMissingError,
    JournalNewerError,
    JournalReadOnlyError,
    JournalRemoteError,
    JournalUnopenedError,
)
from bridge.journal.database.schema import APPLICATION_ID
from bridge.journal.journal import opened

from .desk import Desk, directive, settings
from .reports import deal, result, submitted

HOLDER = """
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from bridge.journal.database import file
with file.locked(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lived(joined: Desk) -> Path:
    """The path of a journal that has seen a filled directive and was closed."""
    [command] = joined.sent(directive(), directive("dir-2", quantity=-1))
    joined.report(submitted(command.order), result(command.order), deal(command.order))
    joined.close()
    return joined.path


def refused(path: Path, error: type[JournalError], words: str) -> None:
    """Opening is refused with these words, and the file is as it was."""
    before = path.read_bytes()
    with pytest.raises(error, match=words), opened(path, settings()):
        pytest.fail("it was opened")
    assert path.read_bytes() == before


def content(path: Path) -> list[str]:
    with file.open_reader(path) as connection:
        return list(connection.iterdump())


def test_a_journal_is_opened_with_all_that_it_held(lived: Path) -> None:
    before = content(lived)
    with opened(lived, settings()) as journal:
        assert len(journal.due(100, ())) == 2
    assert content(lived) == before


def test_a_missing_journal_is_refused_and_none_is_made(tmp_path: Path) -> None:
    for path in (tmp_path / "journal.db", tmp_path / "no" / "journal.db"):
        with pytest.raises(JournalMissingError, match="setup"), opened(path, settings()):
            pytest.fail("it was opened")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalMissingError), opened(tmp_path, settings()):
        pytest.fail("it was opened")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "0 bytes"),
        (b"{}", "not an SQLite file"),
        (b"SQLite format 3", "not an SQLite file"),
        (b"SQLite format 3\x00", "SQLite says"),
        (b"SQLite format 3\x00" + bytes(range(256)) * 64, "SQLite says"),
    ],
)
def test_what_is_no_journal_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(data)
    refused(path, JournalDamagedError, words)


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE officers (officer TEXT)")
    other.close()
    refused(path, JournalDamagedError, "not a journal of this bridge")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_journal_that_was_cut_short_is_refused(lived: Path, share: float) -> None:
    data = lived.read_bytes()
    lived.write_bytes(data[: int(len(data) * share)])
    refused(lived, JournalDamagedError, "cannot be trusted")


def test_a_broken_audit_chain_is_refused(lived: Path) -> None:
    with _tampering(lived) as connection:
        connection.execute("DROP TRIGGER audit_is_never_changed")
        connection.execute("UPDATE audit SET body = 'other' WHERE seq = 3")
    refused(lived, JournalDamagedError, "row 3 was changed")


def test_a_later_versions_journal_is_refused_by_the_name_of_what_is_new(lived: Path) -> None:
    with _tampering(lived) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('bridge', '0099_future', '2030-01-01')"
        )
    refused(lived, JournalNewerError, "0099_future")


def test_a_journal_half_made_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.touch()
    with file.connect(path) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.close()
    refused(path, JournalDamagedError, "SQLite says")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="for root nothing is read-only")
def test_a_journal_that_cannot_be_written_is_refused(lived: Path) -> None:
    lived.chmod(0o400)
    refused(lived, JournalReadOnlyError, "read-only")


STARVED = """
import os, resource, sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from bridge.core.settings import DirectorSettings, OfficerSettings, Settings
from bridge.journal.database.errors import JournalUnopenedError
from bridge.journal.journal import opened
left = int(sys.argv[2])
settings = Settings(director=DirectorSettings(url="http://127.0.0.1:1"), officers=[OfficerSettings(id="eo-001")])
with opened(Path(sys.argv[1]), settings):
    pass
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
held = []
try:
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    for handle in held[:left]:
        os.close(handle)
try:
    with opened(Path(sys.argv[1]), settings):
        print("opened")
except JournalUnopenedError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("left", [0, 1, 2, 3])
def test_a_whole_journal_that_cannot_be_opened_just_now_is_not_called_damaged(lived: Path, left: int) -> None:
    """Here the process has no file descriptors left; a full disk and a lock come the same way."""
    before = lived.read_bytes()
    said = subprocess.run(
        [sys.executable, "-c", STARVED, str(lived), str(left)], capture_output=True, text=True, check=True
    )
    assert "cannot be opened now" in said.stdout
    assert "restore" not in said.stdout
    assert lived.read_bytes() == before


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_CORRUPT, JournalDamagedError),
        (sqlite3.SQLITE_NOTADB, JournalDamagedError),
        (sqlite3.SQLITE_ERROR, JournalDamagedError),
        (sqlite3.SQLITE_FULL, JournalUnopenedError),
        (sqlite3.SQLITE_IOERR_WRITE, JournalUnopenedError),
        (sqlite3.SQLITE_BUSY, JournalUnopenedError),
        (sqlite3.SQLITE_CANTOPEN, JournalUnopenedError),
        (sqlite3.SQLITE_READONLY_DIRECTORY, JournalReadOnlyError),
    ],
)
def test_only_what_sqlite_finds_in_the_file_speaks_against_it(
    lived: Path, code: int, kind: type[JournalError]
) -> None:
    error = sqlite3.OperationalError("odd")
    error.sqlite_errorcode = code
    assert type(file.unusable(lived, error, otherwise=JournalDamagedError)) is kind


def test_a_path_is_written_as_sqlite_takes_it_and_a_network_drive_is_refused() -> None:
    assert file.uri(PurePosixPath("/var/lib/a b/journal.db")) == "file:///var/lib/a%20b/journal.db"
    assert file.uri(PureWindowsPath(r"C:\bridge\journal.db")) == "file:///C:/bridge/journal.db"
    with pytest.raises(JournalRemoteError, match="put it on a disk of this machine"):
        file.uri(PureWindowsPath(r"\\server\share\journal.db"))


# The write-ahead log


def test_a_log_that_a_long_reader_let_grow_is_cut_back(lived: Path) -> None:
    with closing(file.open_writer(lived)) as connection:
        assert connection.execute("PRAGMA journal_size_limit").fetchone()[0] == file.WAL_BYTES


@pytest.fixture
def killed(joined: Desk, tmp_path: Path) -> Path:
    """The path of a journal as a killed sidecar leaves it: what it committed last is in the log alone."""
    joined.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    joined.connection.execute("PRAGMA wal_autocheckpoint = 0")
    joined.take(directive())
    path = tmp_path / "killed.db"
    for suffix in ("", "-wal"):
        shutil.copy(f"{joined.path}{suffix}", f"{path}{suffix}")
    return path


def test_what_a_killed_sidecar_committed_last_is_there(killed: Path) -> None:
    with opened(killed, settings()) as journal:
        assert [event.directive_id for event in journal.due(1, ())] == ["dir-1"]


def test_a_lost_log_leaves_an_older_journal_that_is_whole(killed: Path) -> None:
    killed.with_name("killed.db-wal").unlink()
    with opened(killed, settings()) as journal:
        assert journal.due(1, ()) == []


def test_a_refused_journals_log_is_left_as_it_is(killed: Path) -> None:
    log = killed.with_name("killed.db-wal")
    before = log.read_bytes()
    data = bytearray(killed.read_bytes())
    data[100] ^= 0xFF
    killed.write_bytes(data)
    refused(killed, JournalDamagedError, "cannot be trusted")
    assert log.read_bytes() == before


# One owner


def test_a_journal_in_use_by_another_process_is_refused_until_that_ends(lived: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lived)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"locked"
        refused(lived, JournalLockedError, "one sidecar owns a journal")
    assert process.returncode == 0
    with opened(lived, settings()):
        pass


def test_a_killed_owner_leaves_no_lock(lived: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lived)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    with opened(lived, settings()):
        pass


def test_a_link_to_a_journal_is_the_same_journal(lived: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "other-name.db"
    link.parent.mkdir()
    link.symlink_to(lived)
    for first, second in ((lived, link), (link, lived)):
        with file.locked(first), pytest.raises(JournalLockedError), file.locked(second):
            pytest.fail("it was locked twice")


def test_a_journal_is_read_while_another_process_owns_it(lived: Path) -> None:
    with opened(lived, settings()), file.open_reader(lived) as connection:
        assert connection.execute("SELECT count(*) FROM directives").fetchone()[0] == 2
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM directives")


# Making one


def test_setup_overwrites_nothing(lived: Path, tmp_path: Path) -> None:
    empty, dangling = tmp_path / "empty.db", tmp_path / "dangling.db"
    empty.touch()
    dangling.symlink_to(tmp_path / "nowhere.db")
    before = lived.read_bytes()
    for path in (lived, empty, dangling):
        with pytest.raises(FileExistsError):
            file.create(path)
    assert (lived.read_bytes(), empty.read_bytes()) == (before, b"")
    assert not (tmp_path / "nowhere.db").exists()


def test_a_new_journal_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "journal.db"
    file.create(path)
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600
    with opened(path, settings()) as journal:
        assert journal.due(1, ()) == []


def test_a_setup_that_fails_leaves_no_half_of_a_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.db"
    monkeypatch.setattr(file, "APPLICATION_ID", "no number")
    with pytest.raises(sqlite3.OperationalError):
        file.create(path)
    assert not path.exists()


@contextmanager
def _tampering(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()
