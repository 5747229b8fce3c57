"""Messages to the service manager that started the sidecar: readiness, state, watchdog.

One datagram for each message to the Unix socket that the environment names. Source: sd_notify(3), "Notes".
"""

import os
import socket
import sys
from collections.abc import Mapping
from typing import Final

_MICROSECONDS: Final = 1_000_000
_SHOWN_CHARACTERS: Final = 200


class ServiceManager:
    """Notification socket of a service manager. Messages never block, and their loss is never an error."""

    def __init__(self, address: str, *, watchdog_s: float | None = None) -> None:
        """`address`: path of the socket, or a name in the abstract namespace after an `@`. `watchdog_s`: time after
        which the manager ends a process that did not feed its watchdog; None without one."""
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_s = watchdog_s

    def ready(self) -> None:
        """State that the start is complete."""
        self._send("READY=1")

    def stopping(self) -> None:
        """State that the stop has begun."""
        self._send("STOPPING=1", "STATUS=stopping")

    def feed(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Show one line of text to the operator."""
        self._send(f"STATUS={' '.join(text.split())[:_SHOWN_CHARACTERS]}")

    def _send(self, *assignments: str) -> None:
        if sys.platform == "win32":
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto("\n".join(assignments).encode(), self._address)
        except OSError:
            # The manager is gone or busy, which is no reason to stop trading. Further messages follow within the
            # watchdog's time.
            return


def from_environment(environ: Mapping[str, str] = os.environ) -> ServiceManager | None:
    """Return the service manager that started this process; None where none wants messages."""
    address = environ.get("NOTIFY_SOCKET", "")
    if sys.platform == "win32" or not address.startswith(("/", "@")) or len(address) < len("/x"):
        return None
    return ServiceManager(address, watchdog_s=_watchdog_s(environ))


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """Return the watchdog's time in seconds; None where there is none, or that of another process."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    text = environ.get("WATCHDOG_USEC", "")
    return int(text) / _MICROSECONDS if text.isascii() and text.isdigit() and int(text) else None
