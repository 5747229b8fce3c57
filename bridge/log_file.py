"""Log file of one process: a new one is begun at a size, and a number of old ones is kept.

It takes the place of stderr, so that errors and tracebacks are in it too. A file that cannot be written or renamed
never ends the process, and never makes it wait.
"""

import faulthandler
import io
import json
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from bridge.log_codes import LogCode

MEGABYTE: Final = 1_000_000


class LogFile(io.TextIOBase):
    """Text stream into FILE, which becomes FILE.1 once it is full; FILE.1 becomes FILE.2, up to the number kept."""

    def __init__(
        self, path: Path, *, max_bytes: int, kept: int, rename: Callable[[str, str], None] = os.rename
    ) -> None:
        """Raises OSError where the file cannot be opened. `rename`: for tests of systems that refuse it."""
        self._files = _Files(path, max_bytes, kept, rename)
        self._lost = 0

    def write(self, text: str, /) -> int:
        """Append the text, which is one line or more. One that cannot be written is counted."""
        with self._files.exclusive:
            count = self._lost
            try:
                self._files.append((_lost_line(count) if count else "") + text)
            except (OSError, ValueError):
                self._files.leave()
                self._lost += 1
            else:
                self._lost -= count
        return len(text)

    def flush(self) -> None:
        """Return at once: each text is written as it comes."""

    def fileno(self) -> int:
        """Return the descriptor of the present file."""
        return self._files.descriptor()

    def close(self) -> None:
        """Close the file."""
        self._files.leave()
        super().close()

    def writable(self) -> bool:
        """Return True."""
        return True


class _Files(RotatingFileHandler):
    """Files of the log. Texts come as they are, and not as records."""

    def __init__(self, path: Path, max_bytes: int, kept: int, rename: Callable[[str, str], None]) -> None:
        super().__init__(
            path, maxBytes=max_bytes, backupCount=kept, encoding="utf-8", errors="backslashreplace"
        )
        self._rename = rename
        self.exclusive = threading.RLock()
        self._full_at = max_bytes

    def append(self, text: str) -> None:
        """Append a text, in a new file where the present one is full or has lost its name. Raises OSError."""
        self._follow()
        size = os.fstat(self.descriptor()).st_size
        if size and size + len(text) > self._full_at:
            self._begin_anew(size)
        self._open_stream().write(text)
        self._open_stream().flush()

    def descriptor(self) -> int:
        return self._open_stream().fileno()

    def leave(self) -> None:
        """Close the present file, and lose what it could not store: the next text opens it anew."""
        stream, self.stream = self.stream, None
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.close()

    def rotate(self, source: str, dest: str) -> None:
        """Give the full file the name of the first old one.

        On Windows a file that another program reads cannot be renamed: it is copied and emptied.
        """
        try:
            self._rename(source, dest)
        except PermissionError:
            shutil.copyfile(source, dest)
            os.truncate(source, 0)

    def _begin_anew(self, size: int) -> None:
        """Begin a new file. Where the system refuses, the present one grows by a tenth until the next try."""
        try:
            self.doRollover()
            self._full_at = self.maxBytes
        except OSError:
            self._full_at = size + self.maxBytes // 10
            self.leave()
        self._keep_faults()

    def _follow(self) -> None:
        """Leave a file that another program has moved or removed: what is written there is lost with it."""
        if self.stream is None:
            return
        try:
            if os.path.samestat(os.stat(self.baseFilename), os.fstat(self.descriptor())):
                return
        except FileNotFoundError:
            pass
        self.leave()
        self._keep_faults()

    def _keep_faults(self) -> None:
        """Have tracebacks of crashes written into the present file. Raises OSError."""
        if faulthandler.is_enabled():
            # It keeps the descriptor of a file: that of the old one may be any other file's by now.
            faulthandler.enable(self._open_stream())

    def _open_stream(self) -> io.TextIOWrapper:
        if self.stream is None:
            self.stream = self._open()
        return self.stream


def _lost_line(count: int) -> str:
    """Return the line about texts that could not be written. It begins a new line: the last may not be whole."""
    record = {
        "event": LogCode.LOG_LINES_LOST.event,
        "code": LogCode.LOG_LINES_LOST.value,
        "count": count,
        "level": "warning",
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
    return f"\n{json.dumps(record)}\n"
