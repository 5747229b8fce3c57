"""The program as an operator starts it: a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
TIMEOUT_S = 180.0


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment, with the checkout importable from any folder, and plain text output."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUTF8": "1", "COLUMNS": "100", **variables}


def run(*arguments: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `execution-officer ARGUMENTS` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "bridge", *map(str, arguments)],
        cwd=cwd,
        env=environment(**variables),
        capture_output=True,
        text=True,
        encoding="utf-8",
        # A start of Python takes seconds under Wine, and took longer than TIMEOUT_S where the machine was busy.
        timeout=3 * TIMEOUT_S,
    )


@contextmanager
def running(*arguments: str | Path, cwd: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Start `execution-officer ARGUMENTS`, which runs until a signal; kill it with the context if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", *map(str, arguments)],
        cwd=cwd,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    """Wait for the line that the process prints when it is ready, and return it."""
    assert process.stdout is not None
    return process.stdout.readline()
