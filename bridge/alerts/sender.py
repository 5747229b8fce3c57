"""Sender of messages: a thread of its own, so that an address that does not answer delays nothing else."""

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from bridge.core.alerts.due import Message
from bridge.log_codes import LogCode
from bridge.logs import EventLog

MOST_WAITING: Final = 20
"""Most messages that wait to be sent; with further ones the oldest is dropped."""
FIRST_PAUSE_S: Final = 30.0
"""Seconds until a message is sent again that was not accepted; doubled each time."""
MOST_PAUSE_S: Final = 600.0


class Receiver(Protocol):
    """Address that takes messages."""

    def send(self, title: str, message: Message, timeout_s: float) -> str:
        """Send the message. Return the reason where it was not accepted, and nothing otherwise."""


class Sender:
    """Sends one message after the other, each to every address until it accepts it."""

    def __init__(
        self,
        receivers: Callable[[], Sequence[Receiver]],
        *,
        title: str,
        timeout_s: float,
        log: EventLog,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        """`receivers` is called once, in the thread. `title`: begins the title of each message."""
        self._receivers = receivers
        self._title = title
        self._timeout_s = timeout_s
        self._log = log
        self._first_pause_s = first_pause_s
        self._waiting: queue.Queue[Message | None] = queue.Queue(MOST_WAITING)
        self._ended = threading.Event()
        self._trouble = ""
        self._dropped = 0
        # A daemon thread: a stop does not wait for an address that does not answer.
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> str:
        """Reason for which the last message was not accepted; empty where it was."""
        dropped = f"; {self._dropped} older messages were dropped" if self._dropped else ""
        return f"{self._trouble}{dropped}" if self._trouble else ""

    def put(self, message: Message) -> None:
        """Send the message when those before it are sent. Never waits."""
        while True:
            try:
                self._waiting.put_nowait(message)
                return
            except queue.Full:
                with suppress(queue.Empty):
                    self._waiting.get_nowait()
                    self._dropped += 1

    def close(self) -> None:
        """End the thread after the message that is being sent. Returns at once."""
        self._ended.set()
        with suppress(queue.Full):
            self._waiting.put_nowait(None)

    def finish(self, within_s: float) -> bool:
        """Wait until the thread has ended; True where it has."""
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            receivers = self._receivers()
        except Exception as error:
            # Of a library: it must be seen in `status`, and must not end the thread without a word.
            self._fail(f"{type(error).__name__} at the start of Apprise")
            return
        while (message := self._waiting.get()) is not None:
            self._send(message, receivers)

    def _send(self, message: Message, receivers: Sequence[Receiver]) -> None:
        title, left, pause_s = f"{self._title}: {message.title}", list(receivers), self._first_pause_s
        while True:
            reasons = [(each, self._try(each, title, message)) for each in left]
            left = [each for each, reason in reasons if reason]
            if not left:
                self._trouble, self._dropped = "", 0
                self._log.info(LogCode.ALERT_SENT, title=message.title)
                return
            self._fail(", ".join(reason for _, reason in reasons if reason))
            if self._ended.wait(pause_s):
                return
            pause_s = min(2 * pause_s, MOST_PAUSE_S)

    def _try(self, receiver: Receiver, title: str, message: Message) -> str:
        try:
            return receiver.send(title, message, self._timeout_s)
        except Exception as error:
            # Its text may have the address.
            return f"{type(error).__name__} in Apprise"

    def _fail(self, reason: str) -> None:
        self._log.repeated(LogCode.ALERT_FAILED, first=not self._trouble, reason=reason)
        self._trouble = reason
