"""File functions: sandbox, sharing, and the time at which bytes are on the disk."""

from pathlib import Path

import pytest

from tests.mql5.host.binding.host import Failed
from tests.mql5.host.functions.files import MOST_OPEN, Files
from tests.mql5.host.switches import Switches
from tests.mql5.reference import constants

C = constants()
BIN = C["FILE_READ"] | C["FILE_WRITE"] | C["FILE_BIN"]
SHARED = BIN | C["FILE_SHARE_READ"] | C["FILE_SHARE_WRITE"]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files", tmp_path / "common", Switches())


def opened(files: Files, name: str, flags: int = BIN) -> int:
    handle = files.FileOpen(name, flags, 9, 0)
    assert isinstance(handle, int), f"{name}: {handle!r}"
    return handle


def error(answer: object) -> int:
    assert isinstance(answer, Failed)
    return answer.error


def test_bytes_are_on_the_disk_when_flushed(files: Files, tmp_path: Path) -> None:
    handle = opened(files, "a\\b.bin")
    path = tmp_path / "files" / "a" / "b.bin"
    assert files.FileWriteArray(handle, b"abcdef", 1, 3) == 3
    assert path.read_bytes() == b""
    files.FileFlush(handle)
    assert path.read_bytes() == b"bcd"
    assert (files.FileSize(handle), files.FileTell(handle), files.FileIsEnding(handle)) == (3, 3, True)
    assert files.FileSeek(handle, -2, C["SEEK_END"]) is True
    assert files.FileReadArray(handle, -1) == b"cd"
    files.FileFlush(handle)
    files.FileSeek(handle, 5, C["SEEK_SET"])
    files.FileWriteArray(handle, b"x", 0, -1)
    files.FileClose(handle)
    assert path.read_bytes() == b"bcd\0\0x"


def test_write_after_a_read_needs_a_flush(files: Files) -> None:
    handle = opened(files, "a.bin")
    files.FileWriteArray(handle, b"abc", 0, -1)
    files.FileFlush(handle)
    files.FileSeek(handle, 0, C["SEEK_SET"])
    files.FileReadArray(handle, 1)
    files.FileSeek(handle, 0, C["SEEK_END"])
    assert error(files.FileWriteArray(handle, b"d", 0, -1)) == C["ERR_FILE_WRITEERROR"]
    files.FileFlush(handle)
    assert files.FileWriteArray(handle, b"d", 0, -1) == 1


def test_write_mode_truncates_and_read_mode_needs_a_file(files: Files, tmp_path: Path) -> None:
    (tmp_path / "files" / "a.bin").write_bytes(b"old")
    assert files.FileSize(opened(files, "a.bin", C["FILE_WRITE"] | C["FILE_BIN"])) == 0
    assert (tmp_path / "files" / "a.bin").read_bytes() == b""
    assert error(files.FileOpen("none.bin", C["FILE_READ"] | C["FILE_BIN"], 9, 0)) == 5004


def test_open_file_is_exclusive_unless_both_handles_allow_it(files: Files, tmp_path: Path) -> None:
    handle = opened(files, "a.bin")
    other = Files(tmp_path / "files", tmp_path / "common", Switches())
    assert error(other.FileOpen("a.bin", SHARED, 9, 0)) == 5004
    files.FileClose(handle)
    handle = opened(files, "a.bin", SHARED)
    assert error(other.FileOpen("a.bin", BIN, 9, 0)) == 5004
    second = opened(other, "a.bin", SHARED)
    assert error(files.FileDelete("a.bin", 0)) == 5006
    other.FileClose(second)
    files.FileClose(handle)
    assert files.FileDelete("a.bin", 0) is True


@pytest.mark.parametrize("name", ["", "..\\x", "a/../../x", "C:\\x", "\\x", "x\r"])
def test_name_outside_the_sandbox_is_refused(files: Files, name: str) -> None:
    assert error(files.FileOpen(name, BIN, 9, 0)) == 5002


def test_common_folder_is_shared(files: Files, tmp_path: Path) -> None:
    files.FileClose(opened(files, "a.bin", BIN | C["FILE_COMMON"]))
    assert (tmp_path / "common" / "a.bin").exists()
    assert files.FileIsExist("a.bin", C["FILE_COMMON"]) is True
    assert files.FileIsExist("a.bin", 0) is False


def test_move_and_copy(files: Files, tmp_path: Path) -> None:
    for name in ("a.bin", "b.bin"):
        (tmp_path / "files" / name).write_text(name, encoding="utf-8")
    assert error(files.FileMove("a.bin", 0, "b.bin", 0)) == 5020
    assert files.FileCopy("a.bin", 0, "c.bin", 0) is True
    assert files.FileMove("a.bin", 0, "b.bin", C["FILE_REWRITE"]) is True
    assert (tmp_path / "files" / "b.bin").read_text(encoding="utf-8") == "a.bin"
    assert not (tmp_path / "files" / "a.bin").exists()


def test_text_is_utf_16_unless_ansi(files: Files, tmp_path: Path) -> None:
    for name, flags, raw in (
        ("w.txt", C["FILE_TXT"], "ż\r\n".encode("utf-16-le")),
        ("a.txt", C["FILE_TXT"] | C["FILE_ANSI"], b"?\r\n"),
    ):
        handle = opened(files, name, C["FILE_WRITE"] | C["FILE_READ"] | flags)
        files.FileWrite(handle, "ż")
        files.FileSeek(handle, 0, C["SEEK_SET"])
        assert (
            files.FileReadString(handle, -1)
            == raw.decode("utf-16-le" if name == "w.txt" else "ascii").strip()
        )
        files.FileClose(handle)
        assert (tmp_path / "files" / name).read_bytes() == raw


def test_at_most_64_files_are_open(files: Files) -> None:
    for number in range(MOST_OPEN):
        opened(files, f"{number}.bin")
    assert error(files.FileOpen("more.bin", BIN, 9, 0)) == 5001
    files.close_all(crashed=False)
    opened(files, "more.bin")
    files.close_all(crashed=True)


def test_unknown_handle_is_refused(files: Files) -> None:
    assert error(files.FileWriteArray(7, b"a", 0, -1)) == 5007
    assert error(files.FileReadArray(7, -1)) == 5007
    assert error(files.FileClose(7)) == 5007
    reading = opened(files, "a.bin", C["FILE_WRITE"] | C["FILE_BIN"])
    assert error(files.FileReadArray(reading, -1)) == 5007
