"""Reports to the sidecar, kept until it has them in its journal."""

from collections import deque
from typing import Final

import msgspec

from bridge.core.link.messages import ReportMessage, encode
from bridge.core.link.reports import AnyReport, encode_report

WINDOW: Final = 256
"""Reports that may be sent without an acknowledgement. The others wait."""


class ReportOutbox:
    """Reports in the order in which they were posted, numbered 1, 2, 3, ... in each epoch."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._sent: deque[bytes] = deque()
        self._acked = 0
        self.oversize = 0
        """Reports that fit no frame and were dropped. Each is a defect of this program."""

    def __len__(self) -> int:
        """Number of reports that are not acknowledged."""
        return len(self._waiting) + len(self._sent)

    @property
    def sent(self) -> int:
        """Highest number that was sent in this epoch; 0: none."""
        return self._acked + len(self._sent)

    @property
    def room(self) -> int:
        """Number of further reports that would be sent at once. A scan posts no more than that at a time."""
        return max(0, WINDOW - len(self))

    def post(self, report: AnyReport) -> None:
        """Append a report."""
        self._waiting.append(encode_report(report))

    def restart(self) -> None:
        """Begin an epoch: unacknowledged reports are sent again, in the old order, numbered from 1."""
        self._waiting.extendleft(reversed(self._sent))
        self._sent.clear()
        self._acked = 0

    def clear(self) -> None:
        """Drop all reports: they belong to another account than the session to come."""
        self._waiting.clear()
        self._sent.clear()
        self._acked = 0

    def release(self, epoch: int, max_bytes: int) -> list[bytes]:
        """Return the frames to send now, as many as the window has room for."""
        frames = []
        while self._waiting and len(self._sent) < WINDOW:
            report = self._waiting.popleft()
            frame = encode(ReportMessage(epoch=epoch, seq=self.sent + 1, report=msgspec.Raw(report)))
            if len(frame) > max_bytes:
                self.oversize += 1
                continue
            self._sent.append(report)
            frames.append(frame)
        return frames

    def ack(self, seq: int) -> bool:
        """Drop all reports up to `seq`: they are in the journal. False where that number was never sent."""
        if seq > self.sent:
            return False
        while self._acked < seq:
            self._sent.popleft()
            self._acked += 1
        return True
