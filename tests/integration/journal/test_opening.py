"""Opening: an untrusted file is refused and not changed; one process owns a journal."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from bridge.journal.database import file, lock
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

from .bench import JournalBench, directive, settings
from .reports import deal, result, submitted

HOLDER = """
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath
from bridge.journal.database import lock
with lock.locked(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lived(joined: JournalBench) -> Path:
    """The path of a closed journal with a filled directive."""
    [command] = joined.sent(directive(), directive("dir-2", quantity=-1))
    joined.report(submitted(command.order), result(command.order), deal(command.order))
    joined.close()
    return joined.path


def refused(path: Path, error: type[JournalError], words: str) -> None:
    """Assert that opening is refused with these words, and that the file is not changed."""
    before = path.read_bytes()
    with pytest.raises(error, match=words), opened(path, settings()):
        pytest.fail("it was opened")
    assert path.read_bytes() == before


def content(path: Path) -> list[str]:
    with file.open_reader(path) as connection:
        return list(connection.iterdump())


def test_journal_is_opened_with_all_its_content(lived: Path) -> None:
    before = content(lived)
    with opened(lived, settings()) as journal:
        assert len(journal.due(100, ())) == 2
    assert content(lived) == before


def test_missing_journal_is_refused_and_not_created(tmp_path: Path) -> None:
    for path in (tmp_path / "journal.db", tmp_path / "no" / "journal.db"):
        with pytest.raises(JournalMissingError, match="setup"), opened(path, settings()):
            pytest.fail("it was opened")
    assert list(tmp_path.iterdir()) == []


def test_folder_is_refused(tmp_path: Path) -> None:
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
def test_file_that_is_no_journal_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(data)
    refused(path, JournalDamagedError, words)


def test_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE officers (officer TEXT)")
    other.close()
    refused(path, JournalDamagedError, "not a journal of this bridge")


@pytest.mark.parametrize("fraction", [0.3, 0.6, 0.9])
def test_truncated_journal_is_refused(lived: Path, fraction: float) -> None:
    data = lived.read_bytes()
    lived.write_bytes(data[: int(len(data) * fraction)])
    refused(lived, JournalDamagedError, "cannot be trusted")


def test_broken_audit_chain_is_refused(lived: Path) -> None:
    with _tampering(lived) as connection:
        connection.execute("DROP TRIGGER audit_is_never_changed")
        connection.execute("UPDATE audit_rows SET body = 'other' WHERE seq = 3")
    refused(lived, JournalDamagedError, "row 3 was changed")


def test_journal_of_a_later_version_is_refused_with_the_unknown_migration(lived: Path) -> None:
    with _tampering(lived) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('bridge', '0099_future', '2030-01-01')"
        )
    refused(lived, JournalNewerError, "0099_future")


def test_incomplete_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.touch()
    with file.connect(path) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.close()
    refused(path, JournalDamagedError, "SQLite says")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="for root nothing is read-only")
def test_read_only_journal_is_refused(lived: Path) -> None:
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
def test_intact_journal_that_cannot_be_opened_now_is_not_called_damaged(lived: Path, left: int) -> None:
    """The process has no file descriptors left; a full disk and a lock raise the same error."""
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
def test_sqlite_error_about_the_file_alone_means_damage(
    lived: Path, code: int, kind: type[JournalError]
) -> None:
    error = sqlite3.OperationalError("odd")
    error.sqlite_errorcode = code
    assert type(file.unusable(lived, error, otherwise=JournalDamagedError)) is kind


def test_path_becomes_a_uri_and_a_network_drive_is_refused() -> None:
    assert file.uri(PurePosixPath("/var/lib/a b/journal.db")) == "file:///var/lib/a%20b/journal.db"
    for path in (r"C:\bridge\journal.db", r"\\?\C:\bridge\journal.db"):
        assert file.uri(PureWindowsPath(path)) == "file:///C:/bridge/journal.db"
    with pytest.raises(JournalRemoteError, match="put it on a disk of this machine"):
        file.uri(PureWindowsPath(r"\\server\share\journal.db"))


# The write-ahead log


def test_write_ahead_log_is_cut_after_a_long_read(lived: Path) -> None:
    with closing(file.open_writer(lived)) as connection:
        assert connection.execute("PRAGMA journal_size_limit").fetchone()[0] == file.WAL_BYTES


@pytest.fixture
def killed(joined: JournalBench, tmp_path: Path) -> Path:
    """The path of a journal after a killed sidecar: its last commit is in the log only."""
    joined.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    joined.connection.execute("PRAGMA wal_autocheckpoint = 0")
    joined.take(directive())
    path = tmp_path / "killed.db"
    for suffix in ("", "-wal"):
        shutil.copy(f"{joined.path}{suffix}", f"{path}{suffix}")
    return path


def test_last_commit_of_a_killed_sidecar_is_kept(killed: Path) -> None:
    with opened(killed, settings()) as journal:
        assert [event.directive_id for event in journal.due(1, ())] == ["dir-1"]


def test_journal_without_its_log_is_older_and_intact(killed: Path) -> None:
    killed.with_name("killed.db-wal").unlink()
    with opened(killed, settings()) as journal:
        assert journal.due(1, ()) == []


def test_log_of_a_refused_journal_is_not_changed(killed: Path) -> None:
    log = killed.with_name("killed.db-wal")
    before = log.read_bytes()
    data = bytearray(killed.read_bytes())
    data[100] ^= 0xFF
    killed.write_bytes(data)
    refused(killed, JournalDamagedError, "cannot be trusted")
    assert log.read_bytes() == before


# One owner


def test_journal_in_use_by_another_process_is_refused_until_it_ends(lived: Path) -> None:
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


@pytest.mark.skipif(sys.platform != "linux", reason="the journal's own file is locked on Linux alone")
def test_journal_whose_lock_file_was_removed_has_one_owner_all_the_same(lived: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lived)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        lived.with_name(f"{lived.name}.lock").unlink()
        refused(lived, JournalLockedError, "one sidecar owns a journal")
        with file.open_reader(lived) as connection:
            assert connection.execute("SELECT count(*) FROM directives").fetchone()[0] == 2
    with opened(lived, settings()):
        pass


def test_killed_owner_leaves_no_lock(lived: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lived)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    with opened(lived, settings()):
        pass


def test_symbolic_link_to_a_journal_has_the_same_lock(lived: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "other-name.db"
    link.parent.mkdir()
    link.symlink_to(lived)
    for first, second in ((lived, link), (link, lived)):
        with lock.locked(first), pytest.raises(JournalLockedError), lock.locked(second):
            pytest.fail("it was locked twice")


def test_journal_is_readable_while_another_process_owns_it(lived: Path) -> None:
    with opened(lived, settings()), file.open_reader(lived) as connection:
        assert connection.execute("SELECT count(*) FROM directives").fetchone()[0] == 2
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM directives")


# Creating


def test_create_overwrites_nothing(lived: Path, tmp_path: Path) -> None:
    empty, dangling = tmp_path / "empty.db", tmp_path / "dangling.db"
    empty.touch()
    dangling.symlink_to(tmp_path / "nowhere.db")
    before = lived.read_bytes()
    for path in (lived, empty, dangling):
        with pytest.raises(FileExistsError):
            file.create(path)
    assert (lived.read_bytes(), empty.read_bytes()) == (before, b"")
    assert not (tmp_path / "nowhere.db").exists()


def test_new_journal_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "journal.db"
    file.create(path)
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600
    with opened(path, settings()) as journal:
        assert journal.due(1, ()) == []


def test_failed_create_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
