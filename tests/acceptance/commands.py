"""The program as an operator starts it: a process of its own."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.rig.fork_server import shared

REPOSITORY = Path(__file__).parents[2]
TIMEOUT_S = 180.0


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment, with the checkout importable from any folder, and plain text output."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUTF8": "1", "COLUMNS": "100", **variables}


def run(*arguments: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `execution-officer ARGUMENTS` to its end, in a forked process where the system forks.

    A new interpreter takes five times as long.
    """
    if os.name == "posix":
        return _run_forked(list(map(str, arguments)), cwd, environment(**variables))
    return run_anew(*arguments, cwd=cwd, **variables)


def run_anew(*arguments: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `execution-officer ARGUMENTS` to its end in a new interpreter, which reads variables as it starts."""
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


def _run_forked(arguments: list[str], cwd: Path, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    errors_from, errors_to = os.pipe()
    with open(errors_from, encoding="utf-8") as errors, ThreadPoolExecutor(1) as beside:
        try:
            child = shared().start(["bridge", *arguments], folder=cwd, environment=given, errors=errors_to)
        finally:
            os.close(errors_to)
        overdue = threading.Timer(3 * TIMEOUT_S, os.kill, (child.pid, signal.SIGKILL))
        overdue.start()
        try:
            stderr = beside.submit(errors.read)
            stdout = child.log.read().decode().replace("\r\n", "\n")
            return subprocess.CompletedProcess(arguments, child.wait(), stdout, stderr.result())
        finally:
            overdue.cancel()


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
