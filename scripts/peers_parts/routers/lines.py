"""How a ROUTER in a process of its own is driven: by lines, on stdin and stdout.

Out: `listening VERSION PINGS` (PINGS is 0 or 1), then `< ID PART ...` for each message. In: `ID PART ...`, to be
sent. Parts are in hex, an empty one is `-`. The end of stdin is the end. Standard library only.
"""

import queue
import sys
import threading
from collections.abc import Sequence


class Lines:
    """What is to be sent, read in a thread of its own."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def listening(self, version: str, *, pings: bool) -> None:
        """Say that messages may come."""
        print("listening", version, int(pings), flush=True)

    def heard(self, parts: Sequence[bytes]) -> None:
        """Say what came: the routing id, then the message's parts."""
        print("<", *(part.hex() or "-" for part in parts), flush=True)

    def waiting(self) -> list[list[bytes]]:
        """The messages that are to be sent now."""
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
