"""Restore of a backup: checked, whole or not at all, and the replaced journal stays beside."""

import shutil
from pathlib import Path

import pytest

from bridge.journal.database import file
from bridge.journal.database.backup import back_up
from bridge.journal.database.errors import JournalDamagedError, JournalLockedError
from bridge.journal.database.lock import locked
from bridge.journal.database.restore import Restored, RestoreError, restore
from bridge.replacement import replace

from .bench import NOW, JournalBench, directive

ASIDE = "journal-0.db.replaced-20260105T100000Z"


def ids(path: Path) -> list[str]:
    with file.open_reader(path) as connection:
        return [row[0] for row in connection.execute("SELECT directive_id FROM directives ORDER BY id")]


def agreed(staged: Path) -> bool:
    file.check(staged)
    return True


def restored(source: Path, path: Path) -> Restored:
    done = restore(source, path, NOW, agreed=agreed)
    assert done is not None
    return done


@pytest.fixture
def copy(bench: JournalBench, tmp_path: Path) -> Path:
    """A backup with one directive. The journal has a second one, in its write-ahead log alone."""
    bench.take(directive("dir-1"))
    back_up(bench.path, tmp_path / "copy.db")
    bench.take(directive("dir-2"))
    # As a killed process leaves it: a close would write the log into the file.
    killed = tmp_path / "killed.db"
    for end in ("", "-wal"):
        shutil.copyfile(bench.path.with_name(bench.path.name + end), killed.with_name(killed.name + end))
    bench.close()
    for end in ("-wal", "-shm"):
        bench.path.with_name(bench.path.name + end).unlink(missing_ok=True)
    for end in ("", "-wal"):
        replace(killed.with_name(killed.name + end), bench.path.with_name(bench.path.name + end))
    return tmp_path / "copy.db"


def test_restored_journal_is_the_backup_and_the_old_one_stays_whole(bench: JournalBench, copy: Path) -> None:
    """Beside the restored file the old log would be taken for its own, and nothing would be restored."""
    done = restored(copy, bench.path)
    assert ids(bench.path) == ["dir-1"]
    aside = bench.path.with_name(ASIDE)
    assert done.kept[:2] == [str(aside), f"{aside}-wal"]
    assert ids(aside) == ["dir-1", "dir-2"]
    assert ids(copy) == ["dir-1"]
    file.check(bench.path)


def test_log_that_a_lost_journal_left_is_moved_away(bench: JournalBench, copy: Path) -> None:
    bench.path.unlink()
    done = restored(copy, bench.path)
    assert ids(bench.path) == ["dir-1"]
    assert done.kept == [str(bench.path.with_name(f"{ASIDE}-wal"))]


def test_backup_with_a_log_of_its_own_is_restored_with_it(
    bench: JournalBench, copy: Path, tmp_path: Path
) -> None:
    for end in ("", "-wal"):
        shutil.copyfile(bench.path.with_name(bench.path.name + end), tmp_path / f"plain.db{end}")
    restored(copy, bench.path)
    restore(tmp_path / "plain.db", bench.path, NOW.replace(hour=11), agreed=agreed)
    assert ids(bench.path) == ["dir-1", "dir-2"]


def files(bench: JournalBench) -> dict[str, bytes]:
    found = sorted(bench.path.parent.glob(f"{bench.path.name}*"))
    return {path.name: path.read_bytes() for path in found if not path.name.endswith((".lock", "-shm"))}


def test_damaged_backup_is_refused_and_nothing_changed(bench: JournalBench, copy: Path) -> None:
    with copy.open("r+b") as damaged:
        damaged.seek(4_096)
        damaged.write(b"\xff" * 4_096)
    before = files(bench)
    with pytest.raises(JournalDamagedError, match=r"copy\.db"):
        restore(copy, bench.path, NOW, agreed=agreed)
    assert files(bench) == before


def test_journal_that_a_process_owns_is_not_replaced(bench: JournalBench, copy: Path) -> None:
    before = files(bench)
    with locked(bench.path), pytest.raises(JournalLockedError):
        restore(copy, bench.path, NOW, agreed=agreed)
    assert files(bench) == before


def test_refusal_of_the_operator_changes_nothing(bench: JournalBench, copy: Path) -> None:
    before = files(bench)
    assert restore(copy, bench.path, NOW, agreed=lambda staged: False) is None
    assert files(bench) == before


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_move_that_fails_is_undone(bench: JournalBench, copy: Path, failing: int) -> None:
    before = files(bench)
    moves = 0

    def rename(old: Path, new: Path) -> None:
        nonlocal moves
        moves += 1
        if moves == failing:
            raise PermissionError(13, "in use", str(old))
        replace(old, new)

    with pytest.raises(RestoreError, match="in use"):
        restore(copy, bench.path, NOW, agreed=agreed, rename=rename)
    assert files(bench) == before


def test_backup_must_be_another_file(bench: JournalBench, copy: Path) -> None:
    with pytest.raises(RestoreError, match="it is the journal itself"):
        restore(bench.path, bench.path, NOW, agreed=agreed)
    with pytest.raises(RestoreError, match="there is no such file"):
        restore(copy.with_name("no.db"), bench.path, NOW, agreed=agreed)
