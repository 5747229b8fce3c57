"""Free ports, below the range from which the system assigns its own, so that none is taken between two starts.

Each worker of pytest-xdist has a part of the range, and goes through it: a port that one test has chosen, and whose
process is not there yet or not any more, is chosen by no other test meanwhile.
"""

import os
import secrets
import socket
from itertools import count
from typing import Final

FIRST: Final = 20_000
LAST: Final = 31_999
HOST: Final = "127.0.0.1"
WORKERS: Final = 16
"""Most workers; where there are more, some of them have a part in common."""
_PORTS: Final = (LAST - FIRST + 1) // WORKERS
"""Ports of one worker."""
_steps: Final = count(secrets.randbelow(_PORTS))


def free_port() -> int:
    """Return a port on loopback on which nothing listens."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    for step in _steps:
        port = FIRST + worker * _PORTS + step % _PORTS
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise AssertionError("the steps never end")
