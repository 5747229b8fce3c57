"""Reports on their way to the sidecar: kept until it has them in its journal."""

from collections import deque
from typing import Final

import msgspec

from bridge.core.link.messages import ReportMessage, encode
from bridge.core.link.reports import AnyReport, encode_report

WINDOW: Final = 256
"""How many reports may be on their way without an acknowledgement. The rest wait."""


class ReportOutbox:
    """Reports in the order in which they were posted, numbered 1, 2, 3, ... in each epoch."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._flying: deque[bytes] = deque()
        self._acked = 0
        self.oversize = 0
        """Reports that fit no frame and were dropped. None should: each is an error of ours."""

    def __len__(self) -> int:
        """How many reports are not acknowledged."""
        return len(self._waiting) + len(self._flying)

    @property
    def sent(self) -> int:
        """The highest number that went out in this epoch; 0: none."""
        return self._acked + len(self._flying)

    @property
    def room(self) -> int:
        """How many more reports would go out at once. Who has many to post asks first, so that none pile up."""
        return max(0, WINDOW - len(self))

    def post(self, report: AnyReport) -> None:
        """Put a report at the end."""
        self._waiting.append(encode_report(report))

    def restart(self) -> None:
        """A new epoch: what is not acknowledged goes again, in the old order, numbered from 1."""
        self._waiting.extendleft(reversed(self._flying))
        self._flying.clear()
        self._acked = 0

    def clear(self) -> None:
        """Forget everything: the reports of another account are none of this session's business."""
        self._waiting.clear()
        self._flying.clear()
        self._acked = 0

    def release(self, epoch: int, max_bytes: int) -> list[bytes]:
        """The frames that may go out now, as many as the window has room for."""
        frames = []
        while self._waiting and len(self._flying) < WINDOW:
            report = self._waiting.popleft()
            frame = encode(ReportMessage(epoch=epoch, seq=self.sent + 1, report=msgspec.Raw(report)))
            if len(frame) > max_bytes:
                self.oversize += 1
                continue
            self._flying.append(report)
            frames.append(frame)
        return frames

    def ack(self, seq: int) -> bool:
        """All up to `seq` are in the journal. False where no report of that number ever went out."""
        if seq > self.sent:
            return False
        while self._acked < seq:
            self._flying.popleft()
            self._acked += 1
        return True
