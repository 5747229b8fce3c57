"""Channel to Apprise, the one place where it is imported: that takes a second, and only who sends needs it."""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from bridge.core.alerts.due import Message
from bridge.logs import mute

_LOGGERS: Final = ("apprise", "urllib3", "requests", "requests_oauthlib", "charset_normalizer")
"""Loggers of the libraries, whose lines have addresses in them, and so secrets."""


class Channel:
    """One address."""

    def __init__(self, number: int, address: str) -> None:
        """`number`: name of the address in messages, which never show it."""
        # It imports a module that Python will remove, which is no concern of whoever runs this.
        warnings.filterwarnings("ignore", "'imghdr' is deprecated", DeprecationWarning)
        import apprise

        mute(*_LOGGERS)
        self.name = f"address {number}"
        self._apprise = apprise.Apprise()
        self._understood = bool(self._apprise.add(address))

    def send(self, title: str, message: Message, timeout_s: float) -> str:
        """Send the message. Return the reason where it was not accepted, and nothing otherwise."""
        if not self._understood:
            return f"{self.name} is no address of Apprise"
        kind = "success" if message.resolved_only else "info" if message.summary else "warning"
        result = self._apprise.notify(
            body=message.body, title=title, notify_type=kind, body_format="text", timeout=timeout_s
        )
        return "" if result else f"{self.name} was not reached, or did not accept it"


def channels(addresses: Sequence[str]) -> list[Callable[[], Channel]]:
    """Return a function for each address that makes its channel. It raises ImportError."""
    return [partial(Channel, number, address) for number, address in enumerate(addresses, 1)]
