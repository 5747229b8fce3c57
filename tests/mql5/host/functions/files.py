"""Files of the EA: a sandbox folder, and one shared by all terminals.

Written bytes stay in memory until FileFlush or FileClose, so that a crash loses them as a terminal's would.
A write that follows a read of the same handle without a FileFlush between them fails: MQL5 requires the flush.
Source: MQL5 reference, 'File Functions'; mql5/FACTS.md 4 and 8.4.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.mql5.host.binding.host import Answer, fail
from tests.mql5.host.switches import Switches
from tests.mql5.reference import constants

C: Final = constants()
MOST_OPEN: Final = 64


class _Locks:
    """Open files of this process, for the sharing rules of terminals."""

    def __init__(self) -> None:
        self.open: list[tuple[Path, int]] = []


LOCKS: Final = _Locks()


@dataclass
class _File:
    path: Path
    flags: int
    data: bytearray
    at: int = 0
    changed_from: int | None = None
    """First byte that is not in the file yet; None where all are."""
    unflushed_read: bool = False

    @property
    def is_wide(self) -> bool:
        return not self.flags & (C["FILE_ANSI"] | C["FILE_BIN"])

    def flush(self) -> None:
        self.unflushed_read = False
        if self.changed_from is None:
            return
        # Nothing before the change is touched: a process that is killed here leaves it as it was.
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        with open(descriptor, "wb", buffering=0) as file:
            file.seek(self.changed_from)
            file.write(memoryview(self.data)[self.changed_from :])
            os.fsync(file.fileno())
        self.changed_from = None


class Files:
    """FileOpen and the other file functions."""

    def __init__(self, folder: Path, common: Path, switches: Switches) -> None:
        self._folders = {False: folder, True: common}
        self._switches = switches
        self._open: dict[int, _File] = {}
        self.full_at = ""
        """Call that fails on a full disk: FileWriteArray or FileFlush. Empty: the disk has space."""
        for path in (folder, common):
            path.mkdir(parents=True, exist_ok=True)

    def close_all(self, *, crashed: bool) -> None:
        """Close all files.

        After a crash, the switch unflushed_bytes_lost decides whether unflushed bytes are lost.
        """
        for file in self._open.values():
            if not (crashed and self._switches.unflushed_bytes_lost):
                file.flush()
            LOCKS.open.remove((file.path, file.flags))
        self._open.clear()

    def FileOpen(self, name: str, flags: int, delimiter: int, page: int) -> Answer:
        path = self._path(name, flags & C["FILE_COMMON"])
        if path is None:
            return fail(C["ERR_WRONG_FILENAME"], -1)
        if len(self._open) == MOST_OPEN:
            return fail(C["ERR_TOO_MANY_FILES"], -1)
        readable, writable = bool(flags & C["FILE_READ"]), bool(flags & C["FILE_WRITE"])
        if not (readable or writable) or path.is_dir() or not _may_open(path, flags):
            return fail(C["ERR_CANNOT_OPEN_FILE"], -1)
        if not path.exists() and not writable:
            return fail(C["ERR_CANNOT_OPEN_FILE"], -1)
        data = path.read_bytes() if path.exists() and readable else b""
        if writable and not (readable and path.exists()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        handle = next(number for number in range(1, MOST_OPEN + 1) if number not in self._open)
        self._open[handle] = _File(path, flags, bytearray(data))
        LOCKS.open.append((path, flags))
        return handle

    def FileClose(self, handle: int) -> Answer:
        file = self._open.pop(handle, None)
        if file is None:
            return fail(C["ERR_INVALID_FILEHANDLE"])
        LOCKS.open.remove((file.path, file.flags))
        file.flush()
        return None

    def FileFlush(self, handle: int) -> Answer:
        if handle not in self._open:
            return fail(C["ERR_INVALID_FILEHANDLE"])
        if self.full_at == "FileFlush":
            return fail(C["ERR_FILE_WRITEERROR"])
        self._open[handle].flush()
        return None

    def FileSize(self, handle: int) -> Answer:
        return len(self._open[handle].data) if handle in self._open else fail(C["ERR_INVALID_FILEHANDLE"], 0)

    def FileTell(self, handle: int) -> Answer:
        return self._open[handle].at if handle in self._open else fail(C["ERR_INVALID_FILEHANDLE"], 0)

    def FileIsEnding(self, handle: int) -> Answer:
        file = self._open.get(handle)
        return file is None or file.at >= len(file.data)

    def FileSeek(self, handle: int, offset: int, origin: int) -> Answer:
        file = self._open.get(handle)
        if file is None:
            return fail(C["ERR_INVALID_FILEHANDLE"], False)
        base = {C["SEEK_SET"]: 0, C["SEEK_CUR"]: file.at, C["SEEK_END"]: len(file.data)}[origin]
        file.at = max(0, base + offset)
        return True

    def FileWriteArray(self, handle: int, data: bytes, start: int, count: int) -> Answer:
        if self.full_at == "FileWriteArray":
            return fail(C["ERR_FILE_WRITEERROR"], 0)
        return self._write(handle, data[start:] if count < 0 else data[start : start + count])

    def FileReadArray(self, handle: int, count: int) -> Answer:
        file = self._open.get(handle)
        if file is None or not file.flags & C["FILE_READ"]:
            return fail(C["ERR_INVALID_FILEHANDLE"], b"")
        data = bytes(file.data[file.at :] if count < 0 else file.data[file.at : file.at + count])
        file.at += len(data)
        file.unflushed_read = True
        return data

    def FileWriteString(self, handle: int, text: str, length: int) -> Answer:
        return self._write_text(handle, text if length < 0 else text[:length])

    def FileWrite(self, handle: int, text: str) -> Answer:
        return self._write_text(handle, text + "\r\n")

    def FileReadString(self, handle: int, length: int) -> Answer:
        file = self._open.get(handle)
        if file is None:
            return fail(C["ERR_INVALID_FILEHANDLE"], "")
        encoding = "utf-16-le" if file.is_wide else "ascii"
        text = bytes(file.data[file.at :]).decode(encoding, "replace")
        end = text.find("\r\n")
        line = text if end < 0 else text[:end]
        file.at += len(text[: len(line) + (2 if end >= 0 else 0)].encode(encoding, "replace"))
        file.unflushed_read = True
        return line

    def FileIsExist(self, name: str, common: int) -> Answer:
        path = self._path(name, common)
        return path is not None and path.is_file()

    def FileDelete(self, name: str, common: int) -> Answer:
        path = self._path(name, common)
        if path is None or not path.is_file() or not _is_free(path):
            return fail(C["ERR_CANNOT_DELETE_FILE"], False)
        path.unlink()
        return True

    def FileMove(self, source: str, common: int, target: str, mode: int) -> Answer:
        pair = self._pair(source, common, target, mode)
        if pair is None or not all(map(_is_free, pair)):
            return fail(C["ERR_FILE_CANNOT_REWRITE"], False)
        if self._switches.file_move_copies:
            shutil.copyfile(*pair)
            pair[0].unlink()
        else:
            pair[0].replace(pair[1])
        return True

    def FileCopy(self, source: str, common: int, target: str, mode: int) -> Answer:
        pair = self._pair(source, common, target, mode)
        if pair is None:
            return fail(C["ERR_FILE_CANNOT_REWRITE"], False)
        shutil.copyfile(*pair)
        return True

    def FolderCreate(self, name: str, common: int) -> Answer:
        path = self._path(name, common)
        if path is None:
            return fail(C["ERR_WRONG_FILENAME"], False)
        path.mkdir(parents=True, exist_ok=True)
        return True

    def _pair(self, source: str, common: int, target: str, mode: int) -> tuple[Path, Path] | None:
        here, there = self._path(source, common), self._path(target, mode & C["FILE_COMMON"])
        if here is None or there is None or not here.is_file():
            return None
        return None if there.exists() and not mode & C["FILE_REWRITE"] else (here, there)

    def _path(self, name: str, common: int) -> Path | None:
        """Return the path of a name in the sandbox; None where it leads outside."""
        parts = name.replace("\\", "/").split("/")
        if not name or name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\r" in name:
            return None
        return self._folders[bool(common)].joinpath(*parts)

    def _write(self, handle: int, data: bytes) -> Answer:
        file = self._open.get(handle)
        if file is None or not file.flags & C["FILE_WRITE"]:
            return fail(C["ERR_INVALID_FILEHANDLE"], 0)
        if file.unflushed_read:
            return fail(C["ERR_FILE_WRITEERROR"], 0)
        first = min(file.at, len(file.data))
        file.changed_from = first if file.changed_from is None else min(file.changed_from, first)
        if file.at > len(file.data):
            file.data.extend(bytes(file.at - len(file.data)))
        file.data[file.at : file.at + len(data)] = data
        file.at += len(data)
        return len(data)

    def _write_text(self, handle: int, text: str) -> Answer:
        file = self._open.get(handle)
        is_wide = file is not None and file.is_wide
        return self._write(handle, text.encode("utf-16-le") if is_wide else text.encode("ascii", "replace"))


def _may_open(path: Path, flags: int) -> bool:
    """Return True where the flags of existing handles and of the new one allow sharing."""
    for other, theirs in LOCKS.open:
        if other == path:
            for mine, yours in ((flags, theirs), (theirs, flags)):
                if mine & C["FILE_READ"] and not yours & C["FILE_SHARE_READ"]:
                    return False
                if mine & C["FILE_WRITE"] and not yours & C["FILE_SHARE_WRITE"]:
                    return False
    return True


def _is_free(path: Path) -> bool:
    return all(other != path for other, _ in LOCKS.open)
