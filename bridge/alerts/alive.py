"""Dead man's switch: a URL that is called while all is well, so that its owner notices where the calls end."""

import queue
import threading
import urllib.request
from contextlib import suppress

from bridge.log_codes import LogCode
from bridge.logs import EventLog


class Alive:
    """Calls the URL in a thread of its own."""

    def __init__(self, url: str, timeout_s: float, log: EventLog) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._log = log
        self._failed = False
        self._calls: queue.Queue[bool] = queue.Queue(1)
        # A daemon thread: a stop does not wait for an address that does not answer.
        threading.Thread(target=self._run, name="alive", daemon=True).start()

    def call(self) -> None:
        """Call the URL soon; nothing where a call is under way. Never waits."""
        with suppress(queue.Full):
            self._calls.put_nowait(True)

    def close(self) -> None:
        """End the thread after the call that is under way. Returns at once."""
        with suppress(queue.Empty):
            self._calls.get_nowait()
        with suppress(queue.Full):
            self._calls.put_nowait(False)

    def _run(self) -> None:
        while self._calls.get():
            reason = called(self._url, self._timeout_s)
            if reason:
                self._log.repeated(LogCode.ALERT_FAILED, first=not self._failed, reason=reason)
            self._failed = bool(reason)


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener for http and https alone: no other scheme, neither of the URL nor of a redirect."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def called(url: str, timeout_s: float) -> str:
    """Call the URL. Return the reason where that failed, and nothing otherwise."""
    try:
        with _opener().open(url, timeout=timeout_s):
            return ""
    except Exception as error:
        # Its text may have the URL.
        return f"the alive URL failed: {type(error).__name__}"
