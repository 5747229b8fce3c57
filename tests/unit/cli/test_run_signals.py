"""Signals of a running sidecar, in a process of its own: a handler may end it."""

import os
import subprocess
import sys

import pytest

from bridge.exits import ExitCode

if os.name != "posix":
    pytest.skip("Windows has no signal for the end of a terminal", allow_module_level=True)

PROGRAM = """
import asyncio, signal, sys
from bridge.cli.run import _stop_on_signals
from bridge.stop_signals import stop_signals

before, *names = sys.argv[1:]
signal.signal(signal.SIGHUP, signal.Handlers[before])

async def main():
    stop = asyncio.Event()
    _stop_on_signals(stop)
    for name in names:
        signal.raise_signal(signal.Signals[name])
    await asyncio.sleep(0)
    print("stops" if stop.is_set() else "goes on")

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("before", "names", "status", "said"),
    [
        ("SIG_DFL", ["SIGHUP"], ExitCode.OK, "stops"),
        # From the shell and from the system.
        ("SIG_DFL", ["SIGHUP", "SIGHUP"], ExitCode.OK, "stops"),
        ("SIG_DFL", ["SIGHUP", "SIGTERM"], ExitCode.INTERRUPTED, ""),
        ("SIG_IGN", ["SIGHUP"], ExitCode.OK, "goes on"),
    ],
    ids=["once", "twice", "and then SIGTERM", "under nohup"],
)
def test_end_of_the_terminal_stops_in_order_unless_it_is_ignored(
    before: str, names: list[str], status: ExitCode, said: str
) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, before, *names], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (status, said), done.stderr
