"""Line protocol between a ROUTER process and its parent, on stdin and stdout.

Output: `listening VERSION PINGS` (PINGS is 0 or 1), then `< ID PART ...` for each message received. Input:
`ID PART ...` for each message to send. Parts are in hex; an empty part is `-`. The process ends at the end of
stdin. This module uses the standard library only.
"""

import queue
import sys
import threading
from collections.abc import Sequence


class Lines:
    """Reader of stdin, in its own thread, and writer of stdout."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def listening(self, version: str, *, pings: bool) -> None:
        """Report that the ROUTER is bound."""
        print("listening", version, int(pings), flush=True)

    def received(self, parts: Sequence[bytes]) -> None:
        """Report a message: the routing id, then the parts."""
        print("<", *(part.hex() or "-" for part in parts), flush=True)

    def waiting(self) -> list[list[bytes]]:
        """Return the messages to send now; set `ended` at the end of stdin."""
        found = []
        while not self._queue.empty():
            line = self._queue.get()
            if line is None:
                self.ended = True
            else:
                found.append([bytes.fromhex(part.strip("-")) for part in line.split()])
        return found

    def _read(self) -> None:
        for line in sys.stdin:
            self._queue.put(line)
        self._queue.put(None)
