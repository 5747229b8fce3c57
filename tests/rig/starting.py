"""Start of a rig's processes: forked where the system forks, and otherwise each as a new interpreter."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

from tests.rig.fork_server import ROOT

if sys.platform == "win32":
    _FLAGS: Final = subprocess.CREATE_NEW_PROCESS_GROUP
else:
    _FLAGS: Final = 0


class Child(Protocol):
    """Started process."""

    @property
    def pid(self) -> int:
        """Number of the process."""

    @property
    def log(self) -> BinaryIO:
        """Stdout and stderr together, up to their end."""

    def wait(self) -> int:
        """Wait for its end; return its exit status, and close the log."""


class Starter(Protocol):
    """Start of processes."""

    def start(self, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> Child:
        """Run a module with its arguments in the folder."""


class Spawned:
    """Process of an interpreter of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid
        self.log = cast(BinaryIO, process.stdout)

    def wait(self) -> int:
        """Wait for its end; return its exit status, and close the log."""
        with self.log:
            return self._process.wait()


class Spawner:
    """Start of a new interpreter for each process."""

    def start(self, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> Spawned:
        """Run a module with its arguments in the folder. Its stdout and stderr together are its log."""
        # A group of its own, so that Ctrl-Break reaches it alone.
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            creationflags=_FLAGS,
        )
        return Spawned(process)
