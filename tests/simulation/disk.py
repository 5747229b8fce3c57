"""A disk for SQLite that forgets: at a power failure, what was written and not synced is lost, kept or torn.

It is a VFS of SQLite on top of the default one, in the library that Python's `sqlite3` uses, so that the product's
own connections write through it. Of each file it keeps the writes since the last sync. Where that library cannot be
reached, as in a Python with SQLite built in, a power failure loses nothing.

Source: SQLite, 'The SQLite OS Interface or VFS' (vfs.html) and sqlite3.h.
"""

import ctypes
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Final, NamedTuple

OK: Final = sqlite3.SQLITE_OK
SECTOR: Final = 512
"""Bytes that a disk writes as a whole."""
NAME: Final = b"forgetful"

_Pointer = ctypes.c_void_p
_Open = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, _Pointer, _Pointer, ctypes.c_int, _Pointer)
_Delete = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, ctypes.c_char_p, ctypes.c_int)
_Close = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer)
_Transfer = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, _Pointer, ctypes.c_int, ctypes.c_int64)
_Truncate = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, ctypes.c_int64)
_Sync = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, ctypes.c_int)
_Size = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, ctypes.POINTER(ctypes.c_int64))


class _Vfs(ctypes.Structure):
    """`sqlite3_vfs`, version 3."""

    _fields_: ClassVar = [
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", _Pointer),
        ("name", ctypes.c_char_p),
        ("data", _Pointer),
        ("open", _Open),
        ("delete", _Delete),
        *((f"other_{number}", _Pointer) for number in range(14)),
    ]


class _Methods(ctypes.Structure):
    """`sqlite3_io_methods`, version 3."""

    _fields_: ClassVar = [
        ("version", ctypes.c_int),
        ("close", _Close),
        ("read", _Transfer),
        ("write", _Transfer),
        ("truncate", _Truncate),
        ("sync", _Sync),
        ("size", _Size),
        *((f"other_{number}", _Pointer) for number in range(12)),
    ]


class _File(ctypes.Structure):
    """`sqlite3_file`."""

    _fields_: ClassVar = [("methods", ctypes.POINTER(_Methods))]


class Write(NamedTuple):
    """One write that is not synced. `data` None: the file was cut at `offset`."""

    offset: int
    data: bytes | None


