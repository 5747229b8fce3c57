"""Why a command must not go to the broker."""

from bridge.core.link.reports import NotSentReason
from bridge.simulator.mt5.types import Retcode


class NotSent(Exception):
    """The command must not go to the broker. `retcode` goes with CHECK: what the broker would answer."""

    def __init__(self, reason: NotSentReason, message: str, retcode: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retcode = int(retcode)


def refused(retcode: Retcode, message: str) -> NotSent:
    """The terminal's own check refused it, with the code that the broker would refuse it with."""
    return NotSent(NotSentReason.CHECK, message, retcode)
