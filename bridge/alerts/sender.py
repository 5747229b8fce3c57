"""Sender of messages: a thread for each address, so that one that does not answer delays nothing else."""

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from bridge.core.alerts.due import Message
from bridge.log_codes import LogCode
from bridge.logs import EventLog

MOST_WAITING: Final = 20
"""Most messages that wait to be sent to an address; with further ones the oldest is dropped."""
FIRST_PAUSE_S: Final = 30.0
"""Seconds until a message is sent again that was not accepted; doubled each time."""
MOST_PAUSE_S: Final = 600.0


class Receiver(Protocol):
    """Address that takes messages."""

    def send(self, title: str, message: Message, timeout_s: float) -> str:
        """Send the message. Return the reason where it was not accepted, and nothing otherwise."""


class Sender:
    """Sends each message to every address. None of them waits for another."""

    def __init__(
        self,
        receivers: Sequence[Callable[[], Receiver]],
        *,
        title: str,
        timeout_s: float,
        log: EventLog,
        first_pause_s: float = FIRST_PAUSE_S,
    ) -> None:
        """`receivers`: each is called once, in its thread. `title`: begins the title of each message."""
        self._addresses = [
            _Address(number, receiver, title, timeout_s, first_pause_s, log)
            for number, receiver in enumerate(receivers, 1)
        ]

    @property
    def trouble(self) -> str:
        """Reasons for which the last message was not accepted by each address; empty where all have."""
        return "; ".join(dict.fromkeys(each.trouble for each in self._addresses if each.trouble))

    def put(self, message: Message) -> None:
        """Send the message when those before it are sent. Never waits."""
        for each in self._addresses:
            each.put(message)

    def close(self) -> None:
        """End each thread after the message that it is sending. Returns at once."""
        for each in self._addresses:
            each.close()

    def finish(self, within_s: float) -> bool:
        """Wait until each thread has ended; True where all have."""
        return all([each.finish(within_s) for each in self._addresses])


class _Address:
    """Sends one message after the other to one address, each until it is accepted."""

    def __init__(
        self,
        number: int,
        receiver: Callable[[], Receiver],
        title: str,
        timeout_s: float,
        first_pause_s: float,
        log: EventLog,
    ) -> None:
        self._receiver = receiver
        self._title = title
        self._timeout_s = timeout_s
        self._first_pause_s = first_pause_s
        self._log = log.bind(number=number)
        self._waiting: queue.Queue[Message | None] = queue.Queue(MOST_WAITING)
        self._ended = threading.Event()
        self._trouble = ""
        self._dropped = 0
        # A daemon thread: a stop does not wait for an address that does not answer.
        self._thread = threading.Thread(target=self._run, name=f"alerts {number}", daemon=True)
        self._thread.start()

    @property
    def trouble(self) -> str:
        dropped = f", and {self._dropped} older messages were dropped" if self._dropped else ""
        return f"{self._trouble}{dropped}" if self._trouble else ""

    def put(self, message: Message) -> None:
        while True:
            try:
                self._waiting.put_nowait(message)
                return
            except queue.Full:
                with suppress(queue.Empty):
                    self._waiting.get_nowait()
                    self._dropped += 1

    def close(self) -> None:
        self._ended.set()
        with suppress(queue.Full):
            self._waiting.put_nowait(None)

    def finish(self, within_s: float) -> bool:
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            receiver = self._receiver()
        except Exception as error:
            # Of a library: it must be seen in `status`, and must not end the thread without a word.
            self._fail(f"{type(error).__name__} at the start of Apprise")
            return
        while (message := self._waiting.get()) is not None:
            self._send(message, receiver)

    def _send(self, message: Message, receiver: Receiver) -> None:
        title, pause_s = f"{self._title}: {message.title}", self._first_pause_s
        while reason := self._try(receiver, title, message):
            self._fail(reason)
            if self._ended.wait(pause_s):
                return
            pause_s = min(2 * pause_s, MOST_PAUSE_S)
        self._trouble, self._dropped = "", 0
        self._log.info(LogCode.ALERT_SENT, title=message.title)

    def _try(self, receiver: Receiver, title: str, message: Message) -> str:
        try:
            return receiver.send(title, message, self._timeout_s)
        except Exception as error:
            # Its text may have the address.
            return f"{type(error).__name__} in Apprise"

    def _fail(self, reason: str) -> None:
        self._log.repeated(LogCode.ALERT_FAILED, first=not self._trouble, reason=reason)
        self._trouble = reason