class Unsynced:
    """One file: its content at the last sync, and what was written since."""

    def __init__(self, synced: bytes) -> None:
        self._synced = bytearray(synced)
        self.writes: list[Write] = []

    def sync(self) -> None:
        """Let everything that was written be on the disk."""
        for write in self.writes:
            _apply(self._synced, write.offset, write.data)
        self.writes.clear()

    def after_power_failure(self, random: Random) -> bytes:
        """Return what the disk has: each write that was not synced is there, is not, or is there in part."""
        content = self._synced.copy()
        if random.random() < 0.4:
            return bytes(content)
        for offset, data in self.writes:
            if random.random() < 0.3:
                continue
            if data is not None and random.random() < 0.2:
                data = data[: random.randrange(0, len(data) + 1, SECTOR)]
            _apply(content, offset, data)
        return bytes(content)


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class ForgetfulDisk:
    """Files that SQLite opens while the disk is `mounted`. There is one (`DISK`): SQLite keeps pointers into it."""

    def __init__(self) -> None:
        self._vfs: _Vfs | None = None
        self._files: dict[int, Path] = {}
        """By the address of an open file, its path."""
        self._unsynced: dict[Path, Unsynced] = {}
        self._kept: list[object] = []
        """Functions that SQLite calls."""
        self._originals: dict[int, _Methods] = {}
        """By the address of an open file, the methods of the VFS below."""
        self._replaced: dict[int, Any] = {}
        """By the address of the methods below, those of this disk."""

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Let SQLite open its files here while the context lasts."""
        self._unsynced.clear()
        library = _library()
        if library is None:
            yield
            return
        if self._vfs is None:
            below: _Vfs = ctypes.cast(library.sqlite3_vfs_find(None), ctypes.POINTER(_Vfs)).contents
            self._vfs = _Vfs.from_buffer_copy(below)
            self._vfs.next, self._vfs.name = None, NAME
            self._vfs.open = _Open(self._opening(below))
            self._kept.append(self._vfs.open)
        library.sqlite3_vfs_register(ctypes.byref(self._vfs), 1)
        try:
            yield
        finally:
            library.sqlite3_vfs_unregister(ctypes.byref(self._vfs))

    def contents(self, path: Path, *, power_fails: Random | None) -> dict[Path, bytes]:
        """Return the contents of a database's files as a kill leaves them, or a power failure (drawn there)."""
        left = {}
        for each in (path, path.with_name(path.name + "-wal")):
            if each.exists():
                lost = self._unsynced.get(each) if power_fails is not None else None
                left[each] = (
                    lost.after_power_failure(power_fails)
                    if lost is not None and power_fails is not None
                    else each.read_bytes()
                )
        return left

    def _opening(self, below: _Vfs) -> Callable[..., int]:
        def open_(_: int, name: int | None, file: int, flags: int, out: int | None) -> int:
            status: int = below.open(ctypes.addressof(below), name, file, flags, out)
            if status == OK and name is not None:
                self._opened(file, Path(ctypes.string_at(name).decode()))
            return status

        return open_

    def _opened(self, file: int, path: Path) -> None:
        if path.name.endswith("-shm"):
            return
        head = ctypes.cast(file, ctypes.POINTER(_File)).contents
        address = ctypes.addressof(head.methods.contents)
        original = head.methods.contents
        if address not in self._replaced:
            methods = _Methods.from_buffer_copy(original)
            methods.close = _Close(self._close)
            methods.write = _Transfer(self._write)
            methods.truncate = _Truncate(self._truncate)
            methods.sync = _Sync(self._sync)
            self._replaced[address] = methods
            self._kept += [methods.close, methods.write, methods.truncate, methods.sync]
        self._files[file], self._originals[file] = path, original
        if path not in self._unsynced or not self._is_open_elsewhere(file, path):
            self._unsynced[path] = Unsynced(self._content(file))
        head.methods = ctypes.pointer(self._replaced[address])

    def _is_open_elsewhere(self, file: int, path: Path) -> bool:
        return any(other == path for address, other in self._files.items() if address != file)

    def _content(self, file: int) -> bytes:
        """Read through SQLite: to close a descriptor of our own would drop the locks of the process."""
        size = ctypes.c_int64()
        self._originals[file].size(file, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(max(1, size.value))
        if size.value:
            self._originals[file].read(file, ctypes.addressof(buffer), size.value, 0)
        return buffer.raw[: size.value]

    def _close(self, file: int) -> int:
        original = self._originals.pop(file)
        del self._files[file]
        status: int = original.close(file)
        return status

    def _write(self, file: int, data: int, size: int, offset: int) -> int:
        self._unsynced[self._files[file]].writes.append(Write(offset, ctypes.string_at(data, size)))
        status: int = self._originals[file].write(file, data, size, offset)
        return status

    def _truncate(self, file: int, size: int) -> int:
        self._unsynced[self._files[file]].writes.append(Write(size, None))
        status: int = self._originals[file].truncate(file, size)
        return status

    def _sync(self, file: int, flags: int) -> int:
        status: int = self._originals[file].sync(file, flags)
        if status == OK:
            self._unsynced[self._files[file]].sync()
        return status


DISK: Final = ForgetfulDisk()


def is_supported() -> bool:
    """Return False where this Python's SQLite cannot be reached, and a power failure loses nothing."""
    return _library() is not None


def _library() -> ctypes.CDLL | None:
    """Return the library that Python's sqlite3 uses; None where it cannot be reached."""
    import _sqlite3

    try:
        # Neither a module that is built in has a file, nor has one with SQLite built in the functions.
        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = _Pointer
        library.sqlite3_vfs_find.argtypes = [ctypes.c_char_p]
    except AttributeError:
        return None
    return library
