"""A journal whose file is removed or replaced while it is open: no step is stored any more."""

import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bridge.journal.database import file
from bridge.journal.database.errors import JournalLostError
from bridge.journal.database.identity import FileIdentity
from bridge.journal.journal import Journal, opened

from .bench import NOW, OFFICER, settings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps an open file where it is")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal, as the configuration names it: by a link."""
    (tmp_path / "data").mkdir()
    file.create(tmp_path / "data" / "real.db")
    link = tmp_path / "journal.db"
    link.symlink_to(tmp_path / "data" / "real.db")
    return link


def remove(path: Path) -> None:
    path.resolve().unlink()


def replace(path: Path) -> None:
    real = path.resolve()
    copy = real.with_name("copy.db")
    shutil.copy(real, copy)
    copy.replace(real)


def move_folder(path: Path) -> None:
    real = path.resolve()
    real.parent.rename(real.parent.with_name("elsewhere"))


def lead_elsewhere(path: Path) -> None:
    file.create(path.with_name("other.db"))
    path.unlink()
    path.symlink_to(path.with_name("other.db"))


def remove_log(path: Path) -> None:
    real = path.resolve()
    real.with_name(real.name + "-wal").unlink()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (remove, "journal.db was removed"),
        (replace, "journal.db was replaced"),
        (move_folder, "was removed"),
        (lead_elsewhere, "journal.db was replaced"),
        (remove_log, "real.db-wal was removed"),
    ],
)
def test_no_step_is_stored_once_a_file_is_gone_or_another(
    path: Path, harm: Callable[[Path], None], words: str
) -> None:
    with opened(path, settings()) as journal:
        journal.halt(OFFICER, NOW, symbol="EURUSD", why="")
        harm(path)
        with pytest.raises(JournalLostError, match=words):
            journal.halt(OFFICER, NOW, symbol="", why="")
        with pytest.raises(JournalLostError, match="start the sidecar again"):
            journal.due(1, ())


def test_read_in_a_common_commit_fails_too_once_a_file_is_gone(path: Path) -> None:
    with opened(path, settings()) as journal:
        journal.emit_trouble(OFFICER, "CODE", "message", "subject", NOW)
        remove(path)
        with journal.together():
            with pytest.raises(JournalLostError):
                journal.halt(OFFICER, NOW, symbol="", why="")
            # The step has looked for the commit, which has nothing to store, and looks no more.
            with pytest.raises(JournalLostError):
                journal.due(1, ())


def test_file_that_was_put_back_is_refused_until_the_journal_is_opened_again(path: Path) -> None:
    real = path.resolve()
    with opened(path, settings()) as journal:
        real.rename(real.with_name("aside.db"))
        with pytest.raises(JournalLostError):
            journal.known_symbols(OFFICER)
        real.with_name("aside.db").rename(real)
        with pytest.raises(JournalLostError):
            journal.halt(OFFICER, NOW, symbol="", why="")
    with opened(path, settings()) as journal:
        journal.halt(OFFICER, NOW, symbol="", why="")


def test_file_that_is_removed_during_a_step_does_not_take_it(path: Path) -> None:
    with opened(path, settings()) as journal:
        removed: list[object] = []

        class Hook:
            def __call__(self, text: str) -> None:
                if text.startswith("BEGIN") and not removed:
                    removed.append(text)
                    remove(path)

        journal._connection.set_trace_callback(Hook())
        with pytest.raises(JournalLostError):
            journal.halt(OFFICER, NOW, symbol="", why="")
        assert not journal._connection.in_transaction
        assert journal._connection.execute("SELECT count(*) FROM halts").fetchone()[0] == 0


def test_journal_is_watched_through_checkpoints_and_many_steps(path: Path) -> None:
    with opened(path, settings()) as journal:
        for number in range(20):
            journal.halt(OFFICER, NOW, symbol=f"S{number}", why="x" * 400)
            journal._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert journal.due(1, ()) == []


class CountedLooks(FileIdentity):
    """Files of an open journal, with the number of looks at them."""

    looks = 0

    def difference(self) -> str:
        self.looks += 1
        return super().difference()


def test_steps_of_one_commit_look_at_the_files_before_the_first_and_before_the_commit(
    path: Path,
) -> None:
    with closing(file.open_writer(path)) as connection:
        files = CountedLooks(path)
        journal = Journal(connection, settings(), identity=files)
        for looks in (2, 4):
            with journal.together():
                for symbol in ("EURUSD", "GBPUSD", "USDJPY"):
                    journal.halt(OFFICER, NOW, symbol=symbol, why="")
            assert files.looks == looks


@pytest.mark.parametrize("harm", [remove, replace, lead_elsewhere, remove_log])
def test_content_of_a_lost_journal_is_saved_beside_it_and_can_take_its_place(
    path: Path, harm: Callable[[Path], None]
) -> None:
    real = path.resolve()
    with opened(path, settings()) as journal:
        journal.halt(OFFICER, NOW, symbol="EURUSD", why="kept")
        harm(path)
        rescued = journal.rescue(NOW)
    assert rescued == real.with_name("real.db.rescued-20260105T100000Z")
    assert rescued.stat().st_mode & 0o777 == 0o600
    for suffix in ("-wal", "-shm"):
        real.with_name(real.name + suffix).unlink(missing_ok=True)
    rescued.replace(real)
    with opened(real, settings()) as journal:
        assert [each.why for each in journal.resume(OFFICER, NOW, symbol=None, why="")] == ["kept"]


def test_lost_journal_without_a_folder_is_not_saved(path: Path) -> None:
    with opened(path, settings()) as journal:
        move_folder(path)
        assert journal.rescue(NOW) is None
