"""The reference terminal as a process: a DEALER socket and a clock around ReferenceTerminal.

One thread, as the Expert Advisor has. Its timer calls are TIMER_MS apart, and further while nothing is to be done:
until the terminal's next deadline, a message of the sidecar, or a change at the broker.
"""

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from socket import socketpair
from types import FrameType
from typing import Final, Protocol

import structlog
import zmq

from bridge.clock import SystemClock
from bridge.core.link.handshake import LinkKey
from bridge.core.link.messages import MAX_MESSAGE_BYTES
from bridge.log_codes import LogCode
from bridge.logs import EventLog
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.rpc.client import BrokerClient
from bridge.simulator.terminal.ledger import Ledger
from bridge.simulator.terminal.terminal import ReferenceTerminal
from bridge.stop_signals import stop_signals

TIMER_MS: Final = 20
"""Least time between two timer calls, except for what presses."""
UNNOTIFIED_MS: Final = 250
"""Most time between them with a broker that does not notify its terminal of changes."""
READS_PER_TURN: Final = 64
"""Most messages that are read before the timer gets its turn: a flood must not stop the heartbeat."""
BYE_LINGER_MS: Final = 250
"""Time that the last message may take to leave."""

_log = EventLog.named(__name__)


class Notifier(Protocol):
    """Broker that notifies its terminal of changes."""

    socket: "zmq.Socket[bytes]"

    def take_notification(self) -> bool:
        """Return True once after a change."""


class TerminalProcess:
    """One terminal over one socket. `run` returns after `stop`."""

    def __init__(
        self,
        endpoint: str,
        terminal: ReferenceTerminal,
        advance: Callable[[int], None] | None = None,
        notifier: Notifier | None = None,
    ) -> None:
        """`advance` receives the milliseconds since the start, for a broker inside this process; `notifier` is
        another process's."""
        self._endpoint = endpoint
        self._notifier = notifier
        self._changed = False
        """True where the broker has changed since the last timer call."""
        self._turned_ms = 0
        self._stops, self._stopped = socketpair()
        self._poller = zmq.Poller()
        self._poller.register(self._stopped, zmq.POLLIN)
        if notifier is not None:
            self._poller.register(notifier.socket, zmq.POLLIN)
        self._terminal = terminal
        self._advance = advance
        self._clock = SystemClock()
        self._start_ms = self._now_ms()
        self._context = zmq.Context()
        self._stopping = ""

    def stop(self, reason: str) -> None:
        """Send a bye and return from `run` within a timer call. Safe in a signal handler and from a thread."""
        self._stopping = reason
        with suppress(OSError):  # it has ended
            self._stops.send(b"!")

    def run(self, ready: Callable[[], None] | None = None) -> None:
        """Connect, and work until stopped. `ready` is called once, when the first session is established.

        Raises zmq.ZMQError where the endpoint is invalid.
        """
        socket = self._connect()
        try:
            self._turned_ms = self._now_ms() - TIMER_MS
            while not self._stopping:
                came = dict(self._poller.poll(max(0, self._next_ms() - self._now_ms())))
                all_read = socket not in came or self._read(socket)
                if self._now_ms() >= self._next_ms():
                    self._turn(socket, all_read=all_read)
                if ready is not None and self._terminal.up:
                    ready()
                    ready = None
                if self._terminal.take_reconnect():
                    self._poller.unregister(socket)
                    socket.close(linger=0)
                    socket = self._connect()
            self._send(socket, self._terminal.bye(self._stopping))
            _log.info(LogCode.TERMINAL_STOPPED, reason=self._stopping)
        finally:
            socket.close(linger=BYE_LINGER_MS)
            self._context.term()
            self._stops.close()
            self._stopped.close()

    def _next_ms(self) -> int:
        """Return the time of the next timer call."""
        now_ms = self._now_ms()
        if self._terminal.pressing:
            return now_ms
        due_ms = self._terminal.due_ms(now_ms)
        if self._notifier is None:
            due_ms = min(due_ms, self._turned_ms + UNNOTIFIED_MS)
        elif self._changed or self._notifier.take_notification():
            self._changed, due_ms = True, now_ms
        return max(due_ms, self._turned_ms + TIMER_MS)

    def _read(self, socket: "zmq.Socket[bytes]") -> bool:
        """Read what waits, at most READS_PER_TURN messages. Return True where nothing more waits."""
        for _ in range(READS_PER_TURN):
            try:
                frames = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return True
            # The protocol has no message of several frames; an empty one is counted and answered as malformed.
            frame = frames[0] if len(frames) == 1 else b""
            self._send(socket, self._terminal.on_frame(frame, self._now_ms()))
        return False

    def _turn(self, socket: "zmq.Socket[bytes]", *, all_read: bool) -> None:
        began = self._clock.monotonic()
        self._turned_ms, self._changed = self._now_ms(), False
        if self._advance is not None:
            self._advance(self._now_ms() - self._start_ms)
        frames = self._terminal.on_timer(self._now_ms(), all_read=all_read)
        self._terminal.timer_took(int((self._clock.monotonic() - began) * 1_000_000))
        self._send(socket, frames)

    def _send(self, socket: "zmq.Socket[bytes]", frames: list[bytes]) -> None:
        try:
            for frame in frames:
                socket.send(frame, zmq.NOBLOCK)
        except zmq.Again:
            self._terminal.link_failed(self._now_ms(), "the socket takes no more")

    def _connect(self) -> "zmq.Socket[bytes]":
        """Return a new socket, with nothing of an earlier session in its queues."""
        socket = self._context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
        socket.connect(self._endpoint)
        self._poller.register(socket, zmq.POLLIN)
        return socket

    def _now_ms(self) -> int:
        return monotonic_ms(self._clock)


def monotonic_ms(clock: SystemClock) -> int:
    """Return the milliseconds of the monotonic clock."""
    return int(clock.monotonic() * 1000)


def run_terminal(
    *,
    endpoint: str,
    officer: str,
    link_key: LinkKey,
    ledger_path: Path,
    broker: Broker | BrokerClient,
    poll_interval_s: int | None = None,
    ready: Callable[[], None] | None = None,
) -> None:
    """Run a reference terminal in this process until SIGTERM, Ctrl-C or Ctrl-Break. Call it in the main thread.

    `endpoint` is the sidecar's, as in tcp://127.0.0.1:5760. A `Broker` is advanced by the clock, from its present
    server time; one in another process has a clock of its own. `ready` is called when the first session is
    established.

    Raises LedgerError where the ledger cannot be used, and zmq.ZMQError where the endpoint is invalid.
    """
    if not structlog.is_configured():
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    ledger = Ledger(ledger_path)
    try:
        terminal = ReferenceTerminal(
            officer=officer,
            key=link_key,
            broker=broker,
            ledger=ledger,
            poll_interval_s=poll_interval_s,
            mono_ms=partial(monotonic_ms, SystemClock()),
        )
        process = TerminalProcess(
            endpoint, terminal, _advancing(broker), None if isinstance(broker, Broker) else broker
        )

        def end(number: int, frame: FrameType | None) -> None:
            process.stop(signal.Signals(number).name)

        before = {number: signal.signal(number, end) for number in stop_signals()}
        try:
            _log.info(LogCode.TERMINAL_STARTING, endpoint=endpoint, officer=officer, ledger=str(ledger_path))
            process.run(ready)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    finally:
        ledger.close()


def _advancing(broker: Broker | BrokerClient) -> Callable[[int], None] | None:
    if not isinstance(broker, Broker):
        return None
    start_ms = broker.steady_time()
    return lambda elapsed_ms: broker.advance_steady(start_ms + elapsed_ms)
