"""Check of a whole journal in a process of its own: `python -m bridge.journal.whole_check JOURNAL`.

It reads gigabytes and computes a hash for every row of the audit, which would delay the sidecar in its own process.
It runs at a low priority, and writes one JSON line for each part that begins, and one for its finding.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

import bridge
from bridge.journal.database.errors import JournalDamagedError, JournalError, JournalNewerError
from bridge.journal.database.file import check_beside

NICENESS: Final = 10


class Result(StrEnum):
    """Result of a check."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    """The journal must not be used."""
    UNKNOWN = "unknown"
    """It could not be read: its disk, or another program that locks it."""


class Finding(msgspec.Struct, frozen=True):
    """Last line of the output."""

    result: Result
    message: str = ""


class _Part(msgspec.Struct, frozen=True):
    """Line of a part that begins."""

    part: str


class JournalNotWholeError(JournalDamagedError):
    """The check behind the start has found that the journal must not be used."""

    def __init__(self, message: str) -> None:
        JournalError.__init__(self, message)


def find(path: Path, progress: Callable[[str], None]) -> Finding:
    """Check the journal at the path in this process, while its owner may be writing to it."""
    try:
        check_beside(path, progress=progress)
    except (JournalDamagedError, JournalNewerError) as error:
        return Finding(Result.DAMAGED, str(error))
    except JournalError as error:
        return Finding(Result.UNKNOWN, str(error))
    return Finding(Result.WHOLE)


class WholeCheck:
    """Check of a journal in another process."""

    def __init__(self, path: Path) -> None:
        """Start it. Raises OSError where no process can be started."""
        parent = str(Path(bridge.__file__).parents[1])
        paths = [parent, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-m", "bridge.journal.whole_check", str(path)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def follow(self, progress: Callable[[str], None]) -> Finding:
        """Wait for the finding. `progress` is called with each part that begins."""
        found = Finding(Result.UNKNOWN, "the process of the check ended before it was through")
        assert self._process.stdout is not None  # noqa: S101 - narrowing: it is a pipe
        with self._process.stdout as lines:
            for text in lines:
                line = msgspec.json.decode(text, type=dict[str, str])
                if "part" in line:
                    progress(line["part"])
                else:
                    found = msgspec.convert(line, Finding)
        self._process.wait()
        return found

    def end(self) -> None:
        """End the process, where it still runs."""
        self._process.kill()
        self._process.wait()


def main() -> None:
    """Check the journal that the command line names."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)

    def show(line: msgspec.Struct) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
        sys.stdout.buffer.flush()

    show(find(Path(sys.argv[1]), lambda part: show(_Part(part))))


if __name__ == "__main__":
    main()
