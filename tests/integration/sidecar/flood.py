"""Flood of connections to a local port, as a process: PORT KIND. It goes on until it is ended.

empty    connections that send nothing
asking   connections that ask for a challenge, without a secret
leaving  connections that are closed at once
"""

import socket
import struct
import sys
from collections import deque
from contextlib import suppress
from typing import Final

from bridge.sidecar import control_proof
from bridge.sidecar.control_file import HOST

KINDS: Final = ("empty", "asking", "leaving")
BEGUN: Final = "the flood has begun"
HELD: Final = 256
"""Connections that are held open at a time."""
RESET_AT_CLOSE: Final = struct.pack("ii", 1, 0)


def main() -> None:
    port, kind = int(sys.argv[1]), sys.argv[2]
    request = f"GET {control_proof.CHALLENGE_PATH} HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n".encode()
    held: deque[socket.socket] = deque()
    count = 0
    while True:
        one = socket.socket()
        one.setblocking(False)
        # A port of this machine is free again at once: a flood that runs out of them ends.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        with suppress(OSError):
            one.connect_ex((HOST, port))
            if kind == "asking":
                one.send(request)
        held.append(one)
        while len(held) > (0 if kind == "leaving" else HELD):
            held.popleft().close()
        count += 1
        if count == 2 * HELD:
            print(BEGUN, flush=True)


if __name__ == "__main__":
    main()
