"""Identity of the journal's files: device and file number, as they were at the opening.

A journal that is removed or replaced under a running sidecar stays open on POSIX: what is written goes into a file
that no name leads to, and whoever reads the path sees another one. Windows refuses to remove or replace an open
journal; the numbers are compared there too, where the file system has them.
"""

import os
from pathlib import Path
from typing import Final

_WITH: Final = ("", "-wal")
"""Ends of the names of the files that hold the content."""


class FileIdentity:
    """Files of an open journal."""

    def __init__(self, path: Path) -> None:
        """`path` is the configured one: a link that leads to another file later is noticed too."""
        self.real = real = path.resolve()
        """The journal's own path, where `path` is a link."""
        files = [str(path), *(f"{real}{suffix}" for suffix in _WITH[1:])]
        self._files = {file: _mark(file) for file in files}

    def difference(self) -> str:
        """Return what happened to the files, in words; empty while they are those that were opened."""
        for file, before in self._files.items():
            if before is None:
                continue
            try:
                now = _mark(file)
            except OSError:
                # It cannot be looked at now, which says nothing about it. Writing to it will show.
                continue
            # Windows gives no number for a file that it may not open at the moment.
            if now != before and (now is None or now[1] != 0):
                return f"the file {file} was {'removed' if now is None else 'replaced'} while the sidecar ran"
        return ""


def _mark(file: str) -> tuple[int, int] | None:
    """Return the file's device and number; None where there is no such file. Raises OSError."""
    try:
        found = os.stat(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino
