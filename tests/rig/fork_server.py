"""Starts processes by forking them from one that has imported everything already.

Importing the bridge takes longer than most tests, and each test starts four processes or more. A forked process is
like any other: a Python module that runs as `__main__`, with its own pid, memory, descriptors, signals and exit.

    python -m tests.rig.fork_server DESCRIPTOR      the forking process; it ends when the other end is closed

For each child the server writes two lines: its pid and its exit status.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
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

    def start(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        errors: int | None = None,
    ) -> Child:
        """Run a module with its arguments in the folder. Its stdout and stderr together are its log.

        `errors` is a descriptor for its stderr, where that is not to be in the log.
        """
        request = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment)}
        log, log_end = os.pipe()
        status, status_end = os.pipe()
        try:
            ends = [log_end, status_end] if errors is None else [log_end, status_end, errors]
            socket.send_fds(self._control, [json.dumps(request).encode()], ends)
        finally:
            os.close(log_end)
            os.close(status_end)
        return Child(log, status)


class _Shared:
    """Forking process of this whole process, once something has asked for it."""

    server: ForkServer | None = None


def shared() -> ForkServer:
    """Return the forking process of this test session. The first call starts it; `end_shared` ends it."""
    if _Shared.server is None:
        _Shared.server = ForkServer()
    return _Shared.server


def end_shared() -> None:
    """End the forking process of this test session, where one was started."""
    if _Shared.server is not None:
        _Shared.server.__exit__(None, None, None)
        _Shared.server = None


def _import_all(package: ModuleType) -> None:
    """Import every module of the package but programs: a command imports what it needs only when it runs."""
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)


def _serve(control: socket.socket) -> None:
    """Fork a child for each request, and write the exit status of each that ends.

    Returns when the other end is closed; in a child it does not return.
    """
    # The test process handles Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    woken, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    # Only a signal with a handler wakes.
    signal.signal(signal.SIGCHLD, lambda *_: None)
    statuses: dict[int, int] = {}
    with woken, wake, selectors.DefaultSelector() as selector:
        selector.register(woken, selectors.EVENT_READ)
        selector.register(control, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if woken in ready:
                woken.recv(_MAX_REQUEST)
                _write_ended(statuses)
            if control not in ready:
                continue
            request, descriptors, _, _ = socket.recv_fds(control, _MAX_REQUEST, 3)
            if not request:
                return
            log, status, *errors = descriptors
            pid = os.fork()
            if pid == 0:
                for inherited in (selector, woken, wake, control):
                    inherited.close()
                for descriptor in (status, *statuses.values()):
                    os.close(descriptor)
                _run(json.loads(request), log, *errors)
            for descriptor in (log, *errors):
                os.close(descriptor)
            statuses[pid] = status
            os.write(status, b"%d\n" % pid)


def _write_ended(statuses: dict[int, int]) -> None:
    """Write the exit status of each child that has ended, and forget it."""
    while statuses:
        pid, end = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        status = statuses.pop(pid)
        # Nobody may wait for it any more.
        with suppress(BrokenPipeError):
            os.write(status, b"%d\n" % os.waitstatus_to_exitcode(end))
        os.close(status)


def _run(request: dict[str, Any], log: int, errors: int | None = None) -> NoReturn:
    """Run the child's module. An exception passes through, so that the interpreter reports it as usual."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(log, 1)
    os.dup2(log if errors is None else errors, 2)
    for descriptor in (log, *(() if errors is None else (errors,))):
        os.close(descriptor)
    # The streams of the server may be of a file, whose position they would ask for.
    sys.stdout = open(1, "w", closefd=False)
    sys.stderr = open(2, "w", errors="backslashreplace", closefd=False)
    os.chdir(request["folder"])
    os.environ.update(request["environment"])
    module, *arguments = request["arguments"]
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        _leave(0)
    except SystemExit as ended:
        if not isinstance(ended.code, int | None):
            raise
        _leave(ended.code or 0)


def _leave(status: int) -> NoReturn:
    """End as the interpreter does, but leave the modules to the kernel, as multiprocessing's children do.

    To free each object of them copies most pages that are shared with the server: more work than many a test.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    # What is open still, and unreachable, warns.
    gc.collect()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


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
