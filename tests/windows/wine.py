"""One Wine prefix: Windows programs are run in it, one at a time, and their output goes into files."""

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

PROGRAM: Final = Path("/usr/lib/wine/wine64")
SERVER: Final = Path("/usr/lib/wine/wineserver64")
PYTHON: Final = r"C:\Python311\python.exe"
SOURCE: Final = r"C:\src"
END_S: Final = 20.0

TIMED_OUT: Final = -1
"""Exit status of a program that was ended because it took too long."""


def _copy(output: IO[bytes], file: Path) -> None:
    """Write each piece of the output into the file as it comes."""
    with file.open("wb", buffering=0) as target:
        while piece := output.read(65_536):
            target.write(piece)


class Wine:
    """Prefix in a folder of its own, with an environment that has nothing of this user's."""

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder
        self.prefix: Final = folder / "prefix"
        self.drive: Final = self.prefix / "drive_c"
        self.output: Final = folder / "output"
        for each in (folder / "home", self.output):
            each.mkdir(parents=True, exist_ok=True)

    def environment(self) -> dict[str, str]:
        """Return the variables of every program in the prefix."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            "LC_ALL": "C.UTF-8",
            "WINEPREFIX": str(self.prefix),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
        }

    def path(self, windows: str) -> Path:
        r"""Return the place of a path on drive C:, or of one on drive Z:, which is the root of this machine."""
        drive, rest = windows[:2].upper(), windows[2:].replace("\\", "/").lstrip("/")
        return (self.drive if drive == "C:" else Path("/")) / rest

    def run(
        self,
        arguments: Sequence[str],
        *,
        log: str,
        limit_s: float,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> int:
        """Run a program, and return its exit status or TIMED_OUT. Its output goes into the file `log`.

        The output goes through a pipe: Wine passes a plain file on as a stream that no Windows program can use.
        """
        child = subprocess.Popen(
            [str(PROGRAM), *arguments],
            env={**self.environment(), **(environ or {})},
            cwd=cwd if cwd is not None else self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        assert child.stdout is not None
        words = (child.stdout, self.output / log)
        reader = threading.Thread(target=_copy, args=words, name="output", daemon=True)
        reader.start()
        try:
            status = child.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.stop()
            child.kill()
            child.wait()
            status = TIMED_OUT
        # A service of Wine's that the program started may hold the pipe open for longer.
        reader.join(END_S)
        return status

    def python(
        self,
        *arguments: str,
        log: str,
        limit_s: float,
        environ: Mapping[str, str] | None = None,
        cwd: str = SOURCE,
    ) -> int:
        """Run the Windows Python; otherwise as `run`."""
        return self.run([PYTHON, *arguments], log=log, limit_s=limit_s, environ=environ, cwd=self.path(cwd))

    def text(self, log: str) -> str:
        """Return the output of a program that was run, with the line ends of this platform."""
        return (self.output / log).read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")

    def stop(self) -> None:
        """End every program of the prefix."""
        env = {**os.environ, **self.environment()}
        subprocess.run([str(SERVER), "-k"], env=env, stderr=subprocess.DEVNULL, check=False)
        subprocess.run([str(SERVER), "-w"], env=env, stderr=subprocess.DEVNULL, check=False, timeout=END_S)
