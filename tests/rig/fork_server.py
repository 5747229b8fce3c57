"""Starts processes by forking them from one that has imported everything already.

Importing the bridge takes longer than most tests, and each test starts four processes or more. A forked process is
like any other: a Python module that runs as `__main__`, with its own pid, memory, descriptors, signals and exit.

    python -m tests.rig.fork_server DESCRIPTOR      the forking process; it ends when the other end is closed

Each child has a supervisor, a process that waits for it and writes two lines: its pid and its exit status.
"""

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, BinaryIO, Final, NoReturn, Self

from tests.rig.deadline import TIMEOUT_S

ROOT: Final = Path(__file__).parents[2]
"""Folder from which `bridge` and `tests` are imported."""
_MAX_REQUEST: Final = 1 << 16


class Child:
    """A started process: its pid, its log, and the descriptor of its exit status."""

    def __init__(self, log: int, status: int) -> None:
        self.log: BinaryIO = open(log, "rb")
        self._status: BinaryIO = open(status, "rb")
        self.pid = int(self._status.readline())

    def wait(self) -> int:
        """Wait for its end; return its exit status, negative for a signal. Closes both descriptors."""
        with self.log, self._status:
            return int(self._status.readline())


class ForkServer:
    """The forking process. One serves a whole test session."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                # Warnings are errors in every forked process.
                [sys.executable, "-W", "error", "-m", "tests.rig.fork_server", str(theirs.fileno())],
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
        self._process.wait(TIMEOUT_S)

    def start(self, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> Child:
        """Run a module with its arguments in the folder. Its stdout and stderr together are its log."""
        request = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment)}
        log, log_end = os.pipe()
        status, status_end = os.pipe()
        try:
            socket.send_fds(self._control, [json.dumps(request).encode()], [log_end, status_end])
        finally:
            os.close(log_end)
            os.close(status_end)
        return Child(log, status)


def _import_all(package: ModuleType) -> None:
    """Import every module of the package but programs: a command imports what it needs only when it runs."""
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)


def _serve(control: socket.socket) -> None:
    # The test process handles Ctrl-C; nobody waits for supervisors.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, _MAX_REQUEST, 2)
        if not request:
            return
        if os.fork() == 0:
            control.close()
            _supervise(json.loads(request), *descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def _supervise(request: dict[str, Any], log: int, status: int) -> None:
    """Run as the supervisor. Returns in the child alone, when its module has ended without an exit call."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(status)
        _run(request, log)
        return
    os.close(log)
    os.write(status, b"%d\n" % pid)
    _, end = os.waitpid(pid, 0)
    os.write(status, b"%d\n" % os.waitstatus_to_exitcode(end))
    _leave()


def _run(request: dict[str, Any], log: int) -> None:
    """Run the child's module. SystemExit passes through, so that the interpreter exits as usual."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)
    # The streams of the server may be of a file, whose position they would ask for.
    sys.stdout, sys.stderr = (open(descriptor, "w", closefd=False) for descriptor in (1, 2))
    os.chdir(request["folder"])
    os.environ.update(request["environment"])
    module, *arguments = request["arguments"]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _leave() -> NoReturn:
    # The supervisor cleans up nothing that it inherited.
    os._exit(0)


if __name__ == "__main__":
    import bridge
    import tests.mql5.builder
    import tests.mql5.host

    for _package in (bridge, tests.mql5.builder, tests.mql5.host):
        _import_all(_package)
    # Otherwise a child that exits would walk through all imported objects, and copy their pages.
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as _control:
        _serve(_control)
