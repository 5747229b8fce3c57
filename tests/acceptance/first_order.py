"""From an empty home folder to the first filled order of a trial, by the command lines that `init` names.

`python -m tests.acceptance.first_order` prints the transcript, with times.
"""

import json
import re
import shlex
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.acceptance import commands
from tests.rig.director import Director
from tests.rig.ports import free_port

OFFICER: Final = "eo-001"
_VARIABLE: Final = "DIRECTOR_API_KEY"
_LINE: Final = re.compile(r"^(\d)\. .*: (execution-officer .+)$", re.MULTILINE)


class FirstOrder:
    """The story of one person who has installed the program, and nothing else."""

    def __init__(self, home: Path, show: Callable[[str], None]) -> None:
        self._home = home
        self._show = show
        self._began = time.monotonic()
        self._variables = {_VARIABLE: "trial", "HOME": str(home)}
        self._port = free_port()
        self._init = (
            f"execution-officer init --config {home / 'trial' / 'bridge.toml'} "
            f"--director http://127.0.0.1:{self._port} --api-key-env {_VARIABLE} --officer {OFFICER}"
        )

    def run(self) -> list[dict[str, object]]:
        """Go through it; return the directives that the last command lists."""
        self._show(f"$ export {_VARIABLE}=trial")
        # The port that it would take by itself may be in use where tests run.
        self._say(self._init)
        shown = self._ended(f"{self._init} --link tcp://127.0.0.1:{free_port()}")
        trial = shown[shown.index("For a trial") :]
        sandbox, terminal, sidecar, listing = [line for _, line in _LINE.findall(trial)]
        with ExitStack() as stack:
            for line in (sandbox, terminal):
                self._say(f"{line} &")
                process = stack.enter_context(
                    commands.running(*_words(line), cwd=self._home, **self._variables)
                )
                if line is sandbox:
                    self._show(commands.first_line(process).rstrip())
            self._say(f"{sidecar} &")
            stack.enter_context(commands.running(*_words(sidecar), cwd=self._home, **self._variables))
            director = Director(self._port, self._variables[_VARIABLE])
            director.wait("no fill", lambda events: any(event.type == "POSITION_OPENED" for event in events))
            self._say(listing)
            self._ended(listing)
            found: list[dict[str, object]] = json.loads(self._ended(f"{listing} --json", show=False))
        return found

    def _say(self, line: str) -> None:
        self._show(f"\n[{time.monotonic() - self._began:5.1f} s] $ {line}")

    def _ended(self, line: str, *, show: bool = True) -> str:
        done = commands.run(*_words(line), cwd=self._home, **self._variables)
        assert done.returncode == 0, done.stderr
        if show:
            self._show(done.stdout.rstrip())
        return done.stdout


def _words(line: str) -> list[str]:
    program, *words = shlex.split(line)
    assert program == "execution-officer"
    return words


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        FirstOrder(Path(folder), lambda text: print(text, file=sys.stdout, flush=True)).run()
