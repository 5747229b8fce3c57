"""Starts processes by forking them from one that has imported everything already.

To import the bridge takes longer than most stories; with four processes and more in each, a suite would import
and do little else. What is forked is a process like any other: a Python module that runs as `__main__`, with its
own pid, memory, descriptors, signals and end.

    python -m tests.rig.nursery DESCRIPTOR      the process that forks; it ends when the other end is closed

Each child has a warden, a process that waits for it and writes down two lines: its pid and its exit status.
"""

import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, NoReturn, Self

from tests.rig.patience import PATIENCE_S

ROOT: Final = Path(__file__).parents[2]
"""Where `bridge` and `tests` can be imported from."""
_MAX_ORDER: Final = 1 << 16


class Child:
    """What its starter holds of a process: its pid, its log, and the line that will say how it ended."""

    def __init__(self, log: int, status: int) -> None:
        self.log: BinaryIO = open(log, "rb")
        self._status: BinaryIO = open(status, "rb")
        self.pid = int(self._status.readline())

    def wait(self) -> int:
        """Its exit status, negative for a signal. Closes what there is to close."""
        with self.log, self._status:
            return int(self._status.readline())


class Nursery:
    """The forking process. One serves a whole session of tests."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                # Warnings are errors in all that is forked from it.
                [sys.executable, "-W", "error", "-m", "tests.rig.nursery", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._control.close()
        self._process.wait(PATIENCE_S)

    def start(self, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> Child:
        """Run a module with its arguments, in the folder. stdout and stderr together are its log."""
        order = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment)}
        log, log_end = os.pipe()
        status, status_end = os.pipe()
        try:
            socket.send_fds(self._control, [json.dumps(order).encode()], [log_end, status_end])
        finally:
            os.close(log_end)
            os.close(status_end)
        return Child(log, status)


def _serve(control: socket.socket) -> None:
    # Ctrl-C is the tests' to handle; wardens are nobody's to wait for.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        order, descriptors, _, _ = socket.recv_fds(control, _MAX_ORDER, 2)
        if not order:
            return
        if os.fork() == 0:
            control.close()
            _watch(json.loads(order), *descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def _watch(order: dict[str, Any], log: int, status: int) -> None:
    """The warden. Returns in the child alone, when its module has ended without saying how."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(status)
        _live(order, log)
        return
    os.close(log)
    os.write(status, b"%d\n" % pid)
    _, how = os.waitpid(pid, 0)
    os.write(status, b"%d\n" % os.waitstatus_to_exitcode(how))
    _leave()


def _live(order: dict[str, Any], log: int) -> None:
    """The child, up to the end of its module. An exit passes through, so that the interpreter ends as ever."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)
    os.chdir(order["folder"])
    os.environ.update(order["environment"])
    module, *arguments = order["arguments"]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _leave() -> NoReturn:
    # Nothing that was inherited is the warden's to clean up.
    os._exit(0)


if __name__ == "__main__":
    import bridge.cli  # noqa: F401
    import tests.mql5.host.real  # noqa: F401 - both for all that are forked

    # A child that ends would else look through all that was imported, and copy every page of it.
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as _control:
        _serve(_control)
