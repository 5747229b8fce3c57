"""Free ports, below the range from which the system assigns its own, so that none is taken between two starts."""

import secrets
import socket
from typing import Final

FIRST: Final = 20_000
LAST: Final = 31_999
HOST: Final = "127.0.0.1"


def free_port() -> int:
    """Return a port on loopback on which nothing listens."""
    while True:
        port = FIRST + secrets.randbelow(LAST - FIRST + 1)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
