"""The log file: a new one at its size, old ones up to a number, and no error that reaches the program."""

import faulthandler
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TextIO, cast

import pytest

from bridge.log_codes import LogCode
from bridge.log_file import LogFile
from bridge.logs import EventLog, set_up

LINE = "x" * 9 + "\n"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_full_file_becomes_the_first_old_one(path: Path) -> None:
    with closing(LogFile(path, max_bytes=25, kept=2)) as log:
        for number in range(5):
            log.write(f"line-{number:04}\n")
    assert names(path.parent) == ["log", "log.1", "log.2"]
    assert text_of(path) == "line-0004\n"
    assert text_of(path.with_name("log.1")) == "line-0002\nline-0003\n"
    assert text_of(path.with_name("log.2")) == "line-0000\nline-0001\n"


def test_no_more_than_the_number_kept_are_there(path: Path) -> None:
    with closing(LogFile(path, max_bytes=10, kept=2)) as log:
        for _ in range(9):
            log.write(LINE)
    assert names(path.parent) == ["log", "log.1", "log.2"]


def test_line_longer_than_the_size_is_whole_in_a_file_of_its_own(path: Path) -> None:
    with closing(LogFile(path, max_bytes=10, kept=3)) as log:
        log.write(LINE * 3)
        log.write(LINE)
    assert (text_of(path), text_of(path.with_name("log.1"))) == (LINE, LINE * 3)


def test_next_process_appends(path: Path) -> None:
    for _ in range(2):
        with closing(LogFile(path, max_bytes=100, kept=1)) as log:
            log.write(LINE)
    assert text_of(path) == LINE * 2


@pytest.mark.skipif(os.name != "posix", reason="on Windows an open file keeps its name")
def test_file_that_another_program_moves_or_removes_is_begun_anew(path: Path) -> None:
    moved = path.with_name("moved")
    with closing(LogFile(path, max_bytes=1000, kept=1)) as log:
        log.write("first\n")
        path.rename(moved)
        log.write("second\n")
        assert (text_of(moved), text_of(path)) == ("first\n", "second\n")
        path.unlink()
        log.write("third\n")
        assert text_of(path) == "third\n"
        path.rename(moved)
        path.write_text("of another program\n")
        log.write("fourth\n")
    assert (text_of(moved), text_of(path)) == ("third\n", "of another program\nfourth\n")


def refused(source: str, target: str) -> None:
    raise PermissionError(13, "another program has it open", source)


def test_file_that_another_program_has_open_is_copied_and_emptied(path: Path) -> None:
    """So it is on Windows, where such a file cannot be renamed."""
    with closing(LogFile(path, max_bytes=15, kept=2, rename=refused)) as log, path.open() as reader:
        assert reader.read() == ""
        log.write("first----\n")
        log.write("second---\n")
    assert (text_of(path), text_of(path.with_name("log.1"))) == ("second---\n", "first----\n")


def test_file_that_can_be_neither_renamed_nor_copied_goes_on_growing(path: Path) -> None:
    path.with_name("log.1").mkdir()
    with closing(LogFile(path, max_bytes=15, kept=1)) as log:
        for _ in range(4):
            log.write(LINE)
    assert text_of(path) == LINE * 4


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="this system has no full device")
def test_full_disk_loses_lines_and_raises_nothing(path: Path) -> None:
    path.symlink_to("/dev/full")
    with closing(LogFile(path, max_bytes=1000, kept=1)) as log:
        for _ in range(3):
            log.write(LINE)
        path.unlink()
        log.write("again\n")
    _, lost, again = text_of(path).splitlines()
    assert again == "again"
    assert json.loads(lost)["code"] == LogCode.LOG_LINES_LOST
    assert json.loads(lost)["count"] == 3


@pytest.mark.skipif(os.name != "posix", reason="on Windows no folder with an open file is removed")
def test_log_whose_folder_is_removed_raises_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    with closing(LogFile(folder / "log", max_bytes=15, kept=1)) as log:
        log.write(LINE)
        (folder / "log").unlink()
        folder.rmdir()
        for _ in range(3):
            log.write(LINE)


def test_letters_without_a_code_are_escaped(path: Path) -> None:
    with closing(LogFile(path, max_bytes=100, kept=1)) as log:
        log.write("\udc80 é\n")
    assert text_of(path) == "\\udc80 é\n"


@pytest.fixture
def own_logging() -> Iterator[None]:
    root = logging.getLogger()
    kept = (list(root.handlers), root.level, logging.raiseExceptions)
    yield
    root.handlers[:], root.level, logging.raiseExceptions = kept


@pytest.mark.usefixtures("own_logging")
def test_log_records_are_lines_of_json_in_the_files(path: Path) -> None:
    with closing(LogFile(path, max_bytes=400, kept=9)) as log:
        set_up(stream=cast(TextIO, log))
        for number in range(6):
            EventLog.named("test").info(LogCode.SIDECAR_STOPPED, number=number)
    records = [
        json.loads(line)["number"]
        for name in reversed(names(path.parent))
        for line in text_of(path.with_name(name)).splitlines()
    ]
    assert records == sorted(records)
    assert len(names(path.parent)) > 1


def test_crash_report_goes_to_the_present_file(path: Path) -> None:
    enabled = faulthandler.is_enabled()
    try:
        with closing(LogFile(path, max_bytes=15, kept=1)) as log:
            faulthandler.enable(log)
            log.write(LINE)
            before = os.fstat(log.fileno()).st_ino
            log.write(LINE)
            assert os.fstat(log.fileno()).st_ino != before
            faulthandler.dump_traceback(file=log)
        assert "test_crash_report_goes_to_the_present_file" in text_of(path)
    finally:
        faulthandler.disable()
        if enabled:
            faulthandler.enable(file=2)
