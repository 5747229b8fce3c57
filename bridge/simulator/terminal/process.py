"""The reference terminal as a process: a DEALER socket and a clock around ReferenceTerminal.

A plain polling loop in one thread, as the Expert Advisor's timer is one.
"""

import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

import structlog
import zmq

from bridge.clock import SystemClock
from bridge.core.link.handshake import LinkKey
from bridge.core.link.messages import MAX_MESSAGE_BYTES
from bridge.log_codes import LogCode
from bridge.logs import EventLog
from bridge.simulator.broker.api import BrokerApi
from bridge.simulator.broker.broker import Broker
from bridge.simulator.terminal.ledger import Ledger
from bridge.simulator.terminal.terminal import ReferenceTerminal

TIMER_MS: Final = 20
READS_PER_TURN: Final = 64
"""Most messages that are read before the timer gets its turn: a flood must not stop the heartbeat."""
BYE_LINGER_MS: Final = 250
"""Time that the last message may take to leave."""

_log = EventLog.named(__name__)


class TerminalProcess:
    """One terminal over one socket. `run` returns after `stop`."""

    def __init__(
        self, endpoint: str, terminal: ReferenceTerminal, advance: Callable[[int], None] | None = None
    ) -> None:
        """`advance` receives the milliseconds since the start, for a broker inside this process."""
        self._endpoint = endpoint
        self._terminal = terminal
        self._advance = advance
        self._clock = SystemClock()
        self._start_ms = self._now_ms()
        self._context = zmq.Context()
        self._stopping = ""

    def stop(self, reason: str) -> None:
        """Send a bye and return from `run` within a timer call. Safe in a signal handler and from a thread."""
        self._stopping = reason

    def run(self, ready: Callable[[], None] | None = None) -> None:
        """Connect, and work until stopped. `ready` is called once, when the first session is established.

        Raises zmq.ZMQError where the endpoint is invalid.
        """
        socket = self._connect()
        try:
            next_ms = self._now_ms()
            while not self._stopping:
                wait_ms = 0 if self._terminal.pressing else max(0, next_ms - self._now_ms())
                all_read = not socket.poll(wait_ms) or self._read(socket)
                if self._terminal.pressing or self._now_ms() >= next_ms:
                    self._turn(socket, all_read=all_read)
                    # On a fixed schedule, without bursts after a slow turn.
                    next_ms = max(next_ms + TIMER_MS, self._now_ms())
                if ready is not None and self._terminal.up:
                    ready()
                    ready = None
                if self._terminal.take_reconnect():
                    socket.close(linger=0)
                    socket = self._connect()
            self._send(socket, self._terminal.bye(self._stopping))
            _log.info(LogCode.TERMINAL_STOPPED, reason=self._stopping)
        finally:
            socket.close(linger=BYE_LINGER_MS)
            self._context.term()

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
    broker: BrokerApi,
    poll_interval_s: int | None = None,
    ready: Callable[[], None] | None = None,
) -> None:
    """Run a reference terminal in this process until SIGTERM or Ctrl-C. Call it in the main thread.

    `endpoint` is the sidecar's, as in tcp://127.0.0.1:5760. A `Broker` is advanced by the clock, from its present
    server time; any other BrokerApi has a clock of its own. `ready` is called when the first session is
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
        process = TerminalProcess(endpoint, terminal, _advancing(broker))

        def end(number: int, frame: FrameType | None) -> None:
            process.stop(signal.Signals(number).name)

        numbers = [signal.SIGINT, signal.SIGTERM]
        if sys.platform == "win32":
            numbers.append(signal.SIGBREAK)
        before = {number: signal.signal(number, end) for number in numbers}
        try:
            _log.info(LogCode.TERMINAL_STARTING, endpoint=endpoint, officer=officer, ledger=str(ledger_path))
            process.run(ready)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    finally:
        ledger.close()


def _advancing(broker: BrokerApi) -> Callable[[int], None] | None:
    if not isinstance(broker, Broker):
        return None
    start_ms = broker.steady_time()
    return lambda elapsed_ms: broker.advance_steady(start_ms + elapsed_ms)
