"""Limits that a service manager puts on this process, found out before they end it without a word.

A hardened unit may withhold address families, folders, system calls or the network. Some of the libraries that the
bridge uses end the process by a signal then, without a line that names the cause, and a service manager would start
it again for ever. Names in the messages are those of systemd.exec(5).
"""

import errno
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

HOMES: Final = ("/home", "/root", "/run/user")
"""Folders that ProtectHome= hides."""
TEMPORARY: Final = ("/tmp", "/var/tmp")  # noqa: S108 - named for what PrivateTmp= does to them
_NO_FAMILY: Final = frozenset({errno.EAFNOSUPPORT, errno.EPERM, errno.EACCES})
_IN_EVERY_NAMESPACE: Final = frozenset(
    {"lo", "tunl0", "sit0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "ip6tnl0", "ip6gre0"}
)
"""Interfaces that the kernel makes in each new network namespace."""
_STATUS: Final = Path("/proc/self/status")
_TRIAL_FAILED: Final = 1
_OF_A_FILTER: Final = frozenset(
    {signal.SIGABRT, signal.SIGILL, signal.SIGSEGV, getattr(signal, "SIGSYS", None)}
)
"""Signals by which a forbidden call ends a process: the filter's own, and those of libraries that are refused."""


class ConfinedError(Exception):
    """The process may not use something that it needs. The message has the thing, the finding and the remedy."""


def check_address_families() -> None:
    """Check that the address families can be had that the link needs. Raises ConfinedError.

    libzmq asks for the machine's interfaces when it binds, by AF_NETLINK on Linux, and aborts the process where
    it cannot. The simulated broker binds; the sidecar's own socket only connects, to the front of the link.
    """
    if sys.platform != "linux":
        return
    wanted = {
        "AF_INET": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "AF_NETLINK": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE),
    }
    missing = [name for name, make in wanted.items() if not _can_be_had(make)]
    if missing:
        raise ConfinedError(
            f"the address family {' and '.join(missing)} is not allowed to this process, and the link needs it; "
            f"add it to RestrictAddressFamilies= of the unit: {' '.join(('AF_UNIX', *wanted, 'AF_INET6'))}"
        )


def _can_be_had(make: Callable[[], socket.socket]) -> bool:
    try:
        make().close()
    except OSError as error:
        # Others, such as too many open files, say nothing about the family.
        return error.errno not in _NO_FAMILY
    return True


def check_network(host: str, environ: Mapping[str, str] = os.environ) -> None:
    """Check that a service can reach another machine, where `host` is on one. Raises ConfinedError.

    Only what systemd started is checked: it waits for the network before, so that an interface is there.
    """
    if not _by_systemd(environ) or host in ("localhost", "::1") or host.startswith("127."):
        return
    try:
        names = [name for _, name in socket.if_nameindex()]
    except OSError:
        return
    if set(names) <= _IN_EVERY_NAMESPACE:
        raise ConfinedError(
            f"the Director's host {host} cannot be reached: this process has no network interface but its own "
            "loopback, and no terminal could reach the link; remove PrivateNetwork= from the unit"
        )


def _by_systemd(environ: Mapping[str, str]) -> bool:
    """Return True where systemd started this very process."""
    return environ.get("SYSTEMD_EXEC_PID") == str(os.getpid()) or "NOTIFY_SOCKET" in environ


def try_out() -> None:
    """Use the system calls of the bridge's libraries in a child process first. Raises ConfinedError.

    A filter that ends the process at a forbidden call, such as SystemCallFilter=, ends the child alone. It is done
    before there are threads. Other systems than Linux have no such filters.
    """
    if sys.platform != "linux" or not is_filtered():
        return
    child = os.fork()
    if child == 0:
        try:
            _use_libraries()
        except BaseException:
            os._exit(_TRIAL_FAILED)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) or os.WTERMSIG(status) not in _OF_A_FILTER:
        # What raises an error in the child raises it here too, with its own message. SIGTERM is an operator's.
        return
    raise ConfinedError(
        f"a trial of threads, sockets and database was ended by {signal.Signals(os.WTERMSIG(status)).name}: this "
        "process may not use a system call that the bridge needs; write SystemCallFilter=@system-service "
        "in the unit, and remove filters beyond it"
    )


def is_filtered(status: Path = _STATUS) -> bool:
    """Return False where the kernel's `status` of this process says that no filter judges its system calls.

    Nobody can add one from outside, and the trial would cost a tenth of the start.
    """
    try:
        return "\nSeccomp:\t0\n" not in status.read_text(encoding="ascii", errors="replace")
    except OSError:
        return True


def _use_libraries() -> None:
    # Not at the top: every command imports this module, and one uses them.
    import threading

    import zmq

    worker = threading.Thread(target=_use_database)
    worker.start()
    context = zmq.Context()
    link = context.socket(zmq.ROUTER)
    link.setsockopt(zmq.LINGER, 0)
    link.bind("tcp://127.0.0.1:*")
    link.poll(0)
    link.close()
    context.term()
    worker.join()


def _use_database() -> None:
    import sqlite3

    sqlite3.connect(":memory:").close()


def read_only_hint(path: Path) -> str:
    """Return the limit that keeps a file from being written; empty where its file system can be."""
    if sys.platform == "win32" or not _is_read_only(path):
        return ""
    return (
        "; its file system is read-only for this process: in a unit with ProtectSystem=strict or ReadOnlyPaths= "
        "name its folder in StateDirectory= (below /var/lib) or ReadWritePaths="
    )


def hint(path: Path, environ: Mapping[str, str] = os.environ) -> str:
    """Return the limit that may hide a file from a service; empty where none is likely."""
    if sys.platform == "win32" or not _by_systemd(environ):
        return ""
    inside = [str(parent) for parent in path.absolute().parents]
    if any(home in inside for home in HOMES):
        return "; ProtectHome= or DynamicUser= of the unit hides home folders: move it below /var/lib or /etc"
    if any(folder in inside for folder in TEMPORARY):
        return "; PrivateTmp= or DynamicUser= of the unit gives it another /tmp: move it below /var/lib"
    return ""


def _is_read_only(path: Path) -> bool:
    """Return True where the file, or the folder that would hold it, is on a read-only file system."""
    for each in (path, path.parent):
        try:
            return bool(os.statvfs(each).f_flag & os.ST_RDONLY)
        except OSError:
            continue
    return False
