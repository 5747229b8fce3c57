"""A journal that another program holds without sharing, as Windows allows: waited for, and no lack of rights."""

from pathlib import Path
from typing import BinaryIO

import pytest

from bridge.journal.database import file, header
from bridge.journal.database.errors import JournalReadOnlyError, JournalUnopenedError


class SharingViolationError(PermissionError):
    """The error that Windows raises; elsewhere the attribute is unknown."""

    winerror = 32


class Holder:
    """Another program that lets go after some attempts to open the file."""

    def __init__(self, error: type[PermissionError], attempts: int) -> None:
        self._error = error
        self.attempts = attempts
        self.paused = 0

    def open(self, path: Path) -> BinaryIO:
        if self.attempts:
            self.attempts -= 1
            raise self._error(13, "The process cannot access the file")
        return path.open("rb")

    def pause(self, seconds: float) -> None:
        assert seconds == header.PAUSE_S
        self.paused += 1

    def check(self, path: Path, wait_s: float) -> None:
        header.check(path, wait_s=wait_s, opened=self.open, pause=self.pause)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file.create(tmp_path / "journal.db")
    return tmp_path / "journal.db"


def test_file_that_is_released_in_time_is_opened(path: Path) -> None:
    holder = Holder(SharingViolationError, 20)
    holder.check(path, 3.0)
    assert (holder.attempts, holder.paused) == (0, 20)


def test_file_that_is_not_released_cannot_be_opened_now(path: Path) -> None:
    holder = Holder(SharingViolationError, 1_000)
    with pytest.raises(JournalUnopenedError, match="another program holds it"):
        holder.check(path, 3.0)
    assert holder.paused == 30


def test_missing_right_is_refused_at_once(path: Path) -> None:
    holder = Holder(PermissionError, 1)
    with pytest.raises(JournalReadOnlyError):
        holder.check(path, 3.0)
    assert holder.paused == 0
