"""The reason for not sending a command to the broker."""

from typing import Never

from bridge.core.link.reports import NotSentReason


class NotSent(Exception):
    """The command is not sent to the broker."""

    def __init__(self, reason: NotSentReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def unsupported(what: str, value: Never) -> NotSent:
    """Refusal of a value that no branch handles. The type checker sees to it that there is none."""
    return NotSent(NotSentReason.CHECK, f'{what} "{value}" is not supported by this terminal')
